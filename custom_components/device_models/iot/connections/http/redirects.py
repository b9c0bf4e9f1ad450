"""Where a server says to go on, and where we do (RFC 9110 §15.4)."""

from typing import Final

from yarl import URL

from ...errors import RejectedError
from .request import Request

MAX_REDIRECTS: Final = 5

TO_GET: Final = 303
"""§15.4.4: it is done, and elsewhere it is told what came of it."""

SAME_METHOD: Final = frozenset({307, 308})
REDIRECTS: Final = SAME_METHOD | {301, 302, TO_GET}


def next_url(request: Request, url: URL, target: URL) -> URL:
    """Return where a server says to go on.

    Raises:
        RejectedError: that may not be followed.

    """
    answer = ""
    if target.scheme not in {"http", "https"} or not target.host:
        answer = "with a redirect to what is no web server"
    elif target.raw_user is not None or target.raw_password is not None:
        answer = "with a redirect that has a user name in it"
    elif url.scheme == "https" and target.scheme != "https":
        answer = "with a redirect from https to http"
    if answer:
        raise RejectedError(address=request.place, answer=answer)
    return target.with_fragment(None)
