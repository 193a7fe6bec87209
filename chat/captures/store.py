"""Stores the chunks of captures by Django's storage API (`settings.STORAGES["captures"]`).

Each chunk is an object, `ab/<store id>/<part>/<index>-<token>`, so that an interrupted upload goes on with the next
chunk, and no store has to append to an object. Part « 0 » is the original, « 1 » and up are the pages that we drew.
Names contain only random and small numbers.

An object is written before the row that names it, and erased after the row is gone. So a process that is killed in
between leaves an object without a row, never a row without its object. `sweep` finds such objects.
"""

import logging
import queue
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import DatabaseError, transaction

from chat.models import Capture, CaptureDrawing
from common.sealed_files.chunks import Sealer, new_token

logger = logging.getLogger(__name__)

ORIGINAL = 0
SHARDS = 256  # folders of the store, by the first byte of the store id
SHARDS_A_RUN = 16  # how many folders one hourly run looks at, so that all of them are in sixteen hours
# A younger object without a row may belong to a slice that is being written, or to a row that is not committed yet.
ORPHAN_AFTER = timedelta(hours=2)
ERASED_A_TURN = 20
# The captures that the worker's thread (`chat.captures.drawing.Turns`) has to erase; None in any other process. If the
# process ends before, `sweep` finds them.
later: queue.SimpleQueue[UUID] | None = None


class StoreAway(Exception):
    """The store did not answer, or refused. Nothing was acknowledged, so the slice will be sent again."""


def storage() -> Storage:
    """Return the storage of the chunks: a folder or a bucket (`settings.STORAGES`)."""
    return storages["captures"]


def _folder(store_id: UUID) -> str:
    return f"{store_id.hex[:2]}/{store_id}"


def _name(store_id: UUID, part: int, index: int, token: str) -> str:
    return f"{_folder(store_id)}/{part}/{index:04d}-{token}"


def write_chunk(store_id: UUID, part: int, index: int, token: str, sealed: bytes) -> None:
    """Store an encrypted chunk. Raises StoreAway."""
    name = _name(store_id, part, index, token)
    try:
        saved = storage().save(name, ContentFile(sealed))
    except Exception as error:  # each backend has errors of its own
        logger.warning("captures: the store takes nothing (%s)", type(error).__name__)
        raise StoreAway from error
    if saved != name:  # an object with this random token exists already
        raise StoreAway


def read_chunk(store_id: UUID, part: int, index: int, token: str) -> bytes:
    """Return an encrypted chunk. Raises StoreAway when it is missing, or longer than a chunk can be."""
    try:
        with storage().open(_name(store_id, part, index, token)) as file:
            sealed: bytes = file.read()
    except Exception as error:
        logger.error("captures: a chunk cannot be read (%s)", type(error).__name__)
        raise StoreAway from error
    return sealed


def read_file(sealer: Sealer, store_id: UUID, part: int, tokens: Sequence[str]) -> Iterator[bytes]:
    """Yield a whole decrypted file, one chunk in memory at a time. Raises StoreAway, UnsealError."""
    sealed = ((token, read_chunk(store_id, part, index, token)) for index, token in enumerate(tokens))
    return sealer.open_all(sealed)


def write_file(sealer: Sealer, store_id: UUID, part: int, clear: Iterable[bytes]) -> list[str]:
    """Encrypt and store a whole file, and return the tokens of its chunks. clear: in chunks. Raises StoreAway."""
    tokens = []
    for index, chunk in enumerate(clear):
        token = new_token()
        write_chunk(store_id, part, index, token, sealer.seal(index, token, chunk))
        tokens.append(token)
    return tokens


def forget_chunk(store_id: UUID, part: int, index: int, token: str) -> None:
    """Erase a chunk that was not acknowledged. If that fails, `sweep` will find it."""
    _erase(_name(store_id, part, index, token))


# --- the end ----------------------------------------------------------------------------------------------------------


def erase_after_commit(store_ids: Collection[UUID]) -> None:
    """Erase all chunks of these captures once the transaction that deletes their rows has been committed.

    If the store is away then, chunks remain until `sweep`; nobody can decrypt them, because their keys were in the
    rows.
    """
    if store_ids:
        gone = list(store_ids)
        transaction.on_commit(lambda: _erase_now_or_later(gone))


