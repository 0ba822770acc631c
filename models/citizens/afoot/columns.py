"""The columns of walks, in groups that kernels take as one argument."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


class Streets(NamedTuple):
    """The streets as who walks sees them: both ways, joined at the junctions."""

    ends: Rows
    """(n_edges, 2) junctions at the beginning and the end of each edge."""
    length: Floats
    """(n_edges,) m"""
    back: Rows
    """(n_edges,) edge of the other direction; -1 for none."""
    first: Rows
    """(n_junctions + 1,) entries of each junction begin here."""
    to: Rows
    """(n,) junction to which an entry leads."""
    edge: Rows
    """(n,) the shortest edge between the two."""
    against: npt.NDArray[np.bool_]
    """(n,) whether it is walked against its direction."""


class Walks(NamedTuple):
    """Walks that begin."""

    number: npt.NDArray[np.int64]
    """(n,) of its own in the run."""
    time: Floats
    """(n,) s"""
    origin: Rows
    """(n,) edge."""
    leaves: Floats
    """(n,) m along it."""
    goal: Rows
    """(n,) edge."""
    arrives: Floats
    """(n,) m along it."""
    tree: Rows
    """(n, 2) row of the trees of both ends of the first edge."""
