"""Stores what is being written in the exchange in the session, until it is sent or erased (docs/adr/0066).

It is back in its field whenever the exchange is shown: after another page of ours, a reload, « Back », or a tab that
the telephone closed. Each tab of a visit has its own text; a new tab shows what was typed last.
"""

from typing import NamedTuple

from django.http import HttpRequest

from chat.models import Conversation
from chat.visitor.tab_drafts import KEPT_MAX, WITHOUT_SCRIPT, TabDrafts

KEY = "reports.draft"  # a key of the session, which the visit forgets with its report
DRAFTS: TabDrafts[str] = TabDrafts(KEY, "body")


class Draft(NamedTuple):
    """It is a text that is being written, and the name of its tab."""

    tab: str = WITHOUT_SCRIPT
    body: str = ""


def keep_draft(
    request: HttpRequest, conversation: Conversation, body: str | None, *, tab: str = WITHOUT_SCRIPT, at: int = 0
) -> None:
    """Store this text in place of the former one of the same tab; a blank one erases it, None changes nothing.

    at: as `TabDrafts.keep`.
    """
    if body is not None:
        DRAFTS.keep(request, conversation, body[:KEPT_MAX] if body.strip() else None, tab=tab, at=at)


def read_draft(request: HttpRequest, conversation: Conversation) -> Draft:
    """Return what was typed last in this conversation, in any tab; empty for nothing."""
    tabs = DRAFTS.read(request, conversation)
    return Draft(*list(tabs.items())[-1]) if tabs else Draft()


def read_tab(request: HttpRequest, conversation: Conversation, tab: str) -> str:
    """Return what is being written in this tab; "" for nothing. A text without a tab counts as this tab's."""
    tabs = DRAFTS.read(request, conversation)
    return tabs.get(tab) or tabs.get(WITHOUT_SCRIPT) or ""


def forget_draft(request: HttpRequest, conversation: Conversation, *, tab: str = WITHOUT_SCRIPT) -> None:
    """Forget what was being written in this tab."""
    keep_draft(request, conversation, "", tab=tab)
