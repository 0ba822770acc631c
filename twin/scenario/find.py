"""Finds scenario files and city recipes by name: a path, this folder's, or a shipped one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from twin.errors import ConfigError


def roots() -> list[Path]:
    """Folders that hold scenarios: ``scenarios/`` here first, then the shipped ones."""
    found = [Path.cwd() / "scenarios"]
    spec = find_spec("scenarios")
    if spec is not None and spec.submodule_search_locations:
        found += [Path(place) for place in spec.submodule_search_locations]
    return [root for root in dict.fromkeys(found) if root.is_dir()]


def names() -> list[str]:
    """Every scenario that can be named."""
    return sorted(
        {
            str(file.relative_to(root).with_suffix(""))
            for root in roots()
            for file in root.glob("*/*.toml")
            # `common` holds what scenarios extend; it names no city and cannot be lived.
            if file.name != "city.toml" and file.parent.name != "common"
        }
    )


def find_scenario(name: str, beside: Path | None = None, also: Sequence[str] = ()) -> Path:
    """The file of a scenario.

    Parameters
    ----------
    name
        A path, with or without ``.toml``, or a name such as ``helsinki/baseline``.
    beside
        The file that asks (``extends``): its folder is looked into first.
    also
        What else the name could have meant, for the error.

    Raises
    ------
    ConfigError
        There is no such scenario; names the nearest.
    """
    file = name if name.endswith(".toml") else f"{name}.toml"
    places = [beside.parent] if beside else []
    for root in [*places, Path.cwd(), *roots()]:
        if (root / file).is_file():
            return (root / file).resolve()
    close = difflib.get_close_matches(name, [*names(), *also], n=1)
    raise ConfigError(
        f"there is no scenario {name!r}",
        where=str(beside) if beside else None,
        allowed="a file, or one of: " + (", ".join(names()) or "none is installed"),
        mend=f"did you mean {close[0]!r}?" if close else None,
    )


def find_city(name: str, beside: Path | None = None) -> Path:
    """The bundle (a folder) or the recipe (``city.toml``) of a city.

    Raises
    ------
    ConfigError
        Neither is there.
    """
    places = [beside.parent] if beside else []
    for root in [*places, Path.cwd()]:
        if (root / name / "manifest.json").is_file():
            return (root / name).resolve()
    for root in roots():
        if (root / name / "city.toml").is_file():
            return root / name / "city.toml"
    known = sorted({p.parent.name for root in roots() for p in root.glob("*/city.toml")})
    raise ConfigError(
        f"there is no city bundle {name!r}",
        where=str(beside) if beside else None,
        allowed="a folder made by `twin city build`, or one of: " + ", ".join(known),
        mend=f"twin city build EXTRACT -o {name}",
    )
