"""Does what systemd does for a unit with `Type=notify` and `WatchdogSec=`: it listens, and ends a process that is
silent.
"""

import signal
import socket
import subprocess
from pathlib import Path

HEARD_WITHIN = 60.0  # seconds, even on a busy machine; a test that waits for this long fails


class Listener:
    """A socket of which a process is told by NOTIFY_SOCKET. patience: a process that is silent for these seconds is
    ended.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self.patience = patience
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self.environment = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(int(patience * 1e6))}

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def hear(self, within: float = HEARD_WITHIN) -> str | None:
        """Return the next word, or None when none came in time."""
        self._socket.settimeout(within)
        try:
            return self._socket.recv(256).decode()
        except TimeoutError:
            return None

    def end_once_silent(self, process: subprocess.Popen[bytes]) -> int:
        """Wait until the process was silent for longer than it may, end it, and return its status."""
        while self.hear(self.patience) is not None:
            pass
        process.send_signal(signal.SIGKILL)
        return process.wait()
