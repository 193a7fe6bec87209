"""Previews the sentences of « Ma copie », of its receipt and of its files."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from chat.rules.lifecycle import Status
from chat.texts import personal_copy as texts
from chat.visitor import base, own_copy
from chat.visitor.forms import CopyForm, ProofForm
from pnav.pages.previews import cast
from pnav.pages.previews.trials import Draw, Trial, draw_page

NUMBER = "7K4M-0000-0000-0000"


def _manner(trial: Trial, *, discreet: bool = False) -> dict[str, Any]:
    is_discreet = discreet or trial.manner.is_discreet
    found = cast.conversation()
    return base.manner_context(found, familiar=trial.familiar, discreet=is_discreet, is_minor=trial.familiar)


def _copy(
    typed: Mapping[str, Any] | None = None,
    *,
    has_captures: bool = True,
    by_code: bool = False,
    discreet: bool = False,
    proof: Mapping[str, Any] | None = None,
) -> Draw:
    """Return the page. typed: the form that was sent. proof: the form that was sent to take a proof of date."""

    def draw(trial: Trial) -> HttpResponse:
        is_discreet = discreet or trial.manner.is_discreet
        manner = {"familiar": trial.familiar, "discreet": is_discreet}
        form = CopyForm.new(words=cast.CODE, **manner) if typed is None else CopyForm(typed, **manner)
        proof_form = ProofForm(proof, **manner)
        for said in trial.said(PROOF_ERRORS) if proof else ():
            proof_form.add_error("number", said)
        context = own_copy.copy_page(
            cast.conversation(Status.CLOSED, copy_by_code=by_code),
            _manner(trial, discreet=is_discreet),
            form,
            proof_form,
            error=trial.error(ERRORS),
            is_own_visit=True,
            has_captures=has_captures,
        )
        return draw_page(trial, "chat/copy.html", context | {"messages": trial.messages(TOLD)})

    return draw


def _waiting(*, discreet: bool = False) -> Draw:
    """Return the page of a copy that is being prepared, closed by words."""

    def draw(trial: Trial) -> HttpResponse:
        manner = _manner(trial, discreet=discreet)
        asked = {"device": CopyForm.MINE, "lock": "on", "words": cast.CODE}
        form = CopyForm(asked, familiar=trial.familiar, discreet=manner["discreet"])
        form.is_valid()
        return draw_page(trial, "chat/copy_waiting.html", own_copy.waiting_page(manner, form))

    return draw


def _lines(trial: Trial) -> HttpResponse:
    """Show the sentences alone, because no page of the site has them.

    A paper is drawn as a PDF, and some pages open from a disk, with their script.
    """
    context = {"place": trial.sentences[0].place, "lines": trial.said(trial.sentences)}
    return draw_page(trial, "admin/sentences/preview_lines.html", context)


def _receipt(trial: Trial) -> HttpResponse:
    """Show the page of a receipt that was just made, and whose PDF is late."""
    context = own_copy.receipt_page(_manner(trial), NUMBER, cast.DAY) | {"is_later": True}
    return draw_page(trial, "chat/receipt.html", context)


ERRORS = (texts.MANY, texts.BUSY, texts.STORE_AWAY, texts.TOO_LARGE)
TOLD = (texts.LATER_IS_ON, texts.LATER_IS_OFF, texts.RECEIPT_MANY)
PROOF_ERRORS = (texts.PROOF_MANY, texts.PROOF_NONE, texts.PROOF_TOMORROW)
PAGES = (
    _copy(),
    _copy(by_code=True),
    _copy(discreet=True),
    _copy({"device": "x", "lock": "on", "words": "x"}),
    _copy({"device": CopyForm.MINE, "lock": "on", "words": "x" * 10_000}),
    _copy({"device": CopyForm.SHARED}),
    _copy(proof={"kind": "message", "number": "1"}),
    _copy(proof={"kind": "", "number": "x"}),
    _waiting(),
    _waiting(discreet=True),
)
DRAW: Mapping[str, tuple[Draw, ...]] = {
    texts.COPY.key: PAGES,
    texts.RECEIPT.key: (_receipt, PAGES[0], _lines),  # the last of these draws its paper
    texts.PAPER.key: (_lines,),
    texts.CHECKER.key: (_lines,),
}
