"""This module knows which questionnaire is in force and under which one answers were given, and publishes another.

Each process caches what it read. A version that was published never changes, so it stays in the cache; which one is in
force is read again after KEEP_SECONDS. In between a page costs no query for it, and every process sees a publication
within KEEP_SECONDS (the one that published it, at once).
"""

import hashlib
import json
import logging
from collections import OrderedDict
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from common.cached_reading import CachedReading
from triage.editing import walking
from triage.editing.walk import Walk
from triage.models import QuestionnaireVersion, State, key_of
from triage.questionnaire import document, past
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import DocumentError
from triage.questionnaire.results import BUILT_IN

logger = logging.getLogger(__name__)
KEEP_SECONDS = 10
MOST_KEPT = 32  # how many versions a process holds, of some hundred kilobytes each
# A version comes into force under the advisory lock with this key (reports has 03 and 10 of the family).
PUBLISHING = 0x504E4156_21


_versions: OrderedDict[int, Questionnaire] = OrderedDict()
_walks: OrderedDict[bytes, Walk] = OrderedDict()  # by the digest of the document


def forget() -> None:
    """Have the next page read again which version is in force, after a publication in this process."""
    _current.forget()


def clear() -> None:
    """Forget everything that was read. It is for between tests, where numbers may come back."""
    global _readable
    _readable = BUILT_IN
    _current.forget()
    _versions.clear()
    _walks.clear()


def _keep[K, V](kept: OrderedDict[K, V], key: K, value: V) -> V:
    kept[key] = value
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return value


def current() -> Questionnaire:
    """Return the questionnaire in force, or the last one that was known while the database fails."""
    return _current.get()


def _read_in_force() -> Questionnaire:
    """Read the questionnaire in force from the database.

    One that cannot be read leaves the one that was asked before.
    """
    global _readable
    number = QuestionnaireVersion.objects.filter(state=State.IN_FORCE).values_list("number", flat=True).first()
    if number is None:
        _readable = BUILT_IN
        return BUILT_IN
    _readable = _versions.get(number) or _read(number) or _readable
    return _readable


_readable = BUILT_IN  # the last version in force that could be read
_current = CachedReading(_read_in_force, KEEP_SECONDS, name="questionnaire", otherwise=lambda: _readable)


def _read(number: int) -> Questionnaire | None:
    row = QuestionnaireVersion.objects.exclude(state=State.DRAFT).filter(number=number).first()
    if row is None:
        return None
    try:
        return _keep(_versions, number, row.read())
    except DocumentError as error:  # later code may ask more of a document; pages go on, and the error is logged
        logger.error("questionnaire: version %d cannot be read (%d problems)", number, len(error.problems))
        return None


def find(version: str) -> Questionnaire | None:
    """Return the questionnaire that was published under this key, or None when there is none, or none any more.

    version is as visits and reports keep it: `Questionnaire.version`.
    """
    if version == BUILT_IN.version:
        return BUILT_IN
    if (of_code := past.find(version)) is not None:
        return of_code
    digits = version.removeprefix("v")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or version != key_of(int(digits)):
        return None
    number = int(digits)
    return _versions.get(number) or _read(number)


def find_or_current(version: str) -> Questionnaire:
    """Return the questionnaire of answers given under this version, or the one in force where that one is gone."""
    return find(version) or current()


# --- administrators -----------------------------------------------------------------------------------------------


class Refused(Exception):
    """This version cannot come into force."""


class Faulty(Refused):
    """It has problems, which `checked` tells."""


class Changed(Refused):
    """It, or the version in force, is no longer what was read, so somebody has to look again."""


class NotNow(Refused):
    """Its paths could not be walked at this moment, so that nobody knows yet whether it may."""


def walked(written: Any) -> Walk:
    """Return what the walk of all paths of this document found, in a child process (`walking`). It is cached by
    document, so that it may be asked for before a draft is saved.

    No lock may be held meanwhile that others wait for: `pool.run` says how long it may take. It raises
    document.DocumentError when the document cannot be read.
    """
    key = hashlib.sha256(json.dumps(written, sort_keys=True).encode()).digest()
    if (kept := _walks.get(key)) is not None:
        return kept
    document.load(written, version="walked")
    found = walking.walk_in_child(written)
    return _keep(_walks, key, found) if found.is_final else found


def checked(row: QuestionnaireVersion) -> Walk:
    """Return what the walk of this version found, as `walked` does."""
    return walked(row.document)


def in_force() -> QuestionnaireVersion | None:
    """Read the version in force from the database itself; None means the questionnaire of the code."""
    return QuestionnaireVersion.objects.filter(state=State.IN_FORCE).first()


def publish(*, number: int, revision: int, instead_of: int | None, by: Any) -> QuestionnaireVersion:
    """Put a draft, or a past version, into force. The one that was in force is past from then on.

    revision and instead_of are what was read: this version's revision, and the number in force (None for the code's).
    by is the account. It raises Changed when either is no longer so, or the version is gone, NotNow, and Faulty.
    Publications follow one another; the paths are walked before this takes any lock.
    """
    row = require(number=number, revision=revision, instead_of=instead_of)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLISHING])
        # It is a second statement, so its snapshot is younger than the lock.
        before = QuestionnaireVersion.objects.select_for_update().filter(state=State.IN_FORCE).first()
        if (before.number if before else None) != instead_of:
            raise Changed
        if before is not None:
            before.state = State.PAST
            before.save(update_fields=["state"])
        published = QuestionnaireVersion.objects.filter(number=number, revision=revision, state=row.state).update(
            state=State.IN_FORCE, published_at=Now(), published_by_id=by.pk
        )
        if not published:
            raise Changed
        transaction.on_commit(forget)
    row.refresh_from_db()
    return row


def require(*, number: int, revision: int, instead_of: int | None) -> QuestionnaireVersion:
    """Return the version as it was read, if it may come into force. It raises Changed, NotNow and Faulty."""
    row = QuestionnaireVersion.objects.filter(number=number, revision=revision).exclude(state=State.IN_FORCE).first()
    if row is None:
        raise Changed
    try:
        found = checked(row)
    except DocumentError:
        raise Faulty from None
    if not found.is_final:
        raise NotNow
    if found.problems:
        raise Faulty
    before = in_force()
    if (before.number if before else None) != instead_of:
        raise Changed
    return row
