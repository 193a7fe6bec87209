"""Caches the sentences that administrators changed, as this process last read them, and what was made of sentences.

Using a sentence never makes a query, because its caller may hold locks, or may be delivering messages to thousands. The
cache is filled when nobody waits for it: by the rounds of a web process, by each tick of the worker (`refresh`), and
once before the first page (`read_first`). So a change is effective at once in the process that saved it, and in the
others within KEEP_SECONDS and one round or tick (2 seconds).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Self

from django.db import DatabaseError, InterfaceError
from django.utils.safestring import SafeString
from psycopg_pool import PoolTimeout

from common.database_errors import describe_error
from common.texts.help_numbers import NAMED, Number
from common.texts.languages import text_place

logger = logging.getLogger(__name__)
KEEP_SECONDS = 20

# A template of `common.texts.patterns`: its texts with empty places between them, and a function that orders values.
type Pieces = tuple[list[str], Callable[[Sequence[str]], tuple[str, ...]]]
# The choices of a question: for each its value, and the HTML of its box without and with a tick.
type Boxes = Sequence[tuple[str, SafeString, SafeString]]


@dataclass(frozen=True, slots=True)
class Changed:
    """These are the texts of one sentence that replace the original ones, by language and voice; an empty text replaces
    none."""

    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def named(cls, **texts: str) -> Self:
        """Make one from texts by their names (`languages.text_name`): `Changed.named(vous="…", en="…")`."""
        return cls({text_place(name): text for name, text in texts.items()})


@dataclass(frozen=True, slots=True)
class _Attempt:
    """These are texts that are tried in a preview.

    numbers: those of the texts put between marks, by key (`common.texts.marks`).
    """

    texts: Mapping[str, Changed]
    numbers: Mapping[str, int]


@dataclass
class _Shelf:
    """It is the content of the cache. Each reading replaces the whole object, so that a reader never sees a mixture.

    digits: those of each help number, by its name. texts, drawn: sentences made so far, as plain text and as HTML, by
    key, language and voice. runs: pieces of templates that are the same for everybody, by their place and voice.
    patterns: the templates of `common.texts.patterns`. parts: what tags made of values of the code, by name and values.
    questions: those of a form, each with its name, legend and boxes. words: texts that are used together. rows: rows of
    a list with all that is written in them, by exactly that; whoever keeps some bounds them.
    """

    changed: Mapping[str, Changed]
    numbers: Mapping[str, Number]
    digits: Mapping[str, str]
    texts: dict[tuple[str, str | None, bool], str] = field(default_factory=dict)
    drawn: dict[tuple[str, str | None, bool], SafeString] = field(default_factory=dict)
    runs: dict[tuple[int, bool], SafeString] = field(default_factory=dict)
    patterns: dict[tuple[object, ...], Pieces] = field(default_factory=dict)
    parts: dict[tuple[object, ...], SafeString] = field(default_factory=dict)
    questions: dict[tuple[object, ...], list[tuple[str, str, Boxes]]] = field(default_factory=dict)
    words: dict[tuple[object, ...], Mapping[str, str]] = field(default_factory=dict)
    rows: dict[tuple[object, ...], SafeString] = field(default_factory=dict)


def _shelf_of(changed: Mapping[str, Changed], numbers: Mapping[str, Number]) -> _Shelf:
    known = {name: numbers.get(name, named.otherwise) for name, named in NAMED.items()}
    return _Shelf(changed, known, {name: number.display for name, number in known.items()})


_shelf = _shelf_of({}, {})
_read_at = float("-inf")  # when the texts were last read, in monotonic seconds
_is_begun = False
_reading = threading.Lock()
_trying: ContextVar["_Attempt | None"] = ContextVar("sentences_trying", default=None)

# The functions that read the changed texts, by the key of the sentence, and the help numbers, by the name of the
# variable. The apps that have the tables set them at the start (`AppConfig.ready`).
texts_source: Callable[[], Mapping[str, Changed]] = dict
numbers_source: Callable[[], Mapping[str, Number]] = dict


# --- what is said -----------------------------------------------------------------------------------------------------


def changed(key: str) -> Changed | None:
    """Return the texts that replace the original ones, first those that a preview tries; None if there are none."""
    attempt = _trying.get()
    if attempt is not None and key in attempt.texts:
        return attempt.texts[key]
    return _shelf.changed.get(key)


def mark_of(key: str) -> int | None:
    """Return the number of the mark around this text; None outside of a preview that tries it."""
    attempt = _trying.get()
    return None if attempt is None else attempt.numbers.get(key)


def number(name: str) -> Number:
    """Return the help number of this name (`common.texts.help_numbers.NAMED`)."""
    return _shelf.numbers[name]


def digits() -> Mapping[str, str]:
    """Return the digits of each help number, by its name."""
    return _shelf.digits


def texts() -> dict[tuple[str, str | None, bool], str]:
    """Return the cache of sentences as plain text, by key, language and voice."""
    return _shelf.texts


def drawn() -> dict[tuple[str, str | None, bool], SafeString]:
    """Return the cache of sentences as HTML, by key, language and voice."""
    return _shelf.drawn


def runs() -> dict[tuple[int, bool], SafeString]:
    """Return the cache of pieces of templates that are the same for everybody, by their place and voice."""
    return _shelf.runs


def patterns() -> dict[tuple[object, ...], Pieces]:
    """Return the cache of the templates of `common.texts.patterns` and `{% kept %}`."""
    return _shelf.patterns


def drawn_parts() -> dict[tuple[object, ...], SafeString]:
    """Return the cache of what tags make of values of the code, by the tag's name and the values."""
    return _shelf.parts


