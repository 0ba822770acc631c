"""Recorded car parks: cleaned by the rules, forecast on days that nothing was learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.parking import forecast
from tests.data import shared
from twin.errors import DataError

HEAD = "SystemCodeNumber,Capacity,Occupancy,LastUpdated\n"


def test_rows_are_cleaned_by_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "parks.csv"
    rows = ["A,100,50,2016-10-04 08:01:00", "A,100,50,2016-10-04 08:01:00"]
    rows += ["A,100,-8,2016-10-04 08:40:00", "A,100,101,2016-10-04 09:01:00"]
    rows += ["A,100,150,2016-10-04 09:40:00"]
    rows += [f"B,10,4,2016-10-04 {hour:02d}:00:00" for hour in range(8, 14)]
    file.write_text(HEAD + "\n".join(rows) + "\n")
    found = forecast.read(file)
    assert found.flagged == {"duplicate": 1, "impossible": 2, "stuck": 6}
    assert found.parks == ["A"]
    assert found.occupancy[0, 0, 16] == 0.5
    assert found.occupancy[0, 0, 18] == 1.0
    assert np.isfinite(found.occupancy).sum() == 2


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "parks.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no recording"):
        forecast.read(file)
    with pytest.raises(DataError, match="no recording"):
        forecast.read(tmp_path / "none.csv")


def test_birmingham_by_the_hour_and_an_hour_ahead() -> None:
    recording = forecast.read(shared("sensors/parking/birmingham_2016.csv.gz"))
    hours = forecast.by_hour(recording)
    assert hours[7] == pytest.approx(0.21, abs=0.02)
    assert np.nanargmax(hours) in (13, 14)
    assert hours[14] == pytest.approx(0.607, abs=0.03)
    assert recording.flagged["duplicate"] > 0
    errors = forecast.skill(recording, held_out=14, ahead=2)
    for other in ("as now", "as a week ago", "usual"):
        assert errors["forecast"] < 0.6 * errors[other]
