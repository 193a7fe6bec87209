"""This module says which release this is: the version in pyproject.toml, and the commit from which it was built."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def read_version() -> str:
    """Return the version from pyproject.toml, the only place that states it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


VERSION = read_version()
# `git archive` (`make archive`), and anything else that makes an archive as git does, writes the commit here because of
# .gitattributes. In a clone this text is unchanged.
ARCHIVED = "$Format:%H$"


def read_revision(environment: Mapping[str, str], archived: str = ARCHIVED) -> str:
    """Return the commit from PNAV_REVISION, which the image sets, else from the archive; "" in a clone."""
    return environment.get("PNAV_REVISION") or ("" if archived.startswith("$") else archived)


REVISION = read_revision(os.environ)