def questions() -> dict[tuple[object, ...], list[tuple[str, str, Boxes]]]:
    """Return the cache of a form's questions, each with its name, legend and boxes, by form, language and voice."""
    return _shelf.questions


def words() -> dict[tuple[object, ...], Mapping[str, str]]:
    """Return the cache of texts that are used together, by their purpose, language and voice."""
    return _shelf.words


def rows() -> dict[tuple[object, ...], SafeString]:
    """Return the cache of drawn rows of lists, by their template and all that is written in them."""
    return _shelf.rows


@contextmanager
def previewing(attempt: Mapping[str, Changed], *, is_marked: bool = False) -> Iterator[None]:
    """Use these texts for their sentences within the block, for a preview. Nothing is saved or cached.

    is_marked: whether each text is put between marks, numbered in the order of `attempt` (`common.texts.marks`). The
    caller has to remove the marks from the page.
    """
    numbers = {key: number for number, key in enumerate(attempt)} if is_marked else {}
    token = _trying.set(_Attempt(attempt, numbers))
    try:
        yield
    finally:
        _trying.reset(token)


def is_previewing(*keys: str) -> bool:
    """Return whether a preview tries one of these sentences here (without a key: any). What contains it must not be
    cached."""
    attempt = _trying.get()
    return attempt is not None and (not keys or any(key in attempt.texts for key in keys))


# --- reading ----------------------------------------------------------------------------------------------------------


def is_due() -> bool:
    """Return whether the cache is older than KEEP_SECONDS."""
    return time.monotonic() - _read_at >= KEEP_SECONDS


def refresh() -> None:
    """Read again if the cache is old, with two queries. Not to be called in a transaction, nor while somebody waits.

    Raises the database's errors; the cache then keeps what was read last.
    """
    if is_due() and _reading.acquire(blocking=False):
        try:
            _read()
        finally:
            _reading.release()


def read_first() -> None:
    """Read once, before the first page of a process and in its thread, because no round has read yet.

    If the database is away nothing is raised, because the page itself deals with that.
    """
    global _is_begun
    if not _is_begun:
        _is_begun = True
        _read_if_possible()


def read_again() -> None:
    """Read now, after this process has committed a change. If that fails, the next round reads."""
    global _read_at
    _read_at = float("-inf")
    _read_if_possible()


def _read_if_possible() -> None:
    try:
        refresh()
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        logger.warning("sentences: the database failed (%s)", describe_error(error))


def _read() -> None:
    global _shelf, _read_at
    began = time.monotonic()
    _shelf = _shelf_of(texts_source(), numbers_source())
    _read_at = began


def set_changed(changed_now: Mapping[str, Changed], numbers: Mapping[str, Number] | None = None) -> None:
    """Replace the content of the cache, for tests, which begin with nothing changed."""
    global _shelf, _read_at, _is_begun
    _shelf, _read_at, _is_begun = _shelf_of(changed_now, numbers or {}), time.monotonic(), True


def let_time_pass(seconds: float) -> None:
    """Make the cache older by so many seconds, for tests, which do not sleep."""
    global _read_at
    _read_at -= seconds
