"""Tests of what knows nothing of Home Assistant."""
