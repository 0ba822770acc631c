"""The catalogue of messages: every text that a person reads, in each language.

The general ones are beside this file; those of a model are in its own folder's ``messages.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from twin.core.registry import Group, available
from twin.errors import ConfigError, DataError
from twin.report.numbers import STYLES

HOME = "en"
FILE = "messages.toml"


class Catalogue:
    """Messages of one language, English where it has none, the key where English has none.

    Parameters
    ----------
    language
        ``en`` or ``fr``.
    messages
        Key to text, for each language.
    """

    def __init__(self, language: str, messages: Mapping[str, Mapping[str, str]]) -> None:
        self.language = language
        self._own = messages.get(language, {})
        self._home = messages.get(HOME, {})
        self.numbers = STYLES[language]

    def __call__(self, key: str, /, **values: object) -> str:
        """The message with its ``{names}`` filled in."""
        text = self.get(key)
        if text is None:
            return key
        return text.format(**values) if values else text

    def get(self, key: str) -> str | None:
        """The message, or None."""
        text = self._own.get(key, self._home.get(key))
        return None if text is None else self.numbers.typeset(text)

    def label(self, kind: str, name: str) -> str:
        """What people call the thing ``name`` of this kind; the name itself where nobody said.

        One of several alike, ``NAME:WHICH``, is called by both, a policy by its own label.
        """
        text = self.get(f"{kind}.{name}")
        if text is None and ":" in name:
            alike, _, which = name.partition(":")
            return f"{self.label(kind, alike)} ({self.label('policy', which)})"
        return name if text is None else text

    def plural(self, key: str, count: int, /, **values: object) -> str:
        """The message ``key.one`` or ``key.many``, as the language counts."""
        one = count == 1 or (self.language == "fr" and count == 0)
        return self(f"{key}.{'one' if one else 'many'}", count=count, **values)

    def unit(self, unit: str) -> str:
        """A unit as readers write it; nothing for ratios."""
        return self.label("unit", unit)

    def quantity(self, value: float, unit: str, *, signed: bool = False) -> str:
        """A number with its unit."""
        if unit == "EUR":
            return self.numbers.money(value, signed=signed)
        if unit == "%":
            return self.numbers.number(value, signed=signed) + self.numbers.percent
        number = self.numbers.number(value, signed=signed)
        shown = self.unit(unit)
        return f"{number}\u00a0{shown}" if shown else number


def catalogue(language: str, extra_folders: Iterable[Path] | None = None) -> Catalogue:
    """The messages of one language, general ones and models'.

    Parameters
    ----------
    extra_folders
        Folders that hold a ``messages.toml``; those of every registered model, policy, event,
        builder and sensor when it is None.

    Raises
    ------
    ConfigError
        There is no such language.
    DataError
        A ``messages.toml`` is not TOML, or holds something else than texts.
    """
    if language not in STYLES:
        raise ConfigError(
            f"there are no messages in the language {language!r}", allowed=", ".join(STYLES)
        )
    folders = model_folders() if extra_folders is None else tuple(extra_folders)
    merged: dict[str, dict[str, str]] = {}
    for folder in (*folders, Path(__file__).parent):
        for tongue, messages in read(folder / FILE).items():
            merged.setdefault(tongue, {}).update(messages)
    return Catalogue(language, merged)


@cache
def model_folders() -> tuple[Path, ...]:
    """Folders with a ``messages.toml`` beside a registered class, in alphabetical order."""
    points = (point for group in get_args(Group) for point in available(group).values())
    modules = {point.value.split(":")[0] for point in points}
    folders = {folder for module in modules if (folder := _folder(module)) is not None}
    return tuple(sorted(folder for folder in folders if (folder / FILE).is_file()))


def _folder(module: str) -> Path | None:
    # The module's package is imported, the module itself with its heavy imports is not.
    try:
        spec = find_spec(module)
    except ImportError:
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def read(path: Path) -> dict[str, dict[str, str]]:
    """Messages of a file: key to text, for each language.

    Raises
    ------
    DataError
        The file is not TOML, or holds something else than texts.
    """
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"the messages are not TOML: {error}", where=str(path)) from error
    return {language: dict(_flat(table, path)) for language, table in tables.items()}


def _flat(table: Any, path: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Keys joined by dots, so that ``a.b`` may be written with and without quotes."""
    if isinstance(table, str):
        yield prefix, table
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from _flat(value, path, f"{prefix}.{key}" if prefix else key)
    else:
        raise DataError(f"the message {prefix!r} is {table!r}", where=str(path), allowed="a text")
