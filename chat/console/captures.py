"""These are the agent's pages of captures: those that the person shows, as blurred drawings, and files sent to the
person.

Only the unit can open originals (`chat.unit.captures`, docs/adr/0082). Files can be sent to the person where the
service allows it (docs/adr/0100).
"""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from chat.captures import handouts, opening, queries, receiving, store
from chat.captures.answers import drawing_of, pages_of
from chat.captures.drawing import PAGES_MOST
from chat.captures.forms import EndForm, HandoutForm, LockForm
from chat.captures.receiving import CaptureRefused
from chat.casework import handles
from chat.console.base import acts_on, conversation_or_404, for_agents
from chat.conversations import wording
from chat.models import Agent, Capture, Conversation
from common import clock, rate_limits
from common.encryption import UnsealError
from common.sealed_files.chunks import in_chunks
from common.service_settings import definitions, values
from reports.models import CaptureContact

HANDED, HANDED_SECONDS = 30, 60 * 60  # how many files an agent may send in this time; each may be as large as a capture


@require_GET
@for_agents
def captures(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show the captures that the person shows, blurred, with size, kind, date and SHA-256. They count as seen now.

    Five statements; no file is read here.
    """
    return _show(request, agent, public_id, LockForm())


def _show(
    request: HttpRequest,
    agent: Agent,
    public_id: uuid.UUID,
    form: LockForm,
    *,
    refused: uuid.UUID | None = None,
    handout: HandoutForm | None = None,
    file_error: str = "",
    status: int = 200,
) -> HttpResponse:
    current = conversation_or_404(agent, public_id)
    queries.mark_read(current)
    handle = handles.handle_of(agent, current)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "now": timezone.now(),
        "conversation": current,
        "place": wording.place_of(current.report),
        "aim": "" if handle is None else str(handle) if current.is_open else handle.said,
        "rows": [
            {
                "one": one,
                "pages": pages_of(one, "console:capture_drawing", public_id),
                "form": form if one.public_id == refused else LockForm(),
                "field_id": f"motif-{one.number}",
                "is_refused": one.public_id == refused,
            }
            for one in queries.seen_captures(current)
        ],
        "handouts": [
            {"one": one, "pages": pages_of(one, "console:capture_drawing", public_id)}
            for one in handouts.of_agent(current)
        ],
        "may_hand_over": handouts.are_allowed() and current.is_open,
        "handout_form": handout or HandoutForm(initial={"key": uuid.uuid4()}),
        "file_error": file_error,
        "most": values.get(definitions.HANDOUTS_MOST),
        "pages_most": PAGES_MOST,
        "most_megabytes": values.get(definitions.CAPTURE_SIZE),
        "contact": CaptureContact.current(),
        "is_error": refused is not None or handout is not None,
        "back": reverse("console:conversation", args=[public_id]),
    }
    return render(request, "console/captures.html", context, status=422 if refused else status)


def _seen_or_404(agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> Capture:
    capture = queries.shown_one(conversation_or_404(agent, public_id), capture_id)
    if capture is None:
        raise Http404
    return capture


# --- what the agent hands to the person -------------------------------------------------------------------------------


def _ended(request: HttpRequest, current: Conversation) -> HttpResponse:
    messages.error(request, _("L'échange est terminé : rien n'a été envoyé."))
    return redirect("console:captures", public_id=current.public_id)


@sensitive_post_parameters("title")
@acts_on(conversation_or_404, ended=_ended)
def hand_over(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Send a file with its title (« Envoyer à la personne »), or take back one that was not seen yet (« Retirer »).

    An agent may send HANDED files in HANDED_SECONDS. A file is read from the request's encrypted body, with one chunk
    in memory at a time.
    """
    if "retirer" in request.POST:
        return _take_back(request, current)
    if not handouts.are_allowed():
        messages.error(request, _("Ce service n'envoie pas de documents aux personnes en ce moment."))
        return redirect("console:captures", public_id=current.public_id)
    form, file = HandoutForm(request.POST), request.FILES.get("capture")
    if not form.is_valid() or not isinstance(file, UploadedFile):
        said = "" if isinstance(file, UploadedFile) else _("Choisissez un fichier.")
        return _refused(request, agent, current, form, said)
    if rate_limits.is_over(f"handouts:{agent.pk}", limit=HANDED, seconds=HANDED_SECONDS):
        rate_limits.tell_reached("handouts")
        return _refused(request, agent, current, form, _("Beaucoup de fichiers envoyés : réessayez plus tard."), 429)
    try:
        handouts.hand_over(
            conversation_id=current.pk,
            by=agent.user,
            public_id=form.cleaned_data["key"] or uuid.uuid4(),
            title=form.cleaned_data["title"],
            name=file.name or "",
            size=file.size or 0,
            chunks=in_chunks(file.chunks()),
        )
    except CaptureRefused as error:
        return _refused(request, agent, current, form, _why_refused(error))
    except (receiving.CaptureGone, receiving.WrongSlice, store.StoreAway, UnsealError):
        return _refused(
            request, agent, current, form, _("Ce fichier n'a pas pu être gardé. Envoyez-le de nouveau."), 503
        )
    messages.success(request, _("Document envoyé : la personne le lit dans ses captures, une fois dessiné."))
    return redirect("console:captures", public_id=current.public_id)


def _refused(
    request: HttpRequest, agent: Agent, current: Conversation, form: HandoutForm, said: str, status: int = 422
) -> HttpResponse:
    return _show(request, agent, current.public_id, LockForm(), handout=form, file_error=said, status=status)


def _why_refused(error: CaptureRefused) -> str:
    said: dict[type[CaptureRefused], str] = {
        receiving.NotTaken: _("Ce service n'envoie pas de documents aux personnes en ce moment."),
        receiving.TooMany: _("La personne a déjà reçu le nombre de documents permis : %(most)s.")
        % {"most": values.get(definitions.HANDOUTS_MOST)},
        receiving.TooLarge: _("Ce fichier est trop gros : %(size)s Mo au plus.")
        % {"size": values.get(definitions.CAPTURE_SIZE)},
        receiving.Empty: _("Ce fichier est vide."),
        receiving.UnknownKind: _("Ce fichier n'est ni une image ni un PDF qui se lit ici."),
    }
    return said.get(type(error), _("Ce fichier n'est pas pris."))


def _take_back(request: HttpRequest, current: Conversation) -> HttpResponse:
    try:
        handouts.take_back(conversation=current, public_id=uuid.UUID(request.POST["retirer"]))
    except ValueError as error:
        raise Http404 from error
    except receiving.CaptureSeen:
        messages.error(request, _("La personne l'a déjà vu : il reste dans l'échange."))
    else:
        messages.success(request, _("Document retiré : la personne ne l'a pas vu."))
    return redirect("console:captures", public_id=current.public_id)


@require_GET
@for_agents
def drawing(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID, page: int) -> HttpResponse:
    """Return one drawing as WebP, some hundred kilobytes; 503 when the store is away."""
    current = conversation_or_404(agent, public_id)
    capture = queries.shown_one(current, capture_id) or handouts.one_of(current, capture_id, must_be_read=False)
    if capture is None:
        raise Http404
    return drawing_of(capture, page)


@require_POST
@for_agents
def lock(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> HttpResponse:
    """Lock a capture (« Mettre de côté »), so that nobody sees it. The register has the motive; the person is told."""
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
            "may_end": may_end,
            "form": form if form is not None and one.public_id == refused else EndForm(),
            "field_id": f"motif-{one.pk}",
        }
        for one, may_end in opening.locked_captures(agent.user, clock.now())
    ]
    context = {
        "agent": agent,
        "is_supervisor": True,
        "rows": rows,
        "contact": CaptureContact.current(),
        "is_error": form is not None,
    }
    return render(request, "console/set_aside.html", context, status=200 if form is None else 422)


@require_GET
@for_agents
def set_aside(request: HttpRequest, agent: Agent) -> HttpResponse:
    """List the locked captures of this supervisor's units, with their exchange, number and day only.

    At most `opening.LISTED_MOST`. Those of an exchange that they answered have no form: somebody else decides.
    """
    _supervisor_or_403(agent)
    return _set_aside(request, agent)


@require_POST
@for_agents
def end_set_aside(request: HttpRequest, agent: Agent, public_id: uuid.UUID, capture_id: uuid.UUID) -> HttpResponse:
    """Delete (« Supprimer ») or unlock (« Rendre ») a locked capture, with a motive that the register keeps."""
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
