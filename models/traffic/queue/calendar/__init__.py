"""The event calendar of the queue engine."""
