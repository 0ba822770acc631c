"""Citizens: the common cause of trips, presence and waste."""
