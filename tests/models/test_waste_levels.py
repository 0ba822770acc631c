"""`twin waste plan --levels`: recorded levels are moved to the city's clock, and judged by age."""

from datetime import date

import numpy as np
import pytest

from models.waste.daily import plan_day
from twin.errors import DataError
from twin.scenario import Scenario


def recorded(helsinki, file, until, stamp=""):
    """Two containers, read hourly for ten days; one is emptied and stays nearly empty."""
    first, second = (str(key) for key in helsinki["container"].ids[:2])
    begin = np.datetime64(until, "s") - np.timedelta64(240, "h")
    lines = ["id,dateObserved,fillingLevel"]
    for hour in range(241):
        at = begin + np.timedelta64(hour, "h")
        lines.append(f"{first},{at}{stamp},{min(1.0, 0.1 + 0.012 * (hour % 80)):.4f}")
        lines.append(f"{second},{at}{stamp},{0.05 + 0.0005 * hour:.4f}")
    lines.append(f"{first},{at}{stamp},n/a")
    lines.append(f"elsewhere,{at}{stamp},0.5")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def planned(file, day=date(2025, 1, 14)):
    return plan_day(Scenario.load("helsinki/baseline"), day, levels=file)


def test_an_old_recording_is_refused(helsinki, tmp_path):
    file = recorded(helsinki, tmp_path / "levels.csv", "2025-01-13T20:00")
    with pytest.raises(DataError, match=r"ends 2025-01-13T20:00, 66\d days before"):
        planned(file, date(2026, 11, 10))


def test_what_is_wrong_with_the_levels_is_told(helsinki, tmp_path):
    notes = "\n".join(planned(recorded(helsinki, tmp_path / "a.csv", "2025-01-13T20:00")).notes)
    assert "the newest 9.0 h old" in notes
    assert "no container 'elsewhere'" in notes
    assert "conflict" in notes
    assert "warning: levels" not in notes
    notes = "\n".join(planned(recorded(helsinki, tmp_path / "b.csv", "2025-01-10T20:00")).notes)
    assert "warning: levels of 2 containers, the newest 81.0 h old" in notes


def test_stamps_in_utc_are_on_the_city_s_clock(helsinki, tmp_path):
    """20:00 UTC is 22:00 in Helsinki: seven hours before the shift."""
    notes = planned(recorded(helsinki, tmp_path / "a.csv", "2025-01-13T20:00", "Z")).notes
    assert any("the newest 7.0 h old" in note for note in notes)
