"""For authors of models: check, preview and simulate them without Home Assistant."""
