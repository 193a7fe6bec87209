"""Caches the sentences that administrators changed, as this process last read them. Reading it makes no query.

Whoever says a sentence may hold locks, and may be delivering to thousands: nothing is read for it. The shelf is filled
aside, at moments when nobody waits: by the rounds of a web process and by each tick of the worker (`refresh`), and once
before the first page (`read_first`). So a change is seen at once by the process that saved it, and by the others within
KEEP_SECONDS and one round or tick (2 seconds) more.
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

# A text of `common.texts.patterns`: pieces of it with a gap between any two, and what puts values into their order.
type Pieces = tuple[list[str], Callable[[Sequence[str]], tuple[str, ...]]]
# The choices of a question: the value of each, its box not ticked, and ticked.
type Boxes = Sequence[tuple[str, SafeString, SafeString]]


@dataclass(frozen=True, slots=True)
class Changed:
    """The texts of one sentence that replace those of origin, by language and voice; an empty one leaves it."""

    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def named(cls, **texts: str) -> Self:
        """By their names, as `languages.text_name` makes them: `Changed.named(vous="…", en="…")`."""
        return cls({text_place(name): text for name, text in texts.items()})


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Texts that are tried. numbers: of those that are said between marks, by their key (`common.texts.marks`)."""

    texts: Mapping[str, Changed]
    numbers: Mapping[str, int]


@dataclass
class _Shelf:
    """Replaced whole by each reading: whoever reads has one or the other. digits: of each number, by its name.

    texts, drawn: what was made of it so far, plain and as HTML, by key, language and voice; runs: pieces of templates
    that say the same to everybody, by their place and voice; patterns: what `common.texts.patterns` draws from; parts:
    what tags draw of values that are ours, by their name and these; questions: those of a form that is drawn for many,
    each with its name, its legend and its boxes; words: texts that are handed out together.
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


def _shelf_of(changed: Mapping[str, Changed], numbers: Mapping[str, Number]) -> _Shelf:
    known = {name: numbers.get(name, named.otherwise) for name, named in NAMED.items()}
    return _Shelf(changed, known, {name: number.display for name, number in known.items()})


_shelf = _shelf_of({}, {})
_read_at = float("-inf")  # monotonic seconds
_is_begun = False
_reading = threading.Lock()
_trying: ContextVar["_Attempt | None"] = ContextVar("sentences_trying", default=None)

# Where changed texts and numbers are kept is known to modules above, which say how they are read when the apps are
# ready (`AppConfig.ready`). By the key of the sentence; by the name of the variable.
texts_source: Callable[[], Mapping[str, Changed]] = dict
numbers_source: Callable[[], Mapping[str, Number]] = dict


# --- what is said -----------------------------------------------------------------------------------------------------


def changed(key: str) -> Changed | None:
    """The texts that replace those of origin, the ones tried here first; None where there are none."""
    attempt = _trying.get()
    if attempt is not None and key in attempt.texts:
        return attempt.texts[key]
    return _shelf.changed.get(key)


def mark_of(key: str) -> int | None:
    """Which mark stands around this text here; None outside the preview of a page that tries it."""
    attempt = _trying.get()
    return None if attempt is None else attempt.numbers.get(key)


def number(name: str) -> Number:
    """The help number of this name (`common.texts.help_numbers.NAMED`)."""
    return _shelf.numbers[name]


def digits() -> Mapping[str, str]:
    """The digits of each help number, by its name."""
    return _shelf.digits


def texts() -> dict[tuple[str, str | None, bool], str]:
    """What was made of sentences so far, as plain text, by key, language and voice."""
    return _shelf.texts


def drawn() -> dict[tuple[str, str | None, bool], SafeString]:
    """Return the texts as HTML."""
    return _shelf.drawn


def runs() -> dict[tuple[int, bool], SafeString]:
    """Pieces of templates that say the same to everybody, by their place and voice."""
    return _shelf.runs


def patterns() -> dict[tuple[object, ...], Pieces]:
    """What `common.texts.patterns` and `{% kept %}` draw from."""
    return _shelf.patterns


def drawn_parts() -> dict[tuple[object, ...], SafeString]:
    """What tags draw of values that are ours, by their name and these."""
    return _shelf.parts


def questions() -> dict[tuple[object, ...], list[tuple[str, str, Boxes]]]:
    """The questions of a form, each with its name, legend and boxes, by form, language and manner."""
    return _shelf.questions


def words() -> dict[tuple[object, ...], Mapping[str, str]]:
    """Texts that are handed out together, by what they are for, language and manner."""
    return _shelf.words


@contextmanager
def previewing(attempt: Mapping[str, Changed], *, is_marked: bool = False) -> Iterator[None]:
    """Here, and nowhere else, these sentences are said so: nothing is saved, and nothing that is drawn is kept.

    is_marked: between marks, in the order of `attempt` (`common.texts.marks`), which whoever draws the page takes out.
    """
    numbers = {key: number for number, key in enumerate(attempt)} if is_marked else {}
    token = _trying.set(_Attempt(attempt, numbers))
    try:
        yield
    finally:
        _trying.reset(token)


def is_previewing(*keys: str) -> bool:
    """Whether one of these sentences is tried here; without a key, whether any is. What says it is then not kept."""
    attempt = _trying.get()
    return attempt is not None and (not keys or any(key in attempt.texts for key in keys))


# --- reading ----------------------------------------------------------------------------------------------------------


def is_due() -> bool:
    """Whether the shelf is older than KEEP_SECONDS."""
    return time.monotonic() - _read_at >= KEEP_SECONDS


def refresh() -> None:
    """Read again when it is time: two queries. Never in a transaction of somebody else's, nor where somebody waits.

    Raises what the database raises; what was read last stays.
    """
    if is_due() and _reading.acquire(blocking=False):
        try:
            _read()
        finally:
            _reading.release()


def read_first() -> None:
    """Before the first page of a process, in whose thread it is: the rounds have not read yet. Only once.

    A database that is away is the business of the page that needs it.
    """
    global _is_begun
    if not _is_begun:
        _is_begun = True
        _read_if_possible()


def read_again() -> None:
    """Now: after a change of this process was committed. If that fails, the next round reads."""
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
    """Take these as what was just read, for tests, which begin with nothing changed."""
    global _shelf, _read_at, _is_begun
    _shelf, _read_at, _is_begun = _shelf_of(changed_now, numbers or {}), time.monotonic(), True


def let_time_pass(seconds: float) -> None:
    """Let that much time have gone by, for tests, which do not sleep."""
    global _read_at
    _read_at -= seconds
