"""The contract of a builder: it makes tables and links of one service from the map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from twin.city.city import City
from twin.city.features import Features


class Builder(ABC):
    """Makes some of the city's tables from others and from the map.

    Builders are found through the entry points ``citytwin.builders`` and run in the order of what
    they need. A builder takes from ``features`` what the map has (rows ``origin = "mapped"``) and
    infers the rest by stated rules (``origin = "inferred"``); for a city that came from SUMO,
    ``features`` is empty and all is inferred. It is deterministic: no random draws, no clock.
    """

    makes: ClassVar[tuple[str, ...]]
    """Tables that this builder adds."""
    needs: ClassVar[tuple[str, ...]] = ("edge",)
    """Tables that must be there before; a builder whose ``makes`` names them runs first."""

    @abstractmethod
    def build(self, city: City, features: Features) -> None:
        """Add the tables and links to ``city``."""
