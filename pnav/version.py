"""Which release this is: the version that pyproject.toml says, and the commit that the image was built from."""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def read_version() -> str:
    """Return the version as pyproject.toml has it, its only source."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


VERSION = read_version()
# Set by the image (`--build-arg REVISION=…`); empty where nobody said.
REVISION = os.environ.get("PNAV_REVISION", "")
