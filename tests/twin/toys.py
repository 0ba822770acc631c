"""A toy city and toy models, small enough to reckon by hand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import shapely

from twin.city.city import City, Place
from twin.city.link import Link
from twin.city.table import Table
from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters, Process
from twin.core.port import Port
from twin.core.random import uniforms
from twin.core.time import minutes
from twin.policy.policy import Action, Event, Policy
from twin.policy.view import View


def toy_city() -> City:
    """Four houses on two streets; the last house has no street."""
    city = City("toy", Place("EPSG:32633", 15.0, 48.0, "Europe/Vienna", "AT"), Path("none.net.xml"))
    city.add(
        Table(
            "street",
            ["s1", "s2"],
            geometry=shapely.linestrings([[[0, 0], [9, 0]], [[0, 5], [9, 5]]]),
        )
    )
    city.add(
        Table(
            "house",
            ["h1", "h2", "h3", "h4"],
            geometry=shapely.points([[1, 1], [2, 1], [1, 4], [2, 99]]),
        )
    )
    city.connect(Link("house", "street", np.array([0, 0, 1, -1])))
    return city


class TapParameters(Parameters):
    rate: float = 2.0


class Tap(Model):
    """Each house draws a little, by chance, scaled by a control."""

    name = "tap"
    Parameters = TapParameters
    period = minutes(1)
    writes = (Port("tap.draw", "house", "l", kind="flow", profile="sum"),)
    controls = (Port("tap.valve", "house", "1", kind="control", bounds=(0.0, 1.0), default=1.0),)
    indicators = (Indicator("tap.total", "l", "lower", "households"),)

    def setup(self) -> None:
        self.keys = self.world.streams.keys("tap", self.city["house"].ids)
        self.total = 0.0

    def step(self, now: int) -> None:
        chance = uniforms(self.keys, now // self.period)
        np.multiply(chance, self.parameters.rate, out=self["tap.draw"])
        self["tap.draw"][:] *= self["tap.valve"]
        self.total += float(self["tap.draw"].sum())

    def measure(self) -> Mapping[str, float]:
        self.world.ledger.book(self.world.now, "households", "municipality", self.total, "water")
        return {"tap.total": self.total}


class Main(Model):
    """The pipe under each street carries what its houses draw."""

    name = "main"
    period = minutes(5)
    reads = (Port("main.load", "street", "l", sums=True),)
    writes = (Port("main.pressure", "street", "bar", profile="mean"),)
    indicators = (Indicator("main.lowest", "bar", "higher", "municipality"),)

    def setup(self) -> None:
        self.lowest = 99.0

    def step(self, now: int) -> None:
        self["main.pressure"][:] = 5.0 - self["main.load"]
        self.lowest = min(self.lowest, float(self["main.pressure"].min()))

    def measure(self) -> Mapping[str, float]:
        return {"main.lowest": self.lowest}


class Wrong(Model):
    """Draws in another unit."""

    name = "wrong"
    writes = (Port("wrong.draw", "house", "m3"),)


class Hen(Model):
    """Waits for the egg."""

    name = "hen"
    reads = (Port("egg.size", "house", "1"),)
    writes = (Port("hen.size", "house", "1"),)


class Egg(Model):
    """Waits for the hen."""

    name = "egg"
    reads = (Port("hen.size", "house", "1"),)
    writes = (Port("egg.size", "house", "1"),)


class Reader(Model):
    """Reads a weather that somebody else must give, and what is left is a default."""

    name = "reader"
    reads = (Port("weather.rain", "city", "mm"),)
    writes = (Port("reader.rain", "city", "mm", profile="mean"),)

    def step(self, now: int) -> None:
        self["reader.rain"][:] = self["weather.rain"]


class Failing(Model):
    """Stops in the middle of a run."""

    name = "failing"
    writes = (Port("failing.x", "house", "1"),)

    def processes(self) -> Iterable[Process]:
        yield self.fail()

    def fail(self) -> Process:
        yield self.world.env.timeout(minutes(3))
        raise ValueError("three minutes are enough")


class Dying(Model):
    """Takes the whole process with it."""

    name = "dying"
    writes = (Port("dying.x", "house", "1"),)

    def step(self, now: int) -> None:
        if now >= minutes(3):
            os._exit(11)


class SaveParameters(Parameters):
    share: float = 0.5


class Save(Policy):
    """Closes the valves once the taps were seen to draw."""

    name = "save"
    Parameters = SaveParameters
    sees = ("tap.draw",)
    acts = ("tap.valve",)
    period = minutes(5)

    def decide(self, now: int, view: View) -> Iterable[Action]:
        if np.isfinite(view["tap.draw"]).all():
            yield Action("tap.valve", self.parameters.share)


class TooFar(Policy):
    """Sets a control outside its bounds."""

    name = "too far"
    acts = ("tap.valve",)

    def decide(self, now: int, view: View) -> Iterable[Action]:
        yield Action("tap.valve", 1.5)


class Drought(Event):
    """No water for the first house."""

    name = "drought"
    acts = ("tap.valve",)

    def process(self) -> Process:
        yield self.until(minutes(2))
        self.act("tap.valve", 0.0, rows=np.array([0]))
        yield self.until(minutes(4))
        self.act("tap.valve", 1.0, rows=np.array([0]))


def toy(*models: str, **changes: object) -> dict[str, object]:
    """Content of a scenario over the toy city."""
    raw: dict[str, object] = {
        "name": "toy",
        "city": "toy",
        "period": {"date": "2025-03-04", "from": "06:00", "duration": "10m"},
        "record": {"every": "1m"},
        "model": {f"tests.twin.toys:{m}": {} for m in models},
    }
    raw.update(changes)
    return raw


WIRE = [{"from": "tap.draw", "to": "main.load"}]


class Order(Model):
    """Notes what happens in which order at minute 5."""

    name = "order"
    writes = (Port("order.x", "house", "1"),)
    controls = (Port("order.flag", "house", "1", kind="control", bounds=(0.0, 9.0), default=0.0),)
    seen: list[str]

    def setup(self) -> None:
        Order.seen = []

    def step(self, now: int) -> None:
        if now == minutes(5):
            Order.seen.append(f"step with flag {self['order.flag'][0]:.0f}")

    def processes(self) -> Iterable[Process]:
        yield self.wait()

    def wait(self) -> Process:
        yield self.world.env.timeout(minutes(5))
        Order.seen.append("process")


class Raise(Event):
    """Sets the flag at minute 5, after two waits."""

    name = "raise"
    acts = ("order.flag",)

    def process(self) -> Process:
        yield self.until(minutes(4) + 59_999)
        yield self.until(minutes(5))
        self.act("order.flag", 1.0)


class Second(Policy):
    """Adds one to the flag every minute from minute 5, so that its turn shows."""

    name = "second"
    sees = ("order.flag",)
    acts = ("order.flag",)
    period = minutes(5)

    def decide(self, now: int, view: View) -> Iterable[Action]:
        if now == minutes(5):
            yield Action("order.flag", view["order.flag"] * 2 + 1)
