"""What the interpreter does with its memory in a program that lives one run and ends."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def seldom_collect() -> None:
    """Look for cycles seldom; for programs that live one run and end.

    Starting makes hundreds of thousands of objects that all stay. Looking through them time and
    again was an eighth of a short run's processor time.
    """
    gc.set_threshold(100_000, 50, 100)


def leave(code: int) -> NoReturn:
    """End the program at once.

    Everything is written and closed by now. Taking down the interpreter object by object, with
    what libraries have compiled, took 0.4 s.
    """
    with suppress(BrokenPipeError):  # who read our output may have left before
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
