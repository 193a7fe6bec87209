"""Runs deploy/roles.sql as a driver does: without psql's own commands, and with these passwords."""

import re
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/roles.sql"


def statements(password: str, backup_password: str = "") -> str:
    """Return the statements of the script. The passwords may not contain a quote."""
    text = re.sub(r"^\\set.*$", "", SCRIPT.read_text(), flags=re.MULTILINE).replace(" \\g /dev/null", ";")
    return text.replace(":'password'", f"'{password}'").replace(":'backup_password'", f"'{backup_password}'")
