"""This is the page `/retrait/demande/`: where to ask, who helps, and the texts of a request.

The answer to its form is the page itself: nothing that is typed here is stored, sent or put into an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

import triage.session
from chat import access
from chat.journal.facts import Fact as NotedFact
from chat.rules import removal as removal_rules
from common import dates
from pnav.pages.frame.context import is_familiar as visit_is_familiar
from pnav.pages.models import RemovalPlatform
from pnav.pages.removal.chosen_facts import labels_of, words_of
from pnav.pages.removal.forms import FACTS_MOST, OTHER, PlatformForm, RequestForm
from pnav.pages.removal.letters import write_letters
from pnav.pages.removal.offered_facts import Offered, read_offered
from pnav.pages.texts.removal import Ground, Who
from reports import texts as report_texts
from reports.models import Fact, Report
from triage.questionnaire.questions import DOOR

Kind, Audience = RemovalPlatform.Kind, RemovalPlatform.Audience
MINORS = frozenset({Who.MINOR, Who.HELPS_MINOR})
WRITE = "write"  # the value of the button that asks for the texts
AGAIN = "other"  # the value of the button that asks for another site
NONE_OFFERED = Offered()
# The grounds of a request that follow from the facts of the signalement. The person may change them.
GROUNDS = {
    Fact.INSULTS: Ground.HARASSMENT,
    Fact.RUMOURS: Ground.HARASSMENT,
    Fact.HOSTILE_PAGE: Ground.HARASSMENT,
    Fact.HACKED_ACCOUNT: Ground.IDENTITY,
}


@dataclass(frozen=True, slots=True)
class Later:
    """It is a day on which to look whether the content is still there."""

    days: int
    day: str


def read_platforms() -> list[RemovalPlatform]:
    """Read the platforms that are shown, by kind. A kind that this version does not know comes last.

    It makes one query, and a second one in another language than the source's.
    """
    places: dict[str, int] = {value: place for place, value in enumerate(Kind.values)}
    return sorted(
        RemovalPlatform.to_be_shown(), key=lambda row: (places.get(row.kind, len(places)), row.order, row.slug)
    )


def helpers(platforms: Sequence[RemovalPlatform], *, who: str, is_intimate: bool) -> list[RemovalPlatform]:
    """Return who helps this person with this content."""
    not_for = Audience.ADULT if who in MINORS else Audience.MINOR
    return [
        row
        for row in platforms
        if row.kind == Kind.HELP and row.audience != not_for and (is_intimate or not row.is_for_images)
    ]


def choice_form(request: HttpRequest, platforms: Sequence[RemovalPlatform]) -> PlatformForm:
    """Return the form of the choice, with the answer of this visit on who they are."""
    return PlatformForm(platforms=platforms, initial={"who": _who(request)})


def _who(request: HttpRequest) -> str:
    """Return the person's answer in the orientation; empty when they were not asked."""
    answers = triage.session.answers(request)
    return {"adult": Who.ADULT, "minor": Who.MINOR}.get(answers.get(DOOR, ""), "")


