"""node-wot, an independent implementation of the Web of Things, beside a test.

Its packages are those of ``package-lock.json``; they are fetched once, into ``.cache``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import hashlib
from pathlib import Path
import shutil
import socket
import subprocess
from typing import Final, NamedTuple

from filelock import FileLock

from ..iot.connections.things import free_port

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parent.parent / ".cache" / "node_wot"
PACKAGES: Final = ("package.json", "package-lock.json")

FETCHES_WITHIN: Final = 240
STARTS_WITHIN: Final = 30


class MissingError(Exception):
    """The packages cannot be fetched."""


def fetched(npm: str) -> Path:
    """Return the folder with the packages, fetched if they are not there.

    Raises:
        MissingError: they cannot be fetched.

    """
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PACKAGES))
    mark = CACHE / "fetched"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{CACHE}.lock", timeout=FETCHES_WITHIN):
        if not mark.is_file() or mark.read_text() != digest.hexdigest():
            for name in PACKAGES:
                shutil.copy(HERE / name, CACHE)
            # Without scripts: what some packages would compile is for DTLS only.
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                subprocess.run(  # noqa: S603  (a command of the tests)
                    command,
                    cwd=CACHE,
                    timeout=FETCHES_WITHIN,
                    check=True,
                    capture_output=True,
                )
            except (subprocess.SubprocessError, OSError) as err:
                said = getattr(err, "stderr", None) or b""
                raise MissingError(f"{err} {said.decode()[-300:]}") from err
            mark.write_text(digest.hexdigest())
    return CACHE / "node_modules"


class Things(NamedTuple):
    """Where the Things are: the ports of this host.

    Each is at the path, or the topic, of its name: ``bench``, ``vault``.
    """

    http: int
    coap: int


@dataclass(frozen=True, slots=True)
class NodeWot:
    """A node with the packages of node-wot."""

    node: str
    modules: Path

    def command(self, script: str, *arguments: str) -> list[str]:
        """Return how to run one of the scripts in this folder."""
        path = ["env", f"NODE_PATH={self.modules}"]
        return [*path, self.node, str(HERE / script), *arguments]

    @contextmanager
    def things(self, broker: int | None = None) -> Iterator[Things]:
        """Serve the Things of ``things.js``, with the port of a broker by MQTT, too."""
        http, coap = free_port(), free_port(socket.SOCK_DGRAM)
        more = () if broker is None else (f"mqtt://127.0.0.1:{broker}",)
        process = subprocess.Popen(  # noqa: S603  (a command of the tests)
            self.command("things.js", f"{http}", f"{coap}", *more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout
        try:
            assert process.stdout.readline() == b"ready\n", "node-wot does not start"
            yield Things(http, coap)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
