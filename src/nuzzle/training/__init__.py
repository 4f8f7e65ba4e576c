"""From recordings to a trained model."""
