"""A timetable: read from a small feed, turned into times between zones, felt in mode choice."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from models.citizens import space
from models.citizens.transit import between_zones
from tests.models import citizens_town
from twin.city.city import City
from twin.city.gtfs import read_feed
from twin.city.gtfs_tables import clock
from twin.errors import DataError

TUESDAY, SUNDAY = date(2025, 1, 14), date(2025, 1, 19)


def write_feed(folder: Path, city: City, headway: int = 600, ride: int = 240) -> Path:
    """One line from the west of a town to its east and back, on weekdays."""
    to_degrees = Transformer.from_crs(city.place.crs, "EPSG:4326", always_xy=True)
    points = city["building"].points
    y = float(np.median(points[:, 1]))
    places = {
        "west": (points[:, 0].min(), y),
        "middle": (points[:, 0].mean(), y),
        "east": (points[:, 0].max(), y),
    }
    stops = ["stop_id,stop_name,stop_lat,stop_lon"]
    for name, (a, b) in places.items():
        longitude, latitude = to_degrees.transform(a, b)
        stops.append(f"{name},{name.title()},{latitude:.7f},{longitude:.7f}")
    times = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]
    for trip, order in (("out", ("west", "middle", "east")), ("back", ("east", "middle", "west"))):
        for number, stop in enumerate(order):
            minute, second = divmod(number * ride // 2, 60)
            moment = f"6:{minute:02d}:{second:02d}"
            times.append(f"{trip},{moment},{moment},{stop},{number}")
    files = {
        "stops.txt": "\n".join(stops),
        "routes.txt": "route_id,route_short_name,route_type\nr,7,0",
        "trips.txt": "route_id,service_id,trip_id\nr,week,out\nr,week,back",
        "stop_times.txt": "\n".join(times),
        "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
        "start_date,end_date\nweek,1,1,1,1,1,0,0,20250101,20251231",
        "calendar_dates.txt": "service_id,date,exception_type\nweek,20250115,2",
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs\n"
        f"out,06:00:00,22:00:00,{headway}\nback,06:00:00,22:00:00,{headway}",
    }
    file = folder / f"feed-{headway}-{ride}.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text + "\n")
    return file


@pytest.fixture(scope="module")
def town() -> City:
    return citizens_town.town()


def test_a_feed_gives_lines_headways_and_rides(town: City, tmp_path: Path) -> None:
    feed = read_feed(write_feed(tmp_path, town), TUESDAY)
    assert [line.mode for line in feed.lines] == ["tram", "tram"]
    line = feed.lines[0]
    assert [feed.names[stop] for stop in line.stops] == ["West", "Middle", "East"]
    assert line.ride.tolist() == [0.0, 120.0, 240.0]
    assert line.hourly(6 * 3600.0, 22 * 3600.0) == 6.0


@pytest.mark.parametrize("day", [SUNDAY, date(2025, 1, 15), date(2026, 1, 13)])
def test_days_without_service_are_an_error_that_says_which_there_are(
    town: City, tmp_path: Path, day: date
) -> None:
    with pytest.raises(DataError, match="20250101 to 20251231"):
        read_feed(write_feed(tmp_path, town), day)


def test_a_broken_feed_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such GTFS feed"):
        read_feed(tmp_path / "none.zip", TUESDAY)
    (tmp_path / "feed").mkdir()
    with pytest.raises(DataError, match=r"no stops\.txt"):
        read_feed(tmp_path / "feed", TUESDAY)
    (tmp_path / "feed" / "stops.txt").write_text("stop_id,stop_lat,stop_lon\na,north,24.9\n")
    (tmp_path / "feed" / "trips.txt").write_text("trip_id,service_id\nt,s\n")
    times = tmp_path / "feed" / "stop_times.txt"
    times.write_text("trip_id,stop_id\n")
    with pytest.raises(DataError, match=r"stop_times\.txt of the GTFS feed has no column 'stop_se"):
        read_feed(tmp_path / "feed", TUESDAY)
    times.write_text("trip_id,stop_id,stop_sequence,arrival_time\nt,a,1,7:00:00\nt,a,2,7:01:00\n")
    dates = "service_id,date,exception_type\ns,20250114,1\n"
    (tmp_path / "feed" / "calendar_dates.txt").write_text(dates)
    with pytest.raises(DataError, match="'north' is no number"):
        read_feed(tmp_path / "feed", TUESDAY)
    with pytest.raises(DataError, match="'noon' is not a time"):
        clock("noon")


def test_hours_after_midnight_belong_to_the_day_before() -> None:
    assert clock("25:10:00") == 90_600.0


def test_times_between_zones_are_those_of_the_timetable(town: City, tmp_path: Path) -> None:
    places = space.make(town)
    feed = read_feed(write_feed(tmp_path, town, headway=600, ride=240), TUESDAY)
    found = between_zones(town, places, feed, 6 * 3600.0, 22 * 3600.0)
    x = places.centre[: places.zones, 0]
    west, east = int(x.argmin()), int(x.argmax())
    assert found.ride[west, east] in (120.0, 240.0)
    assert found.pause[west, east] >= 300.0  # half of a headway
    half = read_feed(write_feed(tmp_path, town, headway=1200, ride=240), TUESDAY)
    slower = between_zones(town, places, half, 6 * 3600.0, 22 * 3600.0)
    assert slower.pause[west, east] == pytest.approx(found.pause[west, east] + 300.0, abs=200.0)


def test_a_better_timetable_draws_people_from_their_cars(town: City, tmp_path: Path) -> None:
    trips = [
        citizens_town.live(
            town, length=6.0, gtfs_file=str(write_feed(tmp_path, town, headway, ride))
        ).indicators["citizens.trips_transit"]
        for headway, ride in ((180, 120), (3600, 1800))
    ]
    assert trips[0] > 1.2 * trips[1]
