"""Simulated recordings of two mice, in the genuine file layouts."""
