"""A real clamd, where there is one, with one signature of ours and the settings that docs/operations.md asks for."""

import os
import shutil
import subprocess
import time
from pathlib import Path

PROGRAM = "TESTS_CLAMD"  # the program; by default the one of the machine (`make test-versions CLAMD=1` brings one)
MARK = b"PNAV-SIGNATURE-D-ESSAI-UNIQUEMENT"
CONFIGURATION = """
Foreground yes
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}/temporary
OfficialDatabaseOnly no
AlertEncrypted yes
AlertExceedsMax yes
StreamMaxLength 16M
"""
START_SECONDS = 30.0


def program() -> str:
    """Return where it is, or an empty text."""
    found = os.environ.get(PROGRAM) or shutil.which("clamd") or "/usr/sbin/clamd"
    return found if Path(found).is_file() else ""


class Clamd:
    """A running clamd. socket: its path, for `settings.CLAMD`. `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        for name in ("signatures", "temporary"):
            (folder / name).mkdir(parents=True)
        (folder / "signatures" / "pnav.ndb").write_text(f"Pnav.Test:0:*:{MARK.hex()}\n")
        (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
        self.socket = folder / "clamd.sock"
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program(), "--config-file", folder / "clamd.conf"], stdout=log, stderr=subprocess.STDOUT
            )
        ends = time.monotonic() + START_SECONDS
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > ends:
                self.stop()
                raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """End it and wait."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
