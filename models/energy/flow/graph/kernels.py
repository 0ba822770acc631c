"""From buses and closed branches to a forest: order of the buses, and the sweep's coefficients."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_I = nb.int64[::1]
_A = nb.float64[::1]
_M = nb.float64[:, ::1]
_C = nb.complex128[::1]
_B = nb.boolean[::1]


@nb.njit(nb.types.UniTuple(_I, 2)(nb.int64, _I, _I), cache=True)
def neighbours(buses: int, from_bus: Rows, to_bus: Rows) -> tuple[Rows, Rows]:
    """Branches at each bus, as CSR.

    Returns
    -------
    start : (n_bus + 1,) int64
    branch : (2 · n_branch,) int64
        Those of bus ``i`` are ``branch[start[i]:start[i + 1]]``.
    """
    start = np.zeros(buses + 1, np.int64)
    for k in range(from_bus.size):
        start[from_bus[k] + 1] += 1
        start[to_bus[k] + 1] += 1
    for i in range(buses):
        start[i + 1] += start[i]
    fill = start[:-1].copy()
    branch = np.empty(2 * from_bus.size, np.int64)
    for k in range(from_bus.size):
        branch[fill[from_bus[k]]] = k
        fill[from_bus[k]] += 1
        branch[fill[to_bus[k]]] = k
        fill[to_bus[k]] += 1
    return start, branch


@nb.njit(
    nb.types.Tuple((nb.int64, nb.int64))(_I, _I, _I, _I, _B, _I, _B, _I, _I, _I, _I, _I),
    cache=True,
)
def walk(
    start: Rows,
    branch: Rows,
    from_bus: Rows,
    to_bus: Rows,
    closed: Flags,
    slack: Rows,
    live: Flags,
    order: Rows,
    parent: Rows,
    feed: Rows,
    loops: Rows,
    place: Rows,
) -> tuple[int, int]:
    """Depth-first order of the buses that a live slack reaches over closed branches.

    Depth first, because a parent that was just visited is still in the cache when its child reads
    it.

    Parameters
    ----------
    start, branch
        From :func:`neighbours`.
    from_bus, to_bus, closed : (n_branch,)
    slack, live : (n_slack,)
        Buses of given voltage, and which of them are in service.
    order, feed : (n_bus,) int64
        Filled: the bus at each place, and the branch from its parent (-1 at a slack).
    parent : (n_bus,) int64
        Filled: the place of the parent; ``-1 - slack`` at a slack.
    loops : (n_branch,) int64
        Filled: the branches that close a loop or join two slacks.
    place : (n_bus,) int64
        Filled: the place of each bus, -1 where nothing reaches it.

    Returns
    -------
    int, int
        How many buses have a place, and how many branches close loops.
    """
    place[:] = -1
    count = 0
    for s in range(slack.size):
        if live[s] and place[slack[s]] == -1:
            place[slack[s]] = -2 - s
    stack = np.empty(from_bus.size + 1, np.int64)
    via = np.empty(from_bus.size + 1, np.int64)
    used = np.zeros(from_bus.size, np.bool_)
    extra = 0
    for s in range(slack.size):
        if place[slack[s]] != -2 - s:
            continue
        stack[0], via[0] = slack[s], -1
        top = 1
        while top > 0:
            top -= 1
            bus, by = stack[top], via[top]
            if by >= 0 and place[bus] != -1:
                loops[extra] = by
                extra += 1
                continue
            place[bus] = count
            order[count], feed[count] = bus, by
            parent[count] = -1 - s if by < 0 else place[from_bus[by] + to_bus[by] - bus]
            count += 1
            for a in range(start[bus], start[bus + 1]):
                k = branch[a]
                if closed[k] and not used[k]:
                    used[k] = True
                    stack[top], via[top] = from_bus[k] + to_bus[k] - bus, k
                    top += 1
    return count, extra


@nb.njit(
    nb.void(_I, _I, _I, _I, _I, _C, _C, _C, _C, _C, _I, _A, _A, _C, _M),
    cache=True,
    error_model="numpy",
)
def arrange(
    order: Rows,
    parent: Rows,
    feed: Rows,
    from_bus: Rows,
    to_bus: Rows,
    series: Complex,
    from_shunt: Complex,
    to_shunt: Complex,
    ratio: Complex,
    shunt: Complex,
    tapped: Rows,
    current: Floats,
    impedance: Floats,
    scale: Complex,
    table: Floats,
) -> None:
    """Coefficients of the sweep, each bus in the voltage of its own slack.

    With ``scale`` the product of the ratios on the way from the slack, a bus has ``V = scale · U``.
    A power is the same in both, ``V conj(I) = U conj(J)`` for ``J = conj(scale) · I``, an impedance
    is divided by ``|scale|²`` and an admittance multiplied by it, so that the sweep knows no
    transformers: ``U_child = U_parent - z · J_child``.

    Parameters
    ----------
    order, parent, feed : (n_live,) int64
        From :func:`walk`.
    from_bus, to_bus, series, from_shunt, to_shunt, ratio : (n_branch,)
    shunt : (n_bus,) complex128
    tapped : (n_branch,) int64
        -1 where the ratio is constant; elsewhere the shunt at the *from* end is left out, as it
        changes from step to step.
    current, impedance : (n_bus,) float64, 1
        Shares of constant current and constant impedance of a load.
    scale : (n_live,) complex128
        Filled.
    table : (9, n_live) float64
        Filled: resistance and reactance to the parent, conductance and susceptance to earth,
        shares of constant power, current and impedance, and the shunt of a tapped branch.
    """
    earth = shunt.copy()
    for i in range(order.size):
        k = feed[i]
        if k < 0:
            continue
        earth[to_bus[k]] += to_shunt[k]
        if tapped[k] < 0:
            size = ratio[k].real ** 2 + ratio[k].imag ** 2
            earth[from_bus[k]] += from_shunt[k] / size
    for i in range(order.size):
        k, bus = feed[i], order[i]
        z, a = 0.0 + 0.0j, 1.0 + 0.0j
        if k >= 0 and from_bus[k] == bus:
            a = ratio[k]
            z = series[k] * (a.real**2 + a.imag**2)
        elif k >= 0:
            a, z = 1.0 / ratio[k], series[k]
        scale[i] = a * scale[parent[i]] if k >= 0 else a
        size = scale[i].real ** 2 + scale[i].imag ** 2
        table[0, i], table[1, i] = z.real / size, z.imag / size
        table[2, i], table[3, i] = earth[bus].real * size, earth[bus].imag * size
        table[4, i] = 1.0 - current[bus] - impedance[bus]
        table[5, i], table[6, i] = current[bus] * np.sqrt(size), impedance[bus] * size
        table[7, i] = table[8, i] = 0.0
        if k >= 0 and tapped[k] >= 0:
            at_from = scale[i] if from_bus[k] == bus else scale[parent[i]]
            inner = (at_from.real**2 + at_from.imag**2) / (ratio[k].real ** 2 + ratio[k].imag ** 2)
            table[7, i], table[8, i] = from_shunt[k].real * inner, from_shunt[k].imag * inner
