"""What a device behind a broker says of itself, as a model.

Everything below the base topic is listened to for a moment: what the broker has
retained, and what the device happens to publish. The best of these is taken: a Homie
description, a payload that is a model document by itself, or what was heard as samples.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
import json
from typing import Final

from ...errors import ModelError
from ...formats import Loaded, load, load_document
from ...reading import Remark
from ...redaction import is_secret, redacted
from ...values import JsonValue
from .client import Message, MqttClient
from .topics import check_topic

SECONDS: Final = 3.0
"""For how long is listened."""

QUIET: Final = 0.5
"""Seconds without a message after which nothing more is waited for, if there is a
description. Without one, each live message may show another attribute."""

MAX_TOPICS: Final = 500
MAX_BYTES: Final = 256 * 1024
"""Of all topics and payloads together."""

HOMIE: Final = ("$description", "$homie")
"""Below the topic of a Homie device: of version 5, and of versions 3 and 4."""

PASSING: Final = ("$state", "$alert", "$log", "$stats")
"""What a Homie device says of itself at present, and not of what it is."""

MODEL: Final = ("td", "model", "thing", "$model")
"""Where devices and gateways retain a model, below the base; others come after."""

BEGINNINGS: Final = frozenset("{<[")
"""Of a payload that may be a model."""

COMMANDS: Final = ("/set", "/get", "/invoke")
"""What is sent to devices is nothing that they say."""


@dataclass(slots=True)
class _Heard:
    """What was published below a base topic."""

    base: str
    texts: dict[str, str] = field(default_factory=dict)
    """The newest payload of each topic."""
    size: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def full(self) -> bool:
        """Whether no more is kept."""
        return len(self.texts) >= MAX_TOPICS or self.size >= MAX_BYTES

    @property
    def is_homie(self) -> bool:
        """Whether the base is the topic of a Homie device."""
        return any(f"{self.base}/{key}" in self.texts for key in HOMIE)

    @property
    def homie_devices(self) -> list[str]:
        """The base topics of Homie devices below the base."""
        return sorted(
            {
                topic.rpartition("/")[0]
                for topic in self.texts
                if topic.endswith(tuple(f"/{key}" for key in HOMIE))
            }
        )

    def take(self, message: Message) -> None:
        """Keep a message, unless it is no text, or an order to the device."""
        self.came.set()
        if self.full or message.topic.endswith(COMMANDS):
            return
        try:
            text = message.payload.decode()
        except UnicodeDecodeError:
            return
        if self.size + len(message.topic) + len(message.payload) <= MAX_BYTES:
            self.size += len(message.topic) + len(message.payload)
            self.texts[message.topic] = text

    def documents(self) -> Iterator[str]:
        """Yield the topics whose payload may be a model, the likeliest first."""
        likely = [f"{self.base}/{name}" for name in MODEL]
        yield from (topic for topic in likely if topic in self.texts)
        for topic, text in self.texts.items():
            if topic not in likely and text.lstrip()[:1] in BEGINNINGS:
                yield topic

    def description(self) -> dict[str, JsonValue]:
        """Return what a Homie device says of itself, without its values."""
        below = f"{self.base}/"
        return {
            topic: text
            for topic, text in self.samples().items()
            if "$" in topic.removeprefix(below)
            and topic.removeprefix(below).partition("/")[0] not in PASSING
            and not topic.endswith("/$target")
        }

    def samples(self) -> dict[str, JsonValue]:
        """Return the payloads, without secrets."""
        return {
            topic: "" if is_secret(topic) else _redacted(text)
            for topic, text in self.texts.items()
        }


async def describe(client: MqttClient, base: str) -> Loaded:
    """Return the model of what is published below a base topic.

    Raises:
        ModelError: it is no base topic, or nothing was heard that a model could be
            made of.
        UnreachableError: not connected, or the subscription is refused.

    """
    base = base.strip("/")
    source = f"{client.address}/{base}"
    try:
        check_topic(base)
    except ValueError as err:
        raise ModelError(source=client.address, where="base", problem=str(err)) from err
    heard = await _listen(client, base)
    if not heard.texts:
        problem = f"nothing was published on {base}/# within {SECONDS:g} s"
        raise ModelError(source=source, where="", problem=problem[:200])
    return await asyncio.to_thread(_load, heard, source)


async def _listen(client: MqttClient, base: str) -> _Heard:
    """Return what is published below a topic while we listen."""
    heard = _Heard(base)
    end = await client.subscribe(f"{base}/#", heard.take)
    try:
        deadline = asyncio.get_running_loop().time() + SECONDS
        while not heard.full:
            heard.came.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(min(left, QUIET)):
                    await heard.came.wait()
            except TimeoutError:
                if left <= QUIET or await _says_what_it_is(heard):
                    break
    finally:
        await end()
    return heard


async def _says_what_it_is(heard: _Heard) -> bool:
    """Whether a description was heard, so that samples are not needed.

    On the base topic itself there may be a description, or what the device says at
    present: which one shows by what it is.
    """
    if heard.is_homie or any(f"{heard.base}/{key}" in heard.texts for key in MODEL):
        return True
    text = heard.texts.get(heard.base, "")
    return text.lstrip()[:1] in BEGINNINGS and await asyncio.to_thread(_is_model, text)


def _is_model(text: str) -> bool:
    """Whether a payload is a model, and not just an object that could make a draft."""
    try:
        return not load(text.encode(), "").model.draft
    except ModelError:
        return False


def _load(heard: _Heard, source: str) -> Loaded:
    """Return the best model that can be made of what was heard.

    Raises:
        ModelError: there is none.

    """
    if heard.is_homie:
        return load_document(heard.description(), source)
    if devices := heard.homie_devices:
        problem = f"expected the base topic of one device: {', '.join(devices)}"
        raise ModelError(source=source, where="", problem=problem[:200])
    remarks: list[Remark] = []
    unusable: set[str] = set()
    for topic in heard.documents():
        try:
            loaded = load(heard.texts[topic].encode(), f"{source} ({topic})"[:200])
        except ModelError as err:
            if topic.rpartition("/")[2] in MODEL:
                problem = f"{err.details['where']}: {err.details['problem']}"[:200]
                remarks.append(Remark(topic, f"no usable model: {problem}"))
                unusable.add(topic)
            continue
        if not loaded.model.draft:  # a draft is what any object makes
            return loaded
    samples = heard.samples()
    for topic in unusable:
        del samples[topic]
    document: dict[str, JsonValue] = {"topics": samples, "base": heard.base}
    loaded = load_document(document, source)
    return replace(loaded, remarks=(*loaded.remarks, *remarks))


def _redacted(text: str) -> str:
    """Return a payload without secrets; it stays as it is where it has none."""
    try:
        document = json.loads(text)
    except ValueError, RecursionError:
        return text
    if not isinstance(document, Mapping | list):
        return text
    without = redacted(document)
    return text if without == document else json.dumps(without, ensure_ascii=False)
