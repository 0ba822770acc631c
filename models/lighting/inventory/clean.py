"""Cleans an inventory by stated rules; every row that is changed or left out is reported."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.lighting.inventory.mapping import Mapping, TypeRule
from models.lighting.inventory.read import Raw, numbers

Floats = npt.NDArray[np.float64]
FAR = 50_000.0
"""A lamp farther than this from the middle of all is not of this city, m."""
ALONE = 2_000.0
"""A lamp without another one nearer than this is told, m."""
SAME = 1.0
"""Two rows of one id and nearer than this are one lamp, m."""
STRONGEST = 2000.0
"""A luminaire takes no more than this, W."""
TALLEST = 40.0
"""... and is no higher, m."""
HOURS = 4000.0
"""Burning hours of a year, for the age of what has a year of installation."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with one row, and what was done."""

    row: int
    id: str
    column: str
    value: str
    problem: str
    action: str


@dataclass
class Report:
    """Every finding, and how many rows were read and kept: read = kept + removed.

    ``lies`` says where on Earth the lamps lie, and what is strange about that.
    """

    read: int
    kept: int = 0
    findings: list[Finding] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)

    @property
    def removed(self) -> int:
        """Rows that were left out."""
        return self.read - self.kept

    def counts(self) -> dict[str, int]:
        """Findings by problem, in alphabetical order."""
        return dict(sorted(Counter(finding.problem for finding in self.findings).items()))

    def table(self) -> str:
        """The counts as text."""
        lines = [*self.lies]
        lines += [f"{self.read:,} rows read, {self.kept:,} kept, {self.removed:,} left out"]
        actions = {finding.problem: finding.action for finding in self.findings}
        lines += [f"  {n:>7,}  {what}: {actions[what]}" for what, n in self.counts().items()]
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Write every finding to a CSV file: row, id, column, value, problem, action."""
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("row", "id", "column", "value", "problem", "action"))
            for f in self.findings:
                writer.writerow((f.row, f.id, f.column, f.value, f.problem, f.action))


@dataclass
class Inventory:
    """Clean lamps, each (n,).

    Attributes
    ----------
    xy : (n, 2) float64, metres
    power, height, flux, age : (n,) float64
        NaN where the inventory does not say it (age: -1).
    technology, optics, cabinet, circuit : (n,) str
        Optics, cabinet and circuit empty where it does not say them.
    street : (n,) bool
        Whether it stands along a street.
    """

    ids: npt.NDArray[np.str_]
    xy: Floats
    power: Floats
    height: Floats
    flux: Floats
    age: Floats
    technology: npt.NDArray[np.str_]
    optics: npt.NDArray[np.str_]
    cabinet: npt.NDArray[np.str_]
    circuit: npt.NDArray[np.str_]
    street: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


class _Cleaner:
    """One inventory while it is cleaned."""

    def __init__(self, raw: Raw, xy: Floats, mapping: Mapping) -> None:
        self.raw, self.xy, self.mapping = raw, xy, mapping
        self.report = Report(len(raw))
        self.keep = np.ones(len(raw), dtype=np.bool_)
        self.given = self._texts("id")
        self.ids = list(self.given)

    def _texts(self, column: str) -> list[str]:
        return self.raw.texts.get(column, [""] * len(self.raw))

    def tell(self, row: int, column: str, value: str, problem: str, action: str) -> None:
        number = self.raw.rows[row]
        self.report.findings.append(
            Finding(number, self.given[row], column, value, problem, action)
        )

    # -- rows ----------------------------------------------------------------------------------

    def forms(self) -> None:
        """Rows whose quotes or number of fields are wrong are told; their lamps stay."""
        for row, problem, action in self.raw.flaws:
            self.tell(row, "row", "", problem, action)

    def alone(self) -> None:
        """Lamps far from every other stay and are told: a digit or a sign may be wrong."""
        from scipy.spatial import cKDTree

        rows = np.flatnonzero(self.keep)
        if len(rows) < 3:
            return
        far = cKDTree(self.xy[rows]).query(self.xy[rows], k=2)[0][:, 1]
        for row, metres in zip(rows[far > ALONE].tolist(), far[far > ALONE].tolist(), strict=True):
            text = f"{metres / 1000.0:,.1f} km to the next"
            self.tell(row, "place", text, "far from every other lamp", "kept: see its coordinates")

    def places(self) -> None:
        """Rows without a place, or far from all others, are left out."""
        lost = np.isnan(self.xy).any(axis=1)
        for row in np.flatnonzero(lost).tolist():
            self.tell(row, "place", "", "no coordinates", "left out")
        if not lost.all():
            middle = np.median(self.xy[~lost], axis=0)
            with np.errstate(invalid="ignore"):
                far = np.hypot(*(self.xy - middle).T) > FAR
            for row in np.flatnonzero(far).tolist():
                km = float(np.hypot(*(self.xy[row] - middle))) / 1000.0
                self.tell(row, "place", f"{km:,.0f} km away", "far from the city", "left out")
            lost |= far
        self.keep &= ~lost

    def identities(self) -> None:
        """A row with the id of another is left out at the same place, renamed at another one."""
        first: dict[str, int] = {}
        known = set(self.given)
        for row in np.flatnonzero(self.keep).tolist():
            key = self.given[row]
            if not key:
                self.ids[row] = _free(f"lamp.{self.raw.rows[row]}", known)
                if "id" in self.raw.texts:
                    self.tell(row, "id", "", "no id", "named by its row")
            elif key not in first:
                first[key] = row
            elif float(np.hypot(*(self.xy[row] - self.xy[first[key]]))) <= SAME:
                self.keep[row] = False
                self.tell(row, "id", key, "the same lamp twice", "left out")
            else:
                self.ids[row] = _free(key, known)
                self.tell(row, "id", key, "an id of two lamps", "renamed")
            known.add(self.ids[row])

    def shared_places(self) -> None:
        """Lamps at one place are heads of one pole: they stay, and are told."""
        rows = np.flatnonzero(self.keep)
        if not len(rows):
            return
        _, where = np.unique(np.round(self.xy[rows], 2), axis=0, return_index=True)
        for row in np.setdiff1d(rows, rows[where]).tolist():
            self.tell(row, "place", "", "shares its place with another", "kept: heads of one pole")

    # -- values --------------------------------------------------------------------------------

    def number(self, column: str, lowest: float, highest: float) -> Floats:
        """A column; NaN where it is empty, and where it is told to be none that can be."""
        if column not in self.raw.texts:
            return np.full(len(self.raw), np.nan)
        texts = self._texts(column)
        values = numbers(texts, self.mapping.decimal) * self.mapping.scale.get(column, 1.0)
        for row in np.flatnonzero(self.keep).tolist():
            value, text = values[row], texts[row]
            if not text:
                self.tell(row, column, "", f"no {column}", INFERRED)
            elif np.isnan(value):
                self.tell(row, column, text, f"{column} is no number", INFERRED)
            elif value < 0.0:
                self.tell(row, column, text, f"negative {column}", INFERRED)
            elif not lowest < value <= highest:
                self.tell(row, column, text, f"{column} out of range", INFERRED)
            else:
                continue
            values[row] = np.nan
        return values

    def rules(self) -> list[TypeRule]:
        """What the type of each row stands for; the mapping's default for an unknown one.

        Where the mapping has no types, a word that names a technology is known for that.
        """
        texts, plain = self._texts("type"), TypeRule()
        known = {word: self.mapping.rule(word) for word in set(texts)}
        names = {word for word in known if not self.mapping.types and self._of_type(word)}
        if "type" in self.raw.texts:
            for row in np.flatnonzero(self.keep).tolist():
                if known[texts[row]] is None and texts[row] not in names:
                    problem = "unknown type" if texts[row] else "no type"
                    self.tell(row, "type", texts[row], problem, "taken for a usual street lamp")
        return [known[word] or plain for word in texts]

    def technologies(self, rules: list[TypeRule]) -> list[str]:
        """Of each row: its own word, else its type's, else the mapping's."""
        texts = self._texts("technology")
        known = {word: self.mapping.technology_of(word) if word else "" for word in set(texts)}
        given = "technology" in self.raw.texts
        for row in np.flatnonzero(self.keep).tolist():
            if given and not known[texts[row]]:
                problem = "unknown technology" if texts[row] else "no technology"
                action = f"taken for {rules[row].technology or self.mapping.technology}"
                self.tell(row, "technology", texts[row], problem, action)
        return [
            known[word] or rule.technology or self._of_type(kind) or self.mapping.technology
            for word, rule, kind in zip(texts, rules, self._texts("type"), strict=True)
        ]

    def _of_type(self, word: str) -> str:
        """A technology that the type names, such as "LED bollard"; empty for none."""
        return self.mapping.technology_of(word) if word else ""

    def age(self) -> Floats:
        """Burning hours; from the year of installation where they are not said; -1 unknown."""
        hours = self.number("age", -1e-9, 500_000.0)
        if "year" in self.raw.texts and self.mapping.surveyed is not None:
            surveyed = self.mapping.surveyed
            lived = np.array([surveyed - _year(text) for text in self._texts("year")])
            for row in np.flatnonzero(self.keep & ~(lived >= 0.0)).tolist():
                text = self._texts("year")[row]
                problem = "year out of range" if lived[row] < 0.0 else "year is no year"
                self.tell(row, "year", text, problem if text else "no year", INFERRED)
            lived[~(lived >= 0.0)] = np.nan
            hours = np.where(np.isnan(hours), lived * HOURS, hours)
        return np.where(np.isnan(hours), -1.0, hours)


INFERRED = "inferred by rule"


def _year(text: str) -> float:
    """The year in a date, however it is written; NaN for none."""
    found = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    return float(found.group()) if found else float("nan")


def _free(name: str, known: set[str]) -> str:
    if name not in known:
        return name
    number = 2
    while f"{name}~{number}" in known:
        number += 1
    return f"{name}~{number}"


def clean(raw: Raw, xy: Floats, mapping: Mapping) -> tuple[Inventory, Report]:
    """Lamps that can be used, and what was wrong.

    Parameters
    ----------
    raw
        The rows of the file.
    xy : (n, 2) float64, metres
        Their places; NaN for none.
    """
    cleaner = _Cleaner(raw, xy, mapping)
    cleaner.forms()
    cleaner.places()
    cleaner.identities()
    cleaner.alone()
    cleaner.shared_places()
    rules = cleaner.rules()
    power = _or_rule(cleaner.number("power", 0.0, STRONGEST), [r.power for r in rules])
    height = _or_rule(cleaner.number("height", 0.0, TALLEST), [r.height for r in rules])
    flux = cleaner.number("flux", 0.0, 500_000.0)
    technology = np.array(cleaner.technologies(rules), dtype=np.str_)
    age, keep = cleaner.age(), cleaner.keep
    cleaner.report.kept = int(keep.sum())
    cleaner.report.findings.sort(key=lambda finding: finding.row)
    found = Inventory(
        np.array(cleaner.ids, dtype=np.str_)[keep],
        xy[keep],
        power[keep],
        height[keep],
        flux[keep],
        age[keep],
        technology[keep],
        np.array([rule.optics or "" for rule in rules], dtype="U12")[keep],
        np.array(raw.texts.get("cabinet", [""] * len(raw)), dtype=np.str_)[keep],
        np.array(raw.texts.get("circuit", [""] * len(raw)), dtype=np.str_)[keep],
        np.array([rule.street for rule in rules], dtype=np.bool_)[keep],
    )
    return found, cleaner.report


def _or_rule(values: Floats, rules: list[float | None]) -> Floats:
    other = np.array([np.nan if rule is None else rule for rule in rules], dtype=np.float64)
    return np.where(np.isnan(values), other, values)
