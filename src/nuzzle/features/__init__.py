"""Features: torch functions on poses, with named columns and units."""
