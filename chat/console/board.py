"""These are the pages « Tableau de service » and « Historique », which show figures, and names of own agents.

This module also has the pages by which one arranges the parts of both and of the dossier, and the list. The arrangement
is kept with the account.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.arranging import board_parts, dossier_parts, history_parts
from chat.arranging.board_parts import Part
from chat.arranging.layout import Act, Block, Layout, Size
from chat.captures import opening
from chat.console import inbox
from chat.console.base import address_beside, for_agents, for_figures, frame_of, read_open, screen
from chat.console.forms import OrderForm, PartForm, PeriodForm
from chat.conversations import waiting_list
from chat.decisions import on_call
from chat.models import Agent, Unit
from chat.retention import schedule
from chat.statistics import changes, csv_export, daily, history, kept, pictures
from chat.statistics import holds as hold_statistics
from chat.statistics.charts import POINTS_AT_MOST, Chart
from chat.statistics.history import History, Measures
from chat.supervision import board_charts, board_filter, intervention, live_board, procedures
from common.service_settings import definitions, values
from locations.models import Force
from reports.audit import log as audit_log
from reports.audit import recorded_pages
from reports.models import AccessKind, Motive


def _require_supervisor(agent: Agent) -> None:
    if not agent.user.is_supervisor:
        raise PermissionDenied


@require_GET
@for_agents
def board(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the service at this moment; with `?partie=chiffres` only the figures of the console's strip.

    `unite`, `force`, `urgence` and `etat` filter the lists (`board_filter`), not alerts, pictures or figures. Neither a
    filter nor an arrangement hides who is in danger without an agent.
    """
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
    rows, running = inbox.queue_rows(queue, now), intervention.running_conversations(agent, now)
    chosen = board_filter.read_filter(
        request.GET.dict(), dict(Unit.objects.filter(pk__in=units).order_by("name").values_list("pk", "name"))
    )
    over = {one.conversation for one in context["board"].left_marks}
    over |= {one.to_end for one in context["board"].emergencies if one.to_end}
    in_danger = {alert.part for alert in context["board"].alerts if alert.part and alert.label}
    members = [one for one in context["board"].members if chosen.has_of_unit(one)]
    shown = [one for one in running if chosen.has_running(one)]
    layout = board_parts.read_layout(agent.board_layout).showing(in_danger)
    silences = [one for one in context["board"].silences if one.is_left or chosen.has_of_unit(one)]
    own_units = {one.unit for one in silences if one.name}
    waiting = [
        row for row in rows if row.person.conversation in context["board"].marked or chosen.has_waiting(row.person)
    ]
    drawn = board_charts.draw_board(context["board"], queue, now)
    context |= {
        "filter": chosen,
        "layout": layout,
        "blocks": _blocks(layout, nobody_waits=drawn.waits is None),
        "figures_are_shown": Part.FIGURES in layout.shown,
        "danger_at": _first_in_danger(context["board"], layout, shown, waiting),
        "members": members,
        "member_units": sorted({one.unit for one in members}),
        "silences": silences,
        "silence_unit": own_units.pop() if len(own_units) == 1 else "",
        "waiting_total": len(rows),
        "running_total": len(running),
        "pictures": drawn,
        "zones": [str(Force(zone).label) if zone else _("Zone inconnue") for zone in live_board.ZONES],
        "rows": waiting,
        "is_still": "fixe" in request.GET,
        "requests": requests,
        "oldest_request": oldest,
        "set_aside": opening.count_locked(agent.user, now),
        "running": shown,
        "running_units": sorted(
            {one.conversation.assigned_to.unit.name for one in shown if one.conversation.assigned_to}
        ),
        "recused": {one.conversation.public_id for one in running if one.is_recused}
        | procedures.recused_from(over, agent),
        "on_call": on_call.shown_to(agent, now),
        "one_voice": board_charts.read_trends().one_voice,
        "promises": hold_statistics.figures(now),
        "promises_hours": hold_statistics.HOURS,
    }
    return render(request, "console/board.html", context)


