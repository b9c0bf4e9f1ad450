"""Check that requirements_test.txt agrees with Home Assistant and the manifest.

Home Assistant pins the requirements of its components; the manifest states
what the integration itself needs. Both must be what .venv holds.
"""

from importlib.metadata import PackageNotFoundError, version
import json
from pathlib import Path
import sys

import homeassistant
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
HOME_ASSISTANT = Path(homeassistant.__file__).parent


def _requirements(lines: list[str]) -> dict[str, Requirement]:
    stripped = (line.partition("#")[0].strip() for line in lines)
    found = (Requirement(line) for line in stripped if line)
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def _file(path: Path) -> dict[str, Requirement]:
    return _requirements(path.read_text(encoding="utf-8").splitlines())


def _manifest(path: Path) -> dict[str, Requirement]:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return _requirements(manifest.get("requirements", []))


def main() -> int:
    """Print each disagreement and report by exit code."""
    ours = _file(ROOT / "requirements_test.txt")
    core: dict[str, Requirement] = {}
    for path in HOME_ASSISTANT.glob("components/*/manifest.json"):
        core |= _manifest(path)
    core |= _file(HOME_ASSISTANT / "package_constraints.txt")
    errors = [
        f"{requirement}: Home Assistant wants {core[name]}"
        for name, requirement in ours.items()
        if name in core
        and str(core[name].specifier).startswith("==")
        and requirement.specifier != core[name].specifier
    ]
    for path in ROOT.glob("custom_components/*/manifest.json"):
        for name, requirement in _manifest(path).items():
            try:
                fits = name in ours and version(name) in requirement.specifier
            except PackageNotFoundError:
                fits = False
            if not fits:
                errors.append(f"{requirement} of the manifest is not in the file")
    for error in errors:
        print(f"requirements_test.txt: {error}")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
