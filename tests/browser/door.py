"""Calls a function in the process of the site for a test, by its name and with its arguments.

A notification of the exchange reaches the sockets of the process that publishes it, and the other processes of the same
site. The process of a test belongs to no site and cannot publish one. `manage.py shell` can, and takes two seconds of
processor time each time.

The door is a Unix socket in the temporary folder of the test, which only its owner may enter.
"""

import os
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

ADDRESS = "PNAV_TESTS_DOOR"  # the variable that tells the site where the door has to be
PATIENCE_SECONDS = 30


class FailedInside(AssertionError):
    """The call raised an error in the process of the site; the message tells it."""


def open_in_this_process() -> None:
    """Open the door from now on: calls run one after the other, in a thread of their own."""
    listener = Listener(os.environ[ADDRESS], family="AF_UNIX")
    threading.Thread(target=_serve, args=(listener,), name="door", daemon=True).start()


def _serve(listener: Listener) -> None:
    from django.db import connections  # the settings have been read by then

    while True:
        with listener.accept() as visitor:
            work, arguments, fields = visitor.recv()
            try:
                work(*arguments, **fields)
                visitor.send("")
            except Exception:  # noqa: BLE001  told to the test, which fails by it
                visitor.send(traceback.format_exc())
            finally:
                connections.close_all()


def have_done(address: Path, work: Callable[..., object], *arguments: Any, **fields: Any) -> None:
    """Return once the process behind this door has done it. Raises FailedInside with what went wrong there."""
    with Client(str(address), family="AF_UNIX") as site:
        site.send((work, arguments, fields))
        assert site.poll(PATIENCE_SECONDS), "the site does not answer"
        error = site.recv()
    if error:
        raise FailedInside(error)
