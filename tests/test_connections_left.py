"""What an open socket holds in memory, and that a closed one holds nothing, in a real server without garbage
collection.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from websockets.sync.client import connect

from pnav.server.serving import daphne_arguments

SOCKETS = 20
STARTS_WITHIN, GOES_WITHIN = 30.0, 60.0  # seconds; the server looks for ended connections once a second


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        free: int = held.getsockname()[1]
    command = daphne_arguments("tests.support.connections_left:application", port=free)
    with subprocess.Popen([sys.executable, "-m", "daphne", *command]) as server:
        try:
            assert _until(lambda: _left(free) is not None, STARTS_WITHIN), "it does not answer"
            yield free
        finally:
            server.kill()


def _left(port: int) -> dict[str, int] | None:
    """Return the counts without the request that asks for them; None when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            told: dict[str, int] = json.load(answer)
    except OSError:
        return None
    return {kind: count - (kind != "SocketProtocol") for kind, count in told.items()}


def _until(is_so: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_open_socket_holds_no_request_and_a_closed_one_nothing(port):
    nothing = {"Channel": 0, "Request": 0, "SocketProtocol": 0}
    with ExitStack() as opened:
        for number in range(SOCKETS):
            # One socket says goodbye, and the line of another is cut.
            line = opened.enter_context(connect(f"ws://127.0.0.1:{port}/"))
            if number % 2:
                opened.callback(line.socket.shutdown, socket.SHUT_RDWR)
        assert _until(lambda: _left(port) == {**nothing, "SocketProtocol": SOCKETS}, GOES_WITHIN), _left(port)
    assert _until(lambda: _left(port) == nothing, GOES_WITHIN), _left(port)
