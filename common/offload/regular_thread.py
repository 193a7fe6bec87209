"""Does one thing again and again in a thread of its own, beside whatever the process does at its ticks.

What waits for a network, a folder or a slow query has such a thread, so that it delays nobody's turn.
"""

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections
from psycopg_pool import PoolTimeout

from common.database_errors import describe_error

logger = logging.getLogger(__name__)


class RegularThread(threading.Thread):
    """It is a thread with its own database connection that takes a turn again and again, until it is stopped.

    No error ends it. seconds: the time between two turns. label: its name in the log.
    """

    def __init__(self, stop: threading.Event, *, turn: Callable[[], object], seconds: float, label: str) -> None:
        super().__init__(name=label.replace("_", "-"), daemon=True)
        self._stopped, self._turn, self._seconds, self._label = stop, turn, seconds, label

    def run(self) -> None:
        """Take one turn after another until the thread is stopped."""
        while not self._stopped.is_set():
            close_old_connections()
            try:
                self._turn()
            except (
                DatabaseError,
                InterfaceError,
                PoolTimeout,
                ValueError,
            ) as error:  # a malformed key or row raises one of these too
                logger.warning("%s: a turn failed and will be tried again (%s)", self._label, describe_error(error))
            except Exception as error:  # noqa: BLE001  after any error the next turn is taken
                logger.error("%s: an error in a turn; the next ones go on (%s)", self._label, type(error).__name__)
            finally:
                close_old_connections()
            self._stopped.wait(self._seconds)
