"""This is the page « Effectifs »: how many agents each hour of the week needs, for supervisors and analysts. Only
sums."""

import csv
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from chat.console.base import for_figures, frame_of
from chat.console.forms import StaffingForm
from chat.models import Agent
from chat.statistics import kept
from chat.statistics.kept import Recorded
from chat.statistics.staffing.demand import Basis, Demand
from chat.statistics.staffing.drawing import draw_today, draw_week, span_in_words
from chat.statistics.staffing.plan import Hour, Target
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.audit import recorded_pages
from reports.models import AccessKind, Motive

MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001  only used for the names of the days


@dataclass(frozen=True, slots=True)
class Answer:
    """It is the result. hours: 168, from Monday. agents_today: how many agents held an exchange in each hour of
    today."""

    recorded: Recorded
    demand: Demand
    target: Target
    hours: tuple[Hour, ...]
    agents_today: list[int | None]

    @property
    def scheduled_hours(self) -> int:
        """Return the hours of duty in a week, pauses included."""
        return sum(hour.scheduled for hour in self.hours)

    @property
    def most(self) -> int:
        """Return the most agents that any hour needs, which is the top of the chart."""
        return max(hour.scheduled for hour in self.hours)

    @property
    def patience_minutes(self) -> float:
        """Return the mean patience of people in minutes; 0 when nobody gives up."""
        giving_up = self.demand.patience.giving_up
        return 60 / giving_up if giving_up else 0.0

    @property
    def length_minutes(self) -> float:
        """Return the mean length of an exchange, in minutes."""
        return 60 * self.demand.length.mean

    @property
    def is_too_short(self) -> bool:
        """Return whether the target is shorter than the delay after which the other force answers."""
        return self.target.is_below_overflow(values.get(definitions.OVERFLOW))

    def is_assumed(self, part: str) -> bool:
        """Return whether this part of the demand is assumed, because too little was recorded."""
        basis: Basis = getattr(self.demand, part).basis
        return basis is Basis.ASSUMED


def _answer(form: StaffingForm) -> Answer:
    asked = form.cleaned_data
    target = Target(
        share=asked["share"] / 100,
        within_seconds=60 * asked["minutes"],
        capacity=asked["capacity"],
        pauses=asked["pauses"] / 100,
    )
    staffing = kept.read_staffing()
    return Answer(staffing.recorded, staffing.demand, target, staffing.hours_for(target), staffing.agents_today)


def day_name(day: int) -> str:
    """Return the name of a day of the week: 0 is « lundi »."""
    return date_format(MONDAY.replace(day=MONDAY.day + day), "l")


@require_GET
@for_figures
def page(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Show charts and tables; with an invalid target, the form again. agent: None for an analyst."""
    return _page(request, agent, StaffingForm.asked(request.GET))


def _page(request: HttpRequest, agent: Agent | None, form: StaffingForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "agent": agent, "frame": frame_of(agent), "is_supervisor": True, "form": form, "now": now,
    }  # fmt: skip
    if form.is_valid():
        answer = _answer(form)
        today = timezone.localtime(now).weekday()
        of_today, real = answer.hours[24 * today : 24 * today + 24], answer.agents_today
        day_names = [day_name(day) for day in range(7)]
        context |= {
            "answer": answer,
            "today": draw_today(of_today, real, day_name=day_names[today]),
            "today_rows": list(zip(of_today, real, strict=True)),
            "spans": [
                (of_day, [span_in_words(answer.hours[24 * day + of_day]) for day in range(7)]) for of_day in range(24)
            ],
            "assumed": {part: answer.is_assumed(part) for part in ("arrivals", "patience", "length")},
            "days": draw_week(answer.hours, day_names),
            "day_names": day_names,
            "rows": [(of_day, [answer.hours[24 * day + of_day] for day in range(7)]) for of_day in range(24)],
            "query": urlencode({name: value for name, value in form.cleaned_data.items() if name in request.GET}),
        }
    return render(request, "console/staffing.html", context, status=status)


@require_GET
@for_figures
def staffing_csv(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Return the table as CSV, with semicolons, decimal commas and a byte-order mark for French spreadsheets.

    The register records that it was exported, as it does for « Historique ».
    """
    if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
        return refusal
    form = StaffingForm.asked(request.GET)
    if not form.is_valid():  # the address of the redirect contains nothing that was typed
        return _page(request, agent, form, status=400)
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.EXPORT, by=request.user, subject="chat.staffing", motive=Motive.CONTROL, detail="csv"
        )
    now = timezone.now()
    answer = _answer(form)
    name = f"effectifs-{timezone.localdate(now).isoformat()}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    response.write("\ufeff")
    writer = csv.writer(response, delimiter=";")
    writer.writerow(
        [
            _("Jour"), _("Heure"), _("Arrivées attendues"), _("Échanges en cours, prudent"), _("Places"),
            _("Agents disponibles"), _("Agents en service, pauses comprises"), _("Agents si les moyennes sont exactes"),
            _("Part prise en charge à temps"), _("Part qui renonce"), _("Arrivées mesurées"),
        ]
    )  # fmt: skip
    is_measured = _("non : hypothèse") if answer.is_assumed("arrivals") else _("oui")
    for hour in answer.hours:
        writer.writerow(
            [
                day_name(hour.day), hour.of_day, _number(hour.arrivals, 2), _number(hour.busy, 2), hour.places,
                hour.agents, hour.scheduled, hour.likely, _number(hour.answered, 4), _number(hour.gives_up, 4),
                is_measured,
            ]
        )  # fmt: skip
    return response


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
