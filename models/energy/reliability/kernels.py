"""Which bus is fed through which branch."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_I, _B = nb.int64[::1], nb.boolean[::1]


@nb.njit(nb.int64(_I, _I, _I, _I, _B, _I, _I, _I), cache=True)
def feed(
    start: Rows,
    branch: Rows,
    from_bus: Rows,
    to_bus: Rows,
    closed: Flags,
    sources: Rows,
    feeding: Rows,
    order: Rows,
) -> int:
    """Breadth-first from the sources over closed branches.

    Parameters
    ----------
    start, branch
        Branches at each bus, as CSR.
    from_bus, to_bus, closed : (n_branch,)
    feeding : (n_bus,) int64, out
        The branch through which each bus is fed; -1 at a source, -2 where nothing feeds it.
    order : (n_bus,) int64, out
        The fed buses, a feeding bus before those behind it.

    Returns
    -------
    int
        How many buses are fed.
    """
    feeding[:] = -2
    found = 0
    for source in sources:
        feeding[source] = -1
        order[found] = source
        found += 1
    done = 0
    while done < found:
        bus = order[done]
        done += 1
        for position in range(start[bus], start[bus + 1]):
            k = branch[position]
            if not closed[k]:
                continue
            other = to_bus[k] if from_bus[k] == bus else from_bus[k]
            if feeding[other] == -2:
                feeding[other] = k
                order[found] = other
                found += 1
    return found
