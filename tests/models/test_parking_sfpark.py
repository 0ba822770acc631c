"""SFpark's rule on a case that starts and grows as SFpark's areas did."""

from __future__ import annotations

import numpy as np
import pytest

from bench.parking import ELASTICITY, PUBLISHED, case


@pytest.mark.slow
def test_ten_changes_of_price_do_what_they_did_in_san_francisco() -> None:
    found = case()
    np.testing.assert_allclose(found.start, [0.31, 0.37, 0.32], atol=0.06)
    assert 0.0 < found.growth < 0.2
    for name in ("full blocks", "search time", "search distance"):
        assert found.change[name] == pytest.approx(PUBLISHED[name], abs=20.0), name
    assert abs(found.change["mean price"]) < 15.0
    assert found.elasticity == pytest.approx(ELASTICITY, abs=0.2)
