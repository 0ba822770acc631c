"""The shipped scenarios: one folder a city."""
