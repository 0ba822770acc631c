"""Shortest ways of the queue engine."""
