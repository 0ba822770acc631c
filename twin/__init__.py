"""CityTwin: a real city lives twice, once as it is and once with a policy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.city.city import City
    from twin.core.indicator import Indicator
    from twin.core.model import Model, Parameters
    from twin.core.port import Port
    from twin.errors import TwinError
    from twin.experiment.compare import Comparison, compare
    from twin.experiment.live import run
    from twin.policy.policy import Action, Event, Policy
    from twin.results.store import Run
    from twin.scenario.scenario import Scenario

_PLACES = {
    "Action": "twin.policy.policy",
    "City": "twin.city.city",
    "Comparison": "twin.experiment.compare",
    "Event": "twin.policy.policy",
    "Indicator": "twin.core.indicator",
    "Model": "twin.core.model",
    "Parameters": "twin.core.model",
    "Policy": "twin.policy.policy",
    "Port": "twin.core.port",
    "Run": "twin.results.store",
    "Scenario": "twin.scenario.scenario",
    "TwinError": "twin.errors",
    "compare": "twin.experiment.compare",
    "run": "twin.experiment.live",
}

__all__ = [  # noqa: RUF022 - in the order in which a reader meets them
    "City",
    "Scenario",
    "compare",
    "run",
    "Comparison",
    "Run",
    "Model",
    "Parameters",
    "Port",
    "Indicator",
    "Policy",
    "Event",
    "Action",
    "TwinError",
]


def __getattr__(name: str) -> Any:
    # Loaded when first used: `twin --help` must not wait for NumPy and numba.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'twin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
