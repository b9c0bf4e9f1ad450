"""From a model to entities: what each element becomes, and why."""

from .rules import PLATFORMS, count, decide, humanised

__all__ = ["PLATFORMS", "count", "decide", "humanised"]
