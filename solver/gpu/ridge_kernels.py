"""A ridge regression for every row, on a GPU: one kernel adds up normal equations, another solves them.

    (ΦᵀΦ + ρI) z = Φᵀt + ρc        is        z = c + (ΦᵀΦ + ρI)⁻¹ Φᵀ(t − Φc),

what `methods.ridge_regression` computes. Of d features MAIN, a power of two, make a square that matrix units multiply, and where
d is one more (k factors and a bias) the last is a border of it:

    ΦᵀΦ = [A  g]        Φᵀt = [H]
          [gᵀ γ]              [η]

Nothing is added up in an order that changes from run to run.
"""

from __future__ import annotations

import triton
import triton.language as tl

BESIDE = tl.constexpr(16)   # columns beside the features: the border and the targets; the least that matrix units multiply


@triton.jit
def normal_equations(features, border, others, targets, n_ratings, begins, ends, squares, beside,
                     MAIN: tl.constexpr, BORDER: tl.constexpr, SIDES: tl.constexpr, STEP: tl.constexpr,
                     PRECISION: tl.constexpr):
    """A program for every stretch of ratings, ``begins`` to ``ends``: its A into `squares` (stretches, MAIN, MAIN), and its
    (g, H) and (γ, η) into `beside` (stretches, MAIN + 1, 16). `features` (n_others, MAIN), `border` (n_others,)."""
    stretch = tl.program_id(0)
    first, after = tl.load(begins + stretch), tl.load(ends + stretch)
    column, slot = tl.arange(0, MAIN), tl.arange(0, BESIDE)
    side = slot - BORDER
    of_side = side.to(tl.int64) * n_ratings
    wanted = (side >= 0) & (side < SIDES)
    a = tl.zeros((MAIN, MAIN), tl.float32)
    b = tl.zeros((MAIN, BESIDE), tl.float32)
    c = tl.zeros((BESIDE,), tl.float32)
    for j in range(first, after, STEP):
        rating = j + tl.arange(0, STEP)
        there = rating < after
        other = tl.load(others + rating, mask=there, other=0).to(tl.int64)
        phi = tl.load(features + other[:, None] * MAIN + column[None, :], mask=there[:, None], other=0.0)
        x = tl.load(targets + of_side[None, :] + rating[:, None], mask=there[:, None] & wanted[None, :], other=0.0)
        if BORDER:
            last = tl.load(border + other, mask=there, other=0.0)
            x = tl.where(slot[None, :] == 0, last[:, None], x)
            c += tl.sum(x * last[:, None], 0)
        turned = tl.trans(phi)
        a = tl.dot(turned, phi, a, input_precision=PRECISION)
        b = tl.dot(turned, x, b, input_precision="tf32x3")
    out = stretch.to(tl.int64)
    tl.store(squares + out * MAIN * MAIN + column[:, None] * MAIN + column[None, :], a)
    tl.store(beside + out * (MAIN + 1) * BESIDE + column[:, None] * BESIDE + slot[None, :], b)
    tl.store(beside + (out * (MAIN + 1) + MAIN) * BESIDE + slot, c)


@triton.jit
def solve_rows(squares, beside, stretches, rows, ridge, out, tolerance,
               MAIN: tl.constexpr, BORDER: tl.constexpr, SIDES: tl.constexpr, MOST: tl.constexpr):
    """A program for every row of `rows`: the sum over its stretches, from ``stretches[r]`` to ``stretches[r + 1]``, solved.

    `out` (n_rows, SIDES, MAIN + BORDER) holds the centres and takes the results. Conjugate gradients, scaled to a diagonal of
    1 (Golub & Van Loan 2013, 11.5): 15 to 60 steps of MAIN² products, where a factorisation takes MAIN steps one after the other.
    """
    at = tl.program_id(0)
    first, after = tl.load(stretches + at), tl.load(stretches + at + 1)
    row = tl.load(rows + at).to(tl.int64)
    rho = tl.load(ridge + row)
    column, slot = tl.arange(0, MAIN), tl.arange(0, BESIDE)
    a = tl.zeros((MAIN, MAIN), tl.float32)
    b = tl.zeros((MAIN, BESIDE), tl.float32)
    c = tl.zeros((BESIDE,), tl.float32)
    squares += first.to(tl.int64) * MAIN * MAIN
    beside += first.to(tl.int64) * (MAIN + 1) * BESIDE
    for _ in range(first, after):
        a += tl.load(squares + column[:, None] * MAIN + column[None, :])
        b += tl.load(beside + column[:, None] * BESIDE + slot[None, :])
        c += tl.load(beside + MAIN * BESIDE + slot)
        squares += MAIN * MAIN
        beside += (MAIN + 1) * BESIDE
    diagonal = column[:, None] == column[None, :]
    scale = 1.0 / tl.sqrt(tl.sum(tl.where(diagonal, a, 0.0), 1) + rho)
    scale_across = 1.0 / tl.sqrt(tl.sum(tl.where(diagonal, a, 0.0), 0) + rho)
    a = tl.where(diagonal, 1.0, a * scale[:, None] * scale_across[None, :])
    if BORDER:
        scale_last = 1.0 / tl.sqrt(tl.sum(tl.where(slot == 0, c, 0.0)) + rho)
        g = tl.sum(tl.where(slot[None, :] == 0, b, 0.0), 1) * scale * scale_last
    for s in tl.static_range(SIDES):
        place = out + (row * SIDES + s) * (MAIN + BORDER)
        r = (tl.sum(tl.where(slot[None, :] == s + BORDER, b, 0.0), 1) + rho * tl.load(place + column)) * scale
        z, p = tl.zeros_like(r), r
        size = tl.sum(r * r)
        if BORDER:
            r_last = (tl.sum(tl.where(slot == s + BORDER, c, 0.0)) + rho * tl.load(place + MAIN)) * scale_last
            z_last, p_last = r_last * 0.0, r_last
            size += r_last * r_last
        enough, step = size * tolerance * tolerance, 0
        while (size > enough) & (step < MOST):
            q = tl.sum(a * p[None, :], 1)
            curve = tl.sum(p * q)
            if BORDER:
                across = tl.sum(g * p)
                q += g * p_last
                q_last = across + p_last
                curve += p_last * (across + q_last)     # p·(A p + g p_last) + p_last·q_last
            length = size / curve
            z += length * p
            r -= length * q
            new = tl.sum(r * r)
            if BORDER:
                z_last += length * p_last
                r_last -= length * q_last
                new += r_last * r_last
            p = r + new / size * p
            if BORDER:
                p_last = r_last + new / size * p_last
            size = new
            step += 1
        tl.store(place + column, z * scale)
        if BORDER:
            tl.store(place + MAIN, z_last * scale_last)
