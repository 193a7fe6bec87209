"""Versions of the questionnaire as administrators wrote them, which ask one question on each page."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from triage import versions
from triage.models import QuestionnaireVersion, State
from triage.questionnaire import document, past

TITLE = "Un titre neuf pour le tchat"


def written(change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
    """Return the document from which administrators began, changed in place by `change`: the code's questionnaire
    before its first question was on the home page.
    """
    before = past.find("2026-08-1")
    assert before is not None
    made = document.dump(before)
    if change is not None:
        change(made)
    return made


def question(made: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the question with this id of a document."""
    found: dict[str, Any] = next(one for one in made["questions"] if one["id"] == name)
    return found


def draft(change: Callable[[dict[str, Any]], object] | None = None, **fields: Any) -> QuestionnaireVersion:
    given = {"note": "Essai"} | fields
    return QuestionnaireVersion.objects.create(document=given.pop("document", None) or written(change), **given)


def published(
    change: Callable[[dict[str, Any]], object] | None = None, *, state: str = State.IN_FORCE, **fields: Any
) -> QuestionnaireVersion:
    """Create a version that this process sees at once, in force unless said otherwise."""
    row = draft(change, state=state, published_at=timezone.now(), **fields)
    versions.forget()
    return row


def screen_says(words: str) -> Callable[[dict[str, Any]], None]:
    """Return a change that gives the second question other words."""

    def change(made: dict[str, Any]) -> None:
        question(made, "screen")["text"] = {"vous": {"fr": words, "en": "Tried"}}

    return change
