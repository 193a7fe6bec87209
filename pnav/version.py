"""Which release this is: the version that pyproject.toml says, and the commit that it was built from."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def read_version() -> str:
    """Return the version as pyproject.toml has it, its only source."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


VERSION = read_version()
# `git archive` (`make archive`), and whatever else makes an archive of a tag as git does, writes the commit here, by
# .gitattributes. In a clone it stays as it is.
ARCHIVED = "$Format:%H$"


def read_revision(environment: Mapping[str, str], archived: str = ARCHIVED) -> str:
    """Return the commit: what the environment says (the image sets it), else what the archive does; "" in a clone."""
    return environment.get("PNAV_REVISION") or ("" if archived.startswith("$") else archived)


REVISION = read_revision(os.environ)
