"""Networks, trips and flows in the TNTP format of Transportation Networks for Research."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.traffic.assignment.network import Floats, RoadNetwork, Rows, TripTable
from twin.errors import DataError

FIELDS = ("init node", "term node", "capacity", "length", "free flow time", "b", "power")
"""The columns that a link needs, in their order; speed limit, toll and type follow."""
TOLL = 8
_TAG = re.compile(r"<\s*([^>]+?)\s*>\s*([^<~\n]*)")
_ORIGIN = re.compile(r"Origin\s+(\d+)", re.IGNORECASE)
_PAIR = re.compile(r"(\d+)\s*:\s*([-+.\deE]+)\s*;?")


@dataclass(frozen=True)
class Published:
    """A published solution.

    Attributes
    ----------
    flow, cost : (n_links,) float64
        In the order of the network's links; costs are NaN where the file has none.
    """

    flow: Floats
    cost: Floats


def read_network(
    file: Path, *, toll: float | None = None, distance: float | None = None
) -> RoadNetwork:
    """Read ``NAME_net.tntp``.

    Parameters
    ----------
    toll, distance
        Time for a unit of toll and of length, which the cost of a link adds to its time; None
        takes ``<TOLL FACTOR>`` and ``<DISTANCE FACTOR>`` of the file, or 0.

    Raises
    ------
    DataError
        The file is not of this format, with its line.
    """
    text = _text(file)
    tags = {key.upper(): value.strip() for key, value in _TAG.findall(text)}
    rows = np.array(list(_rows(file, text, len(FIELDS))), dtype=np.float64)
    if not len(rows):
        raise DataError("no links", where=str(file), allowed="a line a link: " + ", ".join(FIELDS))
    declared = int(_tag(file, tags, "NUMBER OF LINKS", len(rows)))
    if declared != len(rows):
        raise DataError(
            f"{len(rows)} links where <NUMBER OF LINKS> says {declared}",
            where=str(file),
            mend="the file is cut or a line is damaged: fetch it again",
        )
    nodes = rows[:, :2]
    odd = np.flatnonzero((nodes < 1).any(axis=1) | (nodes % 1 != 0).any(axis=1))
    if len(odd):
        raise DataError(
            f"a link from {nodes[odd[0], 0]:g} to {nodes[odd[0], 1]:g}",
            where=f"{file}, link {odd[0] + 1}",
            allowed="nodes 1, 2, 3, …",
        )
    tail, head = rows[:, 0].astype(np.int64) - 1, rows[:, 1].astype(np.int64) - 1
    highest = int(max(tail.max(), head.max())) + 1
    factors = (
        _tag(file, tags, "TOLL FACTOR", 0.0) if toll is None else toll,
        _tag(file, tags, "DISTANCE FACTOR", 0.0) if distance is None else distance,
    )
    for what, least in (("NUMBER OF NODES", highest), ("NUMBER OF ZONES", 0)):
        said = _tag(file, tags, what, highest)
        if said < least or (least == 0 and said > highest):
            raise DataError(
                f"<{what}> is {said:g} where links go to node {highest}",
                where=str(file),
                mend="the file is cut or of another network: fetch it again",
            )
    network = RoadNetwork(
        tail=tail,
        head=head,
        capacity=rows[:, 2],
        free_time=rows[:, 4],
        b=rows[:, 5],
        power=rows[:, 6],
        fixed=factors[0] * rows[:, TOLL] + factors[1] * rows[:, 3],
        n_nodes=max(highest, int(_tag(file, tags, "NUMBER OF NODES", highest))),
        n_zones=int(_tag(file, tags, "NUMBER OF ZONES", highest)),
        first_through=int(_tag(file, tags, "FIRST THRU NODE", 1)) - 1,
    )
    _check(file, network)
    return network


def length_and_toll(file: Path) -> tuple[Floats, Floats]:
    """Length and toll of each link of ``NAME_net.tntp``; (n_links,) float64."""
    rows = np.array(list(_rows(file, _text(file), len(FIELDS))), dtype=np.float64)
    return rows[:, 3], rows[:, TOLL]


def read_trips(file: Path, network: RoadNetwork) -> TripTable:
    """Read ``NAME_trips.tntp``.

    Raises
    ------
    DataError
        The file is not of this format, or names a zone that the network does not have.
    """
    entries = list(_pairs(file))
    if not entries:
        raise DataError(
            "no line 'Origin N'", where=str(file), allowed="Origin N, then  destination : trips;"
        )
    origins, destinations, trips = zip(*entries, strict=True)
    found = (np.array(origins, dtype=np.int64), np.array(destinations, dtype=np.int64))
    for zones in found:
        if len(zones) and not 0 <= zones.min() <= zones.max() < network.n_zones:
            raise DataError(
                f"zone {max(zones.max(), -zones.min()) + 1}",
                where=str(file),
                allowed=f"1 to {network.n_zones}, the zones of the network",
                mend="do the two files belong together?",
            )
    return TripTable.of(*found, np.array(trips))


def doubts(file: Path, network: RoadNetwork, trips: TripTable) -> list[str]:
    """Where the metadata of a file of trips say otherwise than its numbers and the network."""
    tags = {key.upper(): value.strip() for key, value in _TAG.findall(_text(file))}
    zones = int(_tag(file, tags, "NUMBER OF ZONES", network.n_zones))
    total = float(trips.trips.sum() + trips.within)
    declared = _tag(file, tags, "TOTAL OD FLOW", total)
    found = []
    if zones != network.n_zones:
        found.append(f"{file.name} has {zones} zones and the network {network.n_zones}")
    if abs(total - declared) > 1e-3 * max(total, declared):
        found.append(
            f"{file.name} has {total:,.1f} trips where <TOTAL OD FLOW> says {declared:,.1f}: is it "
            "cut?"
        )
    return found


def _pairs(file: Path) -> Iterator[tuple[int, int, float]]:
    """Origin, destination (from 0) and trips of every entry."""
    head, _, body = _text(file).partition("<END OF METADATA>")
    origin = 0
    for number, line in enumerate(body.splitlines(), head.count("\n") + 1):
        rest = line.split("~")[0].strip()
        named = _ORIGIN.match(rest)
        if named:
            origin, rest = int(named[1]), rest[named.end() :]
        for destination, trips in _PAIR.findall(rest):
            yield origin - 1, int(destination) - 1, _number(file, number, trips)
        if _PAIR.sub("", rest).strip(" \t;"):
            raise DataError(
                f"cannot read {rest!r}",
                where=f"{file}:{number}",
                allowed="destination : trips; with a point for decimals and nothing for thousands",
            )


def _number(file: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DataError(str(error), where=f"{file}:{line}", allowed="a number") from None


def read_flows(file: Path, network: RoadNetwork) -> Published:
    """Read ``NAME_flow.tntp``: from, to, volume and, where it is there, cost.

    Raises
    ------
    DataError
        A link of the network is missing.
    """
    known: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for row in _rows(file, _text(file), 3):
        entry = (row[2], row[3] if len(row) > 3 else np.nan)
        known.setdefault((int(row[0]) - 1, int(row[1]) - 1), []).append(entry)
    found = np.full((len(network), 2), np.nan)
    for link, ends in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
        entries = known.get(ends)
        if not entries:
            raise DataError(
                f"no flow of the link from {ends[0] + 1} to {ends[1] + 1}",
                where=str(file),
                allowed="a line for each link of the network",
            )
        found[link] = entries.pop(0) if len(entries) > 1 else entries[0]
    return Published(found[:, 0], found[:, 1])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise DataError("there is no such file", where=str(file)) from None


def _rows(file: Path, text: str, least: int) -> Iterator[list[float]]:
    """Lines of numbers after the metadata; short link rows are filled to toll and type with 0."""
    body, skipped = text, 0
    if "<END OF METADATA>" in text:
        head, _, body = text.partition("<END OF METADATA>")
        skipped = head.count("\n")
    for number, line in enumerate(body.splitlines(), skipped + 1):
        words = line.split("~")[0].replace(";", " ").split()
        if not words or words[0][0].isalpha() or words[0][0] == "<":
            continue
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise DataError(str(error), where=f"{file}:{number}", allowed="numbers") from None
        if len(values) < least:
            raise DataError(
                f"{len(values)} numbers", where=f"{file}:{number}", allowed=f"at least {least}"
            )
        if least == len(FIELDS):
            values = (values + [0.0] * 3)[: TOLL + 2]
        yield values


def _tag(file: Path, tags: dict[str, str], name: str, default: float) -> float:
    value = tags.get(name, "")
    try:
        return float(value) if value else float(default)
    except ValueError:
        raise DataError(f"<{name}> {value!r}", where=str(file), allowed="a number") from None


def _check(file: Path, network: RoadNetwork) -> None:
    """Refuse links whose cost would be no number."""
    rising = network.b * network.free_time != 0.0
    wrong: list[tuple[str, Rows]] = [
        ("capacity", np.flatnonzero(~(network.capacity > 0.0) & rising)),
        ("free flow time", np.flatnonzero(~(network.free_time + network.fixed >= 0.0))),
        ("b", np.flatnonzero(~(network.b >= 0.0))),
        ("power", np.flatnonzero(~(network.power >= 0.0))),
    ]
    for what, links in wrong:
        if len(links):
            link = int(links[0])
            value = getattr(network, what.replace("free flow time", "free_time"))[link]
            raise DataError(
                f"{what} {value:g} of the link from {network.tail[link] + 1} to "
                f"{network.head[link] + 1}",
                where=str(file),
                allowed="a positive capacity, nothing negative",
            )
    network.capacity[~(network.capacity > 0.0)] = 1.0
