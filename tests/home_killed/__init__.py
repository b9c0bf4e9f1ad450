"""Home Assistant, killed while it works."""
