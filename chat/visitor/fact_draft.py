"""Stores the fact that is being typed in the session until it is noted, as `chat.visitor.draft_session` does messages.

Each tab of a visit has its own, a new fact or one that is being corrected.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest

from chat.journal.forms import WORDS
from chat.models import Conversation
from chat.visitor.tab_drafts import WITHOUT_SCRIPT, TabDrafts, name_of_tab, read_time

KEY = "reports.fact_draft"  # a key of the session, which the visit forgets with its report
DRAFTS: TabDrafts[Mapping[str, str]] = TabDrafts(KEY, "values")
TYPED = (*WORDS, "precision", "day", "hour")  # a form in which all of these are empty has nothing typed in it
FIELDS = (*TYPED, "fact_id", "edits")
# The most characters kept of one field, more than a fact may have, so that whoever wrote too much can shorten it.
KEPT_MAX = 2_000


class FactDraft(NamedTuple):
    """It is a fact that is being typed, by the fields of its form, and the name of its tab. {} for nothing."""

    tab: str = WITHOUT_SCRIPT
    values: Mapping[str, str] = {}


def is_sent(request: HttpRequest) -> bool:
    """Return whether this form has a fact in it."""
    return "fact_id" in request.POST


def is_asked(request: HttpRequest) -> bool:
    """Return whether a page asks what its tab was typing. A process of the version before answers with no `fact`."""
    return request.POST.get("asks") == "fact"


def tab_of(request: HttpRequest) -> str:
    """Return the name of the tab that sent this form."""
    return name_of_tab(request.POST.get("tab", ""))


def keep(request: HttpRequest, conversation: Conversation) -> None:
    """Store what is being typed in this tab; an empty form erases it."""
    values = {name: request.POST.get(name, "")[:KEPT_MAX] for name in FIELDS}
    typed = values if any(values[name].strip() for name in TYPED) else None
    at, is_its = read_time(request.POST.get("at", "")), _is_of(values["fact_id"])
    DRAFTS.keep(request, conversation, typed, tab=tab_of(request), at=at, is_its=is_its)


def _is_of(fact_id: str) -> Callable[[Mapping[str, str]], bool]:
    """Return whether what was typed is about this fact. What was typed without a script about another one stays."""
    return lambda values: values.get("fact_id") == fact_id


def read(request: HttpRequest, conversation: Conversation, fact_id: str, *, is_new: bool = False) -> FactDraft:
    """Return what was typed last to correct this fact, in any tab.

    fact_id: "" for what was typed last as a new fact or, unless is_new, when there is no such, to correct any.
    """
    drafts = [FactDraft(tab, values) for tab, values in DRAFTS.read(request, conversation).items()]
    corrections = [draft for draft in drafts if draft.values.get("edits")]
    if fact_id:
        fitting = [draft for draft in corrections if draft.values["fact_id"] == fact_id]
    else:
        fitting = [draft for draft in drafts if draft not in corrections] or ([] if is_new else corrections)
    return fitting[-1] if fitting else FactDraft()


def read_tab(request: HttpRequest, conversation: Conversation) -> str:
    """Return what is being typed in the tab that asks, as a browser encodes a form; "" for nothing."""
    tabs = DRAFTS.read(request, conversation)
    return urlencode(tabs.get(tab_of(request)) or tabs.get(WITHOUT_SCRIPT) or {})


def forget(request: HttpRequest, conversation: Conversation) -> None:
    """Forget the fact that was begun in the tab that sent this form."""
    DRAFTS.keep(request, conversation, None, tab=tab_of(request), is_its=_is_of(request.POST.get("fact_id", "")))


def forget_of(request: HttpRequest, conversation: Conversation, fact_id: str) -> None:
    """Forget what was typed to correct this fact, in any tab: it was erased."""
    for tab, values in DRAFTS.read(request, conversation).items():
        if values.get("fact_id") == fact_id:
            DRAFTS.keep(request, conversation, None, tab=tab, is_its=_is_of(fact_id))
