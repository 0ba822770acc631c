"""The view of a policy: what the sensors saw, not the truth, unless the scenario says oracle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twin.core.state import Column, State
from twin.core.time import Tick
from twin.errors import WiringError
from twin.sensors.observations import Observations


class View:
    """What a policy may look at.

    Parameters
    ----------
    state, observations
        Truth and readings of the run.
    sees
        Ports that the policy declared.
    oracle
        True shows the truth.
    """

    def __init__(
        self, state: State, observations: Observations, sees: tuple[str, ...], oracle: bool
    ) -> None:
        self._state = state
        self._observations = observations
        self._sees = sees
        self._oracle = oracle

    def __getitem__(self, port: str) -> Column:
        """Last known value of each entity; NaN where nothing was seen yet. (n,) float64."""
        self._may_see(port)
        if self._oracle:
            return self._state.columns[port]
        return self._observations.latest(port).value

    def age(self, port: str, now: Tick) -> npt.NDArray[np.float64]:
        """Seconds since each value was observed; infinity where nothing was. (n,) float64."""
        self._may_see(port)
        if self._oracle:
            return np.zeros(len(self._state.columns[port]))
        latest = self._observations.latest(port)
        return np.where(np.isnan(latest.value), np.inf, (now - latest.time_observed) / 1000.0)

    def _may_see(self, port: str) -> None:
        if port not in self._sees:
            raise WiringError(
                f"a policy looked at {port!r}, which it does not declare",
                allowed=", ".join(self._sees) or "nothing",
                mend="name the port in the policy's `sees`",
            )
