"""Indicators: the numbers by which two lives of a city are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neutral"]


@dataclass(frozen=True)
class Indicator:
    """What a number says and to whom it matters.

    Attributes
    ----------
    name
        ``service.what``, the key of the number and of its label in the catalogue of messages.
    unit
        Unit of the value over the whole run.
    better
        Which direction is an improvement.
    stakeholder
        To whom it matters: ``municipality``, ``firms``, ``households`` or ``everyone``.
    headline
        Whether it is one of the few by which its service is judged; a report's first screen takes
        these before the others.
    """

    name: str
    unit: str
    better: Better = "lower"
    stakeholder: str = "everyone"
    headline: bool = False

    @property
    def service(self) -> str:
        """The service, from the name."""
        return self.name.split(".", 1)[0]
