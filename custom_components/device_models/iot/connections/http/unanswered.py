"""Requests that are not answered: errors of the network, as ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp

from ...errors import NotSentError, UnreachableError
from ...fetching import reason_of
from .request import Request


class UnansweredError(UnreachableError):
    """The server gives no usable answer this time; about others this says nothing."""


class Closable(Protocol):
    """What is asked."""

    @property
    def closed(self) -> bool:
        """Whether nothing is asked there any more."""


@asynccontextmanager
async def translated(request: Request, asked: Closable) -> AsyncIterator[None]:
    """Have errors of the network become ours.

    Raises:
        NotSentError: there was no connection.
        UnreachableError: in place of what aiohttp raises.

    """
    place = request.place
    try:
        yield
    except aiohttp.ClientResponseError as err:
        _forget_query(err)
        raise UnansweredError(address=place, reason=reason_of(err)) from err
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
        raise NotSentError(address=place, reason=reason_of(err)) from err
    except (aiohttp.ClientError, OSError) as err:
        reason = "closed" if asked.closed else reason_of(err)
        raise UnansweredError(address=place, reason=reason) from err
    except ValueError as err:
        # Of aiohttp: it does not like something that was to be sent.
        reason = "it cannot be asked that"
        raise UnansweredError(address=place, reason=reason) from err


def _forget_query(error: aiohttp.ClientResponseError) -> None:
    """Have an error say nothing of a query: it may be logged, and a key be in there."""
    asked = error.request_info
    error.request_info = asked._replace(
        url=asked.url.with_query(None), real_url=asked.real_url.with_query(None)
    )
    error.args = ()
