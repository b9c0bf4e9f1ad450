"""Home Assistant's side of HTTP: its forms, and what an entry's data says."""
