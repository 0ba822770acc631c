"""Street lighting: power and light of each lamp from darkness, dimming, presence and faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from models.lighting import classes as norm
from models.lighting import kernels, known, technology
from models.lighting.accounts import Accounts
from models.lighting.changes import Watch
from models.lighting.daylight import AstronomicalClock, Photocell, threshold, yearly_hours
from models.lighting.faults import Faults
from models.lighting.groups import streets_of
from models.lighting.lamps import LED, NEVER, Luminaires
from models.lighting.light import kernels as streetlight
from models.lighting.parameters import INDICATORS, Parameters
from models.lighting.presence.source import PASSAGES, WALKS, passers, spared
from models.lighting.savings import over, payback, saved_power
from twin.core.indicator import Indicator
from twin.core.model import Model
from twin.core.port import Port
from twin.core.random import uniforms
from twin.core.time import DailyWindow, Tick, minutes
from twin.core.world import World

DIMMING, RESTING, OVERRIDE = "lighting.dimming", "lighting.resting", "lighting.override"
RENEWED, CABINET = "lighting.renewed", "lighting.cabinet_on"
KEPT = 0.995
"""A class counts as kept from this part of its illuminance: what the measurement can tell."""


def _control(name: str, table: str, bounds: tuple[float, float], default: float) -> Port:
    profile = "mean" if name == DIMMING else None
    return Port(name, table, "1", "control", bounds=bounds, default=default, profile=profile)  # type: ignore[arg-type]


class Lighting(Model):
    """Street lighting: P = P_full (s + (1 - s) d) while it is dark and the lamp works."""

    name: ClassVar[str] = "lighting"
    Parameters = Parameters
    reads = (
        Port("weather.cloud", table="city", unit="1", default=0.0),
        Port("traffic.flow", table="edge", unit="veh/h", kind="flow", default=0.0),
        Port("traffic.speed", table="edge", unit="m/s", default=0.0),
        Port("citizens.walkers", table="edge", unit="person/h", kind="flow", default=0.0),
        PASSAGES,
        WALKS,
    )
    writes = (
        Port("lighting.power", table="lamp", unit="W", profile="sum"),
        Port("lighting.illuminance", table="edge", unit="lx", profile="mean"),
        Port("lighting.shortfall", table="edge", unit="h", profile="last"),
        Port("lighting.works", table="lamp", unit="1", profile="last"),
        Port("lighting.cabinet_power", table="cabinet", unit="W"),
    )
    controls = (
        _control(DIMMING, "lamp", (0.0, 1.0), 1.0),
        _control(RESTING, "lamp", (0.0, 1.0), 1.0),
        _control(OVERRIDE, "lamp", (-1.0, 1.0), -1.0),
        _control(RENEWED, "lamp", (0.0, 1.0), 0.0),
        _control(CABINET, "cabinet", (0.0, 1.0), 1.0),
    )
    indicators: ClassVar[tuple[Indicator, ...]] = INDICATORS
    period: Tick = minutes(1)

    def __init__(self, world: World, parameters: Any) -> None:
        super().__init__(world, parameters)
        self._last = self._seen = 0
        self._changed = True
        self._was_dark = self._late = self._waiting = False

    # -- the start -----------------------------------------------------------------------------

    def spares(self) -> Iterable[str]:
        """Single vehicles and walkers, where no lamp waits for them."""
        return spared(self.world, self.parameters.presence)

    def setup(self) -> None:
        """Luminaires, streets, faults, and what switches the lamps."""
        rules, ids = self.parameters, self.city["lamp"].ids
        self._streets = streets = streets_of(self.city)
        self._lamps = Luminaires(
            self.city,
            streets,
            rules.technology,
            rules.cleaning,
            lambda: uniforms(self.world.streams.keys("lighting.age", ids), 0),
        )
        self._lamps.with_standing(rules.standing_led, rules.standing_hps)
        self._cabinet = self.city.link("lamp", "cabinet").indices
        self._accounts = Accounts(self.world, rules, len(ids))
        self._faults = Faults(self.world, self._lamps, rules, self._touch)
        self._faults.start()
        self._switch = self._made_switch()
        self._utc = self.world.calendar.utc(0)
        self._curfew = DailyWindow.between(rules.curfew_from, rules.curfew_until)
        self._allocate(len(ids), len(streets))
        self._passers = passers(self.city, streets, self.world, rules)
        self._known = known.Known.of(streets, self._lamps, rules)
        known.publish(self.world, self._known)

    def _made_switch(self) -> Photocell:
        rules, place = self.parameters, self.city.place
        if rules.switching == "clock":
            return AstronomicalClock(
                place.latitude, place.longitude, rules.after_sunset, rules.before_sunrise
            )
        return Photocell(place.latitude, place.longitude, rules.on_below, rules.off_ratio)

    def _allocate(self, lamps: int, streets: int) -> None:
        self._levels, self._fed, self._burning = np.zeros((2, lamps)), *np.zeros((2, lamps))
        self._low, self._high = np.zeros((2, lamps), dtype=np.float32)
        self._total = np.zeros(len(kernels.QUANTITIES))
        self._wanted, self._asked = np.zeros(streets), np.full(streets, 0.5)
        self._renewed = np.zeros(lamps, dtype=np.bool_)
        self._waits = self._fresh = self._burns = self._told = False
        self._planned = self._faulty = self._open = 0.0
        self._flows = Watch()
        self._homes = bool((self._lamps.window < NEVER).any())
        found = self._streets
        self._count = np.bincount(found.of_lamp, minlength=streets).astype(np.float64)
        known = found.area > 0.0
        self._per_area = np.where(known, 1.0 / np.where(known, found.area, 1.0), 0.0)
        self._length = float(found.length[known].sum())

    def _touch(self) -> None:
        self._changed = True

    # -- one step ------------------------------------------------------------------------------

    def step(self, now: Tick) -> None:
        """Account for the time since the last step, then the light from now on."""
        if now > self._last:
            self._meet()
        self._elapse(now)
        utc = self._utc + timedelta(milliseconds=now)
        dark = self._switch.look(utc, float(self["weather.cloud"][0]))
        curfew = self._curfew.contains(self.world.calendar, now)
        if self._controlled() or self._changed or dark != self._was_dark or curfew != self._late:
            self._settle()
            self._refresh(dark)
        self._was_dark, self._late = dark, curfew
        if self._waiting or self._fresh:
            self._spread()
        self._waiting = self._waits and dark
        if self._accounts.due(now):
            self._settle()
            self._accounts.bill(now)

    def _meet(self) -> None:
        """Who used each street in the step that ended, and which lamps waited for them."""
        if self._was_dark:
            self._judge()
        self._passers.see(self.take(PASSAGES.name), self.take(WALKS.name))
        if self._waiting:
            self._passers.drive(self["traffic.speed"])
        self._passers.pass_by(self.period / 1000.0, self._waiting)

    def _controlled(self) -> bool:
        """Whether a control was set since the last look; controls are set only through the log."""
        rows = self.world.log.rows
        fresh, self._seen = rows[self._seen :], len(rows)
        return any(kind == "control" and what.startswith("lighting.") for _, kind, what, _ in fresh)

    def _refresh(self, dark: bool) -> None:
        """Both states of every lamp, from controls, cabinets and faults."""
        self._faults.settle(self._burning)
        self._renew()
        override = self[OVERRIDE]
        fed = self._faults.works * self[CABINET][self._cabinet]
        if not dark:
            fed = fed * (override > 0.0)
        self._fed = np.ascontiguousarray(fed)
        lamps = self._lamps
        kernels.refresh(
            self[DIMMING],
            self[RESTING],
            override,
            self._fed,
            lamps.rated,
            lamps.standing,
            lamps.least,
            self._levels,
            self._low,
            self._high,
        )
        self._burning = (self._high > 0.0).astype(np.float64)
        self["lighting.works"][:] = self._faults.works
        self._faulty = float((self._faults.works == 0.0).sum())
        self._burns = bool(self._burning.any())
        present = self._levels[1]
        level = self._by_street(present) / np.maximum(self._count, 1.0)
        self._level = np.where(self._count > 0.0, level, 1.0)
        self._lux = np.where(
            self._per_area > 0.0,
            self._by_street(present * lamps.useful) * self._per_area / KEPT,
            np.inf,
        )
        self._waits = bool((self[RESTING] < 1.0).any())
        self._planned = float(
            (technology.planned(lamps.kind, self.parameters.visit) * self._burning).sum()
        )
        self._warn_of_restrike()
        if not (self._waits and dark):
            self._passers.go()
        self._fresh, self._changed = True, False

    def _by_street(self, column: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Sum of a column of the lamps; (n_streets,) float64."""
        streets = self._streets
        total = np.bincount(streets.of_lamp, weights=column, minlength=len(streets))
        return np.asarray(total, dtype=np.float64)

    def _renew(self) -> None:
        """New luminaires where the control asks for them and none has come yet."""
        wanted = np.flatnonzero((self[RENEWED] >= 1.0) & ~self._renewed & (self._lamps.kind != LED))
        if len(wanted):
            self._lamps.renew(wanted)
            self._lamps.with_standing(self.parameters.standing_led, self.parameters.standing_hps)
            self._faults.renewed(wanted)
            self._renewed[wanted] = True
            self._known.full = known.planned_light(self._streets, self._lamps)
            self._accounts.investment += len(wanted) * self.parameters.luminaire

    def _warn_of_restrike(self) -> None:
        """Discharge lamps that are off until somebody comes would not be lit when he passes."""
        if self._told:
            return
        slow = np.isin(self._lamps.kind, technology.DISCHARGE)
        waits = slow & (self._levels[0] <= 0.0) & (self._levels[1] > 0.0)
        if not waits.any():
            return
        self._told = True
        self.world.warnings.append(
            f"lighting: {int(waits.sum()):,} discharge lamps (sodium, halide, mercury) are off "
            "while nobody is near and are taken to light at once, but they need minutes to start "
            "again: renew them as LED, or let them rest above 0"
        )

    def _spread(self) -> None:
        """The ports: who was there in the step that ended, with the levels from now on."""
        self._fresh = False
        streets, power, needed = self._streets, self["lighting.power"], self.world.consumed
        cabinets = "lighting.cabinet_power" in needed
        if "lighting.power" in needed or cabinets:
            self._passers.spread(self._low, self._high, power)
        if cabinets:
            column = self["lighting.cabinet_power"]
            column[:] = np.bincount(self._cabinet, weights=power, minlength=len(column))
        if "lighting.illuminance" in needed:
            dim, full = self._levels
            level = dim + (full - dim) * self._passers.near_lamps()
            lux = self._by_street(level * self._lamps.useful) * self._per_area
            streetlight.shine(lux, streets.edge, streets.back, self["lighting.illuminance"])

    def _judge(self) -> None:
        """Who used each street, and what that asks for."""
        streets, flow, walkers = self._streets, self["traffic.flow"], self["citizens.walkers"]
        if not self._flows.changed(flow, walkers):
            return
        self._passers.fresh = True
        streetlight.judge(
            flow,
            walkers,
            streets.edge,
            streets.back,
            streets.edge_capacity,
            streets.motor,
            streets.number,
            self._known.quiet,
            self._known.busy,
            norm.TABLE,
            self._passers.forth,
            self._passers.vehicles,
            self._passers.walkers,
            self._wanted,
            self._asked,
        )

    # -- accounts ------------------------------------------------------------------------------

    def _elapse(self, now: Tick) -> None:
        """Time passes: lamps wear, and the class of each street is kept or not."""
        elapsed = (now - self._last) / 3_600_000.0
        self._last = now
        self._open += elapsed
        if elapsed <= 0.0 or not (self._was_dark or self._burns):
            return
        self._faults.burn(elapsed, self._burning)
        if self._was_dark:
            self._account_light(elapsed)

    def _settle(self) -> None:
        """Add up what happened since the last time, in which no lamp changed its two states."""
        elapsed, self._open = self._open, 0.0
        if elapsed <= 0.0 or not (self._was_dark or self._burns):
            return
        lamps, total = self._lamps, self._total
        share = self._passers.take_held() / (elapsed * 3600.0)
        kernels.mix(
            self._levels, self._low, self._high, self._fed, lamps.useful, lamps.window, share, total
        )
        accounts, sums = self._accounts, self._accounts.sums
        sums["power"] += float(total[POWER]) * elapsed
        sums["burning"] += float(total[BURNING]) * elapsed
        sums["planned"] += self._planned * elapsed
        if not self._was_dark:
            return
        sums["dark"] += len(self._burning) * elapsed
        sums["dimmed"] += float(total[DIMMED]) * elapsed
        sums["faulty"] += self._faulty * elapsed
        sums["trespass"] += float(total[TRESPASS]) * elapsed * self._late
        rows = np.flatnonzero(self._renewed)
        saved = saved_power(lamps, rows, self._low, self._high, self._fed, share)
        accounts.saved += saved * elapsed / 1000.0
        accounts.light += float(total[USEFUL]) * elapsed
        accounts.area += float(self._streets.area.sum()) * elapsed

    def _account_light(self, elapsed: float) -> None:
        """Whether each street had enough light for those who were there."""
        streets, accounts = self._streets, self._accounts
        under, short = streetlight.lacking(
            self._level,
            self._asked,
            self._lux,
            self._wanted,
            streets.length,
            self._count,
            streets.edge,
            streets.back,
            elapsed,
            self["lighting.shortfall"],
        )
        accounts.sums["underlit"] += under * elapsed
        accounts.lit_length += self._length * elapsed
        accounts.kept += (self._length - short) * elapsed

    def measure(self) -> Mapping[str, float]:
        """Energy, money, light, faults; see the page of the model."""
        now, accounts = self.world.now, self._accounts
        self._settle()
        self._faults.settle(self._burning)
        accounts.bill(now)
        sums, rules = accounts.sums, self.parameters
        found = {
            "lighting.energy": accounts.energy,
            "lighting.cost": accounts.energy * rules.price,
            "lighting.maintenance": self._faults.spent + sums["planned"],
            "lighting.capital": accounts.capital(now),
            "lighting.co2": accounts.energy * rules.carbon,
            "lighting.burning_hours": sums["burning"] / max(1, len(self._burning)),
            "lighting.dimmed_share": accounts.share("dimmed"),
            "lighting.illuminance": over(accounts.light, accounts.area),
            "lighting.class_kept": 100.0 * over(accounts.kept, accounts.lit_length),
            "lighting.underlit_share": accounts.share("underlit"),
            "lighting.trespass_hours": sums["trespass"] if self._homes else float("nan"),
            "lighting.faulty_share": accounts.share("faulty"),
            "lighting.failures": float(self._faults.failures),
            "lighting.repairs": float(self._faults.repairs),
            **self._indices(),
        }
        # Sums depend on when they were added up; two equal nights are to have equal numbers.
        return {name: float(f"{value:.9g}") for name, value in found.items()}

    def _indices(self) -> dict[str, float]:
        """EN 13201-5, the mean lamp-hours to the next failure, and the payback of a renewal."""
        lamps, area = self._lamps, self._streets.area
        at_street = area[self._streets.of_lamp] > 0.0
        useful = float(lamps.useful.sum())
        rate = float(lamps.failure_rate().mean()) if len(lamps.rated) else 0.0
        place, sky = self.city.place, threshold(self.parameters.on_below)
        year = self.world.calendar.start.year
        hours = yearly_hours(place.latitude, place.longitude, year, sky)
        share = hours / self._accounts.dark_hours if self._accounts.dark_hours else float("nan")
        street_power = over(float(lamps.rated[at_street].sum()), float(lamps.rated.sum()))
        energy = self._accounts.energy * share * street_power
        return {
            "lighting.power_density": 1000.0 * over(float(lamps.rated[at_street].sum()), useful),
            "lighting.annual_consumption": over(energy, float(area.sum())),
            "lighting.hours_to_failure": over(1.0, rate),
            "lighting.payback": payback(
                lamps,
                np.flatnonzero(self._renewed),
                self._accounts.saved * share,
                hours,
                self.parameters,
            ),
        }


POWER, BURNING, DIMMED, USEFUL, TRESPASS = map(
    kernels.QUANTITIES.index, ("power", "burning", "dimmed", "useful", "trespass")
)
