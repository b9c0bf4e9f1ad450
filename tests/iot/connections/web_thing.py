"""A Web Thing on the port that is given, by an independent implementation."""

import sys
import time
from typing import Any
import uuid

from webthing import (  # type: ignore[import-untyped]
    Action,
    Event,
    Property,
    SingleThing,
    Thing,
    Value,
    WebThingServer,
)


class Fade(Action):
    """Goes to a level, and tells that it is hot there."""

    def __init__(self, thing: Thing, input_: Any) -> None:
        """Take the level."""
        super().__init__(uuid.uuid4().hex, thing, "fade", input_=input_)

    def perform_action(self) -> None:
        """Do it, in a thread of its own."""
        time.sleep(0.2)
        self.thing.set_property("level", self.input["level"])
        self.thing.add_event(Event(self.thing, "hot", data=102))


def main() -> None:
    """Serve the thing until the process is ended."""
    thing = Thing("urn:test:lamp", "Lamp")
    for name, kind, value in (("on", "boolean", True), ("level", "integer", 50)):
        thing.add_property(Property(thing, name, Value(value), {"type": kind}))
    thing.add_available_action("fade", {"input": {"type": "object"}}, Fade)
    thing.add_available_event("hot", {"type": "number"})
    port = int(sys.argv[1])
    WebThingServer(SingleThing(thing), port, disable_host_validation=True).start()


if __name__ == "__main__":
    main()
