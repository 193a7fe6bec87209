"""« Tableau de service » and « Historique », for supervisors: numbers, and names of agents of their own units only."""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from chat import access
from chat.console import inbox
from chat.console.base import for_agents, for_figures, frame_of
from chat.conversations import waiting_list
from chat.decisions import on_call
from chat.models import Agent
from chat.retention import schedule
from chat.statistics import charts, csv_export, history
from chat.statistics import holds as hold_statistics
from chat.statistics.history import History, Measures
from chat.supervision import intervention, live_board
from common.service_settings import definitions, values
from locations.models import Force
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive

PERIODS = (7, 30, 90, 365)
ONE_VOICE_DAYS = 30  # of the board: the history shows the same figure for the same days


def _require_supervisor(agent: Agent) -> None:
    if not agent.user.is_supervisor:
        raise PermissionDenied


@require_GET
@for_agents
def board(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The duty at this moment; `?partie=chiffres` the figures of the console's strip alone."""
    _require_supervisor(agent)
    now = timezone.now()
    units = access.reach_of(agent, now)
    context: dict[str, Any] = {
        "now": now,
        "agent": agent,
        "is_supervisor": True,
        "board": live_board.read(now, units=units),
    }
    if request.GET.get("partie") == "chiffres":
        return render(request, "console/_figures.html", context)
    requests, oldest = schedule.oldest_request(agent)
    context |= {
        "zones": [str(Force(zone).label) if zone else _("Zone inconnue") for zone in live_board.ZONES],
        "rows": inbox.queue_rows(waiting_list.read_waiting(), now),
        "is_still": "fixe" in request.GET,
        "requests": requests,
        "oldest_request": oldest,
        "running": intervention.running_conversations(agent, now),
        "on_call": on_call.shown_to(agent, now),
        "one_voice": history.one_voice(*history.last_days(ONE_VOICE_DAYS)),
        "promises": hold_statistics.figures(now),
        "promises_hours": hold_statistics.HOURS,
    }
    return render(request, "console/board.html", context)


# --- the history ----------------------------------------------------------------------------------------------------


def _period(request: HttpRequest) -> tuple[int, datetime, datetime]:
    """How many days, and from which midnight in Paris to which: until tonight, today included."""
    asked = request.GET.get("periode", "")
    days = next((days for days in PERIODS if str(days) == asked), 30)
    return days, *history.last_days(days)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def _row(name: str, one: Measures) -> list[object]:
    return [
        name,
        one.opened,
        one.answered,
        _minutes(one.wait_median),
        _minutes(one.wait_p95),
        one.in_time_percent,
        one.gave_up_percent,
        _minutes(one.length_median),
        one.one_person_percent,
    ]


def _heads(first: str) -> list[str]:
    return [
        first,
        _("Échanges ouverts"),
        _("Pris en charge"),
        _("Attente médiane (min)"),
        _("Attente, 95 % (min)"),
        _("En moins de %(minutes)s min (%%)") % {"minutes": values.get(definitions.PROMISED)},
        _("Partis avant (%)"),
        _("Durée médiane (min)"),
        _("Un seul interlocuteur (%)"),
    ]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


@require_GET
@for_figures
def past(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Waits, durations, who gave up, by hour and by day; each chart with its table. agent: None for an analyst."""
    days, start, end = _period(request)
    found = history.read(start, end)
    all_days = [(start.date() + timedelta(days=n)) for n in range(days)]
    by_day, by_hour = dict(found.days), dict(found.hours)
    context = {
        "agent": agent,
        "frame": frame_of(agent),
        "is_supervisor": True,
        "days": days,
        "periods": PERIODS,
        "last_day": (end - timedelta(seconds=1)).date(),
        "first_day": all_days[0],
        "whole": _row(_("Toute la période"), found.whole),
        "heads": _heads(_("Période")),
        "sections": [
            _section(
                "heure",
                _("Par heure d'arrivée"),
                _("Heure"),
                [(f"{hour} h", by_hour.get(hour, Measures())) for hour in range(24)],
            ),
            _section(
                "jour",
                _("Par jour d'arrivée"),
                _("Jour"),
                [(_day(day), by_day.get(day, Measures())) for day in all_days],
                every=max(1, -(-days // 10)),
            ),
        ],
        "ends": [
            (_("Comment les échanges se terminent"), _("Issue"), _ends(found.outcomes, history.outcome_label)),
            (_("Résultat de l'orientation"), _("Résultat"), _ends(found.orientations, history.orientation_label)),
        ],
    }
    return render(request, "console/history.html", context)


def _section(key: str, title: str, first: str, lines: list[tuple[str, Measures]], every: int = 1) -> dict[str, Any]:
    labels = [name for name, _one in lines]
    short = [name[:5] for name in labels]
    return {
        "key": key,
        "title": title,
        "heads": _heads(first),
        "rows": [_row(name, one) for name, one in lines],
        "opened": charts.draw(short, [one.opened for _name, one in lines], every=every),
        "waits": charts.draw(
            short,
            [_minutes(one.wait_median) for _name, one in lines],
            [_minutes(one.wait_p95) for _name, one in lines],
            every=every,
        ),
    }


def _ends(pairs: list[tuple[str, int]], label: Any) -> list[tuple[str, int, float]]:
    total = sum(count for _value, count in pairs)
    return [(label(value), count, 100 * count / total) for value, count in pairs]


@require_GET
@for_figures
def past_csv(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """The same period for a spreadsheet; the register keeps that it was taken."""
    days, start, end = _period(request)
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.EXPORT,
            by=request.user,
            subject="chat.history",
            motive=Motive.CONTROL,
            detail=f"{days} days",
        )
    name = f"historique-{days}-jours-{timezone.localdate().isoformat()}"
    return csv_export.answer(name, _heads(_("Période")), _csv_rows(history.read(start, end)))


def _csv_rows(found: History) -> list[list[object]]:
    return [
        _row(_("Toute la période"), found.whole),
        *(_row(_day(day), one) for day, one in found.days),
        *(_row(f"{hour} h", one) for hour, one in found.hours),
        *([history.outcome_label(value), count] for value, count in found.outcomes),
        *([history.orientation_label(value), count] for value, count in found.orientations),
    ]
