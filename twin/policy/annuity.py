"""A purchase as equal yearly payments over its life."""

from __future__ import annotations


def annuity(rate: float, life: float) -> float:
    """Yearly payment for a capital of 1 over ``life`` years, 1/a.

    ``r / (1 - (1 + r)^-n)``, and ``1 / n`` without interest (VDI 2067-1).
    """
    return rate / (1.0 - (1.0 + rate) ** -life) if rate > 0.0 else 1.0 / life
