"""Buildings where a map has streets but no houses: rows along the streets, by stated rules."""

from __future__ import annotations

from twin.city.city import City
from twin.city.features import Features


def complete(city: City, features: Features) -> None:
    """Add inferred buildings."""
