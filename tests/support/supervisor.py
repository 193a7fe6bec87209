"""What systemd does for a unit with `Type=notify` and `WatchdogSec=`: it listens, and ends what says nothing."""

import signal
import socket
import subprocess
from pathlib import Path

HEARD_WITHIN = 60.0  # seconds, on a busy machine; a test that waits for so long fails


class Listener:
    """It is a socket that a process is told of by NOTIFY_SOCKET. patience: seconds after which silence is the end."""

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
        """Return the next word, None when none came in time."""
        self._socket.settimeout(within)
        try:
            return self._socket.recv(256).decode()
        except TimeoutError:
            return None

    def end_once_silent(self, process: subprocess.Popen[bytes]) -> int:
        """Wait until nothing came for so long as it may be silent, end the process, and return its status."""
        while self.hear(self.patience) is not None:
            pass
        process.send_signal(signal.SIGKILL)
        return process.wait()
