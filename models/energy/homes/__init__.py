"""Households: who they are, and what their appliances and taps draw in a day."""
