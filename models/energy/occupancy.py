"""Who the standard load profiles suppose to be in at each hour."""

from __future__ import annotations

import numpy as np

# fmt: off
AT_HOME = {
    "workday": (
        0.96, 0.97, 0.97, 0.97, 0.96, 0.93, 0.84, 0.68, 0.55, 0.50, 0.48, 0.48,
        0.50, 0.50, 0.48, 0.50, 0.56, 0.63, 0.69, 0.74, 0.79, 0.85, 0.91, 0.94,
    ),
    "weekend": (
        0.91, 0.93, 0.94, 0.95, 0.95, 0.95, 0.94, 0.91, 0.85, 0.76, 0.68, 0.64,
        0.65, 0.63, 0.59, 0.58, 0.60, 0.64, 0.68, 0.71, 0.74, 0.78, 0.83, 0.88,
    ),
}
"""Share of residents at home by hour of day: the shape of European time-use surveys (HETUS),
rounded by hand; an assumption, not a table copied from them."""

AT_WORK = {
    "workday": (
        0.05, 0.05, 0.05, 0.05, 0.05, 0.08, 0.15, 0.35, 0.60, 0.65, 0.70, 0.68,
        0.55, 0.60, 0.65, 0.62, 0.50, 0.35, 0.20, 0.12, 0.08, 0.06, 0.05, 0.05,
    ),
    "weekend": (
        0.04, 0.04, 0.04, 0.04, 0.04, 0.05, 0.06, 0.08, 0.12, 0.15, 0.17, 0.17,
        0.15, 0.15, 0.15, 0.14, 0.12, 0.10, 0.08, 0.06, 0.05, 0.05, 0.04, 0.04,
    ),
}
# fmt: on
"""Share of a building's jobs whose worker is in, by hour of day: an assumption after the office
schedule of EN 16798-1, annex C, with shift work added."""


def expected(seconds: float, *, free: bool) -> tuple[float, float]:
    """Shares of residents at home and of workers at work, between the hours' middles.

    Parameters
    ----------
    seconds
        Since local midnight.
    free
        A weekend or a public holiday.
    """
    kind = "weekend" if free else "workday"
    at = seconds / 3600.0 - 0.5
    hours = np.arange(24)
    home = float(np.interp(at, hours, AT_HOME[kind], period=24))
    return home, float(np.interp(at, hours, AT_WORK[kind], period=24))
