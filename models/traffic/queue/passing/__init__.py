"""When a vehicle may leave a link and enter the next."""
