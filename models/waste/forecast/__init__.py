"""Levels of containers: estimated from recordings, and forecast with intervals."""

from __future__ import annotations

from models.waste.forecast.filling import Filling, Parameters, follow
from models.waste.forecast.fitting import fit, learn
from models.waste.forecast.judge import Evaluation, Score, evaluate, rolling
from models.waste.forecast.outlook import Outlook, forecast
from models.waste.forecast.recording import Recording, read_recording

__all__ = [
    "Evaluation",
    "Filling",
    "Outlook",
    "Parameters",
    "Recording",
    "Score",
    "evaluate",
    "fit",
    "follow",
    "forecast",
    "learn",
    "read_recording",
    "rolling",
]
