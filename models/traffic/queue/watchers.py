"""Controllers that look at the streets every second: max-pressure and actuated programs."""

from __future__ import annotations

from collections.abc import Mapping

from models.traffic.engine import Floats, Setting
from models.traffic.queue.actuated import Actuated
from models.traffic.queue.control import Controls
from models.traffic.queue.lights import Areas, Interface, Lights
from models.traffic.queue.network import Streets
from models.traffic.queue.simulation import Queues
from models.traffic.signals import installed, programs
from models.traffic.sumo.pressure import Pressures

SECOND = 1.0


class Watchers:
    """All controllers of a run.

    Attributes
    ----------
    notes
        What they cannot do.
    """

    def __init__(
        self, queues: Queues, streets: Streets, controls: Controls, setting: Setting
    ) -> None:
        p, scratch = setting.parameters.queue, setting.scratch
        self._queues, self._controls = queues, controls
        signals = [str(signal) for signal in setting.city["signal"].ids]
        self._lights = Lights(queues, streets, controls, p, signals)
        self._areas = Areas(queues, streets, p.spacing, scratch / installed.DETECTORS)
        given = [one for one in installed.read(scratch) if signals.index(one.signal) in streets.lit]
        self.notes: list[str] = []
        by_phases = p.signals == "phases"
        if given and not by_phases:
            self.notes.append('signals = "capacity" has no phases: controllers have no effect')
        self._pressures = Pressures(
            Interface(self._lights, self._areas), given if by_phases else [], signals
        )
        row = {signal: number for number, signal in enumerate(signals)}
        usual = programs.usual(setting.city) if by_phases else {}
        file = scratch / installed.PLAN_FILE
        listed = programs.read(file) if by_phases and file.is_file() else []
        self._actuated = Actuated(
            queues,
            streets,
            self._lights,
            {row[key]: one for key, one in usual.items() if row.get(key, -1) in streets.lit},
            {row[one.signal]: one for one in listed if row[one.signal] in streets.lit},
        )

    @property
    def active(self) -> bool:
        """Whether some controller is on."""
        return self._pressures.active or self._actuated.active

    def follow(self, columns: Mapping[str, Floats]) -> None:
        """Switch controllers on and off as the controls say."""
        self._actuated.follow(self._controls.programs)
        if "traffic.signal_control" in columns:
            self._pressures.apply(columns["traffic.signal_control"])

    def drive(self, until: float) -> None:
        """Go on second by second, and let controllers look and act."""
        while self._queues.now < until - 1e-9:
            self._queues.advance(min(until, self._queues.now + SECOND))
            self._lights.settle()
            self._areas.look()
            self._pressures.act(SECOND)
            self._actuated.act(SECOND)
