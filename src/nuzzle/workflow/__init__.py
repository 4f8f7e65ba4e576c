"""The main jobs, from files to files: train, evaluate, predict."""
