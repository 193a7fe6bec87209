"""Renders PDF documents for screen readers (PDF/UA, with Typst): an exchange with its file, an appointment's slip.

What people wrote is data, which Typst treats as text, never as markup. A child process with limits of its own renders
the pages (`chat.documents.drawing`, docs/adr/0055). A document is never longer than the child can render (`parts`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from chat.documents import font_coverage
from common.offload import pool
from common.offload.tables import WHOLE_ROWS
from common.texts import languages
from reports import letterhead

# The bounds of one document: its messages, and its lines on paper, which make some two hundred pages of A4. The most
# that the child then took was 300 MiB and 2.5 s of processor, of twenty kinds of text (docs/adr/0055). An ordinary
# exchange of an hour has four pages.
MESSAGES_AT_MOST = 1_000
LINES_AT_MOST = 12_000
LINE_SIGNS = 90  # how many characters a line of A4 has at 10 points
PAIR_SIGNS = (27, 56)  # the same in the two columns of a pair
HEAD_LINES = 3  # how many lines the head of a message takes, with the space around it
# Characters that not every font draws, or that cannot be seen (`chat.documents.font_coverage`, `common.plain_text`).
_BY_CODE = re.compile(
    r"[^\n -~\u00a0-\u00ac\u00ae-\u017f\u2010-\u2027\u2030-\u2040\u2042\u2044-\u2052\u2054-\u205e\u20ac]+"
)

_STYLE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set text(lang: data.lang, size: 10pt)
#show heading: set block(above: 1.4em, below: 0.7em, sticky: true) // never the last line of a page
// A word, or an address, longer than the line would run off the paper: it may be broken every so many signs.
#show regex("[!-~À-ſ]{30}"): run => run + box()
#set table(stroke: 0.5pt + luma(150), inset: 6pt, fill: (_, row) => if row == 0 { luma(238) })
"""

EXCHANGE = (
    _STYLE
    + """
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1", header: text(size: 8pt, data.mark))
"""
    + letterhead.SOURCE
    + WHOLE_ROWS
    + """
#title()
#for line in data.about { par(line) }
#for section in data.sections {
  heading(level: 1, section.title)
  for line in section.lines { par(line) }
  if section.pairs.len() > 0 {
    table(
      columns: (1fr, 2fr),
      table.header(strong(data.heads.at(0)), strong(data.heads.at(1))),
      ..section.pairs.map(pair => cells(pair, (22, 50), 30)).flatten(),
    )
  }
}
#if data.thread.len() > 0 { heading(level: 1, data.thread_title) }
#for message in data.thread {
  heading(level: 2, message.head)
  set text(dir: if message.dir == "rtl" { rtl } else { ltr })
  par(message.body)
}
"""
)
SLIP = (
    _STYLE
    + """
#set page(paper: "a5", margin: 1.5cm)
#set text(size: 11pt)
"""
    + letterhead.SOURCE
    + """
#title()
#for line in data.about { par(text(size: 14pt, weight: "bold", line)) }
#for section in data.sections {
  if section.title != "" { heading(level: 1, section.title) }
  par(section.lines.join(linebreak()))
}
"""
)


