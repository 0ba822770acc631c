"""Public transport that drives: buses of a city's own scenario, and of a timetable."""
