"""From a trained model and recordings to probabilities."""