def _speaks_tu(request: HttpRequest) -> bool:
    """Return whether to say *tu*: by what the form says of oneself or, when it says nothing of it, by the visit."""
    who = request.POST.get("who")
    return who == Who.MINOR or (who != Who.ADULT and visit_is_familiar(request))


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def removal_request(request: HttpRequest) -> HttpResponse:
    """Ask where the content is, then show where to ask, and write the texts from what was typed.

    « Faits notés avant » shows an earlier piece of the journal, with all that was typed and ticked. One query of
    platforms (two in another language), four in an exchange: its row, a piece of its journal, what was ticked on other
    pieces. Fields have lengths (`RequestForm`).
    """
    platforms = read_platforms()
    if request.method != "POST" or request.POST.get("step") == AGAIN:
        return _draw(request, choice_page(choice_form(request, platforms)))
    is_familiar = _speaks_tu(request)
    choice = PlatformForm(request.POST, platforms=platforms, familiar=is_familiar)
    if not choice.is_valid():
        return _draw(request, choice_page(choice) | {"familiar": is_familiar})
    said = choice.cleaned_data
    own = access.as_reporter(request.session)
    # A code of « Suites » gives no access to the report and the journal, but dates may be kept with it.
    has_exchange = own is not None or access.as_follower(request.session) is not None
    offered = read_offered(own, request.POST) if own is not None else NONE_OFFERED
    is_minors_image = said["intimate"] and said["who"] in MINORS
    given: dict[str, Any] = {"platforms": platforms, "familiar": is_familiar, "facts": labels_of(offered.facts)}
    if offered.is_turned:
        form = RequestForm(initial=RequestForm.as_typed(request.POST), **given)
    elif request.POST.get("step") != WRITE and "piece" not in request.POST:
        initial = {**said, **(_from_report(own.report) if own is not None else {})}
        if is_minors_image:
            initial["grounds"] = [Ground.MINOR_IMAGE]
        elif said["intimate"]:
            initial["grounds"] = [Ground.INTIMATE_IMAGE]
        form = RequestForm(initial=initial, **given)
    else:
        form = RequestForm(_with_facts(request.POST, offered.facts), **given)
    context = kit_page(platforms, said, form, has_exchange=has_exchange, today=timezone.localdate(), offered=offered)
    return _draw(request, context | {"familiar": is_familiar})


def choice_page(choice: PlatformForm) -> dict[str, Any]:
    """Return what the page shows before the site is chosen."""
    return {"choice": choice}


def kit_page(
    platforms: Sequence[RemovalPlatform],
    said: dict[str, Any],
    form: RequestForm,
    *,
    has_exchange: bool,
    today: date,
    offered: Offered = NONE_OFFERED,
) -> dict[str, Any]:
    """Return what the page shows after a choice, and the letters when the form was sent and is valid.

    said: the cleaned data of a `PlatformForm`. has_exchange: whether dates may be kept on « Suites ». offered: the
    facts that may be ticked.
    """
    context = {**_kit(platforms, said), "has_exchange": has_exchange, "form": form, "offered": offered}
    if form.is_bound and form.is_valid():
        site = context["platform"].name if context["platform"] else ""
        context["letters"] = write_letters(form.cleaned_data, site=site, is_minors_image=context["is_minors_image"])
        context["later"] = days_to_look(today)
    return context


def _kit(platforms: Sequence[RemovalPlatform], said: dict[str, Any]) -> dict[str, Any]:
    who, is_intimate = said["who"], said["intimate"]
    chosen = next((row for row in platforms if row.slug == said["platform"]), None)
    return {
        "platform": chosen,
        "is_other": said["platform"] == OTHER,
        "helpers": helpers(platforms, who=who, is_intimate=is_intimate),
        "is_minors_image": is_intimate and who in MINORS,
        "familiar": who == Who.MINOR,
        "said": said,
    }


def days_to_look(today: date) -> list[Later]:
    """Return the days on which to come back, in words."""
    return [Later(days, dates.format_date(day, "l j F Y")) for days, day in removal_rules.days_to_look(today)]


def _with_facts(typed: QueryDict, facts: Sequence[NotedFact]) -> QueryDict:
    """Return what was typed, with what the chosen facts say in the fields that were left empty.

    facts: those of the person. When more than FACTS_MOST are chosen none is taken, and the form has an error.
    """
    ticked = set(typed.getlist("facts"))
    chosen = [fact for fact in facts if str(fact.public_id) in ticked]
    filled = typed.copy()
    for name, text in words_of(chosen if len(chosen) <= FACTS_MOST else []).items():
        if text and not typed.get(name, "").strip():
            filled[name] = text
    return filled


def _from_report(report: Report) -> dict[str, Any]:
    """Return what the signalement already says. The name and the place of the content are left to the person."""
    grounds = {GROUNDS[fact] for fact in GROUNDS if fact in report.facts}
    since = report_texts.OPTIONS["since"].get(report.since)
    return {
        "period": since.say() if since is not None else "",
        "grounds": [ground for ground in Ground if ground in grounds],
    }


def _draw(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    page = render(request, "pages/removal_kit.html", context)
    page["Cache-Control"] = "no-store"  # the page holds what was typed
    return page
