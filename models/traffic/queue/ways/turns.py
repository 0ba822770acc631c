"""The graph in which ways are sought: turns, and the arcs between them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.traffic.queue.arrays import Ints, Longs
from models.traffic.queue.layout import Layout, csr


class Turns(NamedTuple):
    """Links that lead on alike share a turn; each movement of one of them is an arc.

    Attributes
    ----------
    of_link : (n_links,) int32
        Turn at the end of each link.
    start : (n_turns + 1,) int32
        Arcs of each turn, as CSR.
    movement, link, before, after : (n_arcs,) int32
        A movement that the arc stands for, the link that it enters, the turns that it joins.
    link_start, into_link
        Arcs that enter each link, as CSR.
    turn_start, into_turn
        Arcs that lead to each turn, as CSR.
    """

    of_link: Ints
    start: Ints
    movement: Ints
    link: Ints
    before: Ints
    after: Ints
    link_start: Ints
    into_link: Ints
    turn_start: Ints
    into_turn: Ints


def alike(*columns: npt.NDArray[Any]) -> tuple[Longs, Longs]:
    """Which rows of some columns are equal.

    Returns
    -------
    first : (n_kinds,) int64
        The first row of each kind.
    kind : (n_rows,) int64
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        code = code * len(values) + place
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    return first, kind


def turns_of(layout: Layout) -> Turns:
    """The turns of a network."""
    bounds = np.searchsorted(layout.start, np.arange(layout.links + 1))
    of_link = np.empty(layout.links, dtype=np.int32)
    known: dict[object, int] = {}
    movements: list[range] = []
    for link in range(layout.links):
        rows = range(int(bounds[link]), int(bounds[link + 1]))
        kind = _kind(layout, link, rows)
        if kind not in known:
            known[kind] = len(movements)
            movements.append(rows)
        of_link[link] = known[kind]
    start, movement = csr(movements)
    before = np.repeat(np.arange(len(movements), dtype=np.int32), np.diff(start))
    link_to = layout.end[movement].astype(np.int32)
    after = of_link[link_to]
    return Turns(
        of_link,
        start,
        movement,
        link_to,
        before,
        after,
        *_by(link_to, layout.links),
        *_by(after, len(movements)),
    )


def _kind(layout: Layout, link: int, rows: range) -> object:
    """What links have in common that lead on alike; the link itself when it has lane groups."""
    if len({int(layout.group[row]) for row in rows}) > 1:
        return link
    return tuple((int(layout.end[row]), float(layout.delay[row])) for row in rows)


def _by(values: Ints, size: int) -> tuple[Ints, Ints]:
    """Rows by their value, as CSR."""
    order = np.argsort(values, kind="stable").astype(np.int32)
    starts = np.searchsorted(values[order], np.arange(size + 1)).astype(np.int32)
    return starts, order
