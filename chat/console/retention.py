"""This is the page « Fin de conservation »: exchanges that will soon be deleted, freezes, and requests for erasure.

No exchange is read here. An agent sees the exchanges that they answered, and may ask for a freeze. A supervisor sees
those about which they decide (`chat.decisions.deciders`), sets and lifts freezes, and answers requests. Anything else
gives 404.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.console.base import for_agents
from chat.console.forms import ErasureForm, FreezeForm
from chat.decisions import deciders
from chat.models import Agent
from chat.retention import schedule
from chat.retention.schedule import Ending
from common import dates, kept_forms
from reports.actions import (
    Answered,
    Changed,
    Frozen,
    Gone,
    NotAllowed,
    answer_erasure,
    ask_freeze,
    lift_freeze,
    set_freeze,
)
from reports.retention.deletion import rule_of
from reports.rules.retention import Kind

NEVER = datetime(1, 1, 1, tzinfo=UTC)


def _ending_or_404(agent: Agent, public_id: uuid.UUID) -> Ending:
    ending = schedule.ending_of(agent, public_id, timezone.now())
    if ending is None:
        raise Http404
    return ending


def _page(agent: Agent, **more: Any) -> dict[str, Any]:
    now = timezone.now()
    ending: Ending | None = more.get("ending")
    if ending is not None and agent.user.is_supervisor:
        more["standby"] = deciders.standby_for_report(ending.report_id, now)
        more["drawn_unit"] = deciders.drawn_unit(ending.report_id)
    return {"agent": agent, "is_supervisor": agent.user.is_supervisor, "now": now, **more}


@require_GET
@for_agents
def endings(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show what will soon be deleted, what is frozen and, to a supervisor, which requests wait for an answer."""
    now, rule = timezone.now(), rule_of(Kind.ERASURE)
    pending = []
    for one, asked in schedule.requests(agent, now) if agent.user.is_supervisor else []:
        answer_by = asked.asked_at + timedelta(days=rule.days)
        pending.append((one, answer_by, now >= answer_by - timedelta(days=rule.digest_days)))
    context = _page(agent, endings=schedule.endings(agent, now), pending=pending, at_most=schedule.SHOWN)
    return render(request, "console/endings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def freeze(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Ask for a freeze, as an agent, or set one, as a supervisor."""
    ending = _ending_or_404(agent, public_id)
    form = (
        FreezeForm(request.POST)
        if request.method == "POST"
        else FreezeForm(initial=kept_forms.restore(request, form="console:freeze", of=str(public_id)))
    )
    if form.is_valid():
        try:
            held = ask_freeze(report_id=ending.report_id, by=agent.user, **form.cleaned_data)
        except (Gone, NotAllowed) as error:
            raise Http404 from error
        except Frozen:
            messages.error(request, _("L'échange est déjà gelé."))
        else:
            done = _("Gel posé.") if agent.user.is_supervisor else _("Gel demandé : un superviseur décide.")
            if held.until > form.cleaned_data["until"]:
                day = dates.format_date(timezone.localtime(held.until), "j F Y")
                done = _("Gel posé. Celui d'avant va plus loin : il reste jusqu'au %(day)s.") % {"day": day}
            messages.success(request, done)
        return redirect("console:endings")
    return render(request, "console/freeze.html", _page(agent, ending=ending, form=form))


def _moment(text: str) -> datetime:
    """Parse the time that the page sent back; anything else gives a time that no freeze has."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NEVER
    return moment if moment.tzinfo else NEVER


@require_POST
@for_agents
def decide_freeze(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Set a freeze that was asked for (`poser`), or lift or decline it, as a supervisor.

    `asked_at` identifies the freeze that the page showed, because another one may have been asked for meanwhile.
    """
    if not agent.user.is_supervisor:
        raise PermissionDenied
    ending = _ending_or_404(agent, public_id)
    act, done = (
        (set_freeze, _("Gel posé."))
        if "poser" in request.POST
        else (lift_freeze, _("Le gel est fini. Un délai court encore."))
    )
    try:
        act(report_id=ending.report_id, by=agent.user, asked_at=_moment(request.POST.get("asked_at", "")))
    except (Gone, NotAllowed) as error:
        raise Http404 from error
    except Answered:
        messages.error(request, _("Rien n'a changé : quelqu'un a décidé entre-temps."))
    except Changed:
        messages.error(request, _("Rien n'est fait : ce gel a été modifié entre-temps. Relisez-le, puis décidez."))
    else:
        messages.success(request, done)
    return redirect("console:endings")


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def erasure(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Answer a request for erasure, as a supervisor, who sees only its dates."""
    if not agent.user.is_supervisor:
        raise PermissionDenied
    ending = _ending_or_404(agent, public_id)
    if not ending.is_pending:
        raise Http404
    form = (
        ErasureForm(request.POST)
        if request.method == "POST"
        else ErasureForm(initial=kept_forms.restore(request, form="console:erasure", of=str(public_id)))
    )
    if form.is_valid():
        is_granted = form.cleaned_data["answer"] == "grant"
        try:
            answer_erasure(
                report_id=ending.report_id, by=agent.user, is_granted=is_granted, motive=form.cleaned_data["motive"]
            )
        except (Gone, NotAllowed) as error:
            raise Http404 from error
        except Answered:
            messages.error(request, _("Rien n'a changé : quelqu'un a décidé entre-temps."))
        except Frozen:
            form.add_error(
                "answer", _("L'échange est gelé, ou un gel est demandé : l'effacement ne peut pas être accordé.")
            )
            return render(request, "console/erasure.html", _page(agent, ending=ending, form=form))
        else:
            messages.success(
                request, _("Effacement accordé.") if is_granted else _("Effacement refusé, avec son motif.")
            )
        return redirect("console:endings")
    grace_days = rule_of(Kind.ERASURE).grace_days
    return render(request, "console/erasure.html", _page(agent, ending=ending, form=form, grace_days=grace_days))
