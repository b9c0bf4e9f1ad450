"""A real Home Assistant with simulated devices, set up through its own config flows.

Started by ``script/demo``.
"""
