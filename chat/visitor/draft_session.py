"""Stores what is being written in the exchange in the session, until it is sent or erased (docs/adr/0066).

It is back in its field whenever the exchange is shown: after another page of ours, a reload, « Back », or a tab that
the telephone closed. Each tab of a visit has its own text; a new tab shows what was typed last.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest

from chat.models import Conversation
from chat.visitor.tab_drafts import KEPT_MAX, WITHOUT_SCRIPT, TabDrafts
from common import plain_text

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


def without_sent(draft: str, sent: Sequence[str]) -> str:
    """Return what of a draft is not in the thread yet: it may begin with the last messages of the person.

    A page saves the messages that it does not know to be stored before what is in its field, with blank lines between
    (static/pnav/chat/compose.js), and it may be gone before it knows. `lib/unsent.js` does the same with what a page
    recalls (tests/js/test_twins.py). sent: the person's messages as they are shown, in order. A text that begins with
    the words of the last one again, and a blank line, loses these words, which are in the thread. The draft is drawn
    once, and its beginning compared with each message.
    """
    lines = draft.replace("\r\n", "\n").strip().split("\n")
    shown = plain_text.plain("\n".join(lines)).split("\n")  # no rule of it looks beyond a line
    for first in range(len(sent)):
        end = _end_of(sent[first:], shown)
        if end:
            return "\n".join(lines[end:])
    return draft


def _end_of(sent: Sequence[str], shown: Sequence[str]) -> int:
    """Return how many of these lines are these messages, with a blank line after each; 0 if they do not begin so."""
    at = 0
    for body in sent:
        end = at + body.count("\n") + 1
        if any(shown[end : end + 1]) or "\n".join(shown[at:end]) != body:
            return 0
        at = end + 1
    return at
