"""The queue engine: kinematic waves, vehicle by vehicle, event by event."""
