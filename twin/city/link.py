"""Relations between two tables, kept as index arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Link:
    """From each row of ``source`` to rows of ``target``.

    Attributes
    ----------
    source, target
        Names of the two tables.
    indices : int32
        To-one: (n_source,) row in ``target`` or -1 for none.
        To-many (``indptr`` given): the concatenated rows in ``target``.
    indptr : (n_source + 1,) int32, optional
        Start of each source row in ``indices`` (CSR); None for a to-one link.
    """

    source: str
    target: str
    indices: Indices
    indptr: Indices | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", np.ascontiguousarray(self.indices, dtype=np.int32))
        if self.indptr is not None:
            object.__setattr__(self, "indptr", np.ascontiguousarray(self.indptr, dtype=np.int32))

    @property
    def name(self) -> str:
        """``source->target``."""
        return f"{self.source}->{self.target}"

    def pairs(self) -> tuple[Indices, Indices]:
        """Every (source row, target row) pair; rows without a target have none."""
        if self.indptr is not None:
            sources = np.repeat(
                np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr)
            )
            return sources, self.indices
        sources = np.flatnonzero(self.indices >= 0).astype(np.int32)
        return sources, self.indices[sources]

    def check(self, n_source: int, n_target: int) -> None:
        """Refuse a link that points outside its tables.

        Raises
        ------
        DataError
            Wrong length, or a row that does not exist.
        """
        rows = len(self.indices) if self.indptr is None else len(self.indptr) - 1
        if rows != n_source:
            raise DataError(
                f"link {self.name} covers {rows} rows",
                allowed=f"{n_source}, the rows of {self.source}",
            )
        lowest = -1 if self.indptr is None else 0
        if len(self.indices) and (self.indices.min() < lowest or self.indices.max() >= n_target):
            raise DataError(
                f"link {self.name} points to rows {self.indices.min()}..{self.indices.max()}",
                allowed=f"{lowest}..{n_target - 1}",
            )

    @classmethod
    def many(
        cls, source: str, target: str, sources: Indices, targets: Indices, n_source: int
    ) -> Link:
        """A to-many link from pairs, ordered by source row then target row."""
        order = np.lexsort((targets, sources))
        counts = np.bincount(np.asarray(sources, dtype=np.int64), minlength=n_source)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return cls(source, target, np.asarray(targets)[order].astype(np.int32), indptr)
