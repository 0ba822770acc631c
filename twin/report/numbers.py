"""Numbers, money, shares and times as each language writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

MINUS = "\u2212"
NARROW = "\u202f"
NONE = "–"
DIGITS = 3
DAY = 86_400


@dataclass(frozen=True)
class Style:
    """How one language writes numbers.

    Attributes
    ----------
    point, group
        Decimal sign, and what parts thousands.
    percent
        Sign of a percentage with the space before it.
    currency
        Where the sign of the euro stands, with ``{}`` for the amount.
    months, days, date_pattern, first
        Words of a date, their order, and the first day of a month.
    settings
        Pairs of a text as it is typed and as it is set: spaces that do not break, formulae.
    """

    point: str
    group: str
    percent: str
    currency: str
    months: tuple[str, ...]
    days: tuple[str, ...]
    date_pattern: str
    first: str = "1"
    settings: tuple[tuple[str, str], ...] = (("CO2", "CO₂"),)

    def number(self, value: float, *, signed: bool = False, digits: int = DIGITS) -> str:
        """A number with ``digits`` significant digits."""
        if not math.isfinite(value):
            return NONE
        rounded = float(f"{value:.{digits - 1}e}")
        if rounded and abs(rounded) < 1e-4:
            return self._tiny(rounded, signed, digits)
        return self.fixed(rounded, _decimals(rounded, digits), signed=signed, trim=True)

    def fixed(
        self, value: float, decimals: int, *, signed: bool = False, trim: bool = False
    ) -> str:
        """A number with so many decimals; ``trim`` takes off closing zeros."""
        if not math.isfinite(value):
            return NONE
        whole, _, part = f"{abs(value):,.{max(decimals, 0)}f}".partition(".")
        part = part.rstrip("0") if trim else part
        text = whole.replace(",", self.group) + (self.point + part if part else "")
        return _sign(value if text.strip("0.,") else 0.0, signed) + text

    def share(self, value: float, *, signed: bool = False) -> str:
        """A ratio as a percentage: two digits, three from a hundred per cent up."""
        if not math.isfinite(value):
            return NONE
        digits = 2 if abs(value) < 0.995 else 3
        return self.number(100.0 * value, signed=signed, digits=digits) + self.percent

    def money(self, value: float, *, signed: bool = False) -> str:
        """Euros; cents below ten euros."""
        if not math.isfinite(value):
            return NONE
        rounded = value if abs(value) < 1000 else float(f"{value:.{DIGITS - 1}e}")
        text = self.fixed(rounded, 2 if abs(value) < 10 else 0, signed=signed)
        sign = text[0] if text[0] in f"+{MINUS}" else ""
        return sign + self.currency.format(text.removeprefix(sign))

    def margin(self, value: float, half: float) -> tuple[str, str]:
        """A difference and its half interval, both to the digit that the interval is sure of."""
        if not math.isfinite(half):
            return self.number(value, signed=True), ""
        if abs(value) < 1e-4 and half < 1e-4:
            return self.number(value, signed=True), self.number(half, digits=2)
        decimals = _decimals(half, 2)
        # A difference far inside its interval still shows its first digit, if that is one more.
        shown = max(decimals, min(_decimals(value, 1), decimals + 1))
        return self.fixed(value, shown, signed=True), self.fixed(half, decimals)

    def mean(self, value: float, half: float) -> str:
        """A mean, with its half interval where that is known and not nothing."""
        if not math.isfinite(half) or half <= 1e-9 * abs(value):
            return self.number(value)
        decimals = _decimals(half, 2)
        return f"{self.fixed(value, decimals)} ± {self.fixed(half, decimals)}"

    def span(self, ends: tuple[float, float] | None) -> str:
        """Lowest and highest, or nothing where they are one."""
        if ends is None or ends[0] == ends[1]:
            return ""
        return f"{self.number(ends[0])}–{self.number(ends[1])}"

    def typeset(self, text: str) -> str:
        """The text as the language sets it."""
        for typed, finished in self.settings:
            text = text.replace(typed, finished)
        return text

    def short(self, day: date, *, month: bool = False) -> str:
        """A day in short: of the week and of the month, or of the month with its name."""
        if month:
            return f"{day.day} {self.months[day.month - 1]}"
        return f"{self.days[day.weekday()][:3]} {day.day}"

    def date(self, day: date) -> str:
        """A date in words, with its day of the week."""
        return self.date_pattern.format(
            weekday=self.days[day.weekday()],
            day=self.first if day.day == 1 else day.day,
            month=self.months[day.month - 1],
            year=day.year,
        )

    def period(self, start: datetime, end: datetime) -> str:
        """A span of time in words."""
        first = f"{self.date(start)}, {start:%H:%M}"
        if end.date() == start.date():
            return f"{first}–{end:%H:%M}"
        return f"{first} – {self.date(end)}, {end:%H:%M}"

    def _tiny(self, value: float, signed: bool, digits: int) -> str:
        mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{_sign(value, signed)}{mantissa.replace('.', self.point)}×10{power}"


def _decimals(value: float, digits: int) -> int:
    """Decimals that show ``digits`` significant digits."""
    if value == 0.0 or not math.isfinite(value):
        return 0
    return digits - 1 - math.floor(math.log10(abs(value)))


def _sign(value: float, signed: bool) -> str:
    if value < 0:
        return MINUS
    return "+" if signed and value > 0 else ""


def clock(seconds: float) -> str:
    """Time of day, hours and minutes, from seconds since a midnight."""
    minutes = round(seconds / 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def duration(seconds: float) -> str:
    """A length of time in hours, minutes and seconds."""
    if not math.isfinite(seconds):
        return NONE
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


STYLES = {
    "en": Style(
        point=".",
        group=",",
        percent="%",
        currency="€{}",
        months=(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        date_pattern="{weekday} {day} {month} {year}",
    ),
    "fr": Style(
        point=",",
        group=NARROW,
        percent=f"{NARROW}%",
        currency="{}\u00a0€",
        months=(
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ),
        days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        date_pattern="{weekday} {day} {month} {year}",
        first="1er",
        settings=(
            ("CO2", "CO₂"),
            ("« ", "«\u00a0"),
            (" »", "\u00a0»"),
            (" :", "\u00a0:"),
            (" ;", f"{NARROW};"),
            (" ?", f"{NARROW}?"),
            (" !", f"{NARROW}!"),
            (" %", f"{NARROW}%"),
        ),
    ),
}
"""Languages of the project, each with its way of writing numbers."""
