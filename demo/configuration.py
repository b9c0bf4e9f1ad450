"""The configuration directory of the demo's Home Assistant."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any, Final

from .children import ROOT
from .errors import DemoError

PORTS: Final = "demo.json"
"""The file by which a kept directory is known, with the ports that it was made for."""

# default_config wants the internet; this is what the page needs and people look at.
YAML: Final = """\
homeassistant:
  name: Device Models
  country: GB
  currency: EUR
  unit_system: metric
automation:
config:
frontend:
history:
logbook:
scene:
script:
system_health:
system_log:
logger:
  default: warning
  logs:
    custom_components.device_models: info
    # Says at each start that a custom integration is one
    homeassistant.loader: error
"""


def kept_ports(folder: Path) -> dict[str, int] | None:
    """Return the ports of a directory that was kept; None if it is new.

    Raises:
        DemoError: it is somebody else's.

    """
    ports = folder / PORTS
    if ports.is_file():
        kept: dict[str, int] = json.loads(ports.read_text(encoding="utf-8"))
        return kept
    if folder.is_dir() and any(folder.iterdir()):
        raise DemoError(f"{folder} is not empty, and not from the demo")
    return None


def write_configuration(folder: Path, ports: dict[str, int]) -> None:
    """Write what is not there yet, and what tells Home Assistant its port."""
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / PORTS).write_text(json.dumps(ports), encoding="utf-8")
    _store(storage, "http", 2, 2, _http(ports["home_assistant"]))
    if not (folder / "configuration.yaml").exists():
        (folder / "configuration.yaml").write_text(YAML, encoding="utf-8")
        # Without its last step, the user, onboarding goes on by itself; the other
        # steps would add integrations that want the internet.
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage, "onboarding", 4, 1, done)
    link = folder / "custom_components"
    if not link.exists():
        link.symlink_to(ROOT / "custom_components", target_is_directory=True)


def _store(
    storage: Path, key: str, version: int, minor_version: int, data: dict[str, Any]
) -> None:
    """Write a file as Home Assistant stores its settings."""
    stored = {
        "version": version,
        "minor_version": minor_version,
        "key": key,
        "data": data,
    }
    (storage / key).write_text(json.dumps(stored), encoding="utf-8")


def _http(port: int) -> dict[str, Any]:
    """Return settings that are confirmed, so that they are not undone after a while."""
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}
