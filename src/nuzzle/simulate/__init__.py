"""Simulated recordings of two mice, in the genuine file layouts."""

from nuzzle.simulate.recordings import simulate, simulate_recording

__all__ = ["simulate", "simulate_recording"]
