"""Preparation steps: pure functions from recording to recording."""
