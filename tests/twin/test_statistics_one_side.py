"""An indicator that only one of two lives has: its value is shown, and nothing is compared."""

from __future__ import annotations

import math

import numpy as np

from twin.core.indicator import Indicator
from twin.experiment.statistics import paired
from twin.report.data import Effect, IndicatorRow


def test_the_side_that_has_a_value_keeps_it() -> None:
    found = paired(np.full(3, np.nan), np.array([8.0, 9.0, 10.0]))
    assert math.isnan(found.base)
    assert found.policy == 9.0
    assert found.pairs == 0
    assert not found.sure


def test_what_cannot_be_compared_is_not_called_unclear() -> None:
    row = IndicatorRow(Indicator("test.payback", "years", "lower", "everyone"), math.nan)
    assert row.verdict(Effect(9.0, math.nan)) == "none"
    assert row.verdict(Effect(9.0, 1.0, -1.0, 3.0)) == "unsure"
