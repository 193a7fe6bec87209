"""Stores what each tab of a visit is typing in the session (docs/adr/0066).

It is in the encrypted session, never on the device or in an address, and is forgotten with the visit
(`reports.session`). `chat.visitor.draft_session` keeps messages in it, `chat.visitor.fact_draft` facts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from chat.models import Conversation

KEPT_MAX = 20_000  # the most characters of all tabs together, several times what a message or a fact may have
TABS_MAX = 3  # the most tabs of one visit; what was typed longest ago is forgotten first
WITHOUT_SCRIPT = ""  # the name of a tab without scripts, which cannot draw a name
_NAME = re.compile(r"[a-z0-9-]{1,36}")


def name_of_tab(given: str) -> str:
    """Return the name that a page's script drew for its tab; for anything else, that of a page without a script."""
    return given if _NAME.fullmatch(given) else WITHOUT_SCRIPT


def read_time(given: str) -> int:
    """Return milliseconds by the clock of a page; 0 for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


def _size(typed: str | Mapping[str, str]) -> int:
    return len(typed) if isinstance(typed, str) else sum(map(len, typed.values()))


@dataclass(frozen=True, slots=True)
class TabDrafts[Typed: str | Mapping[str, str]]:
    """They are the drafts of one form. key: where the session keeps them. name: what holds the typed words there, which
    processes of the version before read."""

    key: str
    name: str

    def read(self, request: HttpRequest, conversation: Conversation) -> dict[str, Typed]:
        """Return what each tab types in this conversation, the tab that typed last at the end."""
        return {tab: one[self.name] for tab, one in self._kept(request, conversation).items()}

    def keep(
        self,
        request: HttpRequest,
        conversation: Conversation,
        typed: Typed | None,
        *,
        tab: str,
        at: int = 0,
        is_its: Callable[[Typed], bool] | None = None,
    ) -> None:
        """Store this in place of what the same tab typed before; None erases it.

        at: when the page sent it, by its own clock, in milliseconds; what was overtaken by something later of its tab
        is ignored. is_its: whether what was typed without a script is what this tab took over; without it, always. The
        session is only written when something has changed. It has at most KEPT_MAX characters, of
        TABS_MAX tabs.
        """
        tabs = self._kept(request, conversation)
        unnamed = tabs.get(WITHOUT_SCRIPT)
        if tab != WITHOUT_SCRIPT and unnamed is not None and (is_its is None or is_its(unnamed[self.name])):
            del tabs[WITHOUT_SCRIPT]
        before = tabs.pop(tab, None)
        if before is not None and before["at"] > at > 0:
            return
        if typed is not None:
            if before is not None and before[self.name] == typed:
                return
            tabs[tab] = {self.name: typed, "at": at}
        self._write(request, conversation, tabs)

    def _kept(self, request: HttpRequest, conversation: Conversation) -> dict[str, dict[str, Any]]:
        kept = request.session.get(self.key)
        if kept is None or kept["of"] != str(conversation.public_id):
            return {}
        # The version before keeps one.
        last = {self.name: kept[self.name], "at": kept.get("at", 0)}
        return {**kept.get("others", {}), kept.get("tab", WITHOUT_SCRIPT): last}

    def _write(self, request: HttpRequest, conversation: Conversation, tabs: dict[str, dict[str, Any]]) -> None:
        if not tabs:
            request.session.pop(self.key, None)
            return
        (tab, last), *before = reversed(tabs.items())
        others: dict[str, dict[str, Any]] = {}
        room = KEPT_MAX - _size(last[self.name])
        for name, one in before[: TABS_MAX - 1]:
            room -= _size(one[self.name])
            if room < 0:
                break
            others = {name: one, **others}
        kept = {"of": str(conversation.public_id), "tab": tab, **last, "others": others}
        if request.session.get(self.key) != kept:
            request.session[self.key] = kept
