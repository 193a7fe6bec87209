"""The captures that a person shows, as their agent sees them: pixels that we drew, blurred until they are pressed.

The original is not here: it is the unit's (`chat.unit.captures`). See docs/adr/0082.
"""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.captures import opening, queries
from chat.captures.answers import drawing_of, pages_of
from chat.captures.forms import EndForm, LockForm
from chat.console.base import conversation_or_404, for_agents
from chat.conversations import wording
from chat.models import Agent, Capture
from common import clock


@require_GET
@for_agents
def captures(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show what the person showed, each one blurred, with its size, kind, date and SHA-256. It counts as seen from now
    on. Three statements; no byte of a file is read here."""
    return _show(request, agent, public_id, LockForm())


def _show(
    request: HttpRequest, agent: Agent, public_id: uuid.UUID, form: LockForm, *, refused: uuid.UUID | None = None
) -> HttpResponse:
    current = conversation_or_404(agent, public_id)
    queries.mark_read(current)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "now": timezone.now(),
        "conversation": current,
        "place": wording.place_of(current.report),
        "rows": [
            {
                "one": one,
                "pages": pages_of(one, "console:capture_drawing", public_id),
                "form": form if one.public_id == refused else LockForm(),
                "field_id": f"motif-{one.number}",
                "is_refused": one.public_id == refused,
            }
            for one in queries.seen_captures(current, None)
        ],
        "is_error": refused is not None,
        "back": reverse("console:conversation", args=[public_id]),
    }
    return render(request, "console/captures.html", context, status=422 if refused else 200)


def _seen_or_404(agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> Capture:
    capture = queries.shown_one(conversation_or_404(agent, public_id), capture_id)
    if capture is None:
        raise Http404
    return capture


@require_GET
@for_agents
def drawing(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID, page: int) -> HttpResponse:
    """One page of pixels, as WebP. Some hundred kilobytes are read and opened; 503 when the store is away."""
    return drawing_of(_seen_or_404(agent, public_id, capture_id), page)


@require_POST
@for_agents
def lock(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> HttpResponse:
    """« Mettre de côté »: nobody sees this capture any more; the motive is in the register, and the person is told."""
    capture = _seen_or_404(agent, public_id, capture_id)
    form = LockForm(request.POST)
    if not form.is_valid():
        return _show(request, agent, public_id, form, refused=capture_id)
    opening.lock_capture(capture, motive=form.reason, by=agent.user)
    messages.success(request, _("Capture mise de côté : plus personne ne la voit. Suivez maintenant la procédure."))
    return redirect(reverse("console:captures", args=[public_id]))


# --- what was set aside: for the supervisors who decide about its exchange --------------------------------------------


def _supervisor_or_403(agent: Agent) -> None:
    if not agent.user.is_supervisor:
        raise PermissionDenied


def _set_aside(
    request: HttpRequest, agent: Agent, *, form: EndForm | None = None, refused: uuid.UUID | None = None
) -> HttpResponse:
    rows = [
        {
            "capture": one,
            "form": form if form is not None and one.public_id == refused else EndForm(),
            "field_id": f"motif-{one.pk}",
        }
        for one in opening.locked_captures(agent.user, clock.now())
    ]
    context = {"agent": agent, "is_supervisor": True, "rows": rows, "is_error": form is not None}
    return render(request, "console/set_aside.html", context, status=200 if form is None else 422)


@require_GET
@for_agents
def set_aside(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show what was set aside in the exchanges that this supervisor decides about: an exchange, a number, a day, and
    nothing of what it is. `opening.LISTED_MOST` at most."""
    _supervisor_or_403(agent)
    return _set_aside(request, agent)


@require_POST
@for_agents
def end_set_aside(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> HttpResponse:
    """« Supprimer » or « Rendre », for a motive, with a line in the register; until then nobody sees it."""
    _supervisor_or_403(agent)
    found = opening.locked_one(agent.user, public_id, capture_id, clock.now())
    if found is None:
        raise Http404
    capture, told = found
    form = EndForm(request.POST)
    if not form.is_valid() or request.POST.get("act") not in {"delete", "return"}:
        return _set_aside(request, agent, form=form, refused=capture_id)
    if request.POST["act"] == "delete":
        opening.delete_locked(capture, motive=form.reason, by=agent.user, told=told)
        messages.success(request, _("Capture supprimée, ses octets aussi."))
    else:
        opening.unlock_capture(capture, motive=form.reason, by=agent.user, told=told)
        messages.success(request, _("Capture rendue : son interlocuteur la voit de nouveau."))
    return redirect("console:set_aside")
