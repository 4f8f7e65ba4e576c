"""Architectures: plain torch modules that know nothing of files."""
