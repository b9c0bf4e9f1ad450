"""Device models and virtual devices, in plain asyncio Python.

Nothing below this package knows Home Assistant.
"""
