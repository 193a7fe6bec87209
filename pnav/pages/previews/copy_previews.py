"""Previews of the sentences of « Ma copie »."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from chat.models import Conversation
from chat.texts import personal_copy as texts
from chat.visitor import base
from chat.visitor.forms import CopyForm, ProofForm
from pnav.pages.previews.trials import Draw, Trial, draw_page
from reports.models import Report


def _copy(**given: Any) -> Draw:
    """The page, with what is given."""

    def draw(trial: Trial) -> HttpResponse:
        is_discreet = trial.sentence.key.endswith("_discreet")
        manner = base.manner_context(
            Conversation(report=Report()), familiar=trial.familiar, discreet=is_discreet, is_minor=trial.familiar
        )
        context = {
            **manner,
            "form": CopyForm.new(
                familiar=trial.familiar, discreet=is_discreet, words="abri balcon citron douane étoile"
            ),
            "proof_form": ProofForm(familiar=trial.familiar, discreet=is_discreet),
            "name": "documents-2026-11-28.zip",
            "is_own_visit": True,
            "by_code": False,
            **given,
        }
        return draw_page(trial, "chat/copy.html", context)

    return draw


def _error(trial: Trial) -> HttpResponse:
    """Where the sentence is said above the page, or beside a field."""
    return _copy(error=trial.text)(trial)


def _receipt(trial: Trial) -> HttpResponse:
    """The page of a receipt that was just made."""
    manner = base.manner_context(
        Conversation(report=Report()),
        familiar=trial.familiar,
        discreet=trial.sentence.key.endswith("_discreet"),
        is_minor=trial.familiar,
    )
    context = {**manner, "number": "7K4M-0000-0000-0000", "day": texts.DAY.example, "years": "6"}
    return draw_page(trial, "chat/receipt.html", context)


PAGES = (_copy(), _copy(has_captures=True), _copy(by_code=True), _copy(is_warned=True), _error)
DRAW: Mapping[str, tuple[Draw, ...]] = {
    texts.COPY.key: PAGES,
    texts.RECEIPT.key: (_receipt, *PAGES),
    texts.PAPER.key: (_error,),
    texts.CHECKER.key: (_error,),  # those pages open from a disk, and hold nothing of the site around them
}
