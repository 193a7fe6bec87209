"""« Tableau de service » and « Historique », for supervisors: numbers, and names of agents of their own units only."""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from chat import access
from chat.captures import opening
from chat.console import inbox
from chat.console.base import for_agents, for_figures, frame_of
from chat.conversations import waiting_list
from chat.decisions import on_call
from chat.models import Agent
from chat.retention import schedule
from chat.statistics import csv_export, history, kept, pictures
from chat.statistics import holds as hold_statistics
from chat.statistics.history import History, Measures
from chat.supervision import board_charts, intervention, live_board
from common.service_settings import definitions, values
from locations.models import Force
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive


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
    queue = waiting_list.read_waiting()
    context |= {
        "pictures": board_charts.draw_board(context["board"], queue, now),
        "zones": [str(Force(zone).label) if zone else _("Zone inconnue") for zone in live_board.ZONES],
        "rows": inbox.queue_rows(queue, now),
        "is_still": "fixe" in request.GET,
        "requests": requests,
        "oldest_request": oldest,
        "set_aside": opening.count_locked(agent.user, now),
        "running": intervention.running_conversations(agent, now),
        "on_call": on_call.shown_to(agent, now),
        "one_voice": board_charts.read_trends().one_voice,
        "promises": hold_statistics.figures(now),
        "promises_hours": hold_statistics.HOURS,
    }
    return render(request, "console/board.html", context)


# --- the history ----------------------------------------------------------------------------------------------------


def _days(request: HttpRequest) -> int:
    """How many days are asked for, until tonight."""
    asked = request.GET.get("periode", "")
    return next((days for days in kept.PERIODS if str(days) == asked), 30)


def _row(name: str, one: Measures) -> list[object]:
    return [
        name,
        one.opened,
        one.answered,
        pictures.minutes(one.wait_median),
        pictures.minutes(one.wait_p95),
        one.in_time_percent,
        one.gave_up_percent,
        pictures.minutes(one.length_median),
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
    """Pictures of who came, waits, who gave up and how it ended; behind them the tables that say the same.

    agent: None for an analyst.
    """
    days = _days(request)
    counted = kept.read_past(days)
    found, week = counted.history, counted.week
    start, end = history.last_days(days)
    by_hour = dict(found.hours)
    hours = [by_hour.get(hour, Measures()) for hour in range(24)]
    all_days = pictures.last_days_filled(found.days, [start.date() + timedelta(days=n) for n in range(days)])
    day_measures = [one for _date, one in all_days]
    top = pictures.top_of_waits(hours, day_measures)
    hour_title, day_title = _("Par heure d'arrivée"), _("Par jour d'arrivée")
    outcomes = _ends(found.outcomes, history.outcome_label)
    orientations = _ends(found.orientations, history.orientation_label)
    outcomes_title, orientations_title = _("Comment les échanges se terminent"), _("Résultat de l'orientation")
    context = {
        "agent": agent,
        "frame": frame_of(agent),
        "is_supervisor": True,
        "days": days,
        "periods": kept.PERIODS,
        "counted_at": counted.counted_at,
        "last_day": (end - timedelta(seconds=1)).date(),
        "first_day": all_days[0][0],
        "exact_from": found.exact_from,
        "whole": _row(_("Toute la période"), found.whole),
        "heads": _heads(_("Période")),
        "arrivals": pictures.draw_arrivals(
            week, key="semaine", title=_("Quand on vient, par heure et par jour"), table="tableau-semaine"
        ),
        "week": pictures.rows_of_week(week),
        "day_names": pictures.day_names(),
        "series": [
            *pictures.draw_series("heure", hour_title, pictures.HOURS, hours, top),
            *pictures.draw_series("jour", day_title, [f"{day:%d/%m}" for day, _one in all_days], day_measures, top),
        ],
        "drawn_ends": [
            pictures.draw_ends(key, title, rows)
            for key, title, rows in (
                ("issues", outcomes_title, outcomes),
                ("orientations", orientations_title, orientations),
            )
            if rows
        ],
        "sections": [
            {
                "key": "heure",
                "title": hour_title,
                "heads": _heads(_("Heure")),
                "rows": [_row(name, one) for name, one in zip(pictures.HOURS, hours, strict=True)],
            },
            {
                "key": "jour",
                "title": day_title,
                "heads": _heads(_("Jour")),
                "rows": [_row(_day(day), one) for day, one in all_days],
            },
        ],
        "ends": [(outcomes_title, _("Issue"), outcomes), (orientations_title, _("Résultat"), orientations)],
        "rests": counted.rests,
        "rests_days": kept.RESTS_DAYS,
    }
    return render(request, "console/history.html", context)


def _ends(pairs: list[tuple[str, int]], label: Any) -> list[tuple[str, int, float]]:
    total = sum(count for _value, count in pairs)
    return [(label(value), count, 100 * count / total) for value, count in pairs]


@require_GET
@for_figures
def past_csv(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Give the same period for a spreadsheet; the register keeps that it was taken."""
    days = _days(request)
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.EXPORT,
            by=request.user,
            subject="chat.history",
            motive=Motive.CONTROL,
            detail=f"{days} days",
        )
    name = f"historique-{days}-jours-{timezone.localdate().isoformat()}"
    return csv_export.answer(name, _heads(_("Période")), _csv_rows(kept.read_past(days).history))


def _csv_rows(found: History) -> list[list[object]]:
    return [
        _row(_("Toute la période"), found.whole),
        *(_row(_day(day), one) for day, one in found.days),
        *(_row(f"{hour} h", one) for hour, one in found.hours),
        *([history.outcome_label(value), count] for value, count in found.outcomes),
        *([history.orientation_label(value), count] for value, count in found.orientations),
    ]
