"""This is the command `run_worker`: the process that distributes the queue and does all regular duties. Several may
run."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from psycopg_pool import PoolTimeout

from chat.captures import drawing, scanner, scanning
from chat.casework import reply_drafts, waiting_danger
from chat.conversations import (
    closure_notice,
    departures,
    dispatcher,
    dormancy,
    language_guess,
    lookalikes,
    pauses,
    web_heartbeat,
    worker_status,
)
from chat.proof_of_date import sources
from chat.statistics import daily, kept
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from common import clock, network_limits, tracing
from common.data_keys import copies
from common.data_keys import keys as data_keys
from common.database_errors import describe_error
from common.offload import process
from common.offload.regular_thread import RegularThread
from common.texts import cache as text_cache
from common.watchdog import READY, STOPPING, ServiceManager, Steps, tell_while
from reports.audit import digests
from reports.openings import actions as opening_actions
from reports.proof_of_date import stamps
from reports.proof_of_date.days import Duty
from reports.rules.signed_digests import BadKey

logger = logging.getLogger(__name__)

TICK_SECONDS = 2.0
# As a process of pages (`pnav.server.process_role`). A tick is many statements; at a higher priority each page on the
# same processor that falls into one waits for all of them (docs/adr/0130).
NICENESS = 5
# A tick that comes so much later than the one before means that the database was away, that this process hung, or that
# the clock was put forward. Meanwhile nobody could be seen.
LATE = timedelta(seconds=15)
PURGE_SECONDS = 60 * 60
CAPTURES, CAPTURES_SCAN = "captures", "captures_scan"  # the duties of the threads of captures
REMIND_SECONDS = 15 * 60


class Command(BaseCommand):
    """Distributes the queue, ends leases and removes people who left at each tick; closes days and purges every hour.

    Beside the ticks, threads send digests, copy wrapped keys and draw captures.
    """

    help = "Distribue la file d'attente, surveille les présences et purge ce qui a fait son temps."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ticks", type=int, default=0, help="s'arrêter après ce nombre de tours (0 : jamais)")
        parser.add_argument("--alive", action="store_true", help="dire si le worker de ce nom travaille, et s'arrêter")

    def handle(self, *args: Any, ticks: int = 0, alive: bool = False, **options: Any) -> None:
        if alive:
            self._say_whether_alive()
            return
        tracing.start_tracing("worker")
        if not ticks:  # it shares the machine with web processes, and people wait for these
            process.lower_priority(max(0, NICENESS - os.nice(0)))
        stop = threading.Event()

        def end(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
        manager = ServiceManager.of(os.environ)
        tell_while(manager, lambda: not self._steps.is_late, stop)
        manager.tell(READY)
        self._start_digests(stop)
        if not ticks:
            self._start_captures(stop)
        self._start_copies(stop)
        if not ticks:  # in a thread, because a week of many people takes seconds
            RegularThread(stop, turn=kept.make_due, seconds=kept.MAKE_SECONDS, label="kept_figures").start()
        if any(authority.url for authority in stamps.authorities()):
            # This has a thread too, so that a slow authority delays nobody.
            RegularThread(stop, turn=stamps.run, seconds=stamps.TURN_SECONDS, label="proof_of_date").start()
        purge_at = time.monotonic()
        count = 0
        while not stop.is_set():
            self._tick()
            if self._report.is_due:
                self._do("heartbeat", self._report.write)
            if time.monotonic() >= purge_at:
                self._do_long(worker_status.FIGURES, self._close_days)  # before anything of these days is deleted
                for name in settings.PURGE_COMMANDS:
                    self._do_long(name, partial(call_command, name, verbosity=0))
                self._do("heartbeat", self._report.write)
                purge_at = time.monotonic() + PURGE_SECONDS
                self._ticked_at = None  # so that the purge does not make the next tick late
            count += 1
            if ticks and count >= ticks:
                return
            stop.wait(TICK_SECONDS)
        manager.tell(STOPPING)
        self._do("heartbeat", self._report.end)

    def _say_whether_alive(self) -> None:
        """Exit with status 1 when the worker of this name has sent no heartbeat lately, for a container's health check.

        If the database does not answer, nothing is known of the worker, and it must not be restarted: status 0.
        """
        name = worker_status.own_name()
        try:
            is_alive = worker_status.is_alive(name)
        except (DatabaseError, InterfaceError, PoolTimeout) as error:
            self.stdout.write(f"La base ne répond pas ({describe_error(error)}) : on ne sait pas.")
            return
        if not is_alive:
            raise CommandError(f"Aucun signe du worker « {name} » depuis {worker_status.ALIVE.total_seconds():.0f} s.")
        self.stdout.write(f"Le worker « {name} » travaille.")

    def _start_digests(self, stop: threading.Event) -> None:
        """Start the thread that sends the register's digests, so that a slow destination delays nobody."""
        if not settings.REGISTER_DIGEST_TO:
            return
        try:
            digests.key()
        except BadKey:
            raise CommandError(
                "REGISTER_DIGEST_TO est donné sans clé : REGISTER_DIGEST_KEY (ou _FILE), 32 octets tirés au sort, en "
                "base64. « sh deploy/secrets.sh » en tire une."
            ) from None
        RegularThread(stop, turn=digests.run, seconds=digests.TURN_SECONDS, label="register_digest").start()

    def _start_captures(self, stop: threading.Event) -> None:
        """Start the threads that draw and scan captures, whose turns count as duties.

        They also run where captures are no longer accepted, because existing ones have to be erased in time.
        """
        are_kept = settings.CAPTURES or settings.CAPTURES_DIR or settings.CAPTURES_S3_BUCKET
        if are_kept:
            drawing.Turns(stop, partial(self._note_turn, CAPTURES)).start()
        if are_kept and settings.CLAMD:
            RegularThread(stop, turn=self._scan, seconds=scanning.TURN_SECONDS, label=CAPTURES_SCAN).start()
        else:
            self._report.without += [CAPTURES_SCAN] if are_kept else [CAPTURES, CAPTURES_SCAN]

    def _scan(self) -> None:
        """Have some originals scanned. While clamd is away that is no error, but the duty is late after ten minutes."""
        try:
            scanning.scan_some()
        except scanner.ScannerAway:
            self._report.known(CAPTURES_SCAN)
            return
        except Exception:
            self._note_turn(CAPTURES_SCAN, False)
            raise
        self._note_turn(CAPTURES_SCAN, True)

    def _note_turn(self, duty: str, is_well: bool) -> None:
        (self._report.succeeded if is_well else self._report.failed)(duty)

    def _start_copies(self, stop: threading.Event) -> None:
        """Start the thread that copies the wrapped keys, because a folder may be on another machine.

        Its turns count as a duty, which is done when every folder has its copy.
        """
        if not settings.DATA_KEYS_COPIES_TO:
            self._report.without += [copies.DUTY]
            return
        seconds = settings.DATA_KEYS_COPY_MINUTES * 60
        RegularThread(stop, turn=self._copy, seconds=seconds, label=copies.DUTY).start()

    def _copy(self) -> None:
        failed = ["all"]
        try:
            failed = copies.copy_to_folders(
                settings.DATA_KEYS_COPIES_TO, timezone.now(), settings.DATA_KEYS_BACKUP_DAYS
            )
        finally:
            self._note_turn(copies.DUTY, not failed)

    _ticked_at: datetime | None = None  # when the last tick without an error ended
    _spare_until = 0.0  # a time of the monotonic clock
    _is_web_away = False
    _keeps_connection = False  # whether a duty that succeeds leaves its connection to the next one
    _remind_at = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._proof_of_date = Duty(sources.sources)
        self._tell_at: dict[str, float] = {}  # for each duty that failed, when its error is logged in full again
        self._report = worker_status.Report(worker_status.own_name())
        self._steps = Steps(worker_status.ALIVE.total_seconds())

    def _tick(self) -> None:
        """Do all duties of a tick, with one connection of the pool: a duty that fails gives it back, and the next one
        takes another.

        The pool asks PostgreSQL whether a connection still works each time it lends it, which was a third of the
        statements of a tick.
        """
        self._keeps_connection = True
        try:
            self._do_duties()
        finally:
            self._keeps_connection = False
            close_old_connections()

    def _do_duties(self) -> None:
        if not self._do("clock", self._read_clock):
            return
        self._do("sentences", text_cache.refresh)  # before anything is locked
        is_done = self._do("web", self._ask_web)
        if is_done and not self._is_web_away and time.monotonic() >= self._spare_until:
            is_done &= self._do("release_stale", dispatcher.release_stale)
            is_done &= self._do("release_asleep", dispatcher.release_asleep)
            is_done &= self._do("abandon_absent", dispatcher.abandon_absent)
            is_done &= self._do("put_to_rest", dormancy.put_to_rest)
        is_done &= self._do("tell_returns", dormancy.tell_returns)
        is_done &= self._do("departures", departures.tell_departures)  # before anybody who left is given to somebody
        is_done &= self._do("end_pauses", pauses.end_pauses)
        is_done &= self._do("handover", transfer_actions.advance_handovers)
        is_done &= self._do("reply_drafts", reply_drafts.delete_ended_drafts)  # after whatever ends or hands over
        is_done &= self._do("end_watches", intervention.end_watches)
        is_done &= self._do("lookalikes", lookalikes.mark_lookalikes)  # before any of them is given to somebody
        is_done &= self._do("dispatch", dispatcher.dispatch)
        is_done &= self._do("over_capacity", dormancy.give_over_capacity)  # who found no free place
        is_done &= self._do("closures", closure_notice.tell_who_waits)
        self._do("danger_words", waiting_danger.mark_who_waits)  # after everybody's turn: these have no agent yet
        is_done &= self._do("openings", self._remind)
        data_keys.drop_expired()
        self._do("languages", language_guess.guess_languages)  # after everybody's turn: nobody waits for a guess
        self._do("proof_of_date", self._proof_of_date.run)
        if is_done:
            self._do("clock", self._end_tick)
        # This comes last, so that a Redis that hangs, for which it waits a second, delays nobody's turn.
        self._do("windows", network_limits.prepare_windows)

    def _remind(self) -> None:
        """End disclosure requests that have passed their term, and log how many wait for too long, never whose."""
        now = clock.now()
        opening_actions.expire_requests(now=now)
        if time.monotonic() >= self._remind_at:
            self._remind_at = time.monotonic() + REMIND_SECONDS
            late = opening_actions.late_requests(now)
            if late:
                urgent = sum(one.is_urgent for one in late)
                logger.warning("openings_late count=%d urgent=%d", len(late), urgent)

    def _close_days(self) -> None:
        """Write the rounded figures of settled days, at most DAYS_AT_ONCE of them."""
        daily.close_due(clock.now())

    def _read_clock(self) -> None:
        if self._ticked_at is not None and clock.now() - self._ticked_at > LATE:
            # People who are here could not be seen. They get one lease to be seen again before anybody counts as gone.
            self._spare_until = time.monotonic() + settings.LEASE_SECONDS
            self._ticked_at = None
            logger.warning("worker: a late tick; nobody is counted as gone for the length of a lease")

    def _ask_web(self) -> None:
        before, self._is_web_away = self._is_web_away, web_heartbeat.was_web_away(clock.now())
        if self._is_web_away and not before:
            logger.warning(
                "worker: no web process took beats; nobody is counted as gone before a lease after it is back"
            )

    def _end_tick(self) -> None:
        self._ticked_at = clock.now()

    def _do_long(self, name: str, work: Callable[[], object]) -> None:
        """Do a duty that may take an hour, and note which one it is for whoever checks whether this worker lives."""
        self._do("heartbeat", partial(self._report.write, busy_with=name))
        self._do(name, work)

    def _do(self, name: str, work: Callable[[], object]) -> bool:
        """Do a duty. Return False when the database was away; it is tried again at the next tick.

        An error in one duty stops neither the others nor the process. It is logged in full once in REMIND_SECONDS, and
        in one line in between. The result is then True, so that leases still end.
        """
        has_succeeded = False
        self._steps.begin(worker_status.may_take(name).total_seconds())
        try:
            with tracing.begin_span(tracing.DUTY) as span:
                span.set(tracing.KIND, tracing.known_kind(name))
                work()
            self._report.succeeded(name)
            has_succeeded = True
            return True
        except (DatabaseError, InterfaceError, PoolTimeout, CommandError) as error:
            self._report.failed(name)
            logger.warning("worker: %s failed and will be tried again (%s)", name, describe_error(error))
            return False
        except Exception as error:
            self._report.failed(name)
            if time.monotonic() >= self._tell_at.get(name, 0.0):
                self._tell_at[name] = time.monotonic() + REMIND_SECONDS
                logger.exception("worker: an error in %s; its other duties go on", name)
            else:
                logger.error("worker: %s failed again (%s)", name, type(error).__name__)
            return True
        finally:
            if not (has_succeeded and self._keeps_connection):
                close_old_connections()
            self._steps.begin()
