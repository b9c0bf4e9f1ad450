"""Entities that are composed of several elements."""
