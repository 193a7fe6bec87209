"""A sentence tried in a page: what is drawn, and whether somebody who reads that page would see it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.texts.catalogue import Sentence

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
UNREAD = {"head", "script", "style", "template", "noscript"}
NOTICE = "apercu-dit"  # says the text itself: what is there proves nothing
MARK = "apercu"
_MARKED = f'<mark id="{MARK}">'
_AFTER_MARK = re.compile(f"(?<={_MARKED})")


@dataclass
class Trial:
    """One sentence to be shown. text: as it would be read, with an example of each variable.

    is_marked, is_seen: what the notice above the page says of it, once a first drawing has shown it.
    """

    request: HttpRequest
    sentence: Sentence
    familiar: bool
    text: str = ""
    is_marked: bool = True
    is_seen: bool = True


type Draw = Callable[[Trial], HttpResponse]


def draw_page(trial: Trial, template: str, context: Mapping[str, Any]) -> HttpResponse:
    told = {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen}
    # No key of a form: what is pressed in a preview does nothing.
    return render(
        trial.request,
        template,
        {"familiar": trial.familiar, "discreet": False, **context, "preview_of": told, "csrf_token": ""},
    )


def first_that_shows(trial: Trial, draws: tuple[Draw, ...]) -> HttpResponse:
    """The first of these pages where the text is read; else the first that has it where only a machine reads it."""
    unseen, wanted = None, breaking(trial.text)
    for draw in draws:
        drawn = draw(trial)
        reading = _Reading(drawn.text)
        if reading.first_mark is not None:
            return _marked_at(reading.first_mark, drawn)
        if wanted in reading.text:
            trial.is_marked = False
            return _marked_at(0, draw(trial))
        if unseen is None and wanted in reading.everything:
            unseen = draw
    trial.is_marked = trial.is_seen = False
    return _marked_at(0, (unseen or draws[0])(trial))


def _marked_at(place: int, answer: HttpResponse) -> HttpResponse:
    """A sentence that stands in several places of a page is marked in all of them, and the link leads to this one."""
    first, *rest = answer.text.split(_MARKED)
    marks = [_MARKED if number == place else "<mark>" for number in range(len(rest))]
    answer.content = first + "".join(mark + piece for mark, piece in zip(marks, rest, strict=True))
    return answer


def breaking(text: str) -> str:
    """With one kind of space: a page may draw a text with spaces that break no line."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


class _Reading(HTMLParser):
    """A page as it is read: `text` with the hidden parts left out, `everything` with attributes and all; of a page in
    which a mark is read, up to the first of those."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._shown: list[str] = []
        self._all: list[str] = []
        self._hidden: list[bool] = []  # of each open element: whether it hides, by itself or by what is around it
        self._notice = 0  # how deep the notice is
        self.first_mark: int | None = None  # the first that is read, of all marks in their order
        self._marks = 0
        # Up to a mark that is read: nothing else of the page is asked for then.
        for piece in _AFTER_MARK.split(source):
            self.feed(piece)
            if self.first_mark is not None:
                break
        self.text, self.everything = breaking("".join(self._shown)), breaking("\n".join(self._all))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if not self._notice:
            self._all.extend(value or "" for value in given.values())
        if tag in VOID:
            return
        is_hidden = any(self._hidden[-1:]) or tag in UNREAD or "hidden" in given
        self._hidden.append(is_hidden)
        if given.get("id") == NOTICE:
            self._notice = len(self._hidden)
        if tag == "mark" and given.get("id") == MARK:
            if self.first_mark is None and not is_hidden:
                self.first_mark = self._marks
            self._marks += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._all.extend(value or "" for _name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or not self._hidden:
            return
        if self._notice == len(self._hidden):
            self._notice = 0
        self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if self._notice:
            return
        self._all.append(data)
        if not any(self._hidden[-1:]):
            self._shown.append(data)
