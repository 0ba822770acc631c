"""Roofs for solar panels, walls that lose heat, and the clear sky above: tables of a city."""

from __future__ import annotations

import calendar
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from twin.city.builder import Builder
from twin.city.city import City, Place
from twin.city.features import Features
from twin.city.table import INFERRED, Table

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FLAT_FROM = 500.0
"""Footprint from which a roof without a mapped shape is flat, m²; smaller ones are pitched."""
FLAT_USES = ("retail", "office", "industrial", "hotel", "health", "education")
"""Uses whose roofs are flat at any size above :data:`SHED`."""
SHED = 60.0
"""Roofs below this carry no panels, m²."""
FLAT_SHARE = 0.5
"""Panels on a flat roof over its footprint: rows east and west, and room for what stands there."""
PITCHED_SHARE = 0.7
"""Panels on the sunnier half of a pitched roof over that half: windows, chimneys, edges."""
PITCH = 35.0
"""Slope of a pitched roof, degrees."""
STEP_DAYS = 4
"""Every so many days the clear sky is kept; between them it is interpolated."""
QUARTERS = 96


class RoofBuilder(Builder):
    """A roof for each building, and the clear sky over the city.

    The shape is the map's (``roof:shape``) or inferred from use and size; a pitched roof has its
    ridge along the longer side of the building.
    """

    makes: ClassVar[tuple[str, ...]] = ("roof", "sky")
    needs: ClassVar[tuple[str, ...]] = ("building",)

    def build(self, city: City, features: Features) -> None:
        """Add the tables ``roof`` and ``sky``."""
        shapes = _mapped_shapes(features)
        city.add(roofs(city["building"], shapes, south=city.place.latitude < 0.0))
        city.add(sky(city.place))


def roofs(building: Table, mapped: dict[str, str] | None = None, *, south: bool = False) -> Table:
    """The roof and the walls of each building.

    Parameters
    ----------
    building
    mapped
        OSM ``roof:shape`` by the id of the building, where the map says it.
    south
        Whether the place is south of the equator, where the sunnier side is the northern one.

    Returns
    -------
    Table
        Rows are buildings: ``flat`` (bool), ``area`` (m² of panels that fit), ``azimuth`` (of the
        panels of a pitched roof, degrees from north), ``perimeter`` (m).
    """
    footprint = np.maximum(np.nan_to_num(building["footprint"].astype(np.float64)), 0.0)
    said = np.array([(mapped or {}).get(str(key), "") for key in building.ids])
    guessed = (footprint >= FLAT_FROM) | np.isin(building["use"], FLAT_USES)
    flat = np.where(said == "", guessed, said == "flat")
    half = footprint / 2.0 / np.cos(np.deg2rad(PITCH))
    area = np.where(flat, footprint * FLAT_SHARE, half * PITCHED_SHARE)
    azimuth, perimeter = _outline(building, footprint)
    return Table(
        "roof",
        building.ids,
        {
            "flat": flat,
            "area": np.where(footprint < SHED, 0.0, area),
            "azimuth": (azimuth + 180.0 * south) % 360.0,
            "perimeter": perimeter,
            "origin": np.full(len(building), INFERRED),
        },
    )


def _outline(building: Table, footprint: Floats) -> tuple[Floats, Floats]:
    """Direction of the sunnier side of each roof, degrees, and length of its walls, m."""
    square = 4.0 * np.sqrt(footprint)
    if building.geometry is None or not len(building):
        return np.full(len(building), 180.0), square
    import shapely

    boxes = shapely.oriented_envelope(building.shapes)
    azimuth = np.full(len(building), 180.0)
    for row in np.flatnonzero(shapely.get_type_id(boxes) == 3):
        corners = shapely.get_coordinates(boxes[row])[:3]
        sides = np.diff(corners, axis=0)
        ridge = sides[int(np.argmax((sides**2).sum(axis=1)))]
        across = np.rad2deg(np.arctan2(ridge[0], ridge[1])) + 90.0
        azimuth[row] = 90.0 + (across - 90.0) % 180.0
    length = np.where(shapely.area(building.shapes) > 0, shapely.length(building.shapes), square)
    return azimuth, np.clip(length, square * 0.8, square * 3.0)


def _mapped_shapes(features: Features) -> dict[str, str]:
    rows = features.select("roof:shape")
    return {features.ids[row]: features.tags[row]["roof:shape"] for row in rows}


def sky(place: Place) -> Table:
    """Sun and irradiance under a clear sky at quarter-hours, every fourth day of a year.

    Position of the sun after Reda & Andreas (2004), irradiance after Ineichen & Perez (2002) with
    the place's monthly turbidity (SoDa); both by pvlib.

    Returns
    -------
    Table
        Rows are day × quarter-hour (UTC): ``zenith``, ``azimuth`` (degrees), ``ghi``, ``dni``,
        ``dhi`` (W/m²: horizontal, direct normal, diffuse horizontal).
    """
    import pandas as pd
    from pvlib.location import Location

    days = pd.date_range("2025-01-01", "2025-12-31", freq=f"{STEP_DAYS}D", tz="UTC")
    quarters = pd.to_timedelta(np.arange(QUARTERS) * 15, unit="min")
    times = pd.DatetimeIndex([day + quarter for day in days for quarter in quarters])
    where = Location(place.latitude, place.longitude, tz="UTC")
    sun = where.get_solarposition(times)
    clear = where.get_clearsky(times, model="ineichen", solar_position=sun)
    columns = {name: clear[name].to_numpy() for name in ("ghi", "dni", "dhi")}
    columns |= {"zenith": sun["apparent_zenith"].to_numpy(), "azimuth": sun["azimuth"].to_numpy()}
    ids = [f"{day.dayofyear:03d}/{quarter:02d}" for day in days for quarter in range(QUARTERS)]
    return Table("sky", ids, columns)


def day_of_year(year: int, day: int) -> float:
    """A day of a leap year as a day of the 365 that the sky knows; from 1."""
    return min(day * 365.0 / 366.0 if calendar.isleap(year) else float(day), 365.0)
