"""These are the pages of a unit's account (« Transmissions reçues »), with the summaries for this unit and nothing of
exchanges.

The middleware checks role and second factor, and `chat.access` checks again. Another unit's transmission and an unknown
one both give 404. Looking at a page changes nothing, because opening a summary is a POST.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.captures import queries as captures
from chat.journal import panel as journal_panel
from chat.journal.panel import Panel
from chat.models import Transmission, UnitAccount
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral import readers
from chat.referral.forms import MeetingForm, ReasonForm
from chat.referral.queries import Order
from chat.rules.referral import State
from chat.rules.service_level import Measure
from chat.supervision import live_board
from common.choices import read_choice
from reports.audit import recorded_pages

ORDER = [[state] for state in (State.SENT, State.DECLINED, State.READ, State.MEETING, State.ACCEPTED, State.CLOSED)]


def for_units(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view so that it gets the unit's account as `account`.

    Without a signed-in user it redirects to the sign-in; any other account gets 403. An account whose point d'accueil
    is no longer in the data is told so.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not getattr(request.user, "is_unit", False):
            raise PermissionDenied
        account = access.as_unit(request.user)
        if account is None:
            return render(request, "unit/index.html", {"account": None})
        return view(request, account=account, **kwargs)

    return wrapped


def transmission_or_404(account: UnitAccount, public_id: uuid.UUID) -> Transmission:
    """Return a transmission to this unit. Raises Http404 as if there were none for everybody else's."""
    row = access.as_receiving_unit(account, public_id)
    if row is None:
        raise Http404
    return row


def opened_or_404(account: UnitAccount, public_id: uuid.UUID) -> Transmission:
    """Return a transmission whose summary was opened; before that, nothing else of it is shown. Raises Http404."""
    row = transmission_or_404(account, public_id)
    if row.state == State.SENT:
        raise Http404
    return row


@require_http_methods(["GET", "POST"])
@for_units
def index(request: HttpRequest, account: UnitAccount) -> HttpResponse:
    """Show a page of the list, without any word of the summaries.

    Unread ones come first, the oldest first, then refused appointments; or the order is by a column. The script reloads
    the list (`console/board.js`). A POST searches, so that no address contains the search, and shows the first page.
    Whoever reads here sees who else does, and what an administrator changed of these accounts lately.
    """
    limit = live_board.limits()[Measure.UNREAD]
    received = access.received_by(account)
    order = read_choice(Order, request.GET.get("tri", ""), Order.WAITING)
    term = request.POST.get("q", "").strip()[: referral_queries.SEARCH_MAX]
    page = referral_queries.page_of(
        referral_queries.ordered_referrals(
            referral_queries.found_by(received, term) if term else received, order, ORDER
        ),
        request.GET.get("page", ""),
        now=timezone.now(),
        limit=limit,
    )
    now = timezone.now()
    who_reads = readers.read_readers(account, now)
    context = {
        "account": account,
        "readers": who_reads,
        "news": sum(one.is_news and one.account_id != account.pk for one in who_reads),
        "page": page,
        "unread": received.filter(state=State.SENT).count(),
        "declined": received.filter(state=State.DECLINED).count(),
        "now": now,
        "is_still": "fixe" in request.GET or bool(term),
        "order": order,
        "orders": Order,
        "term": term,
    }
    return render(request, "unit/index.html", context)


