"""Street lighting beside published numbers; ``python -m bench.lighting_validation`` prints them."""

from __future__ import annotations

import pytest

from bench.lighting_validation import carderock, krakow, lyon


def test_led_and_controls_save_what_carderock_measured() -> None:
    found = carderock()
    assert 1.0 - found["led"] == pytest.approx(1.0 - 1.24 / 3.4, abs=0.002)
    assert 1.0 - found["controls"] == pytest.approx(0.75, abs=0.03)  # the use is ours, not fitted


def test_classes_by_windows_save_what_krakow_saved_on_roads_of_two_lanes() -> None:
    quarter, six = (krakow(window, 0.85, (0.15, 0.45)) for window in (15, 6))
    assert quarter == pytest.approx(0.2675, abs=0.04)  # another road's counts: a usual shape
    assert six == pytest.approx(quarter, abs=0.01)  # as there: 26.75 and 27 %


def test_the_lamps_of_france_take_five_terawatt_hours() -> None:
    hours = lyon()
    assert 3500 < hours < 4300
    assert 1.260e-3 * hours == pytest.approx(5.0, rel=0.05)  # 1,260 MW, about 5 TWh (ADEME 2010)