def _blocks(layout: Layout[Any], *, nobody_waits: bool) -> list[Block[Any]]:
    """Return the blocks of the board, without the picture of who waits where the figures say that nobody does.

    A picture that stands alone then has the whole width.
    """
    if not nobody_waits or Part.FIGURES not in layout.shown:
        return layout.blocks
    blocks = []
    for block in layout.blocks:
        rest = tuple((part, size) for part, size in block.pictures if part != Part.WAITS)
        if len(rest) == 1 and len(block.pictures) > 1:
            rest = ((rest[0][0], Size.WHOLE),)
        if rest or not block.pictures:
            blocks.append(replace(block, pictures=rest))
    return blocks


def _first_in_danger(
    board: live_board.Board,
    layout: Layout[Any],
    running: Iterable[intervention.Running],
    waiting: Iterable[inbox.QueueRow],
) -> str:
    """Return the id of what shows the first person in danger, or "" when nobody in danger is shown.

    Whoever has no agent comes first. Of an exchange under way it is the link by which a supervisor joins it: this takes
    the focus, and a screen reader says whose it is.
    """
    if Part.QUEUE in layout.shown and any(row.person.conversation in board.endangered for row in waiting):
        return "file"
    if Part.RUNNING in layout.shown:
        for one in running:
            if (key := one.conversation.public_id) in board.endangered:
                return f"ligne-{key}" if one.is_recused else f"suivre-{key}"
    return "alertes-du-tableau" if board.emergencies or board.left_marks else ""


# --- arrangements -----------------------------------------------------------------------------------------------------

# The act that forgets an arrangement.
RESET = "debut"


@dataclass(frozen=True, slots=True)
class Arranged:
    """It is a page that can be arranged. field: that of the agent, or else of the account, in which the arrangement is
    kept.

    route: the address of the form. was_reset, unknown: what is said after a reset, and of a part that does not exist.
    """

    field: str
    parts: type[TextChoices]
    read: Callable[[Iterable[str]], Layout[Any]]
    route: str
    template: str
    was_reset: str | Promise
    unknown: str | Promise
    is_of_agent: bool = True


_BOARD = Arranged(
    "board_layout",
    board_parts.Part,
    board_parts.read_layout,
    "console:board_layout",
    "console/board_layout.html",
    gettext_lazy("Le tableau est de nouveau comme au début."),
    gettext_lazy("Cette partie du tableau n'existe pas : choisissez dans la liste."),
)
_DOSSIER = Arranged(
    "dossier_layout",
    dossier_parts.Part,
    dossier_parts.read_layout,
    "console:dossier_layout",
    "console/dossier_layout.html",
    gettext_lazy("Le dossier est de nouveau comme au début."),
    gettext_lazy("Cette partie du dossier n'existe pas : choisissez dans la liste."),
)
# An analyst has figures and no agent, so this one is the account's.
_HISTORY = Arranged(
    "history_layout",
    history_parts.Part,
    history_parts.read_layout,
    "console:history_layout",
    "console/history_layout.html",
    gettext_lazy("L'historique est de nouveau comme au début."),
    gettext_lazy("Cette partie de l'historique n'existe pas : choisissez dans la liste."),
    is_of_agent=False,
)


def _rows(owner: models.Model, arranged: Arranged) -> models.QuerySet[Any]:
    """Return the one row in which the arrangement is kept: that of the agent, or of the account."""
    return (Agent if arranged.is_of_agent else get_user_model()).objects.filter(pk=owner.pk)


@transaction.atomic
def _change(owner: models.Model, arranged: Arranged, part: TextChoices, act: Act) -> None:
    """Do an act to the arrangement as it is now, because another page of the same person may have changed it meanwhile.
    Locks the row."""
    rows = _rows(owner, arranged)
    layout = arranged.read(rows.select_for_update(no_key=True).values_list(arranged.field, flat=True).get())
    names = layout.changed(part, act).kept
    rows.update(**{arranged.field: names})


@dataclass(frozen=True, slots=True)
class Done:
    """It is what the act before did. part, act: whose button has the focus; empty after a reset.

    words: what is said.
    """

    part: str
    act: str
    words: str


