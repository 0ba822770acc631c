"""A run in SUMO's window is the run without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.traffic.build import TrafficBuilder
from tests.models._streets import grid, indicators, live, scenario
from twin.city.features import Features


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen that nobody looks at."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb, a screen without a monitor (package xvfb)")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as said:
            number = said.readline().strip()
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield
        server.terminate()


@pytest.mark.usefixtures("screen")
def test_the_window_shows_the_very_run(tmp_path: Path) -> None:
    city = grid(tmp_path)
    TrafficBuilder().build(city, Features())
    seen, unseen = (
        indicators(live(city, scenario(1, engine=engine))) for engine in ("sumo-gui", "libsumo")
    )
    assert seen["traffic.vehicle_hours"] > 0.0
    assert repr(seen) == repr(unseen)
