"""From probabilities to bouts."""