@dataclass(frozen=True, slots=True)
class Section:
    """It is a section of a document: sentences, and pairs of a name and its value. title: "" for none, on a slip.

    pairs: an iterator where they are many, which `parts` reads once.
    """

    title: str
    lines: Sequence[str] = ()
    pairs: Iterable[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """It is the content of a document.

    title: also that of the file. mark: printed at the head of each page. thread: (head, body) of each message, in
    order, and an iterator where they are many, which `parts` reads once; without any its title is not printed.
    codes_note: a sentence for when a character had to be replaced by its code. letterhead: lines, the first one in
    bold.
    """

    title: str
    about: Sequence[str]
    sections: Sequence[Section] = ()
    mark: str = ""
    heads: tuple[str, str] = ("", "")
    thread_title: str = ""
    thread: Iterable[tuple[str, str]] = field(default=(), repr=False)
    language: str = field(default_factory=languages.source)
    codes_note: str = ""
    letterhead: Sequence[str] = ()


def draw(document: Document, source: str = EXCHANGE, *, who: str = "", is_patient: bool = False) -> bytes:
    """Return the PDF.

    Characters that the fonts cannot draw are replaced by their codes (`chat.documents.font_coverage`), and a line says
    so. So are characters that cannot be seen, because a control character prevents a page from being made, and a
    direction mark would reverse a line. A document that needs more memory than a child has is rendered again with only
    Typst's own fonts, and then more characters are replaced.
    document: one that `parts` allows. who: who asks, and may have one document rendered at a time. is_patient: see
    `common.offload.pool.run`. Must not be called in a transaction. Raises common.offload.pool.NotDone.
    """
    data = _data(document)
    texts = [document.title, *document.about, *(body for _head, body in document.thread)]
    asked = {"source": source, "data": data, "note": document.codes_note, "is_plain": False}
    run = partial(pool.run, "chat.documents.drawing", who=who, is_patient=is_patient)
    try:
        found, pages = run({**asked, "known": font_coverage.known_signs(texts)})
    except pool.Failed as error:
        if error.why != "memory":
            raise
        # Characters of dozens of scripts, each with a font of its own, take more memory than a child may have.
        _found, pages = run({**asked, "known": {}, "is_plain": True})
    else:
        font_coverage.remember_signs(found)
    return pages


def parts(document: Document) -> Iterator[Document]:
    """Yield the document in parts that can each be rendered, in order; nearly always one. Their threads are lists.

    Its sections come first, then the thread. A section that does not fit is cut between its lines or pairs, and goes on
    under its title in the next part. Takes a time linear in the length of all, 40 ms for 4 million characters, and the
    memory of one part when sections and thread are iterators.
    """
    about = sum(map(lines_of, document.about))
    part, lines, is_empty = _Cut(), about, True
    for piece in _pieces(document):
        is_full = piece.section is None and len(part.thread) == MESSAGES_AT_MOST
        if not is_empty and (lines + piece.lines > LINES_AT_MOST or is_full):
            yield replace(document, sections=part.sections, thread=part.thread)
            part, lines = _Cut(), about
        part.add(piece)
        lines, is_empty = lines + piece.lines, False
    yield replace(document, sections=part.sections, thread=part.thread)


@dataclass(frozen=True, slots=True)
class _Piece:
    """It is what is not cut: a line or a pair of a section (or none, for its title alone), or a message."""

    lines: int
    section: Section | None = None
    line: str | None = None
    pair: tuple[str, str] | None = None
    message: tuple[str, str] = ("", "")


class _Cut:
    """It is one part that is being filled."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.thread: list[tuple[str, str]] = []
        self._of: Section | None = None  # the section of the document that the last one here is a part of

    def add(self, piece: _Piece) -> None:
        """Add one piece, in order."""
        if piece.section is None:
            self.thread.append(piece.message)
            return
        if piece.section is not self._of:
            self.sections.append(Section(piece.section.title, lines=[], pairs=[]))
            self._of = piece.section
        here = self.sections[-1]
        assert isinstance(here.lines, list) and isinstance(here.pairs, list)  # noqa: S101  made above, for mypy
        if piece.line is not None:
            here.lines.append(piece.line)
        if piece.pair is not None:
            here.pairs.append(piece.pair)


def _pieces(document: Document) -> Iterator[_Piece]:
    for section in document.sections:
        yield _Piece(HEAD_LINES, section)
        for line in section.lines:
            yield _Piece(1 + lines_of(line), section, line=line)
        for pair in section.pairs:
            lines = 1 + max(lines_of(text, signs) for text, signs in zip(pair, PAIR_SIGNS, strict=True))
            yield _Piece(lines, section, pair=pair)
    for message in document.thread:
        yield _Piece(HEAD_LINES + lines_of(message[1]), message=message)


def lines_of(text: str, line_signs: int = LINE_SIGNS) -> int:
    """Return how many lines a text takes at most; a character that may be replaced by its code counts for nine.

    The result is always the same, so that a document always has the same parts.
    """
    signs = len(text) + 8 * sum(map(len, _BY_CODE.findall(text)))
    return text.count("\n") + 1 + signs // line_signs


def _data(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "lang": document.language.partition("-")[0],  # Typst knows no regions
        "mark": document.mark,
        "letterhead": list(document.letterhead),
        "about": list(document.about),
        "heads": list(document.heads),
        "sections": [
            {"title": one.title, "lines": list(one.lines), "pairs": [list(pair) for pair in one.pairs]}
            for one in document.sections
        ],
        "thread_title": document.thread_title,
        "thread": [{"head": head, "body": body, "dir": direction_of(body)} for head, body in document.thread],
    }


def direction_of(text: str) -> str:
    """Return « rtl » for a text that begins in a script written from right to left, else « ltr ».

    The first character with a direction decides, as with `dir="auto"` in a browser (Unicode UAX #9, P2 and P3).
    """
    first = next((found for sign in text if (found := unicodedata.bidirectional(sign)) in {"L", "R", "AL"}), "L")
    return "ltr" if first == "L" else "rtl"
