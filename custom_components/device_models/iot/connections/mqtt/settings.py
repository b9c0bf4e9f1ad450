"""How to reach a broker."""

from dataclasses import dataclass, field

from ..tls import TlsFiles


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach a broker."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsFiles | None = None
    version: str = "5"
    """``5`` or ``3.1.1``."""
    will_topic: str | None = None
    """Where the broker says, retained, whether we are there: online or offline."""

    @property
    def address(self) -> str:
        """The address for people, without secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"
