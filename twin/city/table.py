"""A table of the city: columns over a fixed, ordered array of ids, with a geometry each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Array = npt.NDArray[Any]

MAPPED = "mapped"
INFERRED = "inferred"


class Table:
    """Columns over a fixed, ordered id array.

    Parameters
    ----------
    name
        Name of the table, singular: ``edge``, ``building``.
    ids : (n,) str
        Unique ids, in the order of every column.
    columns
        Columns by name, each (n,): float64, int32, bool or str.
    geometry : (n,) object, metres, optional
        Shapely geometries in the city's projected coordinates, or a function that gives them: it is
        called at first use, so that a run that needs no shapes does not wait for them.
    """

    def __init__(
        self,
        name: str,
        ids: npt.ArrayLike,
        columns: Mapping[str, npt.ArrayLike] | None = None,
        geometry: Array | Callable[[], Array] | None = None,
    ) -> None:
        self.name = name
        self.ids: npt.NDArray[np.str_] = np.asarray(ids, dtype=np.str_)
        self.columns: dict[str, Array] = {}
        self._geometry = geometry
        if len(set(self.ids.tolist())) != len(self.ids):
            found, counts = np.unique(self.ids, return_counts=True)
            raise DataError(
                f"table {name!r} has the id {str(found[counts > 1][0])!r} twice",
                allowed="each id once",
            )
        if geometry is not None and not callable(geometry):
            self._check(geometry)
        for key, values in (columns or {}).items():
            self[key] = values

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __getitem__(self, column: str) -> Array:
        try:
            return self.columns[column]
        except KeyError:
            raise DataError(
                f"table {self.name!r} has no column {column!r}",
                allowed=", ".join(self.columns) or "none",
            ) from None

    def __setitem__(self, column: str, values: npt.ArrayLike) -> None:
        array = _standard(np.asarray(values))
        if array.shape != (len(self),):
            raise DataError(
                f"column {self.name}.{column} has shape {array.shape}", allowed=f"({len(self)},)"
            )
        self.columns[column] = array

    @property
    def geometry(self) -> Array | None:
        """Shapes; (n,) object, metres. None for a table without any."""
        if callable(self._geometry):
            self.geometry = self._geometry()
        return None if callable(self._geometry) else self._geometry

    @geometry.setter
    def geometry(self, shapes: Array | None) -> None:
        if shapes is not None:
            self._check(shapes)
        self._geometry = shapes

    def _check(self, shapes: Array) -> None:
        if len(shapes) != len(self.ids):
            raise DataError(f"table {self.name!r}: {len(shapes)} geometries for {len(self)} ids")

    @property
    def shapes(self) -> Array:
        """The geometry of a table that must have one; (n,) object, metres.

        Raises
        ------
        DataError
            The table has no geometry.
        """
        found = self.geometry
        if found is None:
            raise DataError(f"table {self.name!r} has no geometry")
        return found

    @property
    def spatial(self) -> bool:
        """Whether the rows have shapes; does not load them."""
        return self._geometry is not None

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {str(key): row for row, key in enumerate(self.ids)}

    def row(self, key: str) -> int:
        """Row of the entity with this id.

        Raises
        ------
        DataError
            No entity has this id.
        """
        try:
            return self._positions[key]
        except KeyError:
            raise DataError(
                f"table {self.name!r} has no entity {key!r}",
                allowed=f"one of {len(self)} ids such as {self.ids[:3].tolist()}",
            ) from None

    def rows(self, keys: npt.ArrayLike, missing: int = -1) -> npt.NDArray[np.int32]:
        """Rows of many ids, ``missing`` where there is no such id; (len(keys),) int32."""
        find = self._positions.get
        return np.array([find(str(key), missing) for key in np.asarray(keys)], dtype=np.int32)

    @property
    def points(self) -> npt.NDArray[np.float64]:
        """Coordinates of a point on each entity; (n, 2) float64, metres."""
        import shapely

        found = self.shapes
        if not np.all(shapely.get_type_id(found) == 0):
            found = shapely.point_on_surface(found)
        return np.asarray(shapely.get_coordinates(found), dtype=np.float64).reshape(-1, 2)


def _standard(values: Array) -> Array:
    """The same values in one of the four column types, so that kernels meet no other."""
    if values.dtype.kind == "f":
        return values.astype(np.float64, copy=False)
    if values.dtype.kind in "iu":
        return values.astype(np.int32, copy=False)
    if values.dtype.kind == "O":
        return values.astype(np.str_)
    return values
