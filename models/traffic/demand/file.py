"""The demand file: one row a trip, with its departure and its way; Parquet."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.city.city import City
from twin.errors import DataError
from twin.results.tables import read_parquet, write_tables

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Demand:
    """Trips by car with the ways that they take, in columns.

    Attributes
    ----------
    depart : (n,) float64, s since midnight
    route : (n,) int32
        Which of the ways each takes.
    first : (n_routes + 1,) int32
        Where each way begins in ``edges``.
    edges : (m,) int32, edge rows
    """

    depart: Floats
    route: Ints
    first: Ints
    edges: Ints

    def __len__(self) -> int:
        return len(self.depart)

    def way(self, route: int) -> Ints:
        """Edge rows of a way."""
        return self.edges[self.first[route] : self.first[route + 1]]

    @classmethod
    def of(cls, depart: Floats, ways: list[tuple[int, ...]]) -> Demand:
        """From departures and the way of each, equal ones kept once; sorted by departure."""
        number: dict[tuple[int, ...], int] = {}
        route = [number.setdefault(way, len(number)) for way in ways]
        order = np.argsort(depart, kind="stable")
        lengths = [len(way) for way in number]
        first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        edges = np.array([edge for way in number for edge in way], dtype=np.int32)
        return cls(depart[order], np.array(route, dtype=np.int32)[order], first, edges)


def write_demand(demand: Demand, city: City, file: Path) -> None:
    """Write a demand as Parquet: columns ``depart`` (s since midnight) and ``route`` (edge ids)."""
    ids = city["edge"].ids
    texts = [" ".join(map(str, ids[demand.way(r)])) for r in range(len(demand.first) - 1)]
    routes = np.array(texts, dtype=object)[demand.route] if len(demand) else np.empty(0, object)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as work:
        write_tables(Path(work), {"demand": {"depart": demand.depart, "route": routes}})
        Path(work, "demand.parquet").replace(file)


def read_demand(file: Path, city: City) -> Demand:
    """Read a demand.

    Raises
    ------
    DataError
        The file is missing or no demand, or names an edge that the city does not have.
    """
    if not file.is_file():
        raise DataError(
            "there is no such demand file",
            where=str(file),
            mend="`twin calibrate SCENARIO --counts FILE` writes one beside its scenario",
        )
    columns = read_parquet(file)
    if not {"depart", "route"} <= set(columns):
        raise DataError(
            "this is no demand", where=str(file), allowed="columns depart (s) and route (edge ids)"
        )
    texts = [str(text) for text in columns["route"]]
    known = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    try:
        ways = {text: tuple(known[edge] for edge in text.split()) for text in dict.fromkeys(texts)}
    except KeyError as error:
        raise DataError(
            f"the demand names the edge {error.args[0]!r}, which {city.name} does not have",
            where=str(file),
            mend="calibrate again: the network has changed",
        ) from None
    return Demand.of(np.asarray(columns["depart"], dtype=np.float64), [ways[t] for t in texts])
