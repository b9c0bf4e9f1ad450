"""What a user says of an HTTP server: where it is, and how it knows who we are."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from yarl import URL

from ...errors import ValueRefusedError

SCHEMES: Final = frozenset({"http", "https"})


class Scheme(StrEnum):
    """How a server is shown who we are (Thing Description 1.1 §5.3.3)."""

    BASIC = "basic"
    DIGEST = "digest"
    BEARER = "bearer"
    APIKEY = "apikey"
    OAUTH2 = "oauth2"
    """Client credentials (RFC 6749 §4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One way to show who we are."""

    scheme: Scheme
    username: str = ""
    """For ``oauth2``, the id of the client."""
    secret: str = field(default="", repr=False)
    """The password, token, key, or secret of the client."""
    where: str = "header"
    """Where it goes: ``header``, ``query`` or ``cookie``."""
    name: str = ""
    """Of the header, parameter or cookie, if it is not the usual one."""
    token_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """One HTTP server."""

    url: str
    """``scheme://host[:port][/base-path]``"""
    security: tuple[Credentials, ...] = ()
    """All of them are shown."""
    verify_tls: bool = True

    @property
    def base(self) -> URL:
        """The address, with a slash at its end: what is below it is relative to it.

        Raises:
            ValueRefusedError: it is none.

        """
        expected = "expected an address that begins with http:// or https://"
        try:
            url = URL(self.url.strip())
        except ValueError:
            raise ValueRefusedError(name="url", problem=expected) from None
        if url.scheme not in SCHEMES or not url.host:
            raise ValueRefusedError(name="url", problem=expected)
        if url.raw_user is not None or url.raw_password is not None:
            problem = "expected an address without user name and password"
            raise ValueRefusedError(name="url", problem=problem)
        plain = url.with_query(None).with_fragment(None)
        if plain.is_default_port():
            plain = plain.with_port(None)
        # That of a server alone is said to be "/", but is not spelled with it.
        path = f"{plain.raw_path.removesuffix('/')}/"
        return plain.with_path(path, encoded=True)