def _read_done(arranged: Arranged, layout: Layout[Any], part: str, act: str) -> Done | None:
    """Read it from the address; None where no act came before, or where the page has changed since."""
    if act == RESET:
        return Done("", "", str(arranged.was_reset)) if layout == arranged.read([]) else None
    if act not in Act.values or part not in arranged.parts.values:
        return None
    one = next(row for row in layout.rows if row.part == part)
    if act in (Act.HIDE, Act.SHOW):
        if one.is_shown != (act == Act.SHOW) or part in layout.always_shown:
            return None
        words = _("« %(part)s » est montré.") if one.is_shown else _("« %(part)s » est caché.")
        return Done(part, str(one.acts[-1]), words % {"part": one.part.label})
    if act in (Act.WIDER, Act.NARROWER):
        if one.size is None or not one.is_shown:
            return None
        other = Act.NARROWER if act == Act.WIDER else Act.WIDER
        words = _("« %(part)s » : %(size)s.") % {"part": one.part.label, "size": one.size.label}
        return Done(part, act if act in one.acts else other, words)
    words = _("« %(part)s » : place %(n)s sur %(all)s.") % {
        "part": one.part.label,
        "n": layout.place(one.part),
        "all": len(layout.order),
    }
    return Done(part, act if act in one.acts else str(one.acts[-1]), words)


