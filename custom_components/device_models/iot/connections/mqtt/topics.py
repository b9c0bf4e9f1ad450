"""What a topic may be."""

from typing import Final

MAX_TOPIC_BYTES: Final = 65_535
"""MQTT 5 §1.5.4."""


def check_topic(topic: str) -> None:
    """See whether messages can be published to a topic (MQTT 5 §4.7).

    Raises:
        ValueError: they cannot.

    """
    size = len(topic.encode())  # raises ValueError for what is not Unicode
    if not topic or any(char in topic for char in "+#\0") or size > MAX_TOPIC_BYTES:
        raise ValueError(f"expected a topic without wildcards, got {topic[:80]!r}")
