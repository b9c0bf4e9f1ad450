"""What TLS needs beyond the system's own authorities."""

from dataclasses import dataclass, field
from pathlib import Path
import ssl
import tempfile


class TlsFileError(ValueError):
    """One of the parts is no such thing."""

    def __init__(self, part: str, problem: str) -> None:
        """Name the part: ca or client_certificate, and what is wrong with it."""
        super().__init__(problem)
        self.part = part


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Authority, certificate and key, each in PEM."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Return the context. This reads files: not in the event loop.

        Raises:
            TlsFileError: one of the parts is no such thing.

        """
        try:
            context = ssl.create_default_context(cadata=self.ca)
        except (ssl.SSLError, TypeError) as err:  # TypeError: not ASCII
            problem = f"the CA certificate is not usable: {err}"
            raise TlsFileError("ca", problem) from err
        if self.ca:
            # Authorities made at home often lack the extensions that Python wants
            # since 3.13; what they sign is checked all the same.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.certificate:
            self._present(context, self.certificate)
        return context

    def _present(self, context: ssl.SSLContext, certificate: str) -> None:
        """Have the context present our certificate.

        Raises:
            TlsFileError: it is none, or the key does not fit it.

        """
        # Python's ssl takes a certificate chain from files only.
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder, "chain.pem")
            chain.touch(mode=0o600)
            chain.write_text(f"{certificate}\n{self.key or ''}\n", encoding="utf-8")
            try:
                # Without a password OpenSSL would ask for one on the terminal.
                context.load_cert_chain(chain, password="")
            except (ssl.SSLError, OSError) as err:
                problem = f"the client certificate and its key are not usable: {err}"
                raise TlsFileError("client_certificate", problem) from err
