"""An indicator that only one of two lives has: its value is shown, and nothing is compared."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.core.indicator import Indicator
from twin.experiment.statistics import paired
from twin.report.data import Effect, IndicatorRow
from twin.report.messages import catalogue


def test_the_side_that_has_a_value_keeps_it() -> None:
    found = paired(np.full(3, np.nan), np.array([8.0, 9.0, 10.0]))
    assert math.isnan(found.base)
    assert found.policy == 9.0
    assert found.pairs == 0
    assert not found.sure
    # t(0.975, 2) = 4.303; deviation 1 over the root of 3.
    assert found.alone == pytest.approx(4.302653 / math.sqrt(3.0))


@pytest.mark.parametrize("values", [[8.0], [8.0, 8.0], [np.nan, 8.0]])
def test_too_few_values_have_no_interval(values: list[float]) -> None:
    assert math.isnan(paired(np.full(len(values), np.nan), np.array(values)).alone)


def test_where_both_have_values_the_interval_is_that_of_the_difference() -> None:
    assert math.isnan(paired(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 5.0])).alone)


def test_a_mean_is_told_with_its_interval() -> None:
    numbers = catalogue("en").numbers
    assert numbers.mean(6.04, 0.123) == "6.04 ± 0.12"
    assert numbers.mean(6.04, math.nan) == numbers.number(6.04)
    assert numbers.mean(6.04, 0.0) == numbers.number(6.04)


def test_what_cannot_be_compared_is_not_called_unclear() -> None:
    row = IndicatorRow(Indicator("test.payback", "years", "lower", "everyone"), math.nan)
    assert row.verdict(Effect(9.0, math.nan)) == "none"
    assert row.verdict(Effect(9.0, 1.0, -1.0, 3.0)) == "unsure"
