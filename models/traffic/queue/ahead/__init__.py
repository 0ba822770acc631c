"""What the next events will need, fetched before them."""
