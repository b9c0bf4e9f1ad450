"""Questions about all devices: what is found, and what is counted together."""
