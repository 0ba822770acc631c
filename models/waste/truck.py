"""A truck on its round: drives, empties, unloads, rests, comes home; a SimPy process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.waste.streams import Stream
from twin.core.model import Process
from twin.core.time import Tick, minutes, seconds

if TYPE_CHECKING:
    from models.waste.fleet import Fleet


@dataclass(eq=False)
class Stop:
    """Containers on one street that a truck empties as it drives along."""

    edge: int
    rows: deque[int]


@dataclass(frozen=True)
class Place:
    """A depot or disposal: its row, its street, and the way beyond the map, m, if it is outside."""

    row: int
    edge: int
    beyond: float

    @property
    def outside(self) -> float:
        """Time beyond the map, s."""
        return self.beyond / OUTSIDE_SPEED


OUTSIDE_SPEED = 50.0 / 3.6
"""On the way beyond the map, m/s."""
RETRY = minutes(5)
"""A truck whose way is closed looks again after this."""


class Truck:
    """One round of one truck.

    Parameters
    ----------
    fleet
        What it belongs to: streets, containers, rules and books.
    number
        In the whole fleet, for the log.
    stream
        What it collects.
    stops
        Where it is to go, in order.
    end
        Tick by which it must be back.
    """

    def __init__(
        self, fleet: Fleet, number: int, name: str, stream: Stream, stops: Iterable[Stop], end: Tick
    ) -> None:
        self.fleet = fleet
        self.env = fleet.world.env
        self.network = fleet.network
        self.number = number
        self.name = name
        self.stream = stream
        self.stops = deque(stops)
        self.end = end
        self.mass = 0.0
        self.volume = 0.0
        self.distance = 0.0
        self.heaviest = 0.0
        self.driven: list[int] = []
        self.current: Stop | None = None
        self.homeward = False
        self.began: Tick = int(self.env.now)
        self.finished: Tick | None = None
        self.broken_at: Tick | None = None
        self.rested = False
        self.depot = fleet.base(number)
        self.node = int(self.network.end[self.depot.edge])

    @property
    def now(self) -> Tick:
        """The tick of the clock."""
        return int(self.env.now)

    @property
    def lost(self) -> bool:
        """Whether it has broken down."""
        return self.fleet.is_out(self.number)

    @property
    def hours(self) -> float:
        """Since it left, or of its whole round until it is back or towed in, h; its crew's too."""
        return ((self.now if self.finished is None else self.finished) - self.began) / 3_600_000.0

    @property
    def worked(self) -> float:
        """The same until it broke down, if it did, h."""
        if self.broken_at is None:
            return self.hours
        return (self.broken_at - self.began) / 3_600_000.0

    def run(self) -> Process:
        """The round; the truck stops where it is when it breaks down."""
        self.fleet.log("waste.left", self, stops=len(self.stops))
        yield from self._outside(self.depot)
        why = ""
        while self.stops and not self.lost:
            stop = self.stops[0]
            self.network.refresh(self.now)
            if not self._reaches(stop.edge):
                self.fleet.put_off(self.stops.popleft(), self, "closed")
                continue
            if not self._opens_in_time(stop):
                self.fleet.put_off(self.stops.popleft(), self, "window")
                continue
            if why := self.refuses(stop):
                break
            if self._tired():
                yield from self._rest()
                continue
            self.current = stop
            yield from self._visit(stop)
            self.current = None
        self.homeward = True
        while self.stops:
            self.fleet.put_off(self.stops.popleft(), self, "broken down" if self.lost else why)
        if not self.lost:
            yield from self._home()
        if self.lost:
            yield from self._towed()
        self.finished = self.now
        self.fleet.settle(self)
        if self.fleet.parameters.electric:
            self.env.process(self.fleet.charge(self))
        lost = self.broken_at is not None
        self.fleet.log("waste.returned", self, km=round(self.distance / 1000.0, 3), lost=lost)

    def take_over(self, stops: Iterable[Stop]) -> None:
        """Go on with other stops, after the one that it is at."""
        first = () if self.current is None else (self.current,)
        self.stops = deque((*first, *stops))

    @property
    def node_after(self) -> int:
        """The junction from which new stops can begin."""
        return self.node if self.current is None else int(self.network.end[self.current.edge])

    # -- what it does ------------------------------------------------------------------------

    def _visit(self, stop: Stop) -> Process:
        """Empty what fits; a stop that is not done stays first."""
        if not (yield from self._go(int(self.network.start[stop.edge]))):
            return
        opens = self.fleet.window(stop.edge, self.now)[0]
        if opens >= self.end:
            self._leave(stop, "window")
            return
        if opens > self.now:
            yield self.env.timeout(opens - self.now)
        if self.network.seconds(stop.edge) == float("inf"):
            self.network.refresh(self.now, force=True)
            return
        yield from self._serve(stop)
        if not stop.rows:
            self.stops.remove(stop)
        elif stop in self.stops and not self.lost:
            yield from self._unload()

    def _serve(self, stop: Stop) -> Process:
        """Empty one container after the other along the street, while there is room and time."""
        at = 0.0
        closed = False
        while stop.rows and not self.lost:
            row = stop.rows[0]
            offset = max(at, float(self.fleet.offset[row]))
            yield from self._along(stop.edge, offset - at)
            at = offset
            if not self._room_for(row):
                break
            service = seconds(float(self.fleet.service[row]))
            if not self.fleet.is_open(stop.edge, self.now, self.now + service):
                closed = True
                break
            yield self.env.timeout(service)
            self._empty(row)
            stop.rows.popleft()
        yield from self._along(stop.edge, 1.0 - at)
        self.node = int(self.network.end[stop.edge])
        if closed:
            self._leave(stop, "window")

    def _leave(self, stop: Stop, why: str) -> None:
        """Take what is left of a stop off the list."""
        self.stops.remove(stop)
        self.fleet.put_off(stop, self, why)

    def _room_for(self, row: int) -> bool:
        mass = float(self.fleet.mass[row])
        return self.mass == 0.0 or mass <= self._room()

    def _room(self) -> float:
        """Mass that still fits, by weight and by volume, kg."""
        by_volume = (self.stream.truck_volume - self.volume) * self.stream.compacted
        return max(0.0, min(self.stream.truck_mass - self.mass, by_volume))

    def _empty(self, row: int) -> None:
        taken = self.fleet.empty(row, self._room(), self)
        self.mass += taken
        self.volume += taken / self.stream.compacted
        self.heaviest = max(self.heaviest, self.mass)

    def _unload(self) -> Process:
        disposal = self._disposal()
        yield from self._to(disposal)
        if self.lost:
            return
        yield self.env.timeout(self.fleet.unloading)
        self._hand_over(disposal)
        yield from self._outside(disposal)

    def _towed(self) -> Process:
        """Wait for the tow, which brings the load to the disposal and the truck to its depot."""
        self.broken_at = self.now
        place = self.fleet.disposal_between(self.node, int(self.network.end[self.depot.edge]))
        yield self.env.timeout(self.fleet.tow)
        if self.mass > 0.0:
            self._hand_over(place)

    def _hand_over(self, place: Place) -> None:
        self.fleet.unload(self, place)
        self.mass = self.volume = 0.0

    def _disposal(self) -> Place:
        """The one on the shortest way to the next stop, or home."""
        self.network.refresh(self.now)
        going_on = bool(self.stops) and not self.homeward
        goal = int(
            self.network.start[self.stops[0].edge]
            if going_on
            else self.network.end[self.depot.edge]
        )
        return self.fleet.disposal_between(self.node, goal)

    def _home(self) -> Process:
        if self.mass > 0.0:
            yield from self._unload()
        if not self.lost:
            yield from self._to(self.depot)

    def _rest(self) -> Process:
        self.rested = True
        self.fleet.log(
            "waste.rested", self, km=round(self.distance / 1000.0, 3), junction=self.node
        )
        yield self.env.timeout(self.fleet.rest)

    # -- how it drives -----------------------------------------------------------------------

    def _go(self, goal: int) -> Process:
        """Drive to a junction street by street; false when no way is open or it broke down."""
        while self.node != goal:
            path = self.network.path(self.node, goal)
            if path is None:
                return False
            for edge in path:
                if self.lost:
                    return False
                if self.network.seconds(edge) == float("inf"):
                    self.network.refresh(self.now, force=True)
                    break
                yield from self._along(edge, 1.0)
                self.node = int(self.network.end[edge])
        return True

    def _along(self, edge: int, part: float) -> Process:
        """Drive a part of a street, also to the end of one that has closed behind the truck."""
        time = self.network.seconds(edge)
        if time == float("inf"):
            time = self.network.free(edge)
        yield self.env.timeout(seconds(time * part))
        if part > 0.0 and (not self.driven or self.driven[-1] != edge):
            self.driven.append(edge)
        self.distance += float(self.network.length[edge]) * part

    def _to(self, place: Place) -> Process:
        """Drive to a depot, and wait while the way is closed."""
        goal = int(self.network.end[place.edge])
        while not (yield from self._go(goal)):
            if self.lost:
                return
            yield self.env.timeout(RETRY)
            self.network.refresh(self.now, force=True)
        yield from self._outside(place)

    def _outside(self, place: Place) -> Process:
        yield self.env.timeout(seconds(place.beyond / OUTSIDE_SPEED))
        self.distance += place.beyond

    # -- what it may do ----------------------------------------------------------------------

    def _reaches(self, edge: int) -> bool:
        start = int(self.network.start[edge])
        seconds_to = self.network.times_from(self.node)[start] + self.network.planned(edge)
        return bool(seconds_to < float("inf"))

    def _arrival(self, stop: Stop) -> Tick:
        """When it could be in a street, as the streets are now."""
        there = self.network.times_from(self.node)[self.network.start[stop.edge]]
        return self.now + seconds(min(float(there), 1e9))

    def _opens_in_time(self, stop: Stop) -> bool:
        """Whether containers may be emptied there between its arrival and the end of the shift."""
        return self.fleet.window(stop.edge, self._arrival(stop))[0] < self.end

    def refuses(self, stop: Stop, before: float = 0.0) -> str:
        """Why it would not be back after this stop, as the streets are now: ``late``, ``battery``.

        Parameters
        ----------
        stop
            Where it would go.
        before
            Way outside the map to the street where it is, s.
        """
        arrival = self._arrival(stop) + seconds(before)
        waiting = max(0, self.fleet.window(stop.edge, arrival)[0] - arrival) / 1000.0
        there = float(self.network.times_from(self.node)[self.network.start[stop.edge]])
        home = self.fleet.time_home(int(self.network.end[stop.edge]), self.depot)
        drive = before + there + self.network.planned(stop.edge) + home
        rest = 0.0 if self.rested else self.fleet.rest / 1000.0
        time = min(drive + waiting + self.fleet.service_at(stop) + rest, 1e9)
        if self.now + seconds(time) > self.end:
            return "late"
        driving = drive - self.fleet.unloading / 1000.0
        return "battery" if self.fleet.needs(driving, time) > self.fleet.charge_left(self) else ""

    def _tired(self) -> bool:
        return not self.rested and self.now - self.began >= self.fleet.rest_after
