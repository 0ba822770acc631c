"""Signals that controllers set in queues, and what their detectors see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from models.traffic.queue.arrays import Floats, Ints
from models.traffic.queue.control import Controls
from models.traffic.queue.layout import Layout
from models.traffic.queue.network import Streets
from models.traffic.queue.parameters import QueueParameters
from models.traffic.queue.sight import kernels
from models.traffic.queue.signals import YELLOW_USED
from models.traffic.queue.simulation import Queues
from models.traffic.queue.upkeep import kernels as upkeep


class Lights:
    """The signals in the words of SUMO's interface, for controllers that speak it.

    Parameters
    ----------
    signals
        Ids, in the order of the city's table.
    """

    def __init__(
        self,
        queues: Queues,
        streets: Streets,
        controls: Controls,
        parameters: QueueParameters,
        signals: Sequence[str],
    ) -> None:
        self._queues, self._streets, self._controls = queues, streets, controls
        self._loss = parameters.start_loss
        self._row = {signal: row for row, signal in enumerate(signals)}
        self._ending: dict[int, tuple[float, Ints]] = {}

    def getProgram(self, signal: str) -> str:
        """The program that a signal runs; its row is enough for :meth:`setProgram`."""
        return signal

    def setProgram(self, signal: str, program: str) -> None:
        """Give a signal back to its program."""
        self._ending.pop(self._row[signal], None)
        self._controls.give_back(self._row[signal])

    def getRedYellowGreenState(self, signal: str) -> str:
        """What a signal shows now; red where no movement is."""
        movements, places = self._streets.lit[self._row[signal]]
        open_now = self._shows_green(movements)
        shown = {i for green, listed in zip(open_now, places, strict=True) if green for i in listed}
        most = max((i for listed in places for i in listed), default=-1)
        width = max(most + 1, self._streets.widths[self._row[signal]])
        return "".join("G" if i in shown else "r" for i in range(width))

    def _shows_green(self, movements: Ints) -> list[bool]:
        state, now = self._queues.state, self._queues.now
        found = []
        for plan in state.movements["plan"][movements].tolist():
            record = state.plans[plan] if plan >= 0 else None
            if record is None or record["first"] == record["end"]:
                found.append(record is None)
                continue
            moment = (now - record["offset"]) % record["cycle"]
            windows = state.windows[record["first"] : record["end"]]
            found.append(bool(((windows["opens"] <= moment) & (moment < windows["closes"])).any()))
        return found

    def setRedYellowGreenState(self, signal: str, state: str) -> None:
        """Let those movements drive that are green; who loses it has a second of the yellow."""
        row = self._row[signal]
        self._settle(row, np.inf)
        movements, places = self._streets.lit[row]
        green = np.array([any(state[i] in "Gg" for i in listed) for listed in places], dtype=bool)
        yellow = np.array([any(state[i] in "yY" for i in listed) for listed in places], dtype=bool)
        before = np.array(self._shows_green(movements), dtype=bool)
        late = yellow & before & ~green
        self._show(movements[green], -1)
        self._lose_start(movements[green & ~before], movements[green & before])
        self._show(movements[~green & ~late], self._streets.red)
        if late.any():
            self._ending[row] = (self._queues.now + YELLOW_USED, movements[late])

    def settle(self) -> None:
        """Make those red whose part of the yellow is over."""
        for row in list(self._ending):
            self._settle(row, self._queues.now)

    def _settle(self, row: int, now: float) -> None:
        if row in self._ending and self._ending[row][0] <= now + 1e-6:
            self._show(self._ending.pop(row)[1], self._streets.red)

    def _show(self, movements: Ints, plan: int) -> None:
        changed = movements[self._queues.state.movements["plan"][movements] != plan]
        self._queues.state.movements["plan"][changed] = plan
        for group in np.unique(self._streets.layout.group[changed]).tolist():
            self._queues.make_room(1)
            upkeep.plan_head(self._queues.state, group, self._queues.now)

    def _lose_start(self, fresh: Ints, going: Ints) -> None:
        """Keep the lanes of those who get green for the start of a queue."""
        layout, state = self._streets.layout, self._queues.state
        busy = set(layout.group[going].tolist())
        ready = self._queues.now + self._loss
        for group in np.unique(layout.group[fresh]).tolist():
            if group in busy:
                continue
            for server in layout.group_servers[group]:
                state.servers["free"][server] = max(state.servers["free"][server], ready)
            upkeep.plan_head(state, group, self._queues.now)


class Areas:
    """Detectors of lanes before and behind junctions, as a policy has left them in a file."""

    def __init__(self, queues: Queues, streets: Streets, spacing: float, file: Path) -> None:
        self._queues, self._streets = queues, streets
        self._time = -np.inf
        listed = list(ElementTree.parse(file).getroot()) if file.is_file() else []
        found = [(item.attrib, item.attrib["lane"].rpartition("_")) for item in listed]
        rows = {edge: row for row, edge in enumerate(streets.ids)}
        kept = [(one, rows[lane[0]], int(lane[2])) for one, lane in found if lane[0] in rows]
        self._place = {one["id"]: place for place, (one, _, _) in enumerate(kept)}
        metres = np.array([float(one["endPos"]) - float(one["pos"]) for one, _, _ in kept])
        self._edge = np.array([edge for _, edge, _ in kept], dtype=np.int32)
        self._ahead = np.array([".before." in one["id"] for one, _, _ in kept], dtype=bool)
        layout = streets.layout
        self._most = metres / spacing
        self._seconds = metres / layout.speed[self._edge]
        self._beyond = np.maximum(0.0, layout.length[self._edge] - metres) / spacing
        self._lanes = np.maximum(1.0, streets.lanes[self._edge])
        self._join(layout, [lane for _, _, lane in kept])
        self._seen: Floats = np.zeros(len(kept))
        self._spilt: Floats = np.zeros(len(kept))

    def _join(self, layout: Layout, lanes: list[int]) -> None:
        """Lane groups that use the lane of each detector before a stop line."""
        pairs: dict[tuple[int, int], float] = {}
        users: dict[tuple[int, int], list[int]] = {}
        for movement, edge in enumerate(layout.start.tolist()):
            for lane in self._streets.turn_lanes[movement]:
                users.setdefault((edge, lane), []).append(movement)
        for place in np.flatnonzero(self._ahead).tolist():
            for movement in users.get((int(self._edge[place]), lanes[place]), []):
                share = 1.0 / len(self._streets.turn_lanes[movement])
                pairs[place, int(layout.group[movement])] = share
        self._detector = np.array([place for place, _ in pairs], dtype=np.int64)
        self._group = np.array([group for _, group in pairs], dtype=np.int32)
        self._share = np.array(list(pairs.values()))

    def look(self) -> None:
        """See the vehicles of this moment."""
        queues, count = self._queues, len(self._seen)
        if not count:
            return
        near = np.empty(len(self._group))
        kernels.before(queues.state, self._group, self._seconds[self._detector], queues.now, near)
        seen = np.bincount(self._detector, near * self._share, minlength=count)
        fresh = np.empty(count)
        kernels.behind(queues.state, self._edge, self._seconds, queues.now, fresh)
        inside = queues.inside()[self._edge]
        spilt = np.maximum(0.0, inside - fresh - self._beyond * self._lanes)
        self._seen = np.minimum(seen, self._most)
        self._spilt = np.minimum(spilt / self._lanes, self._most)

    def getLastStepVehicleNumber(self, detector: str) -> float:
        """Vehicles on a detector before a stop line."""
        place = self._place.get(detector, -1)
        return float(self._seen[place]) if place >= 0 else 0.0

    def getLastStepHaltingNumber(self, detector: str) -> float:
        """Vehicles that stand on a detector behind a junction, in a queue that reaches back."""
        place = self._place.get(detector, -1)
        return float(self._spilt[place]) if place >= 0 else 0.0


class Interface:
    """What :class:`models.traffic.sumo.pressure.Pressures` needs of SUMO."""

    def __init__(self, lights: Lights, areas: Areas) -> None:
        self.trafficlight, self.lanearea = lights, areas
