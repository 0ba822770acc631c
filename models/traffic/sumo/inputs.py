"""What SUMO is given: the city's own scenario with its outputs muted, or the network alone."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.traffic.sumo.process import can_fork_while_reading
from twin.city.city import City

NOWHERE = "NUL"
"""SUMO's name for an output that is thrown away; no file is opened, so a fork is safe."""

_MUTED = (
    r"(<(?:e1Detector|inductionLoop|e2Detector|laneAreaDetector|e3Detector|entryExitDetector|"
    r"instantInductionLoop|edgeData|laneData|meandata\w*|routeProbe|timedEvent)\b[^>]*?"
    r"\b(?:file|dest)\s*=\s*)(\"[^\"]*\"|'[^']*')"
)
_EDGE = re.compile(r"<edge\s([^>]*)>(.*?)</edge>", re.DOTALL)
_LANE = re.compile(r"<lane\s([^>]*?)/?>")
_ATTRIBUTE = re.compile(r"(\w+)=\"([^\"]*)\"")


@dataclass(frozen=True)
class Lanes:
    """The lanes that vehicles drive on.

    Attributes
    ----------
    ids
        SUMO lane ids.
    edge : (n_lanes,) int32
        Row of the lane's edge in the city's table.
    length : (n_lanes,) float64, m
    inner
        Ids of the edges inside junctions.
    """

    ids: list[str]
    edge: npt.NDArray[np.int32]
    length: npt.NDArray[np.float64]
    inner: list[str]


def read_lanes(city: City) -> Lanes:
    """Lanes of the city's network, in its order; pavements and cycle tracks left out."""
    rows = {str(edge): row for row, edge in enumerate(city["edge"].ids)}
    ids, edges, lengths, inner = [], [], [], []
    for edge, body in _EDGE.findall(read_text(city.network)):
        found = dict(_ATTRIBUTE.findall(edge))
        if found.get("function") == "internal":
            inner.append(found["id"])
        row = rows.get(found["id"])
        if row is None:
            continue
        for lane in (dict(_ATTRIBUTE.findall(text)) for text in _LANE.findall(body)):
            if lane.get("allow", "") not in ("pedestrian", "bicycle", "pedestrian bicycle"):
                ids.append(lane["id"])
                edges.append(row)
                lengths.append(float(lane["length"]))
    return Lanes(ids, np.array(edges, dtype=np.int32), np.array(lengths, dtype=np.float64), inner)


def read_text(file: Path) -> str:
    """Text of a file that may be gzipped."""
    raw = file.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")


def options(
    city: City, seed: int, *, own: bool, additional: Sequence[Path], scratch: Path
) -> dict[str, str]:
    """SUMO's options for a run.

    Parameters
    ----------
    own
        True loads the demand, detectors and signals that came with the city.
    additional
        Files of ours to load beside.
    """
    demand = city.demand if own else {}
    config = demand.get("config", [])
    files = [*_muted(demand.get("additional", []), scratch), *additional]
    chosen = {"configuration-file": str(config[0])} if config else {}
    chosen["net-file"] = str(city.network)
    if demand.get("routes"):
        chosen["route-files"] = ",".join(map(str, demand["routes"]))
    if files:
        chosen["additional-files"] = ",".join(map(str, files))
    for output in _outputs(config):
        chosen[output] = NOWHERE
    if not can_fork_while_reading():
        # All routes at the start: a route file held open would be shared with a forked child.
        chosen["route-steps"] = "0"
    return chosen | {
        # The tripinfo device keeps SUMO's own totals of finished trips; its file is not wanted.
        "tripinfo-output": NOWHERE,
        # netconvert's network and a scenario that ran before need no check against a schema.
        "xml-validation": "never",
        "xml-validation.net": "never",
        "xml-validation.routes": "never",
        "seed": str(seed),
        "ignore-route-errors": "true",
        "no-warnings": "true",
        "no-step-log": "true",
        "duration-log.disable": "true",
    }


def begin(city: City) -> float:
    """SUMO's time at tick 0 when the city's own demand is driven, s."""
    config = city.demand.get("config", [])
    if not config:
        return 0.0
    from xml.etree import ElementTree

    found = ElementTree.parse(config[0]).getroot().find(".//begin")
    return 0.0 if found is None else float(found.get("value", "0"))


def _outputs(config: Sequence[Path]) -> list[str]:
    """Options of a SUMO configuration that would write files."""
    if not config:
        return []
    from xml.etree import ElementTree

    root = ElementTree.parse(config[0]).getroot()
    section = root.find("output")
    written = [] if section is None else [e.tag for e in section if _is_file(e.get("value", ""))]
    logs = [e.tag for e in root.iter() if e.tag in ("log", "log-file", "message-log", "error-log")]
    return [*written, *logs]


def _is_file(value: str) -> bool:
    return bool(re.search(r"\.(xml|csv|parquet|txt|json|gz|log)\b", value))


def _muted(files: Sequence[Path], scratch: Path) -> list[Path]:
    """The same files, those that would make SUMO write as copies that write nowhere."""
    muted = []
    for number, file in enumerate(files):
        text, changed = re.subn(_MUTED, rf'\1"{NOWHERE}"', read_text(file))
        if changed:
            file = scratch / f"own{number}.add.xml"
            file.write_text(text, encoding="utf-8")
        muted.append(file)
    return muted


def lanes_of(lanes: Lanes, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Numbers of the lanes of some edges."""
    found: npt.NDArray[np.int64] = np.flatnonzero(np.isin(lanes.edge, edges))
    return found


def write_counters(
    lanes: Lanes,
    period: float,
    file: Path,
    name: str = "",
    chosen: npt.NDArray[np.int64] | None = None,
) -> list[str]:
    """Write an induction loop across the middle of every lane, or the chosen ones; their ids.

    A loop counts every vehicle that passes, which no sampling does; it begins anew every ``period``
    s, since it remembers each vehicle until then.
    """
    numbers = range(len(lanes.ids)) if chosen is None else chosen.tolist()
    ids = [loop_id(name, number) for number in numbers]
    loops = [
        f'<inductionLoop id="{loop}" lane="{lanes.ids[number]}" '
        f'pos="{lanes.length[number] / 2:.2f}" period="{period:g}" file="{NOWHERE}"/>'
        for loop, number in zip(ids, numbers, strict=True)
    ]
    file.write_text("<additional>\n" + "\n".join(loops) + "\n</additional>\n", encoding="utf-8")
    return ids


def loop_id(name: str, lane: int) -> str:
    """Id of our loop on a lane."""
    return f"citytwin.{name}{lane}"
