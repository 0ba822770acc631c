"""Controls: the only way in which a policy or an event changes the city, checked and logged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from twin.core.log import Log
from twin.core.port import Port
from twin.core.state import State
from twin.core.time import Tick
from twin.errors import ModelError, WiringError


class Controls:
    """The control ports of a run."""

    def __init__(self, state: State, log: Log) -> None:
        self._state = state
        self._log = log
        self.ports: dict[str, Port] = {}
        self._watchers: dict[str, list[Callable[[], None]]] = {}

    def watch(self, name: str, call: Callable[[], None]) -> None:
        """Call back at once whenever this control changes, between two steps of its model."""
        self._watchers.setdefault(self.port(name).name, []).append(call)

    def port(self, name: str) -> Port:
        """The control port of this name.

        Raises
        ------
        WiringError
            No model of the run has this control.
        """
        try:
            return self.ports[name]
        except KeyError:
            raise WiringError(
                f"no model of this scenario has the control {name!r}",
                allowed=", ".join(sorted(self.ports)) or "none",
                mend="add the model that owns the control to the scenario",
            ) from None

    def set(
        self,
        name: str,
        values: npt.ArrayLike,
        *,
        now: Tick,
        by: str,
        rows: npt.NDArray[np.integer] | None = None,
    ) -> int:
        """Set a control and log the change.

        Parameters
        ----------
        name
            Control port.
        values
            One value, or one per row.
        now, by
            When, and the policy or event that acts.
        rows : int, optional
            Rows of the port's table; all when left out.

        Returns
        -------
        int
            How many rows changed.

        Raises
        ------
        WiringError
            No such control.
        ModelError
            A value outside the bounds; nothing is changed then.
        """
        port = self.port(name)
        column = self._state.columns[name]
        where = slice(None) if rows is None else np.asarray(rows)
        wanted = np.broadcast_to(np.asarray(values, dtype=np.float64), column[where].shape)
        self._check(port, wanted, by)
        changed = int(np.count_nonzero(column[where] != wanted))
        if changed:
            column[where] = wanted
            self._log.add(
                now, "control", name, by=by, rows=changed, mean=round(float(wanted.mean()), 6)
            )
            for call in self._watchers.get(name, ()):
                call()
        return changed

    @staticmethod
    def _check(port: Port, wanted: npt.NDArray[np.float64], by: str) -> None:
        low, high = port.bounds or (-np.inf, np.inf)
        bad = ~((wanted >= low) & (wanted <= high))
        if bad.any():
            raise ModelError(
                f"{by} set the control {port.name!r} to {wanted[bad][0]:g} {port.unit}",
                allowed=f"{low:g} to {high:g} {port.unit}",
            )
