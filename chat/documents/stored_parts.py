"""Keeps the parts of a long document in a spool until each is rendered, so that one part at a time is in memory.

A part is kept as lines of JSON, one for each message, sentence or pair. To read all of it as one value would take ten
times its length, because orjson reserves memory for the length of what it parses.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import orjson

from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import Document, Section
from common.offload import long_results
from common.sealed_files.spool import Part, Spool

# What a line is: the title of a section, a sentence of it, a pair of it, or a message.
_TITLE, _SENTENCE, _PAIR, _MESSAGE = range(4)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """It is one part of a document. whole: the document, whose sections and thread were read into the parts.

    first_head, last_head: those of its first and its last message; "" where it has none.
    """

    whole: Document = field(repr=False)
    content: Part
    first_head: str = field(repr=False)
    last_head: str = field(repr=False)

    def document(self) -> Document:
        """Return this part, read from the spool: at most `transcript_pdf.LINES_AT_MOST` lines of text."""
        sections: list[Section] = []
        lines: list[str] = []
        pairs: list[tuple[str, str]] = []
        thread: list[tuple[str, str]] = []
        for kind, *words in map(orjson.loads, self.content.lines()):
            if kind == _TITLE:
                lines, pairs = [], []
                sections.append(Section(words[0], lines, pairs))
            elif kind == _SENTENCE:
                lines.append(words[0])
            else:
                (pairs if kind == _PAIR else thread).append((words[0], words[1]))
        return replace(self.whole, sections=sections, thread=thread)


def store(spool: Spool, whole: Document) -> list[StoredPart]:
    """Cut a document, whose sections and thread may be iterators, and keep its parts. Raises pool.Failed."""
    return list(_stored(spool, whole))


def with_about(part: StoredPart, about: Iterable[str]) -> StoredPart:
    """Return the part with these lines at its beginning."""
    return replace(part, whole=replace(part.whole, about=list(about)))


def _stored(spool: Spool, whole: Document) -> Iterator[StoredPart]:
    plain = replace(whole, sections=(), thread=())
    for part in transcript_pdf.parts(whole):
        thread = list(part.thread)
        first, last = (head for head, _body in (thread[0], thread[-1])) if thread else ("", "")
        content = long_results.keep_pieces(spool, (orjson.dumps(line) + b"\n" for line in _lines_of(part)))
        yield StoredPart(plain, content, first, last)


def _lines_of(part: Document) -> Iterator[tuple[int | str, ...]]:
    for section in part.sections:
        yield _TITLE, section.title
        yield from ((_SENTENCE, line) for line in section.lines)
        yield from ((_PAIR, *pair) for pair in section.pairs)
    yield from ((_MESSAGE, *message) for message in part.thread)
