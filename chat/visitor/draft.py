"""This is the view that saves what is being written in the exchange while it is typed, and when another page is opened.

`chat.visitor.draft_session` stores it.
"""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import is_valid_path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

import reports.session
from chat import access
from chat.rules.lifecycle import Status
from chat.visitor import draft_session, fact_draft, report, tab_drafts
from chat.visitor.base import json_answer, posts_only, wants_json, when_away, without_visit
from common import rate_limits
from common.texts import languages

# A page saves each three seconds at most (static/pnav/lib/draft.js), and once more when it goes out of sight.
SAVES, SAVES_SECONDS = 40, 60
OPEN_END = "/#fin"  # how « Actualiser » of an open exchange leads to its newest words
# The beginning of an address that chooses a language; what it matches first stays.
LANGUAGE_CHOSEN = re.compile(rf"^(/|/n/)(?:{'|'.join(map(re.escape, languages.codes()))})/")


def _is_ours(address: str) -> bool:
    """Return whether this is the path of a page of this site, as our own buttons have.

    The button of another language leads to `/en/tchat/`, or in discreet mode to `/n/en/482137/`. The addresses of the
    present page have no such path (`pnav.addresses`), but they, or the ordinary ones, have it without the language.
    """
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return False
    path = urlsplit(address).path
    in_one_language = LANGUAGE_CHOSEN.sub(r"\1", path)
    return bool(
        is_valid_path(path)
        or is_valid_path(in_one_language)
        or is_valid_path(in_one_language, urlconf=settings.ROOT_URLCONF)
    )


@posts_only(back="chat:conversation")
@when_away
def leave(request: HttpRequest) -> HttpResponse:
    """Keep the text (`body`) and what is ticked beside it, and go where the button says (`to`, an address), without a
    script too.

    A script that asks for JSON saves what is being typed in its tab (`tab`) and stays on its page; without a `body` it
    asks what the tab was typing, for a page that was loaded again may be older than its last save. A fact that is being
    typed is kept beside it, and asked for by `asks`. SAVES in SAVES_SECONDS for a conversation, each one write of the
    session, none when nothing changed.
    """
    current = own = access.as_reporter(request.session)
    if current is None and (fact_draft.is_sent(request) or fact_draft.is_asked(request)):
        current = access.as_follower(request.session)  # after the end, a code of « Suites » may note facts
    if current is None:
        return json_answer({"error": "no_session"}, status=401) if wants_json(request) else without_visit(request)
    is_save = wants_json(request)
    if is_save and rate_limits.is_over(f"draft:{current.public_id}", limit=SAVES, seconds=SAVES_SECONDS):
        return json_answer({"error": "too_many"}, status=429)
    if is_save and fact_draft.is_asked(request):
        return json_answer({"fact": fact_draft.read_tab(request, current)})
    if fact_draft.is_sent(request):  # the page of facts sends its form here, without any message
        fact_draft.keep(request, current)
        if is_save:
            return HttpResponse(status=204)
    tab, body = tab_drafts.name_of_tab(request.POST.get("tab", "")), request.POST.get("body")
    if is_save and body is None:
        return json_answer({"body": draft_session.read_tab(request, current, tab)})
    draft_session.keep_draft(request, current, body, tab=tab, at=tab_drafts.read_time(request.POST.get("at", "")))
    if is_save:
        return HttpResponse(status=204)
    report.keep_ticked(request, current)
    if own is not None:
        # The page was drawn before another tab typed a code, perhaps, and its buttons lead to what is its own.
        reports.session.return_to_own(request)
    to = request.POST.get("to", "")
    if current.status == Status.CLOSED and to.endswith(OPEN_END):  # its page said nothing yet of the end
        to = to.removesuffix("fin") + "closed-title"
    return redirect(to if _is_ours(to) else reverse("chat:conversation"))
