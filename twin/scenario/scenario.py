"""A scenario: a file that names a city, a period, models, wires, sensors, events and policies."""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from twin.errors import ConfigError
from twin.scenario.find import find_scenario
from twin.scenario.schema import ScenarioFile

LISTS = ("wire", "sensor", "event", "policy")


@dataclass(frozen=True)
class Scenario:
    """One way in which a city may live.

    Attributes
    ----------
    data
        The checked content.
    raw
        The same as plain values, ``extends`` resolved.
    origin
        File of each key, for messages.
    file
        The file it was loaded from, if any.
    """

    data: ScenarioFile
    raw: dict[str, Any]
    origin: dict[str, str] = field(default_factory=dict, compare=False)
    file: Path | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Name, as the file says it."""
        return self.data.name

    @property
    def slug(self) -> str:
        """Name of the file, or of the scenario, for folders."""
        if self.file is not None and self.file.parent.name:
            base = f"{self.file.parent.name}-{self.file.stem}"
        else:
            base = self.name
        clean = "".join(c if c.isalnum() else "-" for c in base.lower())
        return "-".join(part for part in clean.split("-") if part)[:60] or "scenario"

    def text(self, what: str, language: str) -> str:
        """``title`` or ``description`` in a language; the name where there is none."""
        texts: dict[str, str] = getattr(self.data, what)
        return texts.get(language) or texts.get("en") or (self.name if what == "title" else "")

    def digest(self) -> str:
        """Hash of the content; equal scenarios have equal digests."""
        content = {k: v for k, v in self.raw.items() if k not in ("name", "title", "description")}
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def where(self, key: str) -> str:
        """File and key, for messages."""
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            if (found := self.origin.get(".".join(parts[:length]))) is not None:
                return f"{found}, key {key}"
        return f"{self.file or self.name}, key {key}"

    @classmethod
    def load(cls, name: str | Path, **changes: Any) -> Scenario:
        """Load a scenario by name or path.

        Parameters
        ----------
        name
            A path, or a name such as ``helsinki/baseline``.
        **changes
            Dotted keys with values, see :meth:`changed`.

        Raises
        ------
        ConfigError
            No such file, not TOML, or a wrong key: with file, key, value and what is allowed.
        """
        file = find_scenario(str(name))
        raw, origin = _read(file, ())
        return cls._checked(raw, origin, file).changed(changes)

    @classmethod
    def from_dict(cls, raw: dict[str, Any], file: Path | None = None) -> Scenario:
        """A scenario from plain values, as a file would hold them; ``extends`` is obeyed."""
        merged, origin = _extend(copy.deepcopy(raw), file, ())
        return cls._checked(merged, origin, file)

    @classmethod
    def _checked(cls, raw: dict[str, Any], origin: dict[str, str], file: Path | None) -> Scenario:
        try:
            data = ScenarioFile.model_validate(raw)
        except ValidationError as error:
            raise explain(error, lambda key: _where(origin, file, key), ScenarioFile) from None
        return cls(data, raw, origin, file)

    def changed(self, changes: dict[str, Any]) -> Scenario:
        """A copy with dotted keys set: ``{"period.season": "summer"}``."""
        if not changes:
            return self
        raw, origin = copy.deepcopy(self.raw), dict(self.origin)
        for key, value in changes.items():
            *path, last = (
                key.split(".")
                if not key.startswith("constants.")
                else (
                    "constants",
                    key.removeprefix("constants."),
                )
            )
            _place(raw, path, key)[last] = value
            origin[key] = "(changed)"
        return self._checked(raw, origin, self.file)

    def with_policy(self, use: str, *, oracle: bool = False, **parameters: Any) -> Scenario:
        """A copy with one more policy: ``with_policy("lighting.by_traffic", minimum=0.3)``."""
        return self._with("policy", use, {"oracle": oracle} if oracle else {}, parameters)

    def with_event(self, use: str, **parameters: Any) -> Scenario:
        """A copy with one more event; ``from`` is written ``from_``."""
        return self._with("event", use, {}, parameters)

    def _with(
        self, kind: str, use: str, own: dict[str, Any], parameters: dict[str, Any]
    ) -> Scenario:
        raw = copy.deepcopy(self.raw)
        clean = {key.removesuffix("_"): value for key, value in parameters.items()}
        raw.setdefault(kind, []).append({"use": use, **own, **clean})
        raw["name"] = f"{self.name} + {use}"
        raw.pop("title", None)
        raw.pop("description", None)
        made = self._checked(raw, self.origin, self.file)
        return Scenario(made.data, made.raw, made.origin, None)

    @property
    def folder(self) -> Path:
        """Folder that relative files in the scenario start from."""
        return self.file.parent if self.file is not None else Path.cwd()


def _place(raw: dict[str, Any], path: list[str], key: str) -> dict[str, Any]:
    """The table that a dotted key lies in; a number counts the items of a list, from 0."""
    place: Any = raw
    for part in path:
        if isinstance(place, list):
            if not part.isdigit() or int(part) >= len(place):
                raise ConfigError(
                    f"--set {key}: there is no item {part!r}",
                    allowed=f"0 to {len(place) - 1}" if place else "none: the list is empty",
                    mend="write the item into a scenario of your own that extends this one",
                )
            place = place[int(part)]
        elif part in LISTS and part not in place:
            raise ConfigError(
                f"--set {key}: this scenario has no [[{part}]]",
                mend="write the item into a scenario of your own that extends this one",
            )
        else:
            place = place.setdefault(part, {})
    if not isinstance(place, dict):
        raise ConfigError(f"--set {key}: this is not in a table", allowed="table.key")
    return place


def explain(
    error: ValidationError, where: Any, schema: type[BaseModel] | None = None
) -> ConfigError:
    """A ConfigError from pydantic's first complaint, with the others counted.

    ``schema`` is what the value should have been: its keys are named where one is unknown.
    """
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    value = first.get("input")
    kind = first["type"]
    more = error.error_count() - 1
    tail = f" (and {more} more)" if more else ""
    if kind == "extra_forbidden":
        what = f"unknown key {key!r}{tail}"
    elif kind == "missing":
        what = f"the key {key!r} is missing{tail}"
    else:
        shown = repr(value) if not isinstance(value, dict) else "this table"
        said = first["msg"].removeprefix("Value error, ")
        what = f"{key} = {shown}: {said}{tail}" if key else f"{said}{tail}"
    known = _keys_of(schema) if schema is not None and len(first["loc"]) == 1 else []
    mend = _mend(kind)
    if kind == "extra_forbidden" and (close := difflib.get_close_matches(key, known, n=1)):
        mend = f"did you mean {close[0]!r}?"
    allowed = ", ".join(known) if kind == "extra_forbidden" else _allowed(first)
    return ConfigError(what, where=where(key), allowed=allowed or None, mend=mend)


def _keys_of(schema: type[BaseModel]) -> list[str]:
    return sorted(field.alias or name for name, field in schema.model_fields.items())


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "a text in quotes",
    "tuple": "a list: [..., ...]",
    "list": "a list: [..., ...]",
    "dict": "a table",
    "date": "a date: 2025-01-14",
}


def _allowed(first: Any) -> str | None:
    """What would have been right, in words."""
    context = first.get("ctx") or {}
    if "expected" in context:
        return str(context["expected"])
    bounds = [f"{words} {context[key]}" for key, words in _BOUNDS.items() if key in context]
    return " and ".join(bounds) or _KINDS.get(first["type"].split("_")[0])


def _mend(kind: str) -> str | None:
    if kind == "extra_forbidden":
        return "remove the key, or correct its spelling"
    if kind == "missing":
        return "add the key"
    if kind.startswith(("greater_than", "less_than")):
        return "write a value within these limits"
    if kind.endswith(("_type", "_parsing")):
        return "write a value of the right type (texts in quotes, numbers and booleans without)"
    return None


def _where(origin: dict[str, str], file: Path | None, key: str) -> str:
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (found := origin.get(".".join(parts[:length]))) is not None:
            return f"{found}, key {key}"
    return f"{file or 'scenario'}, key {key}" if key else str(file or "scenario")


def _read(file: Path, above: tuple[Path, ...]) -> tuple[dict[str, Any], dict[str, str]]:
    """Content of a file with everything that it extends, and the file of each key."""
    if file in above:
        chain = " -> ".join(path.name for path in (*above, file))
        raise ConfigError(f"these scenarios extend one another: {chain}", where=str(file))
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"this is not a TOML file: {error}", where=str(file), mend="see the line that it names"
        ) from None
    return _extend(raw, file, (*above, file))


def _extend(
    raw: dict[str, Any], file: Path | None, above: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    parent = raw.pop("extends", None)
    if parent is not None and not isinstance(parent, str):
        raise ConfigError(
            f"extends = {parent!r}",
            where=f"{file}, key extends",
            allowed="the name of one scenario",
        )
    _resolve_files(raw, file)
    own = {key: str(file) for key in _keys(raw)} if file else {}
    for kind in LISTS:
        for number in range(len(_items(raw, kind))):
            own[f"{kind}.{number}"] = f"{file or 'scenario'}, [[{kind}]] no. {number + 1}"
    if parent is None:
        return raw, own
    base, origin = _read(find_scenario(parent, beside=file), above)
    for text in ("title", "description"):
        base.pop(text, None)
    return _merge(base, raw), {**origin, **own, **_item_origins(base, raw, origin, own)}


def _items(raw: dict[str, Any], kind: str) -> list[Any]:
    found = raw.get(kind)
    return found if isinstance(found, list) else []


def _item_origins(
    base: dict[str, Any], raw: dict[str, Any], origin: dict[str, str], own: dict[str, str]
) -> dict[str, str]:
    """Where each item of the merged lists was written; the order is that of :func:`_merge`."""
    found = {}
    for kind in LISTS:
        mine = _items(raw, kind)
        kept = _kept(_items(base, kind), mine)
        places = [origin[f"{kind}.{i}"] for i in kept]
        places += [own[f"{kind}.{i}"] for i in range(len(mine))]
        found.update({f"{kind}.{i}": place for i, place in enumerate(places)})
    return found


def _kept(inherited: list[Any], mine: list[Any]) -> list[int]:
    """Positions of the inherited items that no own item of the same ``name`` replaces."""
    names = {item.get("name") for item in mine if isinstance(item, dict)} - {None}
    return [
        i
        for i, item in enumerate(inherited)
        if not isinstance(item, dict) or item.get("name") not in names
    ]


def _resolve_files(raw: dict[str, Any], file: Path | None) -> None:
    """Make the bundle and the files that items and models name absolute.

    They lie beside the scenario: ``file`` of a sensor, policy or event; a model's are its keys that
    end in ``_file``.
    """
    city = raw.get("city")
    if (
        file is not None
        and isinstance(city, str)
        and (file.parent / city / "manifest.json").is_file()
    ):
        raw["city"] = str((file.parent / city).resolve())
    models = raw.get("model", {})
    for item in [item for kind in LISTS for item in _items(raw, kind)]:
        _resolve(item, lambda key: key == "file", file)
    for item in models.values() if isinstance(models, dict) else []:
        _resolve(item, lambda key: key.endswith("_file"), file)


def _resolve(item: Any, names_file: Callable[[str], bool], file: Path | None) -> None:
    if file is None or not isinstance(item, dict):
        return
    for key, value in item.items():
        if names_file(key) and isinstance(value, str):
            path = Path(value).expanduser()
            item[key] = str(path if path.is_absolute() else (file.parent / path).resolve())


def _keys(raw: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in raw.items():
        found.append(prefix + key)
        if isinstance(value, dict):
            found += _keys(value, f"{prefix}{key}.")
    return found


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``own`` over ``base``: tables key by key; lists of tables one after the other.

    An item of a list replaces the inherited one with the same ``name``.
    """
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = _merge(base[key], value)
        elif key in LISTS and isinstance(value, list) and isinstance(base.get(key), list):
            merged[key] = [base[key][i] for i in _kept(base[key], value)] + value
        else:
            merged[key] = value
    return merged
