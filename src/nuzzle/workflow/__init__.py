"""The main jobs, from files to files: train, crossval, tune, evaluate, predict, explain."""
