"""Stores what is being written in the exchange in the session, until it is sent or erased (docs/adr/0066).

It is in the encrypted session, never on the device or in an address. It is back in its field whenever the exchange is
shown: after another page of ours, a reload, « Back », or a tab that the telephone closed. Each tab of a visit has its
own text; a new tab shows what was typed last. It is forgotten with the visit (`reports.session`).
"""

import re
from typing import Any, NamedTuple

from django.http import HttpRequest

from chat.models import Conversation

KEY = "reports.draft"  # of what a visit forgets with its report
KEPT_MAX = 20_000  # characters, of all tabs together: several times what a message may have
TABS_MAX = 3  # of one visit; the text of the tab that typed longest ago is forgotten first
WITHOUT_SCRIPT = ""  # the name of what has no script to draw one
_NAME = re.compile(r"[a-z0-9-]{1,36}")


class Draft(NamedTuple):
    """It is a text that is being written, and the name of its tab."""

    tab: str = WITHOUT_SCRIPT
    body: str = ""


def name_of_tab(given: str) -> str:
    """Return the name that a page's script drew for its tab; for anything else, that of a page without a script."""
    return given if _NAME.fullmatch(given) else WITHOUT_SCRIPT


def _kept(request: HttpRequest, conversation: Conversation) -> dict[str, dict[str, Any]]:
    """Return what each tab types in this conversation, the tab that typed last at the end."""
    kept = request.session.get(KEY)
    if kept is None or kept["of"] != str(conversation.public_id):
        return {}
    # The version before keeps one text, `body`, and its processes read that.
    last = {"body": kept["body"], "at": kept.get("at", 0)}
    return {**kept.get("others", {}), kept.get("tab", WITHOUT_SCRIPT): last}


def _write(request: HttpRequest, conversation: Conversation, tabs: dict[str, dict[str, Any]]) -> None:
    if not tabs:
        request.session.pop(KEY, None)
        return
    (tab, last), *before = reversed(tabs.items())
    others: dict[str, dict[str, Any]] = {}
    room = KEPT_MAX - len(last["body"])
    for name, one in before[: TABS_MAX - 1]:
        room -= len(one["body"])
        if room < 0:
            break
        others = {name: one, **others}
    kept = {"of": str(conversation.public_id), "tab": tab, **last, "others": others}
    if request.session.get(KEY) != kept:
        request.session[KEY] = kept


def keep_draft(
    request: HttpRequest, conversation: Conversation, body: str | None, *, tab: str = WITHOUT_SCRIPT, at: int = 0
) -> None:
    """Store this text in place of the former one of the same tab; a blank one erases it, None changes nothing.

    at: when the page sent it, by its own clock, in milliseconds; a text that was overtaken by a later one of its tab is
    ignored. The session is only written when the text has changed. It has at most KEPT_MAX characters, of TABS_MAX
    tabs.
    """
    if body is None:
        return
    tabs = _kept(request, conversation)
    if tab != WITHOUT_SCRIPT:
        tabs.pop(WITHOUT_SCRIPT, None)  # this tab took it over
    before = tabs.pop(tab, None)
    if before is not None and before["at"] > at > 0:
        return
    if body.strip():
        if before is not None and before["body"] == body[:KEPT_MAX]:
            return
        tabs[tab] = {"body": body[:KEPT_MAX], "at": at}
    _write(request, conversation, tabs)


def read_draft(request: HttpRequest, conversation: Conversation) -> Draft:
    """Return what was typed last in this conversation, in any tab; empty for nothing."""
    tabs = _kept(request, conversation)
    if not tabs:
        return Draft()
    tab, kept = list(tabs.items())[-1]
    return Draft(tab, kept["body"])


def read_tab(request: HttpRequest, conversation: Conversation, tab: str) -> str:
    """Return what is being written in this tab; "" for nothing. A text without a tab counts as this tab's."""
    tabs = _kept(request, conversation)
    body: str = (tabs.get(tab) or tabs.get(WITHOUT_SCRIPT) or {"body": ""})["body"]
    return body


def forget_draft(request: HttpRequest, conversation: Conversation, *, tab: str = WITHOUT_SCRIPT) -> None:
    """Forget what was being written in this tab."""
    keep_draft(request, conversation, "", tab=tab)