def _arrange(
    request: HttpRequest, agent: Agent | None, arranged: Arranged, stays: dict[str, str] | None = None, **context: Any
) -> HttpResponse:
    """Show the parts with what can be done to each; do one act, and keep the arrangement with the account.

    After an act the page is read again, and the button that was pressed has the focus, or another one of its part.
    agent: None for an analyst. stays: what stays in the address. context: what the template needs beside these.
    """
    owner: Any = agent if arranged.is_of_agent else request.user

    def again(**query: str) -> HttpResponse:
        return redirect(f"{reverse(arranged.route)}?{urlencode(query | (stays or {}))}")

    error = ""
    if request.method == "POST":
        if request.POST.get("acte") == RESET:
            _rows(owner, arranged).update(**{arranged.field: []})
            return again(acte=RESET)
        form = PartForm(request.POST, parts=arranged.parts)
        if form.is_valid():
            part, act = arranged.parts(form.cleaned_data["partie"]), Act(form.cleaned_data["acte"])
            _change(owner, arranged, part, act)
            return again(partie=part.value, acte=act.value)
        error = str(arranged.unknown)
    layout = arranged.read(getattr(owner, arranged.field))
    context |= {
        "agent": agent,
        "frame": frame_of(agent),
        "is_supervisor": getattr(request.user, "is_supervisor", False),
        "layout": layout,
        "error": error,
        "reset": RESET,
        "done": _read_done(arranged, layout, request.GET.get("partie", ""), request.GET.get("acte", "")),
    }
    return render(request, arranged.template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def arrange_board(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Arrange the parts of the supervisor's board (docs/adr/0115)."""
    _require_supervisor(agent)
    return _arrange(request, agent, _BOARD)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def arrange_dossier(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Arrange the parts of the agent's dossiers (docs/adr/0127).

    `echange` is the exchange beside which the way here stood: the page leads back to it. Nothing of it is read.
    """
    try:
        exchange = UUID(request.GET.get("echange", ""))
    except ValueError:
        exchange = None
    stays = {"echange": str(exchange)} if exchange else {}
    return _arrange(request, agent, _DOSSIER, stays, exchange=exchange)


@require_http_methods(["GET", "HEAD", "POST"])
@for_figures
def arrange_past(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Arrange the parts of « Historique » (docs/adr/0138). The period from which one came stays in the address.

    agent: None for an analyst.
    """
    asked = _asked(request)
    stays = asked.kept if request.GET.keys() & {"periode", "du", "au"} else {}
    return _arrange(request, agent, _HISTORY, stays, period=urlencode(stays))


@require_POST
@for_agents
def arrange_list(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Keep in which order the agent has the list of their conversations (docs/adr/0137).

    It leads back to the list, beside `echange` where one was open; with `partie=ordre` it returns nothing, because the
    script has put the list in this order already.
    """
    current = read_open(request, agent)
    form = OrderForm(request.POST)
    if not form.is_valid():
        return screen(request, agent, current, order_form=form)
    Agent.objects.filter(pk=agent.pk).update(list_order=form.cleaned_data["ordre"])
    if request.POST.get("partie") == "ordre":
        return HttpResponse(status=204)
    return redirect(address_beside(current, "#mes-echanges"))


# --- the history ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """It is the requested period, both days included.

    days: the length of one of `kept.PERIODS`; 0 for a period of the user's own. form: the form of the latter, with its
    errors.
    """

    first: date
    last: date
    days: int
    form: PeriodForm

    @property
    def length(self) -> int:
        """Return how many days the period has, which is more than `days` where more days are open."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> tuple[date, date]:
        """Return the first and the last day of the period before, which has as many days."""
        return self.first - timedelta(days=self.length), self.first - timedelta(days=1)

    @property
    def kept(self) -> dict[str, str]:
        """Return the parameters that request the same period."""
        return {"periode": str(self.days)} if self.days else {"du": f"{self.first}", "au": f"{self.last}"}

    @property
    def query(self) -> str:
        """Return the query string that requests the same period."""
        return urlencode(self.kept)


@dataclass(frozen=True, slots=True)
class Figure:
    """It is one of the figures with which « Historique » begins.

    unit: what stands after its number; "" where people are counted. value, before: in this period and in the one
    before; None where there is no such figure. change: in words with its sign, "" where nothing is compared.
    """

    label: str
    unit: str
    value: object
    before: object
    change: str


def _asked(request: HttpRequest) -> Asked:
    """Return the user's own period if both days are valid; otherwise some days until tonight. One query.

    The latter begin at the first open day at the latest, because the difference of two periods that begin among the
    open days would reveal the days between (docs/adr/0116).
    """
    today = timezone.localdate()
    is_own = bool(request.GET.keys() & {"du", "au"})
    wanted = request.GET.get("periode", "")
    days = next((days for days in kept.PERIODS if str(days) == wanted), 30)
    open_from = daily.open_from()
    first = min(today - timedelta(days=days - 1), open_from)
    form = PeriodForm(
        request.GET if is_own else None,
        today=today,
        open_from=open_from,
        initial={"du": first.isoformat(), "au": today.isoformat()},
    )
    if is_own and form.is_valid():
        return Asked(form.cleaned_data["du"], form.cleaned_data["au"], 0, form)
    return Asked(first, today, days, form)


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


def _figures(now: list[object], before: list[object] | None, said: list[str] | None) -> list[Figure]:
    """Return the figures of a row (`_row`) without its name, each beside what it was and how it changed."""
    words = [
        (_("Échanges ouverts"), ""),
        (_("Pris en charge"), ""),
        (_("Attente médiane"), _("min")),
        (_("Attente, 95 %"), _("min")),
        (_("En moins de %(minutes)s min") % {"minutes": values.get(definitions.PROMISED)}, "%"),
        (_("Partis avant"), "%"),
        (_("Durée médiane"), _("min")),
        (_("Un seul interlocuteur"), "%"),
    ]
    return [
        Figure(label, unit, now[at], before[at] if before else None, said[at - 1] if said else "")
        for at, (label, unit) in enumerate(words, start=1)
    ]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _before_name(asked: Asked) -> str:
    first, last = asked.before
    return _("Période d'avant, du %(first)s au %(last)s") % {"first": _day(first), "last": _day(last)}


def _compared(asked: Asked, found: History, before: Measures) -> changes.Compared:
    closed = 0 if found.exact_from is None else min(asked.length, (found.exact_from - asked.first).days)
    return changes.Compared(found.whole, before, asked.length, closed, is_to_today=asked.last == timezone.localdate())


@require_GET
@for_figures
def past(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Show pictures of who came, how long they waited, who gave up and how exchanges ended, with the same as tables.

    By day, at most the last POINTS_AT_MOST are shown. A period has more only while a service closes its first days.
    agent: None for an analyst.
    """
    asked = _asked(request)
    counted = kept.read_period(asked.first, asked.last)
    found, week = counted.history, counted.week
    by_hour = dict(found.hours)
    hours = [by_hour.get(hour, Measures()) for hour in range(24)]
    drawn_days = min(asked.length, POINTS_AT_MOST)
    all_days = pictures.last_days_filled(
        found.days, [asked.last - timedelta(days=ago) for ago in reversed(range(drawn_days))]
    )
    day_measures = [one for _date, one in all_days]
    top = pictures.top_of_waits(hours, day_measures)
    hour_title, day_title = _("Par heure d'arrivée"), _("Par jour d'arrivée")
    outcomes = _ends(found.outcomes, history.outcome_label)
    orientations = _ends(found.orientations, history.orientation_label)
    outcomes_title, orientations_title = _("Comment les échanges se terminent"), _("Résultat de l'orientation")
    layout = history_parts.read_layout(getattr(request.user, "history_layout", []))
    said = changes.in_words(_compared(asked, found, counted.before)) if counted.before else None
    drawn = [
        pictures.draw_arrivals(
            week, key="semaine", title=_("Quand on vient, par heure et par jour"), table="tableau-semaine"
        ),
        *pictures.draw_series("heure", hour_title, pictures.HOURS, hours, top),
        *pictures.draw_series("jour", day_title, [f"{day:%d/%m}" for day, _one in all_days], day_measures, top),
        *(
            pictures.draw_ends(key, title, rows)
            for key, title, rows in (
                ("issues", outcomes_title, outcomes),
                ("orientations", orientations_title, orientations),
            )
            if rows
        ),
    ]
    context = {
        "agent": agent,
        "frame": frame_of(agent),
        "is_supervisor": True,
        "asked": asked,
        "layout": layout,
        "blocks": _with_charts(layout.blocks, drawn),
        "is_error": bool(asked.form.errors),
        "periods": kept.PERIODS,
        "counted_at": counted.counted_at,
        "days_left_out": asked.length - drawn_days,
        "days_drawn": drawn_days,
        "is_to_today": asked.last == timezone.localdate(),
        "exact_from": found.exact_from,
        "promise_between": history.promise_between_ranges(),
        "figures": _figures(_row("", found.whole), _row("", counted.before) if counted.before else None, said),
        "is_compared": bool(counted.before),
        "counted_stands_first": layout.shown[0] != history_parts.Part.WHOLE,
        "week": pictures.rows_of_week(week),
        "day_names": pictures.day_names(),
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


def _with_charts(
    blocks: Iterable[Block[history_parts.Part]], drawn: Iterable[Chart]
) -> list[tuple[Block[history_parts.Part], list[tuple[Chart, Size]]]]:
    """Return each block with its charts, of which there is none where nobody came."""
    known = {chart.words.key: chart for chart in drawn}
    return [(block, [(known[part], size) for part, size in block.pictures if part in known]) for block in blocks]


def _ends(pairs: list[tuple[str, int]], label: Any) -> list[tuple[str, int, float]]:
    total = sum(count for _value, count in pairs)
    return [(label(value), count, 100 * count / total) for value, count in pairs]


@require_GET
@for_figures
def past_csv(request: HttpRequest, agent: Agent | None) -> HttpResponse:
    """Return the same period as CSV, with the one before, and record in the register that it was exported.

    What changed is left to the spreadsheet.
    """
    if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
        return refusal
    asked = _asked(request)
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.EXPORT,
            by=request.user,
            subject="chat.history",
            motive=Motive.CONTROL,
            detail=f"{asked.length} days" if asked.days else f"{asked.first} to {asked.last}",
        )
    name = f"historique-{asked.length}-jours-{asked.last}" if asked.days else f"historique-{asked.first}-{asked.last}"
    return csv_export.answer(name, _heads(_("Période")), _csv_rows(asked, kept.read_period(asked.first, asked.last)))


def _csv_rows(asked: Asked, counted: kept.Past) -> list[list[object]]:
    found = counted.history
    return [
        _row(_("Toute la période"), found.whole),
        *([_row(_before_name(asked), counted.before)] if counted.before else []),
        *(_row(_day(day), one) for day, one in found.days),
        *(_row(f"{hour} h", one) for hour, one in found.hours),
        *([history.outcome_label(value), count] for value, count in found.outcomes),
        *([history.orientation_label(value), count] for value, count in found.orientations),
    ]
