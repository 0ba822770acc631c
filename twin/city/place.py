"""Where a city is: its projected coordinates, time zone, country and side of the road."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from twin.city.city import Place
from twin.city.words import words

Floats = npt.NDArray[np.float64]

NOWHERE = Place(
    crs="+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs",
    longitude=0.0,
    latitude=0.0,
    timezone="UTC",
)
"""The place of a network without geographic coordinates."""

# Countries and territories that drive on the left (ISO 3166-1 alpha-2).
LEFT = words(
    "AG AI AU BB BD BM BN BS BT BW CC CK CX CY DM FJ FK GB GD GG GY HK ID IE IM IN JE JM JP "
    "KE KI KN KY LC LK LS MO MS MT MU MV MW MY MZ NA NF NP NR NU NZ PG PK PN SB SC SG SH SR "
    "SZ TC TH TK TL TO TT TV TZ UG VC VG VI WS ZA ZM ZW"
)


def utm(longitude: float, latitude: float) -> str:
    """EPSG code of the UTM zone of a point, north or south."""
    zone = int((longitude + 180.0) % 360.0 // 6.0) + 1
    return f"EPSG:{(32600 if latitude >= 0.0 else 32700) + zone}"


def utm_definition(crs: str) -> str:
    """The proj string of a code made by :func:`utm`, as netconvert wants it."""
    code = int(crs.removeprefix("EPSG:"))
    south = " +south" if code > 32700 else ""
    return f"+proj=utm +zone={code % 100}{south} +ellps=WGS84 +datum=WGS84 +units=m +no_defs"


def centre(lonlat: Floats) -> tuple[float, float]:
    """Median longitude and latitude, degrees; right on both sides of the antimeridian.

    Parameters
    ----------
    lonlat : (n, 2) float64, degrees
    """
    longitude = lonlat[:, 0]
    if np.ptp(longitude) > 180.0:
        longitude = np.where(longitude < 0.0, longitude + 360.0, longitude)
    middle = (float(np.median(longitude)) + 180.0) % 360.0 - 180.0
    return round(middle, 6), round(float(np.median(lonlat[:, 1])), 6)


def place(longitude: float, latitude: float, *, crs: str = "", country: str = "") -> Place:
    """The place around a centre, in degrees; ``country`` when the map itself says it."""
    import tzfpy

    timezone = tzfpy.get_tz(longitude, latitude) or "UTC"
    return Place(
        crs=crs or utm(longitude, latitude),
        longitude=longitude,
        latitude=latitude,
        timezone=timezone,
        country=country or country_of(timezone),
    )


def country_of(timezone: str) -> str:
    """ISO 3166-1 code of the country that a time zone was made for; empty when it has none."""
    return _countries().get(timezone, "")


@cache
def _countries() -> dict[str, str]:
    from importlib import resources

    # zone.tab has one country a zone; zone1970.tab merges countries that share a clock.
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def drives_left(country: str) -> bool:
    """Whether the traffic of a country keeps to the left."""
    return country in LEFT


def transform(lonlat: Floats, crs: str) -> Floats:
    """Degrees (WGS 84) to projected metres; (n, 2) float64, not finite where there is no image."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = there.transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack((x, y))


def inverse(metres: Floats, crs: str) -> Floats:
    """Projected metres to degrees (WGS 84); (n, 2) float64."""
    from pyproj import Transformer

    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = back.transform(metres[:, 0], metres[:, 1])
    return np.column_stack((longitude, latitude))
