"""What Home Assistant's side knows of CoAP: its flows, its actions, its repairs."""
