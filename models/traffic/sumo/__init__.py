"""The engine SUMO: its process, what it is given, what is read of it, and how controls reach it."""

from models.traffic.sumo.process import Simulation, home

__all__ = ["Simulation", "home"]