@require_GET
@for_units
def detail(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Show a transmission if it was opened, otherwise the button that opens it. The register records each reading.

    `?partie=nombre` returns only the number of steps, so that an open page can reload when there are more.
    """
    row = transmission_or_404(account, public_id)
    if request.GET.get("partie") == "nombre":
        return render(request, "unit/count.html", {"count": row.steps.count()})
    if row.state == State.SENT:
        return render(request, "unit/closed_envelope.html", {"account": account, "row": row})
    return _show(request, account, row)


@require_POST
@for_units
def open_one(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Open a summary (« Ouvrir et lire »). The person and the agent are told that it was read."""
    row = transmission_or_404(account, public_id)
    if row.state == State.SENT:
        try:
            referral_actions.mark_read(transmission=row, by=request.user)  # type: ignore[arg-type]
        except referral_actions.Settled as error:
            raise Http404 from error
    return redirect("unit:detail", public_id=public_id)


def _show(
    request: HttpRequest,
    account: UnitAccount,
    row: Transmission,
    *,
    meeting: MeetingForm | None = None,
    reason: ReasonForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show the page of a transmission. Forms that were not accepted stay filled."""
    if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
        return refusal
    try:
        opened = referral_actions.read_summary(transmission=row, by=request.user)  # type: ignore[arg-type]
    except referral_actions.Settled as error:
        raise Http404 from error
    context = {
        "account": account,
        "opened": opened,
        "captures": captures.count_sent_along(row.conversation, referral_queries.agreed_captures(row)),
        "journal": journal_panel.read_agreed(row.conversation, opened.agreed.until) if opened.agreed else Panel(),
        "meeting": meeting or MeetingForm(unit=account.point),
        "reason": reason or ReasonForm(),
        "problem": problem,
        "is_error": bool(problem or (meeting and meeting.errors) or (reason and reason.errors)),
    }
    return render(request, "unit/detail.html", context, status=status)


def _answer(
    request: HttpRequest,
    account: UnitAccount,
    public_id: uuid.UUID,
    act: Callable[..., None],
    **forms: MeetingForm | ReasonForm,
) -> HttpResponse | None:
    """Perform an act with the values of the one form, if the summary was opened.

    Returns the page with what was typed if the act was not done; None if it was.
    """
    row = transmission_or_404(account, public_id)
    if row.state == State.SENT:
        return redirect("unit:detail", public_id=public_id)
    (form,) = forms.values()
    if not form.is_valid():
        return _show(request, account, row, **forms)  # type: ignore[arg-type]
    try:
        act(transmission=row, by=request.user, **form.answer)
    except referral_actions.Older:
        return _show(request, account, row, problem=_older(), **forms)  # type: ignore[arg-type]
    except referral_actions.Settled:
        return _show(request, account, row, problem=_settled(), **forms)  # type: ignore[arg-type]
    return None


@require_POST
@for_units
def meeting(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Propose an appointment (« Rendez-vous proposé »), if the summary was opened."""
    form = MeetingForm(request.POST, unit=account.point)
    if not_done := _answer(request, account, public_id, referral_actions.propose_meeting, meeting=form):
        return not_done
    messages.success(request, _("Rendez-vous proposé : la personne et l'agent le lisent."))
    return redirect("unit:detail", public_id=public_id)


@require_POST
@for_units
def close(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponse:
    """Close the transmission (« Clos, voici pourquoi ») with a reason for the person, if the summary was opened."""
    if not_done := _answer(
        request, account, public_id, referral_actions.close_transmission, reason=ReasonForm(request.POST)
    ):
        return not_done
    messages.success(request, _("Transmission close : la personne et l'agent lisent pourquoi."))
    return redirect("unit:index")


def show_problem(
    request: HttpRequest, account: UnitAccount, row: Transmission, said: str, status: int, *, retry_seconds: int = 10
) -> HttpResponse:
    """Return the page of a transmission with a problem above it. retry_seconds: when to ask again; after « too many »
    it is a minute.
    """
    response = _show(request, account, row, problem=said, status=status)
    response["Retry-After"] = "60" if response.status_code == 429 else str(retry_seconds)
    return response


def _older() -> str:
    return _("La personne ou un collègue vient d'agir sur ce dossier. Lisez ce qui a changé, puis envoyez de nouveau.")


def _settled() -> str:
    return _("Cette transmission est déjà close : rien n'a été ajouté. Votre texte reste ci-dessous, à copier.")
