"""How often the interpreter looks for garbage in cycles."""

from __future__ import annotations

import gc


def seldom_collect() -> None:
    """Look for cycles seldom; for programs that live one run and end.

    Starting makes hundreds of thousands of objects that all stay. Looking through them time and
    again was an eighth of a short run's processor time.
    """
    gc.set_threshold(100_000, 50, 100)
