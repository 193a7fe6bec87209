"""These are the texts that are tried in a page: which ones, for whom, and how the page is drawn with them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.messages import INFO
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from common.texts import cache as text_cache
from common.texts import marks
from common.texts.cache import Changed
from common.texts.catalogue import Sentence
from pnav.pages.previews import marking
from pnav.pages.previews.marking import Marked


@dataclass(frozen=True, slots=True)
class Manner:
    """These are the people for whom a text is written, besides its voice.

    is_discreet: somebody may see the screen. is_about_other: the writer helps somebody else. is_professional: they do
    so at work.
    """

    is_discreet: bool = False
    is_about_other: bool = False
    is_professional: bool = False


def manner_of(sentence: Sentence) -> Manner:
    """Return for whom a text is written, which its key says."""
    ends_in = sentence.key.endswith
    return Manner(
        is_discreet=ends_in("_discreet"), is_about_other=ends_in("_other"), is_professional=ends_in("_professional")
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """These are the texts that a page is to show, in one voice: one in the admin, all of a place in the test that walks
    them.

    told: what the notice above the page says; None for a page that is only searched.
    """

    request: HttpRequest
    sentences: Sequence[Sentence]
    familiar: bool = False
    manner: Manner = Manner()
    told: Mapping[str, Any] | None = None

    def said(self, among: Iterable[Sentence]) -> list[str]:
        """Return those of these texts that are tried, as an act would say them, with examples of their variables."""
        return [say_example(one, familiar=self.familiar) for one in among if one in self.sentences]

    def error(self, among: Iterable[Sentence]) -> str:
        """Return the same texts joined, as an error would be said; "" when none is tried."""
        return " ".join(self.said(among))

    def messages(self, among: Iterable[Sentence]) -> list[Message]:
        """Return the same texts as messages that the page before left."""
        return [Message(INFO, text) for text in self.said(among)]


type Draw = Callable[[Trial], HttpResponse]


def say_example(sentence: Sentence, *, familiar: bool = False) -> str:
    """Say a text with the examples of its variables."""
    return sentence.say(familiar=familiar, **{one.name: one.example for one in sentence.variables})


def notice_of(trial: Trial) -> Mapping[str, Any]:
    """Return what the notice above the page says."""
    return trial.told or {"text": "", "is_marked": True, "is_seen": True}


def draw_page(trial: Trial, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Draw a visitor's page with what its own view would show.

    It has no scripts, and its forms have no token, so that nothing in a preview can be sent.
    """
    shown = {"familiar": trial.familiar, "discreet": trial.manner.is_discreet, **context}
    return render(trial.request, template, {**shown, "preview_of": notice_of(trial), "csrf_token": ""})


def draws_of(trial: Trial, draws: Iterable[Draw]) -> Iterator[Marked]:
    """Draw these pages one after the other, each once, with the texts of the trial marked.

    `Marked.seen` numbers them by their place in `trial.sentences`.
    """
    for draw in draws:
        yield marking.mark_page(draw(trial).text)


@contextmanager
def texts_tried(sentences: Sequence[Sentence], texts: Mapping[str, Changed], language: str) -> Iterator[None]:
    """Say these texts between marks, in this language, within the block.

    texts: by key; a missing one is the original.
    """
    said = {one.key: texts.get(one.key, Changed()) for one in sentences}
    with translation.override(language), text_cache.previewing(said, is_marked=True):
        yield


def first_that_shows(trial: Trial, draws: Sequence[Draw]) -> str:
    """Return the first of these pages where the one text of the trial is read.

    Otherwise it is the first page that carries it where no mark may be, or where only a machine reads it; else the
    first page. Each is drawn at most once, and one of them again.
    """
    text = marks.take_out(say_example(trial.sentences[0], familiar=trial.familiar))
    trial = replace(trial, told={"text": text, "is_marked": True, "is_seen": True})
    carried = unseen = None
    for draw, marked in zip(draws, draws_of(trial, draws), strict=False):
        if 0 in marked.seen:
            return marked.page
        carried = carried or (draw if 0 in marked.carried else None)
        unseen = unseen or (draw if 0 in marked.unseen else None)
    told = {"text": text, "is_marked": False, "is_seen": carried is not None}
    return marking.mark_page((carried or unseen or draws[0])(replace(trial, told=told)).text).page
