"""A model that watches a control hears of each change at once."""

from __future__ import annotations

import numpy as np
import pytest

from twin.core.controls import Controls
from twin.core.log import Log
from twin.core.port import Port
from twin.core.state import State
from twin.errors import WiringError


def test_a_watcher_is_called_when_the_control_changes() -> None:
    state, heard = State(), []
    controls = Controls(state, Log())
    controls.ports["a.on"] = Port("a.on", "lamp", "1", "control", (0.0, 1.0), 0.0)
    state.columns["a.on"] = np.zeros(3)
    controls.watch("a.on", lambda: heard.append(state.columns["a.on"].copy()))
    controls.set("a.on", 1.0, now=0, by="test", rows=np.array([1]))
    controls.set("a.on", 1.0, now=1, by="test", rows=np.array([1]))
    assert [list(column) for column in heard] == [[0.0, 1.0, 0.0]]


def test_a_control_that_is_not_there_cannot_be_watched() -> None:
    with pytest.raises(WiringError, match=r"a\.on"):
        Controls(State(), Log()).watch("a.on", lambda: None)
