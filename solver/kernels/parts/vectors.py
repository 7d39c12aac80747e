"""Vectors of LANES = 16 numbers inside numba kernels.

Left to itself, LLVM has to guess whether two rows of a table overlap, in which order a sum may be
taken and how long a row is, and guesses so that a kernel runs at a third of its speed. Here a kernel
says what it means: `load` 16 numbers of a row, compute, `store` them. LLVM cuts such a vector to the
registers the machine has (AVX-512, AVX2, NEON). The order of every sum is written out, so a result
does not depend on that width.

Each function takes and gives a `Vector`, or a number where it says so. a*b + c may be fused into one
rounding.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from .packed import LANES

_INT = ir.IntType(32)


class Vector(types.Type):
    """The numba type of 16 numbers of one floating type."""

    def __init__(self, dtype: types.Float):
        self.dtype = dtype
        super().__init__(f"Vector({LANES} x {dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(_element(kind.dtype), LANES))


def _element(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()


def _address(context, builder, table, values):
    """Address of the 16 numbers at `chunk` of a `row`: rows begin at multiples of 64 bytes."""
    array, row, chunk = values
    data = context.make_array(table)(context, builder, array)
    stride = cgutils.unpack_tuple(builder, data.strides, 2)[0]
    size = ir.Constant(ir.IntType(64), LANES * table.dtype.bitwidth // 8)
    offset = builder.add(builder.mul(row, stride), builder.mul(chunk, size))
    begin = builder.ptrtoint(data.data, ir.IntType(64))
    return builder.inttoptr(builder.add(begin, offset), ir.VectorType(_element(table.dtype), LANES).as_pointer())


@intrinsic
def load_vector(typing, table, row, chunk):
    """The 16 numbers table[row, 16·chunk : 16·chunk + 16] of an aligned table."""
    def generate(context, builder, signature, values):
        return builder.load(_address(context, builder, signature.args[0], values), align=64)
    return Vector(table.dtype)(table, types.int64, types.int64), generate


@intrinsic
def store(typing, table, row, chunk, vector):
    """table[row, 16·chunk : 16·chunk + 16] = vector."""
    def generate(context, builder, signature, values):
        builder.store(values[3], _address(context, builder, signature.args[0], values[:3]), align=64)
        return context.get_dummy_value()
    return types.void(table, types.int64, types.int64, vector), generate


@intrinsic
def prefetch(typing, table, row, chunk):
    """Ask for these numbers, which will be used soon."""
    def generate(context, builder, signature, values):
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(_address(context, builder, signature.args[0], values), byte)
        builder.call(function, [address, *(ir.Constant(_INT, n) for n in (0, 3, 1))])  # read, keep in all caches, data
        return context.get_dummy_value()
    return types.void(table, types.int64, types.int64), generate


@intrinsic
def splat(typing, number):
    """16 times the same number."""
    def generate(context, builder, signature, values):
        kind = context.get_value_type(signature.return_type)
        undefined = ir.Constant(kind, ir.Undefined)
        first = builder.insert_element(undefined, values[0], ir.Constant(_INT, 0))
        return builder.shuffle_vector(first, undefined, _lanes([0] * LANES))
    return Vector(number)(number), generate


@intrinsic
def total(typing, vector):
    """The sum of a vector, a number: halves added to halves."""
    def generate(context, builder, signature, values):
        value, width = values[0], LANES
        while width > 1:
            width //= 2
            undefined = ir.Constant(value.type, ir.Undefined)
            low = builder.shuffle_vector(value, undefined, _lanes(range(width)))
            high = builder.shuffle_vector(value, undefined, _lanes(range(width, 2 * width)))
            value = builder.fadd(low, high)
        return builder.extract_element(value, ir.Constant(_INT, 0))
    return vector.dtype(vector), generate


@intrinsic
def root(typing, vector):
    """Square roots."""
    def generate(context, builder, signature, values):
        kind = values[0].type
        name = f"llvm.sqrt.v{LANES}f{signature.args[0].dtype.bitwidth}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
        return builder.call(function, values)
    return vector(vector), generate


@intrinsic
def power_of_two(typing, rounded):
    """2^n of a float32 to which 1.5·2^23 was added, so that its last bits are the whole number n."""
    def generate(context, builder, signature, values):
        shifted = builder.shl(builder.bitcast(values[0], _INT), ir.Constant(_INT, 23))
        return builder.bitcast(builder.add(shifted, ir.Constant(_INT, 127 << 23)), ir.FloatType())
    return types.float32(types.float32), generate


def _lanes(numbers) -> ir.Constant:
    numbers = list(numbers)
    return ir.Constant(ir.VectorType(_INT, len(numbers)), numbers)


def _arithmetic(instruction: str):
    """One LLVM instruction of two vectors, lane by lane."""
    @intrinsic
    def combine(typing, a, b):
        def generate(context, builder, signature, values):
            return getattr(builder, instruction)(*values, flags=("contract",))
        return a(a, b), generate
    return combine


_sum, _difference, _product, _quotient = map(_arithmetic, ("fadd", "fsub", "fmul", "fdiv"))


def _vectors(*operands) -> bool:
    return all(isinstance(operand, Vector) for operand in operands)


@overload(operator.add)
def _add(a, b):
    return (lambda a, b: _sum(a, b)) if _vectors(a, b) else None


@overload(operator.sub)
def _subtract(a, b):
    return (lambda a, b: _difference(a, b)) if _vectors(a, b) else None


@overload(operator.mul)
def _multiply(a, b):
    return (lambda a, b: _product(a, b)) if _vectors(a, b) else None


@overload(operator.truediv)
def _divide(a, b):
    return (lambda a, b: _quotient(a, b)) if _vectors(a, b) else None
