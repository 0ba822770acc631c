"""Electricity: loads of buildings and the low-voltage grid."""
