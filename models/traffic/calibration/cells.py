"""What the cells of a file of counts say: times of a day, and numbers as people write them."""

from __future__ import annotations

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from twin.errors import DataError

DAY = 86_400.0
LATEST = 14 * DAY
"""Seconds from here on are no time of day, but seconds of an era."""
NONE = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
"""Texts that say that nothing was counted."""
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")


def moment(text: str, zone: str) -> tuple[int, float] | None:
    """Day and seconds since its midnight; None for a text that is no time.

    Parameters
    ----------
    text
        Seconds since midnight, ``HH:MM``, ``HH:MM:SS``, or a date with a time (ISO 8601).
    zone
        IANA name of the city's time zone, into which times that name another are put.

    Returns
    -------
    (day, seconds)
        The ordinal of the date; 0 without a date.
    """
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = clock.groups(default="0")
        return (0, int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds))
    try:
        number = float(text.replace(",", ".") if _COMMA.fullmatch(text) else text)
    except ValueError:
        return _dated(text, zone)
    return (0, number) if 0.0 <= number < LATEST else None


def _dated(text: str, zone: str) -> tuple[int, float] | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(ZoneInfo(zone))
    seconds = found.hour * 3600.0 + found.minute * 60.0 + found.second + found.microsecond / 1e6
    return found.toordinal(), seconds


def number(text: str, key: str, where: str) -> float:
    """A number, also with a decimal comma; NaN where the cell says that there is none.

    A speed says so by a negative number, too.

    Raises
    ------
    DataError
        The text is no finite number of zero or more, or may mean thousands or decimals.
    """
    if text.strip().lower() in NONE:
        return math.nan
    if key in ("count", "flow") and _THOUSANDS.fullmatch(text):
        raise DataError(
            f"{key} = {text!r} may be thousands or decimals",
            where=where,
            mend=f"write {text.replace(',', '')} or {text.replace(',', '.')}",
        )
    try:
        found = float(text.replace(",", ".") if _COMMA.fullmatch(text) else text)
    except ValueError:
        found = math.inf
    if math.isinf(found):
        raise DataError(
            f"{key} = {text!r} is not a number",
            where=where,
            allowed="digits with a decimal point or comma; an empty cell where nothing was counted",
        )
    if found < 0.0:
        if key.startswith("speed"):  # detectors say so that nobody came
            return math.nan
        raise DataError(f"{key} = {text!r} is negative", where=where, allowed="zero or more")
    return found
