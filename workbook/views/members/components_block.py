"""The principal components of a block of factors, in formulas that every Excel knows.

A symmetric matrix multiplied by itself again and again keeps only its strongest direction: the
covariance C, over its trace, is raised to the power 2^24, and any column of that is the first
eigenvector. What C holds besides it, C − λ v vᵀ, gives the second. Eigenvalues closer than about one
millionth part are not told apart; then any mixture of their directions is as good.
"""

from __future__ import annotations

from workbook.write.references import columns_of, ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_formula, put_text

from .members_plan import COMPONENTS, POWERS, MembersPlan

_NONE = "1E-300"    # instead of a division by 0, where all factors are alike: 0 / 1E-300 = 0


def write_components(sheet, styles: Styles, plan: MembersPlan) -> None:
    """The helper blocks, and from them loadings, shares of the variance, and each member's place on the components."""
    factors, centre, rated = (_fixed(r) for r in (plan.factors, plan.centre, plan.own("ratings")))
    apart, weights = f"({factors}-{centre})", f"({rated}>0)"    # those whom nobody rated have no say
    put_text(sheet, plan.centre.first.moved(-1, 0), "mean of the factors", styles.calc_head)
    put_array(sheet, plan.centre, f"=MMULT(TRANSPOSE({weights}*1),{factors})/SUM({weights}*1)", styles.calc)
    put_text(sheet, plan.variance.moved(-1, 0), "sum of squares about it", styles.calc_head)
    put_array(sheet, plan.variance, f"=SUMSQ({apart}*{weights})", styles.calc)
    covariance = f"=MMULT(TRANSPOSE({apart}*{weights}),{apart})/MAX({_fixed(plan.variance)},{_NONE})"
    _component(sheet, styles, plan, 0, covariance)
    loadings, share = _fixed(columns_of(plan.loadings)[0]), _fixed(plan.shares.first)
    rest = f"{_fixed(plan.power(0, 0))}-{share}*MMULT({loadings},TRANSPOSE({loadings}))"
    left = f"(1-{share})"
    # less than 1E-12 is rounding: there is no second direction
    _component(sheet, styles, plan, 1, f"=IF({left}<1E-12,0,1)*({rest})/IF({left}<1E-12,1,{left})")
    for component in range(COMPONENTS):
        scores = f"MMULT({apart},{_fixed(columns_of(plan.loadings)[component])})"
        put_array(sheet, columns_of(plan.own_components)[component], f'=IF({weights},{scores},"")', styles.calc)


def _component(sheet, styles: Styles, plan: MembersPlan, component: int, covariance: str) -> None:
    first = plan.power(component, 0)
    put_text(sheet, first.first.moved(-1, 0), ("covariance / its trace", "without the first component")[component],
         styles.calc_head)
    put_array(sheet, first, covariance, styles.calc)
    for number in range(1, POWERS + 1):
        before, now = _fixed(plan.power(component, number - 1)), plan.power(component, number)
        square = f"MMULT({before},{before})"
        fourth = f"MMULT({square},{square})"
        put_text(sheet, now.first.moved(-1, 0), "the one above, to its 8th power", styles.calc_head)
        put_array(sheet, now, f"=MMULT({fourth},{fourth})/MAX(SUMSQ({fourth}),{_NONE})", styles.calc)

    last, numbers = _fixed(plan.power(component, POWERS)), plan.loading_column(0)
    diagonal, loading = plan.loading_column(1 + component), plan.loading_column(1 + COMPONENTS + component)
    put_text(sheet, diagonal.first.moved(-1, 0), f"diagonal {component + 1}", styles.calc_head)
    put_text(sheet, loading.first.moved(-1, 0), f"loading {component + 1}", styles.calc_head)
    where = plan.largest(component)
    column = f"INDEX({last},0,{_fixed(where)})"
    for row, cell in enumerate(numbers.cells()):
        if component == 0:
            sheet.write_number(cell.row - 1, cell.col - 1, row + 1, styles.calc_whole)
        i = ref(cell, cols=True)
        put_formula(sheet, diagonal.first.moved(row, 0), f"=INDEX({last},{i},{i})", styles.calc)
        put_formula(sheet, loading.first.moved(row, 0),
                f"=INDEX({last},{i},{_fixed(where)})/MAX(SQRT(SUMSQ({column})),{_NONE})", styles.calc)
    # the first of the largest, where several are as large but for rounding: its loading is positive
    put_text(sheet, where.moved(-1, 0), "largest", styles.calc_head)
    put_array(sheet, where, f"=MIN(IF({_fixed(diagonal)}>=MAX({_fixed(diagonal)})*(1-1E-9),{_fixed(numbers)},1E9))", styles.calc_whole)
    share = plan.shares.first.moved(0, component)
    put_text(sheet, share.moved(-1, 0), f"share {component + 1}", styles.calc_head)
    v, c = _fixed(loading), _fixed(plan.power(component, 0))
    before = "" if component == 0 else f"(1-{_fixed(plan.shares.first)})*"
    put_array(sheet, share, f"={before}SUMPRODUCT({v},MMULT({c},{v}))", styles.calc)


def _fixed(where) -> str:
    return ref(where, rows=True, cols=True)
