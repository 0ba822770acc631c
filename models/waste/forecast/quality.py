"""What can be wrong with a recording of containers, and what is done about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

RULES = {
    "unreadable": "no time or no id can be read: not used",
    "no level": "no number: the emptying counts, the level is not used",
    "over 100": "up to 120 %: taken as full",
    "below 0": "down to -5 %: taken as empty",
    "impossible level": "above 120 or below -5 %: the emptying counts, the level is not used",
    "duplicate": "the same container and time again, with the same level: not used",
    "conflict": "the same container and time with another level: the first one counts",
    "repeated": "emptied again within the hour: only the later time of emptying counts",
    "not emptied": "the level after is not below the one before: a reading, not a collection",
    "swapped id": "place or volume are those of another container: given to that one",
    "mismatch": "volume and level do not belong together: the emptying counts, the level is not"
    " used",
    "clock": "the time breaks the order of the file: it becomes that of the row before, and the"
    " levels on both sides of it are not used",
    "outside": "far from all other times: not used",
    "lone": "leaps by 25 points and back between two readings that agree: not used",
    "emptied unseen": "the level fell without an emptying told: emptied half-way between",
    "too empty": "far less than ever after such a time: an emptying was probably missed; the level"
    " is not used",
    "too full": "far more than ever after such a time: it was probably not emptied the time before;"
    " the level is not used",
    "stuck": "the same level five times or more, not full: used, but flagged",
}
"""Every flag with the rule that handles it."""


@dataclass(frozen=True)
class Flag:
    """One finding: a row of a file and what is wrong with it."""

    line: int
    container: str
    what: str
    value: str

    @property
    def rule(self) -> str:
        """What was done."""
        return RULES[self.what]


@dataclass
class Quality:
    """Account of a recording: nothing is dropped silently.

    Attributes
    ----------
    rows
        Rows of the file.
    used
        Rows whose level is used.
    flags
        Findings, in the order of the file.
    """

    rows: int = 0
    used: int = 0
    flags: list[Flag] = field(default_factory=list)

    def __add__(self, other: Quality) -> Quality:
        return Quality(self.rows + other.rows, self.used + other.used, self.flags + other.flags)

    def counts(self) -> dict[str, int]:
        """How often each flag was raised, in the order of the rules."""
        found = Counter(flag.what for flag in self.flags)
        return {what: found[what] for what in RULES if found[what]}

    def table(self) -> str:
        """Counts, rules and first rows as aligned text."""
        lines = [f"{self.rows} rows, the level of {self.used} used"]
        for what, count in self.counts().items():
            rows = [str(flag.line) for flag in self.flags if flag.what == what]
            more = ", …" if len(rows) > 5 else ""
            lines.append(f"  {what:17}{count:6}  {RULES[what]} (lines {', '.join(rows[:5])}{more})")
        return "\n".join(lines)

    def write(self, file: Path) -> None:
        """Every finding as CSV: line, container, flag, value, rule."""
        import csv

        with file.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(["line", "container", "flag", "value", "rule"])
            rows.writerows((f.line, f.container, f.what, f.value, f.rule) for f in self.flags)