def _erase_now_or_later(store_ids: Collection[UUID]) -> None:
    """Erase at once, or in the worker by the thread of captures.

    A hundred exchanges that end together have thousands of files, for which the queue of people must not wait.
    """
    if later is None:
        erase(store_ids)
        return
    for store_id in store_ids:
        later.put(store_id)


def erase_some() -> int:
    """Erase at most ERASED_A_TURN captures that are left to this thread, and return how many."""
    erased = 0
    while later is not None and erased < ERASED_A_TURN:
        try:
            store_id = later.get_nowait()
        except queue.Empty:
            break
        erase([store_id])
        erased += 1
    return erased


def erase(store_ids: Iterable[UUID]) -> None:
    """Delete every chunk of these captures and of their drawings. A missing one is no error."""
    for store_id in store_ids:
        _erase_folder(_folder(store_id))


def of_reports(report_ids: Collection[int]) -> list[UUID]:
    """Return the store ids of the captures of these reports, before their rows are deleted."""
    rows = Capture.objects.filter(conversation__report__in=report_ids)
    return list(rows.values_list("store_id", flat=True))


def _erase(name: str) -> bool:
    try:
        storage().delete(name)
    except Exception as error:  # noqa: BLE001  each backend has errors of its own
        logger.warning("captures: something of the store cannot be erased yet (%s)", type(error).__name__)
        return False
    return True


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and files in a folder; none if it does not exist."""
    try:
        folders, files = storage().listdir(folder)
    except FileNotFoundError:
        return [], []
    return list(folders), [name for name in files if name]


def _erase_folder(folder: str) -> int:
    """Erase everything in a folder, and return how many files there were. S3 has no folders that must be erased."""
    try:
        folders, files = _listed(folder)
    except Exception as error:  # noqa: BLE001
        logger.warning("captures: the store cannot be listed (%s)", type(error).__name__)
        return 0
    erased = sum(_erase(f"{folder}/{name}") for name in files)
    erased += sum(_erase_folder(f"{folder}/{name}") for name in folders)
    _erase(folder)
    return erased


def sweep(now: datetime) -> int:
    """Erase objects without a row, left by a process that was killed or a store that was away; return how many.

    Each run looks at SHARDS_A_RUN of the SHARDS, by the hour. Each takes a listing, and two queries for its captures.
    """
    first = int(now.timestamp() // 3600) % (SHARDS // SHARDS_A_RUN) * SHARDS_A_RUN
    swept = 0
    for shard in range(first, first + SHARDS_A_RUN):
        try:
            swept += _sweep_shard(f"{shard:02x}", now)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  each backend has errors of its own; the next run is in an hour
            logger.warning("captures: a part of the store cannot be looked at (%s)", type(error).__name__)
    if swept:
        logger.info("captures: %d files without a row erased", swept)
    return swept


def _sweep_shard(shard: str, now: datetime) -> int:
    folders = _listed(shard)[0]
    found: dict[UUID, str] = {}
    for name in folders:
        try:
            found[UUID(name)] = name
        except ValueError:
            logger.warning("captures: the store holds something that is not ours")
    rows = {row.store_id: row for row in Capture.objects.filter(store_id__in=found)}
    drawings: dict[tuple[UUID, int], CaptureDrawing] = {
        (row.capture.store_id, row.page): row
        for row in CaptureDrawing.objects.filter(capture__store_id__in=found).select_related("capture")
    }
    swept = 0
    for store_id in found:
        row = rows.get(store_id)
        for part in _listed(_folder(store_id))[0]:
            page = int(part) if part.isdigit() else -1
            owner = row if page == ORIGINAL else drawings.get((store_id, page))
            named = set() if owner is None else {f"{at:04d}-{token}" for at, token in enumerate(owner.tokens)}
            swept += _sweep_files(f"{_folder(store_id)}/{part}", named, now)
        if row is None:
            _erase_if_empty(_folder(store_id))
    return swept


def _sweep_files(folder: str, named: Collection[str], now: datetime) -> int:
    swept = 0
    for file in _listed(folder)[1]:
        if file in named:
            continue
        try:
            is_old = now - storage().get_modified_time(f"{folder}/{file}") > ORPHAN_AFTER
        except FileNotFoundError:  # it was erased meanwhile
            continue
        if is_old:
            swept += _erase(f"{folder}/{file}")
    _erase_if_empty(folder)
    return swept


def _erase_if_empty(folder: str) -> None:
    folders, files = _listed(folder)
    if not folders and not files:
        _erase(folder)
