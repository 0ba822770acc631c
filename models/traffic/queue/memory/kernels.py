"""Records fetched into the processor's cache before they are needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array

from models.traffic.queue.arrays import Records

READ, KEEP, DATA = 0, 3, 1
"""Arguments of ``llvm.prefetch``: for reading, into all caches, data."""


@intrinsic
def _fetch(typing: Any, records: Records, row: int, line: int) -> Any:
    """Ask for a line (64 bytes) of an array's element; it changes no result.

    Parameters
    ----------
    records
        Array; ``row`` counts its elements one behind the other.
    row
        Any number may be given, also one that is outside: nothing happens then.
    line
        Number of the line within the element.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, word, byte = signature.args[0], ir.IntType(64), ir.IntType(8)
        row = builder.sext(arguments[1], word) if arguments[1].type != word else arguments[1]
        size = ir.Constant(word, context.get_abi_sizeof(context.get_data_type(array.dtype)))
        place = builder.add(
            builder.mul(row, size), builder.mul(arguments[2], ir.Constant(word, 64))
        )
        data = make_array(array)(context, builder, arguments[0]).data
        address = builder.gep(builder.bitcast(data, byte.as_pointer()), [place])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number])
        instruction = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=kind)
        how = [ir.Constant(number, value) for value in (READ, KEEP, DATA)]
        builder.call(instruction, [address, *how])
        return context.get_dummy_value()

    return types.void(records, row, types.int64), code


fetch: Any = _fetch
"""As kernels call it: ``fetch(records, row, line)``."""
