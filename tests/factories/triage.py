"""Versions of the questionnaire."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from triage import document, versions
from triage.models import QuestionnaireVersion, State
from triage.results import BUILT_IN

TITLE = "Un titre neuf pour le tchat"


def written(change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
    """The document of the code, changed in place by `change`."""
    made = document.of(BUILT_IN)
    if change is not None:
        change(made)
    return made


def question(made: dict[str, Any], name: str) -> dict[str, Any]:
    """The question of that id, in a document."""
    found: dict[str, Any] = next(one for one in made["questions"] if one["id"] == name)
    return found


def draft(change: Callable[[dict[str, Any]], object] | None = None, **fields: Any) -> QuestionnaireVersion:
    return QuestionnaireVersion.objects.create(document=written(change), **({"note": "Essai"} | fields))


def published(
    change: Callable[[dict[str, Any]], object] | None = None, *, state: str = State.IN_FORCE, **fields: Any
) -> QuestionnaireVersion:
    """In force, unless said otherwise, and seen by this process at once."""
    row = draft(change, state=state, published_at=timezone.now(), **fields)
    versions.forget()
    return row


def screen_says(words: str) -> Callable[[dict[str, Any]], None]:
    """A change: the second question has other words."""

    def change(made: dict[str, Any]) -> None:
        question(made, "screen")["text"] = {"vous": {"fr": words, "en": "Tried"}}

    return change
