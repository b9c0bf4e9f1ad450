"""The systems behind which devices live: one module for each, one contract."""
