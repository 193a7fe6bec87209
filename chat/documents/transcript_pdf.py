"""Makes documents that a screen reader can read (PDF/UA, by Typst): an exchange with its file, an appointment's slip.

What people wrote goes in as data: it is text to Typst, never markup. The pages are drawn by a child process with limits
of its own (`chat.documents.drawing`, docs/adr/0055), and a document is never longer than it can draw: `parts`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.documents import font_coverage
from common.offload import pool
from common.texts import languages
from reports import letterhead

# One document: so many messages, and so many lines of paper, some two hundred pages of A4. The most that the child then
# took was 300 MiB and 2.5 s of processor, of twenty kinds of text (docs/adr/0055). An ordinary exchange of an hour
# has four pages.
MESSAGES_AT_MOST = 1_000
LINES_AT_MOST = 12_000
LINE_SIGNS = 90  # what a line of A4 holds at 10 points
HEAD_LINES = 3  # of a message: its head, with the space around it
# Whatever not every font draws, and what cannot be seen (`chat.documents.font_coverage`, `common.plain_text`).
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
      ..section.pairs.flatten().map(text),
    )
  }
}
#heading(level: 1, data.thread_title)
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
  heading(level: 1, section.title)
  par(section.lines.join(linebreak()))
}
"""
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: sentences, and pairs of a name and its value."""

    title: str
    lines: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """title: of the file too. mark: at the head of each page. thread: (head, body) of each message, in order.

    codes_note: said when a sign had to be written by its code. letterhead: lines, the first one in bold.
    """

    title: str
    about: Sequence[str]
    sections: Sequence[Section] = ()
    mark: str = ""
    heads: tuple[str, str] = ("", "")
    thread_title: str = ""
    thread: Sequence[tuple[str, str]] = field(default=(), repr=False)
    language: str = field(default_factory=languages.source)
    codes_note: str = ""
    letterhead: Sequence[str] = ()


def draw(document: Document, source: str = EXCHANGE, *, who: str = "") -> bytes:
    """The pages. Signs that the fonts do not draw stand there by their codes (`chat.documents.font_coverage`), and a
    line says so.

    So do those that cannot be seen: a control keeps a page from being made, and a direction would turn a line around.
    So does what its fonts draw, in a document that would take more memory with them than a child has: it is drawn a
    second time with Typst's own alone.
    who: whoever asks, who has one document drawn at a time. The document is one of `parts`.
    Raises common.offload.pool.NotDone. Not inside a transaction.
    """
    data = _data(document)
    texts = [document.title, *document.about, *(body for _head, body in document.thread)]
    asked = {"source": source, "data": data, "note": document.codes_note, "is_plain": False}
    try:
        found, pages = pool.run("chat.documents.drawing", {**asked, "known": font_coverage.known_signs(texts)}, who=who)
    except pool.Failed as error:
        if error.why != "memory":
            raise
        # Signs of dozens of scripts at once take more than a child may have: each script has a font of its own.
        _found, pages = pool.run("chat.documents.drawing", {**asked, "known": {}, "is_plain": True}, who=who)
    else:
        font_coverage.remember_signs(found)
    return pages


def parts(document: Document) -> list[Sequence[tuple[str, str]]]:
    """The thread cut into what one document holds, in order; one part at least. The first one has the sections too.

    Linear in the length of the thread: 40 ms for 4 million signs.
    """
    found: list[list[tuple[str, str]]] = [[]]
    about_file = [*document.about]
    for section in document.sections:
        about_file += [*section.lines, *map(" ".join, section.pairs)]
    lines = min(sum(map(lines_of, about_file)), LINES_AT_MOST // 2)  # whatever the file says, messages go on beside it
    for message in document.thread:
        more = HEAD_LINES + lines_of(message[1])
        if found[-1] and (lines + more > LINES_AT_MOST or len(found[-1]) == MESSAGES_AT_MOST):
            found.append([])
            lines = 0
        found[-1].append(message)
        lines += more
    return list(found)


def lines_of(text: str) -> int:
    """How many lines of paper a text takes at most: a sign that may stand there by its code counts for nine. The same
    wherever and whenever it is asked, so that a document's parts are."""
    signs = len(text) + 8 * sum(map(len, _BY_CODE.findall(text)))
    return text.count("\n") + 1 + signs // LINE_SIGNS


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
    """« rtl » for a text that begins in a script written from right to left, as a browser takes `dir="auto"`; else
    « ltr ». By the first sign with a direction of its own (Unicode, UAX #9, P2 and P3)."""
    first = next((found for sign in text if (found := unicodedata.bidirectional(sign)) in {"L", "R", "AL"}), "L")
    return "ltr" if first == "L" else "rtl"
