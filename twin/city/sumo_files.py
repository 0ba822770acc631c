"""The files of a SUMO scenario: read, checked, and copied without what they would write."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.city.network import opened
from twin.errors import DataError

DETECTORS = {
    "e1Detector": "e1",
    "inductionLoop": "e1",
    "instantInductionLoop": "instant",
    "e2Detector": "e2",
    "laneAreaDetector": "e2",
}
NETWORK = ("net-file", "net", "n")
ROUTES = ("route-files", "routes", "r")
ADDITIONAL = ("additional-files", "additional", "a")
# Sections and options that write files or steer a window: a run of the twin decides those itself.
NOT_KEPT = frozenset({"output", "report", "gui_only", "gui"})
WRITES = (
    "output",
    "log",
    "save-state",
    "netstate",
    "summary",
    "tripinfo",
    "gui-settings",
    "prefix",
)
# Elements whose `file` is an output, not an input.
REPORTERS = (
    *DETECTORS,
    "e3Detector",
    "entryExitDetector",
    "edgeData",
    "laneData",
    "routeProbe",
    "vTypeProbe",
)
SILENT = "NUL"
"""SUMO's name for nowhere, on every system."""


@dataclass
class Config:
    """A SUMO configuration and the files that it names."""

    file: Path
    tree: Any
    network: Path
    routes: list[Path] = field(default_factory=list)
    additional: list[Path] = field(default_factory=list)


def read_config(file: Path) -> Config:
    """A configuration with the files that it names, all of which exist; or a network alone."""
    from lxml import etree

    if not file.is_file():
        raise DataError(
            "there is no such SUMO configuration or network",
            where=str(file),
            allowed=".sumocfg, .net.xml, .net.xml.gz",
        )
    if file.name.endswith((".net.xml", ".net.xml.gz")):
        root = etree.Element("configuration")
        option = etree.SubElement(etree.SubElement(root, "input"), NETWORK[0])
        option.set("value", file.name)
        return Config(file, root.getroottree(), file)
    try:
        tree = etree.parse(str(file))
    except etree.XMLSyntaxError as error:
        raise DataError(f"the SUMO configuration is damaged: {error}", where=str(file)) from None
    networks = _named(file, tree, NETWORK)
    if len(networks) != 1:
        raise DataError(
            f"the SUMO configuration names {len(networks)} networks",
            where=f"{file}, net-file",
            allowed='one: <net-file value="….net.xml"/>',
        )
    found = Config(
        file, tree, networks[0], _named(file, tree, ROUTES), _named(file, tree, ADDITIONAL)
    )
    return found


def _named(file: Path, tree: Any, options: tuple[str, ...]) -> list[Path]:
    """Files of an option, as paths."""
    found = []
    for option in tree.iter(*options):
        for name in option.get("value", "").replace(",", " ").split():
            path = file.parent / name
            if not path.is_file():
                raise DataError(
                    f"the SUMO configuration names a file that is not there: {name}",
                    where=f"{file}, {option.tag}",
                    mend="copy the file to where the configuration looks for it",
                )
            found.append(path)
    return found


def copy_demand(config: Config, folder: Path, network: str) -> dict[str, list[Path]]:
    """Copy routes and additional files, with a configuration that works from there.

    What they do stays as it is; only their outputs go nowhere, because a bundle is not written to.
    """
    folder.mkdir()
    copied: dict[Path, Path] = {}
    for file in _inputs(config):
        target = folder / file.name
        while target.exists():
            target = target.with_name("_" + target.name)
        copied[file] = target
        if file in config.additional:
            _copy_silenced(file, target)
        else:
            shutil.copyfile(file, target)
    listed = {*config.routes, *config.additional}
    written = folder / "run.sumocfg"
    _write_config(config, copied, network, written)
    return {
        "config": [written],
        "routes": [copied[file] for file in config.routes],
        "additional": [copied[file] for file in config.additional],
        "other": [path for file, path in copied.items() if file not in listed],
    }


def _inputs(config: Config) -> Iterator[Path]:
    """Every file, but the network, that an option names; each once."""
    seen = {config.network}
    for option in config.tree.iter("*"):
        if _writes(option):
            continue
        for name in (option.get("value") or "").replace(",", " ").split():
            path = config.file.parent / name
            if path not in seen and path.is_file():
                seen.add(path)
                yield path


def _writes(option: Any) -> bool:
    parent = option.getparent()
    tag = option.tag if isinstance(option.tag, str) else "output"
    section = parent.tag if parent is not None else ""
    return section in NOT_KEPT or any(word in tag for word in WRITES)


def _write_config(config: Config, copied: dict[Path, Path], network: str, target: Path) -> None:
    from copy import deepcopy

    root = deepcopy(config.tree.getroot())
    for option in list(root.iter()):
        if option is root or option.tag in NOT_KEPT or _writes(option):
            if option is not root and option.getparent() is not None:
                option.getparent().remove(option)
            continue
        names = (option.get("value") or "").replace(",", " ").split()
        paths = [config.file.parent / name for name in names]
        if option.tag in NETWORK:
            option.set("value", f"../{network}")
        elif paths and all(path in copied for path in paths):
            option.set("value", ",".join(copied[path].name for path in paths))
    target.write_bytes(_bytes(root))


def _bytes(root: Any) -> bytes:
    from lxml import etree

    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return made


def _copy_silenced(file: Path, target: Path) -> None:
    """Copy an additional file with its outputs sent nowhere; byte for byte if it has none."""
    root = _parsed(file)
    reporters = [item for item in root.iter(*REPORTERS) if item.get("file")]
    if not reporters:
        shutil.copyfile(file, target)
        return
    for item in reporters:
        item.set("file", SILENT)
    made = _bytes(root)
    if target.suffix == ".gz":
        import gzip

        made = gzip.compress(made, mtime=0)
    target.write_bytes(made)


def _parsed(file: Path) -> Any:
    from lxml import etree

    try:
        with opened(file) as source:
            return etree.parse(source).getroot()
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        raise DataError(f"the additional file is damaged: {error}", where=str(file)) from None


def elements(file: Path) -> list[Any]:
    """The elements of an additional file, comments left out."""
    return [item for item in _parsed(file) if isinstance(item.tag, str)]
