"""Where a device's elements are found on an HTTP server.

The default layout needs no binding: ``<attribute>`` (GET, PUT), ``<action>`` (POST),
``alert/<format>`` (server-sent events), and ``state`` with all attributes at once,
where the device has it (GET, server-sent events). The ``http`` part of a device file's
binding overrides any of it:

``state``: a URL, false for none, or ``{url, method, format, observe, observe_url,
writable, write, write_method, write_format, times}``.
``attributes``: by name, a URL, false for none, or ``{url, pointer, method, format,
observe, observe_url, poll, read, write, write_method, write_format, times}``. ``read:
false`` is for what cannot be read there, ``write: false`` for what cannot be written,
``times: iso`` for a device that takes times as ISO 8601 and not as milliseconds since
1970.
Of an attribute with a content ``{url, method, content, observe, observe_url}``, where
``content`` is its media type here, if that is not the model's.
``actions``: by name, a URL, false for none, or ``{url, method, format, bare, query,
cancel}``; ``query`` and ``cancel`` are where a call that goes on is asked for, and
ended, if the device does not say so when it is called.
``alerts``: by name, a URL, false for none, or ``{url, format, observe, observe_url}``.

``observe`` is how the device tells by itself: ``longpoll``, ``sse``, ``ws`` (a
WebSocket on which each message is a value) or ``webthing`` (one with the messages of
the Web Thing API); false for not at all. ``observe_url`` is where, if elsewhere.
``poll: false`` is for what comes by itself only, and cannot be asked for. ``end``
(``{url, method}``) is for a device that has to be told when it need not tell any more.

``write`` is another URL to write to. ``method`` is GET or POST for what is read, POST,
PUT, PATCH, GET or DELETE for an action; ``write_method`` is PUT, POST or PATCH.
``address`` is not used here; ``addresses`` are those at which all of it is in the same
way: if that of the connection is one of them, it stands for the others.

A URL is relative to the device's base path, or from the root of the connection's
server on (``/…``), or has its own scheme and host. In one that is written to, or of an
action, ``{name}`` is replaced by a value. One of a WebSocket (``ws``, ``wss``) is that
of the Web Thing API, and must be one that values or alerts come from.
"""

from typing import Final, override
from urllib.parse import quote, urljoin, urlsplit

from yarl import URL

from ...binding import Binding
from ...codecs import Slot
from ...model import DeviceModel
from ...reading import Element, Unusable
from ..asking import PlacesReader
from ..layout import codec_of
from .request import Method
from .resource import HttpLayout, Resource, Source, Target, Way, Writing

READ_METHODS: Final = (Method.GET, Method.POST)
WRITE_METHODS: Final = (Method.PUT, Method.POST, Method.PATCH)
CALL_METHODS: Final = (
    Method.POST, Method.PUT, Method.PATCH, Method.GET, Method.DELETE,
)  # fmt: skip
END_METHODS: Final = (Method.DELETE, Method.POST, Method.PUT, Method.GET)
"""Each of them with the default first."""

SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})

MAX_URL: Final = 2_000
"""Characters."""


def http_layout(model: DeviceModel, binding: Binding, base: URL) -> HttpLayout:
    """Return the layout of a device on a server.

    Raises:
        ModelError: the binding names elements the model does not have, or is malformed.

    """
    try:
        return _Reader(model, binding, base).read()
    except Unusable as err:
        raise err.within(model.name) from err


class _Reader(PlacesReader[Resource, Writing, Target]):
    """Reads the ``http`` part of one binding."""

    place = "url"

    def __init__(self, model: DeviceModel, binding: Binding, base: URL) -> None:
        top = Element(dict(binding.layouts), "binding").object("http")
        super().__init__(model, top)
        self._own = str(base.origin())
        listed = frozenset(str(one) for one in top.array("addresses"))
        self._same = listed if self._own in listed else frozenset()
        below = binding.base.strip("/")
        self._base = str(base) + (f"{below}/" if below else "")

    def read(self) -> HttpLayout:
        """Return the layout."""
        _checked(self._base, Element({}, "base"))
        self._attributes()
        shared = list(self._state())
        return HttpLayout(
            resources=(*shared, *self._resources.values()),
            writes=self._by_name(),
            together=self._together,
            actions=self._targets("actions", self._model.actions, ""),
            alerts=self._targets("alerts", self._model.formats, "alert/"),
            contents=self._contents,
        )

    @override
    def _resource(
        self,
        element: Element,
        path: str,
        slots: tuple[Slot, ...],
        *,
        observe: bool,
        shared: bool = False,
    ) -> Resource:
        return Resource(
            path=path,
            slots=slots,
            codec=codec_of(element),
            method=_method_of(element, "method", READ_METHODS),
            source=self._source(element, path, Way.SSE if shared else None),
            polled=element.flag("poll", default=True),
            shared=shared,
        )

    @override
    def _writing(self, element: Element, path: str, slots: tuple[Slot, ...]) -> Writing:
        method = _method_of(element, "write_method", WRITE_METHODS)
        return Writing(
            path=path,
            codec=codec_of(element, "write_format") or codec_of(element),
            slots=slots,
            whole=method is Method.PUT,
            method=method,
        )

    @override
    def _target(self, element: Element, path: str, kind: str) -> Target:
        alert = kind == "alerts"
        query, cancel = element.text("query"), element.text("cancel")
        return Target(
            path=path,
            codec=codec_of(element),
            method=_method_of(element, "method", CALL_METHODS),
            bare=element.flag("bare", default=False),
            source=self._source(element, path, Way.SSE) if alert else None,
            query=self._below(query, element) if query else "",
            cancel=self._below(cancel, element) if cancel else "",
        )

    def _source(
        self, element: Element, path: str, default: Way | None
    ) -> Source | None:
        """Return where values come by themselves, if they do."""
        spelled = element.content.get("observe", default)
        if spelled is None or spelled is False:
            return None
        if not isinstance(spelled, str) or spelled not in Way:
            element.refuse(f"expected one of {', '.join(Way)}, or false", "observe")
        elsewhere, end = element.text("observe_url"), element.object("end")
        end_url = end.text("url")
        return Source(
            Way(spelled),
            self._below(elsewhere, element) if elsewhere else path,
            self._below(end_url, end) if end_url else "",
            _method_of(end, "method", END_METHODS),
        )

    @override
    def _default(self, name: str) -> str:
        return quote(name, safe="")

    @override
    def _below(self, place: str, element: Element) -> str:
        try:
            whole = urljoin(self._base, place)
            parts = urlsplit(whole)
        except ValueError:
            element.refuse("expected a URL")
        address = f"{parts.scheme}://{parts.netloc}"
        if address in self._same:
            whole = self._own + whole.removeprefix(address)
        return _checked(whole, element)


def _checked(url: str, element: Element) -> str:
    """Return a URL if it can be asked."""
    try:
        parsed = URL(url)
    except ValueError:
        element.refuse("expected a URL")
    if parsed.scheme not in SCHEMES or not parsed.host:
        element.refuse(f"expected a URL of {', '.join(sorted(SCHEMES))}")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        element.refuse("expected a URL without user name and password")
    if len(url) > MAX_URL:
        element.refuse(f"expected at most {MAX_URL} characters")
    return url


def _method_of(element: Element, key: str, known: tuple[Method, ...]) -> Method:
    """Return a method that an override names, or the first of those there are."""
    name = element.text(key).upper()
    if not name:
        return known[0]
    if name not in known:
        element.refuse(f"expected one of {', '.join(known)}", key)
    return Method(name)
