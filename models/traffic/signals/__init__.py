"""Adaptive signals, signal plans."""
