"""Trained models with all that they need, and what they say of recordings."""
