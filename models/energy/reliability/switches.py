"""The switches of a grid: what protection opens at a fault, and what a crew switches then."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy.flow.graph.kernels import neighbours
from models.energy.reliability.kernels import feed
from twin.city.city import City

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MEDIUM = 1_000.0
"""Nominal voltage above which a line belongs to a ring, V."""


class Switches:
    """Lines, then transformers, as branches that are open or closed.

    Protection is where it usually is: a breaker at the primary substation for each end of a ring, a
    fuse above each transformer, a fuse for each feeder in the station. A ring's cable can be opened
    at both of its ends, a low-voltage line at the cabinet before it.

    Attributes
    ----------
    closed : (n_branch,) bool
        As they are now.
    faulted : (n_branch,) bool
        What is broken.
    lines
        Number of lines; branches from there on are transformers.
    """

    def __init__(self, city: City) -> None:
        bus, line, unit = city["bus"], city["line"], city["transformer"]
        self.lines = len(line)
        self._from = np.concatenate([line["from_bus"], unit["mv_bus"]]).astype(np.int64)
        self._to = np.concatenate([line["to_bus"], unit["lv_bus"]]).astype(np.int64)
        self._sources = np.flatnonzero(bus["kind"] == "source")
        if not len(self._sources):
            self._sources = np.unique(unit["mv_bus"].astype(np.int64))
        self._start, self._branch = neighbours(len(bus), self._from, self._to)
        ties = line["normally_open"] if "normally_open" in line else np.zeros(len(line), bool)
        self.normal: Flags = np.concatenate([~ties.astype(bool), np.ones(len(unit), bool)])
        self.medium: Flags = np.concatenate(
            [bus["voltage"][line["from_bus"]] > MEDIUM, np.zeros(len(unit), bool)]
        )
        self._station = np.zeros(len(bus), bool)
        self._station[unit["lv_bus"]] = True
        self.closed = self.normal.copy()
        self.faulted = np.zeros(len(self.normal), bool)
        self._off = np.zeros(len(self.normal), bool)
        self._feeding = np.empty(len(bus), np.int64)
        self._order = np.empty(len(bus), np.int64)
        self.look()

    @property
    def supplied(self) -> Flags:
        """Buses that a source reaches; (n_bus,) bool."""
        return self._feeding > -2

    def look(self) -> None:
        """Find anew which branch feeds each bus."""
        conducting = self.closed & ~self._off
        args = (self._start, self._branch, self._from, self._to, conducting, self._sources)
        feed(*args, self._feeding, self._order)

    def supply(self, on: Flags) -> None:
        """Transformers that somebody switched on or off; (n_transformer,) bool."""
        self._off[self.lines :] = ~on
        self.look()

    def strike(self, branch: int) -> int:
        """A branch breaks; its protection opens.

        Returns
        -------
        int
            The branch that opened: the broken one, or the one at the head of its feeder.
        """
        device = self._protection(branch)
        self.faulted[branch] = True
        self.closed[device] = False
        self.look()
        return device

    def isolate(self, branch: int, device: int) -> int:
        """Open the broken branch alone, close its protection again, and a tie if one helps.

        Returns
        -------
        int
            The tie that was closed; -1 without one.
        """
        self.closed[branch] = False
        if device != branch and not self.faulted[device]:
            self.closed[device] = True
        self.look()
        tie = self._tie(branch)
        if tie >= 0:
            self.closed[tie] = True
            self.look()
        return tie

    def restore(self, branch: int, tie: int) -> None:
        """The branch is whole again; the tie that stood in for it opens."""
        self.faulted[branch] = False
        self.closed[branch] = self.normal[branch]
        self.look()
        if tie >= 0:
            self._open_if_spare(tie)

    def _open_if_spare(self, tie: int) -> None:
        """Open a tie unless another fault still needs it."""
        before = int(self.supplied.sum())
        self.closed[tie] = False
        self.look()
        if int(self.supplied.sum()) < before:
            self.closed[tie] = True
            self.look()

    def _protection(self, branch: int) -> int:
        """From the broken branch towards the source, the first with a fuse or breaker."""
        current = branch
        for _ in range(len(self._from)):
            bus = self._upper(current)
            if current >= self.lines or self._station[bus] or self._feeding[bus] < 0:
                return current
            current = int(self._feeding[bus])
            if current >= self.lines:
                return branch  # a line that no feeder's fuse stands before
        return branch

    def _upper(self, branch: int) -> int:
        """The end of a branch that is nearer to the source."""
        start, end = int(self._from[branch]), int(self._to[branch])
        return end if self._feeding[start] == branch else start

    def _tie(self, broken: int) -> int:
        """An open and sound medium-voltage cable between what is fed and what is not."""
        if not self.medium[broken]:
            return -1
        sound = self.medium & ~self.closed & ~self.faulted
        sound[broken] = False
        fed = self.supplied
        found = np.flatnonzero(sound & (fed[self._from] != fed[self._to]))
        return int(found[0]) if len(found) else -1
