"""What is done to the probabilities of models: combined, calibrated, adapted to a recording."""
