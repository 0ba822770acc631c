"""SFpark's rule on a stated case: how full blocks are and how long the search takes, before, after.

``python -m bench.parking [--quick] [--json FILE]``; the published effects stand beside ours.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from models.parking.rounds import rounds
from tests.models.parking_town import scenario, town

BANDS = ("09:00-12:00", "12:00-15:00", "15:00-18:00")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three changes of price, not ten")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    case = scenario(10, start="08:30", turnover=0.7, occupied=0.85, stay=60.0, price=2.0)
    first, *_, last = rounds(case, town(6), bands=BANDS, most=3 if given.quick else 10)
    found = {"full blocks": (first.full, last.full)}
    for name in ("search_time", "search_distance", "occupancy", "mean_price", "revenue"):
        key = f"parking.{name}"
        found[name] = (first.indicators[key], last.indicators[key])
    published = {"full blocks": "-16 %", "search_time": "-43 %, control -13 %",
                 "search_distance": "-30 %"}  # fmt: skip
    for name, (before, after) in found.items():
        change = 100.0 * (after / before - 1.0)
        print(
            f"{name:16s} {before:10.3f} {after:10.3f} {change:+6.1f} %  "
            f"SFpark: {published.get(name, '-')}"
        )
    if given.json is not None:
        given.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
