"""The ticks of the exchange: one process, or several, for they may run side by side."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from psycopg_pool import PoolTimeout

from chat import queue

logger = logging.getLogger(__name__)

TICK_SECONDS = 2.0
PURGE_SECONDS = 60 * 60


class Command(BaseCommand):
    """Dispatch, end leases, take out who left; every hour, purge."""

    help = "Distribue la file d'attente, surveille les présences et purge ce qui a fait son temps."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticks", type=int, default=0, help="s'arrêter après ce nombre de tours (0 : jamais)")

    def handle(self, *args: Any, ticks: int = 0, **options: Any) -> None:
        stop = threading.Event()

        def end(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
        purge_at = time.monotonic()
        count = 0
        while not stop.is_set():
            self._do("release_stale", queue.release_stale)
            self._do("abandon_absent", queue.abandon_absent)
            self._do("dispatch", queue.dispatch)
            if time.monotonic() >= purge_at:
                for name in settings.PURGE_COMMANDS:
                    self._do(name, partial(call_command, name, verbosity=0))
                purge_at = time.monotonic() + PURGE_SECONDS
            count += 1
            if ticks and count >= ticks:
                return
            stop.wait(TICK_SECONDS)

    def _do(self, name: str, work: Callable[[], object]) -> None:
        """A tick that meets a database away is tried again at the next one."""
        close_old_connections()
        try:
            work()
        except (DatabaseError, InterfaceError, PoolTimeout) as error:
            logger.warning("worker: %s failed and will be tried again (%s)", name, type(error).__name__)
        finally:
            close_old_connections()
