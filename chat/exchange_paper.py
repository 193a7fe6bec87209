"""Documents that a screen reader can read (PDF/UA), made by Typst: an exchange with its file, an appointment's slip.

What people wrote goes in as data: it is text to Typst, never markup.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import typst

from chat import display, glyphs

_STYLE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set text(lang: data.lang, size: 10pt)
#show heading: set block(above: 1.4em, below: 0.7em)
// A word, or an address, longer than the line would run off the paper: it may be broken every so many signs.
#show regex("[!-~À-ſ]{30}"): run => run + box()
#set table(stroke: 0.5pt + luma(150), inset: 6pt, fill: (_, row) => if row == 0 { luma(238) })
"""

EXCHANGE = (
    _STYLE
    + """
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1", header: text(size: 8pt, data.mark))
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
  par(message.body)
}
"""
)
SLIP = (
    _STYLE
    + """
#set page(paper: "a5", margin: 1.5cm)
#set text(size: 11pt)
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

    codes_note: said when a sign had to be written by its code.
    """

    title: str
    about: Sequence[str]
    sections: Sequence[Section] = ()
    mark: str = ""
    heads: tuple[str, str] = ("", "")
    thread_title: str = ""
    thread: Sequence[tuple[str, str]] = field(default=(), repr=False)
    language: str = "fr"
    codes_note: str = ""


def draw(document: Document, source: str = EXCHANGE) -> bytes:
    """The pages. Signs that the fonts do not draw stand there by their codes (`chat.glyphs`), and a line says so.

    So do those that cannot be seen: a control keeps a page from being made, and a direction would turn a line around.
    """
    data: dict[str, Any] = _each_text(_data(document), display.visible)
    texts = list(_texts(data))
    signs = set(glyphs.signs_of(texts))
    kept = glyphs.drawn(texts, can_draw=_can_draw) if signs else set()
    try:
        return _compile(source, _coded(data, kept, document) if kept != signs else data)
    except typst.TypstError:
        # Signs that are drawn alone may not be side by side.
        return _compile(source, _coded(data, set(), document))


def _data(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "lang": document.language,
        "mark": document.mark,
        "about": list(document.about),
        "heads": list(document.heads),
        "sections": [
            {"title": one.title, "lines": list(one.lines), "pairs": [list(pair) for pair in one.pairs]}
            for one in document.sections
        ],
        "thread_title": document.thread_title,
        "thread": [{"head": head, "body": body} for head, body in document.thread],
    }


def _texts(value: Any) -> Iterator[str]:
    """Every text of the data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The data with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(one, change) for name, one in value.items()}
    return [_each_text(one, change) for one in value]


def _coded(data: dict[str, Any], kept: set[str], document: Document) -> dict[str, Any]:
    found: dict[str, Any] = _each_text(data, lambda text: glyphs.with_codes(text, kept))
    found["about"] += [document.codes_note] if document.codes_note else []
    return found


_SIGNS = """
#set document(title: "x")
#for sign in json(bytes(sys.inputs.data)) { par(sign) }
"""


def _can_draw(signs: list[str]) -> bool:
    try:
        _compile(_SIGNS, signs)
    except typst.TypstError:
        return False
    return True


def _compile(source: str, data: Any) -> bytes:
    return typst.compile(
        source.encode(), format="pdf", pdf_standards=["ua-1"], sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
