"""Which way a vehicle takes at the end of a link."""
