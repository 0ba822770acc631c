"""Citizens before prices on the streets: each trip answers once, and only where it is driven."""

from __future__ import annotations

import numpy as np
import pytest

from models.citizens.model import Citizens
from models.citizens.policies import CarPrice
from tests.models.citizens_town import Life, live, town
from twin.core.world import World
from twin.errors import ConfigError


def priced(port: str, *, others: bool = False, **cars: float | bool) -> Life:
    """A life with 10 EUR on every street, and cars of some kind."""

    def price(model: Citizens, now: int) -> None:
        model[port][:] = 10.0 if now >= 0 else 0.0

    def prepare(world: World) -> None:
        if others:
            world.announced["citizens.trips"] = False
        share, odd = cars.get("share", 1.0), bool(cars.get("odd", False))
        world.announced["traffic.car_prices"] = lambda persons: (
            np.full(len(persons), float(share)),
            (persons % 2 == 1) & odd,
        )

    return live(town(), length=3.5, each=price, prepare=prepare)


def drivers(life: Life) -> tuple[int, int]:
    """Trips by car of persons with an even and with an odd number."""
    odd = life.trips[:, 3] % 2 == 1
    return int(np.count_nonzero(~odd)), int(np.count_nonzero(odd))


def test_a_zone_is_answered_by_those_whose_cars_it_bans() -> None:
    free = live(town(), length=3.5)
    zone = priced("traffic.zone_fine", odd=True)
    assert drivers(zone)[0] == drivers(free)[0]
    assert drivers(zone)[1] < 0.5 * drivers(free)[1]


def test_an_exempt_car_is_driven_as_without_a_toll() -> None:
    free = live(town(), length=3.5)
    dear, exempt = (priced("traffic.toll", share=share) for share in (1.0, 0.0))
    assert exempt.indicators["citizens.trips_car"] == pytest.approx(
        free.indicators["citizens.trips_car"], rel=0.02
    )
    assert dear.indicators["citizens.trips_car"] < 0.5 * free.indicators["citizens.trips_car"]


def test_where_others_drive_citizens_neither_answer_nor_pay() -> None:
    free = live(town(), length=3.5)
    life = priced("traffic.toll", others=True, odd=True)
    assert life.indicators.keys() == {"citizens.waste"}
    assert [i.name for i in life.model.tells()] == ["citizens.waste"]
    assert not life.world.ledger.rows
    assert (life.trips == free.trips).all()
    assert (life.present == free.present).all()


def test_a_price_of_trips_that_nobody_drives_is_refused() -> None:
    world = live(town(), length=0.1).world
    world.announced["citizens.trips"] = False
    with pytest.raises(ConfigError, match="would change nothing"):
        CarPrice(world, CarPrice.Parameters()).setup()
