"""Citizens before prices on the streets: each trip answers once, and only where it is driven."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.citizens.columns import CAR, TRANSIT
from models.citizens.kernels import _pick
from models.citizens.model import Citizens, _choice
from models.citizens.policies import CarPrice
from models.citizens.worth import forgone, swap
from tests.models.citizens_town import Life, live, town
from twin.core.world import World
from twin.errors import ConfigError


def priced(
    port: str, *, others: bool = False, length: float = 3.5, suppression: float = 0.2, **cars: float
) -> Life:
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

    return live(town(), length=length, each=price, prepare=prepare, suppression=suppression)


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


@settings(max_examples=200, deadline=None)
@given(
    utilities=st.tuples(*[st.floats(-3.0, 1.0)] * 4),
    price=st.floats(0.01, 20.0),
    key=st.integers(1, 2**60),
)
def test_who_swaps_the_mode_loses_at_most_the_price(
    utilities: tuple[float, ...], price: float, key: int
) -> None:
    choice = _choice(Citizens.Parameters(), -1.3)
    free = np.array(utilities)
    free[CAR] += 3.0
    values = free.copy()
    values[CAR] += choice.cost * price
    usual, mode = (_pick(v, np.uint64(key), 64, True) for v in (free, values))
    if not usual == CAR != mode:
        return
    worth = swap(choice, free, values, mode, np.uint64(key), 64, 3.0)
    loss = worth - 3.0 + (choice.fare if mode == TRANSIT else 0.0)
    assert -1e-9 <= loss <= price + 1e-9
    lost = forgone(choice, free, values, mode, 0.0) - 2.0 * choice.fare * (mode == TRANSIT)
    assert -1e-9 <= lost <= 0.5 * price + 1e-9


def test_trips_that_a_price_ends_are_told_with_what_they_were_worth() -> None:
    def worth(life: Life) -> dict[str, float]:
        found: dict[str, float] = {}
        for _, payer, _, amount, category in life.world.ledger.rows:
            if payer == "drivers":
                found[category] = found.get(category, 0.0) + amount
        return found

    day = {"length": 6.0, "suppression": 1.0}
    free, dear = live(town(), **day), priced("traffic.toll", **day)
    assert worth(free) == {}
    fewer = free.indicators["citizens.trips_car"] - dear.indicators["citizens.trips_car"]
    assert 0.0 < worth(dear)["trips by another mode"] < 15.0 * fewer
    assert worth(dear)["trips not made"] > 0.0


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
