"""Questions about many devices."""
