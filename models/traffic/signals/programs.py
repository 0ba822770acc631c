"""Signal programs of a city as its SUMO files give them, and the movements that they serve."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from twin.city.city import City
from twin.errors import DataError

PLAN = "citytwin.plan"
"""Name of a program that a policy brings."""
USUAL = "citytwin.usual"
"""Key under which such a program says which one it takes the place of."""
_LINK = re.compile(r"<connection\b[^>]*\btl=\"[^>]*>")
_ATTRIBUTE = re.compile(r"(\w+)=\"([^\"]*)\"")


@dataclass(frozen=True)
class Phase:
    """A phase: what each link shows, and for how long.

    Attributes
    ----------
    state
        One letter a link: G, g, y, r …
    duration, shortest, longest
        s; the last two bind where the program is actuated.
    """

    state: str
    duration: float
    shortest: float
    longest: float

    @property
    def green(self) -> bool:
        """Whether somebody drives, and nobody is about to stop."""
        return bool(set(self.state) & set("Gg")) and not set(self.state) & set("yYu")


@dataclass(frozen=True)
class Program:
    """A program of a signal.

    Attributes
    ----------
    kind
        SUMO's type: ``static``, ``actuated``, ``delay_based`` …
    offset
        s
    """

    signal: str
    name: str
    kind: str
    offset: float
    phases: tuple[Phase, ...]

    @property
    def cycle(self) -> float:
        """Length of the cycle, s."""
        return sum(phase.duration for phase in self.phases)


@dataclass(frozen=True)
class Link:
    """A movement that a signal serves: from a lane to a lane."""

    signal: str
    index: int
    source: str
    target: str


def usual(city: City) -> dict[str, Program]:
    """The program that each signal runs when the city starts: the last that its files give."""
    return {program.signal: program for program in _all(city)}


def names(city: City) -> dict[str, list[str]]:
    """Ids of the programs of each signal, sorted as SUMO counts them."""
    found: dict[str, set[str]] = {}
    for program in _all(city):
        found.setdefault(program.signal, set()).add(program.name)
    return {signal: sorted(ids) for signal, ids in found.items()}


def _all(city: City) -> list[Program]:
    files = [city.network, *map(Path, city.demand.get("additional", []))]
    return [program for file in files if file.is_file() for program in read(file)]


def read(file: Path) -> list[Program]:
    """Programs in a file of SUMO (a network or an additional file).

    Raises
    ------
    DataError
        The file is missing or not XML, or a phase has no duration or state.
    """
    try:
        return [
            _program(element)
            for _, element in ElementTree.iterparse(_open(file))
            if element.tag == "tlLogic"
        ]
    except (OSError, ElementTree.ParseError, KeyError, ValueError) as error:
        raise DataError(
            f"{file.name} holds no signal programs ({type(error).__name__}: {error})",
            where=str(file),
            allowed="an additional file of SUMO with <tlLogic> elements, or a TOML file of a plan",
        ) from None


def _open(file: Path):  # type: ignore[no-untyped-def]
    return gzip.open(file) if file.read_bytes()[:2] == b"\x1f\x8b" else file.open("rb")


def _program(element: ElementTree.Element) -> Program:
    phases = []
    for phase in element.iter("phase"):
        duration = float(phase.attrib["duration"])
        phases.append(
            Phase(
                phase.attrib["state"],
                duration,
                float(phase.get("minDur", duration)),
                float(phase.get("maxDur", duration)),
            )
        )
    return Program(
        element.attrib["id"],
        element.get("programID", "0"),
        element.get("type", "static"),
        float(element.get("offset", 0.0)),
        tuple(phases),
    )


def links(city: City) -> list[Link]:
    """Movements of all signals, in the order of the network."""
    raw = city.network.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
    found = []
    for match in _LINK.findall(text):
        of = dict(_ATTRIBUTE.findall(match))
        if "linkIndex" in of and not of["from"].startswith(":"):
            found.append(
                Link(
                    of["tl"],
                    int(of["linkIndex"]),
                    f"{of['from']}_{of['fromLane']}",
                    f"{of['to']}_{of['toLane']}",
                )
            )
    return found


def adaptive(program: Program, kind: str, shortest: float, longest: float) -> Program:
    """The same phases, the green ones between two durations as the traffic wants."""
    phases = tuple(
        replace(
            phase,
            shortest=min(shortest, phase.duration) if phase.green else phase.duration,
            longest=max(longest, phase.duration) if phase.green else phase.duration,
        )
        for phase in program.phases
    )
    return replace(program, kind=kind, phases=phases)


def write(programs: Iterable[tuple[Program, Program]], file: Path) -> None:
    """Write programs as ``PLAN``, each with the name of the one whose place it takes."""
    lines = [line for plan, before in programs for line in _xml(plan, before.name)]
    file.write_text("\n".join(["<additional>", *lines, "</additional>", ""]), encoding="utf-8")


def _xml(program: Program, before: str) -> Sequence[str]:
    head = f"<tlLogic id={quoteattr(program.signal)} type={quoteattr(program.kind)} "
    return [
        f'{head}programID="{PLAN}" offset="{program.offset:g}">',
        *(
            f'<phase duration="{p.duration:g}" minDur="{p.shortest:g}" maxDur="{p.longest:g}" '
            f'state="{p.state}"/>'
            for p in program.phases
        ),
        f"<param key={quoteattr(USUAL)} value={quoteattr(before)}/>",
        "</tlLogic>",
    ]
