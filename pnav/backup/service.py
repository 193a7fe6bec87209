"""This is the process that backs up one server: WAL at each turn, a base backup when one is due, deletion of old ones.

A failure is logged, counted in the site's database, and tried again: at the next turn or, for a base backup, after
AGAIN_AFTER. A base backup is taken in a thread of its own, so that the WAL does not wait for it.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from common.encryption import UnsealError
from pnav.backup import status
from pnav.backup.base import BackupFailed, Moment, read_bases, read_moment, take_base
from pnav.backup.configuration import Configuration
from pnav.backup.continuity import find_hole, number_of
from pnav.backup.manifest import Manifest, choose_base, find_due
from pnav.backup.store import Missing, Store
from pnav.backup.wal import Receiver, Shipper, Stream, drop_slot, read_stream

logger = logging.getLogger(__name__)
AGAIN_AFTER = timedelta(minutes=15)
PRUNE_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(hours=1)  # how often at least it is looked whether a base backup is due
AT_ONCE = float("-inf")


class Pruned(NamedTuple):
    """It is what a deletion of old backups left.

    since: the oldest point in time that can be restored with these keys; None: none. closed: the base backups that do
    not open with them.
    """

    since: datetime | None
    closed: list[str]

    @property
    def told(self) -> str:
        """Return the sentence that names the base backups that do not open; "" when there is none."""
        if not self.closed:
            return ""
        return (
            f"{len(self.closed)} base backups do not open with BACKUP_KEYS and stay until their age "
            f"(docs/restore.md): {', '.join(self.closed)}"
        )

    def require_open(self) -> None:
        """Raise BackupFailed, which names them, if base backups do not open."""
        if self.closed:
            raise BackupFailed(self.told)


def prune(configuration: Configuration, moment: Moment) -> Pruned:
    """Delete what is old enough.

    moment: read before the store is listed (`read_moment`), so that a base backup which ended in between is seen as
    complete.
    The store is listed once, and one manifest is read for each base backup. The parts of a base backup are deleted
    after its manifest: an interrupted deletion leaves a backup without a manifest, which is deleted a day later. A part
    of a segment is deleted only if what replaces it opens, because that may have been cut when its machine was lost.
    """
    store = configuration.store
    bases = read_bases(store)
    gone = find_due(bases, store.files("wal"), now=moment.at, days=configuration.days, being_taken=moment.being_taken)
    for folder in gone.bases:
        names = store.files(f"base/{folder}")
        for name in sorted(names, key=lambda one: one != "manifest"):
            store.delete(f"base/{folder}/{name}")
    opens = {by: _opens(store, f"wal/{by}") for by in set(gone.replaced.values())}
    gone_wal = [*gone.wal, *(part for part, by in gone.replaced.items() if opens[by])]
    for name in gone_wal:
        store.delete(f"wal/{name}")
    if gone.bases or gone_wal:
        logger.info("backup: deleted %d base backups, %d files of WAL", len(gone.bases), len(gone_wal))
    if gone.is_last_too_old:
        logger.error("backup: the last base backup is older than it may be, and stays: there is no other")
    ends = [one.ended_at for folder, one in bases.whole.items() if folder not in gone.bases]
    return Pruned(min(ends, default=None), [folder for folder in bases.closed if folder not in gone.bases])


def _opens(store: Store, name: str) -> bool:
    try:
        store.get(name)
    except (Missing, UnsealError):
        return False
    return True


class Service:
    """These are the backups of one server. `run` returns when `stopping` is set.

    clock: seconds of this machine, which say when to look again. What is due is told by the server's time.
    """

    def __init__(self, configuration: Configuration, clock: Callable[[], float] = time.monotonic) -> None:
        self._configuration = configuration
        self._clock = clock
        self._receiver = Receiver(configuration)
        self._shipper = Shipper(configuration.store, configuration.spool)
        self._thread: threading.Thread | None = None
        self._base_due = self._prune_due = AT_ONCE  # when to look next, by `clock`
        # How many attempts of each duty failed in a row. Only its own success ends a row.
        self._failures = dict.fromkeys(("wal", "base", "prune"), 0)
        self._timeline = ""
        self._stream: Stream | None = None
        self._is_broken = False  # whether WAL is missing between the last base backup and now
        self._has_looked = False  # whether this process has looked for a hole that one before it left

    def run(self, stopping: threading.Event) -> None:
        """Receive WAL, take base backups and remove old ones, in turn, until `stopping` is set."""
        try:
            while True:
                began = time.monotonic()
                self._try("wal", self._receive)
                self._try("base", self._begin_base)
                self._try("prune", self._prune)
                if stopping.wait(max(0.0, self._configuration.wal_seconds - (time.monotonic() - began))):
                    return
        finally:
            self._receiver.stop()
            self._try("wal", self._shipper.ship)

    def _try(self, duty: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  any error is counted and tried again
            self._failed(duty, error)

    def _failed(self, duty: str, error: Exception) -> None:
        self._failures[duty] += 1
        # The text comes from a store or from libpq: names and addresses of ours. No statement of a backup holds
        # personal data.
        logger.error("backup: %s failed (%s: %s)", duty, type(error).__name__, str(error).strip()[:300])
        try:
            status.write(self._configuration, failures=self._longest_row())
        except Exception as away:  # noqa: BLE001  the database that could not be read cannot be written either
            logger.warning("backup: the failure was not written down (%s)", type(away).__name__)

    def _succeeded(self, duty: str) -> None:
        if self._failures[duty]:
            self._failures[duty] = 0
            status.write(self._configuration, failures=self._longest_row())

    def _longest_row(self) -> int:
        return max(self._failures.values())

    def _receive(self) -> None:
        self._receiver.keep_alive()
        # The position is read first: what was written up to it is in the folder by then, or arrives within
        # milliseconds.
        stream = read_stream(self._configuration)
        self._shipper.ship()
        self._stream = stream
        if stream.is_lost:
            logger.error("backup: the server has thrown away WAL that was not received: a base backup is due")
            self._receiver.stop()
            self._receiver.forget_place()
            drop_slot(self._configuration)
            self._receiver.has_made_slot = True
            self._receiver.keep_alive()  # the new slot is older than the base backup that follows
        elif stream.is_active:
            self._failures["wal"] = 0
            status.write(self._configuration, has_wal=True, failures=self._longest_row())
        if self._receiver.has_made_slot:
            self._receiver.has_made_slot = False
            self._base_due, self._is_broken = AT_ONCE, True
        if stream.timeline != self._timeline:  # a server was promoted or restored
            self._base_due, self._timeline = AT_ONCE, stream.timeline

    def _begin_base(self) -> None:
        if self._clock() < self._base_due or (self._thread is not None and self._thread.is_alive()):
            return
        now = read_moment(self._configuration).at
        last = choose_base(read_bases(self._configuration.store).whole.values(), None)
        if last is not None and not self._has_looked and not self._is_broken:
            self._look_for_hole(last)
        goes_on = last is not None and last.timeline == self._timeline and not self._is_broken
        if last is not None and goes_on and now < last.ended_at + self._configuration.every:
            self._succeeded("base")  # it may have been taken by hand
            self._look_again(min(last.ended_at + self._configuration.every - now, LOOK_EVERY))
            return
        self._look_again(AGAIN_AFTER)
        self._thread = threading.Thread(target=self._try, args=("base", self._base), daemon=True)
        self._thread.start()

    def _look_again(self, after: timedelta) -> None:
        self._base_due = self._clock() + after.total_seconds()

    def _look_for_hole(self, last: Manifest) -> None:
        """Note whether WAL is missing between this base backup and what the server still has for us.

        That a base backup was due is known only to the process that noted it. It may have ended before it took one, and
        so may one on another machine, whose folder of received WAL is not here.
        """
        stream = self._stream
        if stream is None or last.timeline != stream.timeline:
            return
        size = stream.segment_bytes
        hole = find_hole(
            self._configuration.store.files("wal"), [(0, last.timeline)], number_of(last.start_segment, size),
            size=size, end=stream.next_segment,
        )  # fmt: skip
        self._has_looked = True
        if hole is not None:
            logger.error("backup: the WAL after the last base backup lacks %s: a base backup is due", hole)
            self._is_broken = True

    def _base(self) -> None:
        # What is noted while it is being taken concerns the time after it began, and makes another one due.
        was_broken, self._is_broken = self._is_broken, False
        try:
            base_and_status(self._configuration)
        except BaseException:
            self._is_broken = self._is_broken or was_broken
            raise
        self._succeeded("base")
        self._prune_due = AT_ONCE

    def _prune(self) -> None:
        if self._clock() < self._prune_due:
            return
        left = prune(self._configuration, read_moment(self._configuration))
        self._prune_due = self._clock() + PRUNE_EVERY.total_seconds()
        if left.since is not None:
            status.write(self._configuration, since=left.since)
        self._succeeded("prune")
        if left.closed:
            # They stay for weeks after a change of the key. Counted, they would hide a base backup that fails.
            logger.error("backup: %s", left.told)


def base_and_status(configuration: Configuration) -> Manifest:
    """Take one base backup and record that it was taken. Raises what `take_base` raises."""
    began = time.monotonic()
    manifest = take_base(configuration)
    seconds = time.monotonic() - began
    logger.info("backup: base %s, %d bytes, %.0f s", manifest.id, manifest.size, seconds)
    status.write(configuration, base_at=manifest.ended_at, base_bytes=manifest.size, base_seconds=round(seconds, 1))
    return manifest
