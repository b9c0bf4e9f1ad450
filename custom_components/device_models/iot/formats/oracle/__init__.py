"""Oracle IoT device models."""

from .reading import FORMAT, read_model
from .writing import write_model

__all__ = ["FORMAT", "read_model", "write_model"]
