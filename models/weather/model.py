"""Weather from a place's climate normals, with days that are warmer or colder by chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import numpy as np
from pydantic import Field

from twin.core.indicator import Indicator
from twin.core.model import Model, Parameters
from twin.core.port import Port
from twin.core.random import normals
from twin.core.time import Tick, minutes

MEMORY = 0.7
"""Correlation of the anomalies of two successive days; near the usual 0.6-0.8 of mid-latitudes."""
DAYS_BACK = 20
CLOUD_MEMORY = 0.85
"""Correlation of the cloud of two successive hours, beside that of the day."""
HOURS_BACK = 24
CLOUD_SPREAD = 2.5
"""Of the logit of cloud cover: with it the sky is mostly clear or mostly covered, as observers of
oktas see it."""
ANOMALY = "weather.anomaly"
"""What an event adds to the temperature, K."""
Twelve = tuple[float, ...]


def _twelve(default: float, description: str) -> Twelve:
    found: Twelve = Field(
        default=(default,) * 12, min_length=12, max_length=12, description=description
    )
    return found


class WeatherParameters(Parameters):
    """Climate normals of the place, January to December."""

    temperature: Twelve = _twelve(10.0, "mean of each month, degC")
    daily_range: Twelve = _twelve(6.0, "mean daily maximum less minimum of each month, K")
    cloud: Twelve = _twelve(0.6, "mean cloud cover of each month, 0 to 1")
    spread: float = Field(default=3.0, ge=0.0, description="standard deviation of a day's mean, K")


class Weather(Model):
    """Temperature and cloud cover over the city.

    The mean of the day is interpolated between the middles of the months; the day's course is a
    cosine with its maximum at 15:00 local time; the anomaly of each day is drawn by date (AR(1))
    and interpolated between noons, so that a run of any length and start meets the same weather on
    the same date with the same seed. Cloud has an anomaly of the hour beside that of the day.
    """

    name = "weather"
    Parameters = WeatherParameters
    period: Tick = minutes(10)
    writes = (
        Port("weather.temperature", "city", "degC", profile="mean"),
        Port("weather.cloud", "city", "1", profile="mean"),
    )
    controls = (Port(ANOMALY, "city", "K", "control", (-30.0, 30.0), 0.0),)
    indicators = (Indicator("weather.mean_temperature", "degC", "neutral", "everyone"),)

    def setup(self) -> None:
        """Take the keys of the chances."""
        self._keys = self.world.streams.keys("weather", np.array(["temperature", "cloud"]))
        self._hourly = self.world.streams.keys("weather", np.array(["cloud by the hour"]))
        self._clouds: dict[int, tuple[float, ...]] = {}
        self._total, self._steps = 0.0, 0
        self._anomalies: dict[int, tuple[float, float]] = {}

    def step(self, now: Tick) -> None:
        """Write temperature and cloud of ``now``."""
        local = self.world.calendar.local(now)
        hour = local.hour + local.minute / 60.0
        warm, grey = self._anomaly(local, hour)
        p = self.parameters
        course = 0.5 * _normal(p.daily_range, local) * math.cos(2 * math.pi * (hour - 15.0) / 24.0)
        temperature = _normal(p.temperature, local) + course + p.spread * warm + self[ANOMALY][0]
        self["weather.temperature"][0] = temperature
        anomaly = math.sqrt(0.5) * (grey + self._grey(local))
        self["weather.cloud"][0] = _cover(_normal(p.cloud, local), anomaly)
        self._total += temperature
        self._steps += 1

    def measure(self) -> Mapping[str, float]:
        """Mean over the run."""
        return {"weather.mean_temperature": self._total / max(1, self._steps)}

    def _anomaly(self, local: datetime, hour: float) -> tuple[float, float]:
        """Standardised anomalies of temperature and cloud, between the noons around."""
        day = local.toordinal() + (0 if hour >= 12.0 else -1)
        share = ((hour - 12.0) % 24.0) / 24.0
        (warm, grey), (warmer, greyer) = self._day(day), self._day(day + 1)
        return warm + share * (warmer - warm), grey + share * (greyer - grey)

    def _grey(self, local: datetime) -> float:
        """Standardised anomaly of the hour's cloud, between full hours."""
        day, hour, share = local.toordinal(), local.hour, local.minute / 60.0
        before = self._cloud_hours(day)[hour]
        after = self._cloud_hours(day + (hour + 1) // 24)[(hour + 1) % 24]
        return before + share * (after - before)

    def _cloud_hours(self, day: int) -> tuple[float, ...]:
        """Anomalies of the hours of a day."""
        if day not in self._clouds:
            first = day * 24 - HOURS_BACK
            shocks = [float(normals(self._hourly, first + n)[0]) for n in range(HOURS_BACK + 24)]
            weights = CLOUD_MEMORY ** np.arange(HOURS_BACK) * math.sqrt(1.0 - CLOUD_MEMORY**2)
            found = np.convolve(np.array(shocks), weights, mode="valid")[1:]
            self._clouds[day] = tuple(float(value) for value in found)
        return self._clouds[day]

    def _day(self, day: int) -> tuple[float, float]:
        if day not in self._anomalies:
            shocks = np.array([normals(self._keys, day - back) for back in range(DAYS_BACK)])
            weights = MEMORY ** np.arange(DAYS_BACK) * math.sqrt(1.0 - MEMORY**2)
            warm, grey = weights @ shocks
            self._anomalies[day] = float(warm), float(grey)
        return self._anomalies[day]


def _normal(months: Twelve, local: datetime) -> float:
    """A monthly normal at a date, linear between the 15ths."""
    position = local.month - 1 + (local.day - 15) / 30.4
    before = math.floor(position)
    share = position - before
    return months[before % 12] * (1.0 - share) + months[(before + 1) % 12] * share


def _cover(mean: float, anomaly: float) -> float:
    """Cloud cover with a mean, for a standardised anomaly; between 0 and 1.

    A logistic-normal: the logit is normal, its middle such that the mean is kept (MacKay 1992).
    """
    mean = min(max(mean, 0.01), 0.99)
    stretch = math.sqrt(1.0 + math.pi * CLOUD_SPREAD**2 / 8.0)
    logit = math.log(mean / (1.0 - mean)) * stretch + CLOUD_SPREAD * anomaly
    return 1.0 / (1.0 + math.exp(-logit))
