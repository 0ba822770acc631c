"""Where the recorded data for tests is; a test that needs it is skipped, saying so, without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("CITYTWIN_DATA", Path(__file__).parents[2] / "shared" / "data"))


def shared(name: str) -> Path:
    """Path of a recording, or a skip that names it."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"needs the recorded data {name!r} (set CITYTWIN_DATA to its folder)")
    return path
