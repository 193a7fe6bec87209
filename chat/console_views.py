"""The agent's console. Every page works without a script; the script keeps the same parts up to date.

Each view obtains the agent from `chat.access.as_agent`; a conversation from `chat.access.as_assigned_agent`, so that
another agent's and an unknown one look the same: 404. The second factor is asked before, by a middleware.
"""

import json
import logging
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from chat import (
    access,
    actions,
    asides,
    canned,
    casefile,
    closings,
    desk,
    dialogue,
    duty,
    handover,
    handover_desk,
    losses,
    margin,
    protocol,
    refusals,
    replies,
    supervision,
    thread,
    token_bucket,
)  # fmt: skip
from chat.case_forms import ClosingForm
from chat.console_act_forms import HoldForm, NoteForm, QuestionForm, UrgencyForm
from chat.console_forms import AvailabilityForm, PauseReason, ReadForm
from chat.console_handover_forms import TransferForm
from chat.dialogue import Party
from chat.forms import MessageForm
from chat.lifecycle import Author, Availability
from chat.models import Agent, Conversation, EventKind
from chat.presence import beat
from chat.reading import own_conversations
from chat.threads import DATABASE_AWAY
from reports import limits, openings, unsent
from reports.models import ReporterRole
from reports.opening_forms import AskForm
from reports.openings import Grounds
from sentences.typography import unbroken

logger = logging.getLogger(__name__)

FRAMED_BY_OURSELVES: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}

type AgentView = Callable[..., HttpResponse]


def for_agents(view: AgentView) -> Callable[..., HttpResponse]:
    """Give the view the signed-in agent as `agent`; sign-in for nobody, 403 for somebody who is none.

    Being here is being present: the lease is renewed, whatever is asked.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        agent = access.as_agent(request.user)
        if agent is None:
            raise PermissionDenied
        if actions.agents_seen(agent_ids=[agent.pk]):
            agent.refresh_from_db(fields=["absent_from", "absent_until"])  # the first page says what was lost
        return view(request, agent=agent, **kwargs)

    return wrapped


def conversation_or_404(agent: Agent, public_id: uuid.UUID) -> Conversation:
    conversation = access.as_assigned_agent(agent, public_id)
    if conversation is None:
        raise Http404
    return conversation


type Obtain = Callable[[Agent, uuid.UUID], Conversation]
type Ended = Callable[[HttpRequest, Conversation], HttpResponse]


def acts_on(obtain: Obtain, *, ended: Ended | None = None) -> Callable[[AgentView], Callable[..., HttpResponse]]:
    """The view is a POST on one conversation, given to it as `current`, by `obtain`.

    Somebody else's by now, it looks as if it did not exist: 404. So it does when it has ended meanwhile, unless `ended`
    answers.
    """

    def decorate(view: AgentView) -> Callable[..., HttpResponse]:
        @require_POST
        @for_agents
        @wraps(view)
        def wrapped(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
            current = obtain(agent, public_id)
            try:
                return view(request, agent=agent, current=current)
            except actions.NotYours as error:
                raise Http404 from error
            except actions.ConversationClosed as error:
                if ended is None:
                    raise Http404 from error
                return ended(request, current)

        return wrapped

    return decorate


# --- what the templates need ------------------------------------------------------------------------------------------


def _said_words() -> dict[str, str]:
    """Those below as French typography wants them; `missing` is looked for in what an agent typed, and stays."""
    return {name: text if name == "missing" else unbroken(text) for name, text in _words().items()}


def _words() -> dict[str, str]:
    """Sentences that the script writes, in the active language; `{n}` and the like are filled by it."""
    return {
        "reporter": str(Author.REPORTER.label),
        "agent": _("Agent"),
        "system": str(Author.SYSTEM.label),
        "minutes": _("{n} min"),
        "hours": _("{h} h {m}"),
        "sending": _("Envoi en cours…"),
        "kept": _("Gardé, partira au retour de la connexion"),
        "sent": _("Envoyé"),
        "read": _("Lu"),
        "misleading": _("adresse trompeuse possible"),
        "refused": _("Non envoyé : l'échange ne vous est plus confié"),
        "full": _("Non envoyé : l'échange est plein. Terminez-le, ou passez-le à un collègue."),
        "empty": _("Le message est vide. Écrivez quelques mots, puis envoyez."),
        "too_long": _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
        "waits_me": _("Attend votre réponse"),
        "waits_them": _("À la personne d'écrire"),
        "waits_left": _("La personne a quitté la page"),
        "unread_one": _("{n} non lu"),
        "unread_many": _("{n} non lus"),
        "assigned": _("Nouvel échange, touche {n} : {name}."),
        "news": _("Nouveau message, échange {n} : {name}."),
        "offered": _("Un collègue vous propose un échange : voir « Passages »."),
        "kept_after": _("Un passage n'a pas été pris, l'échange reste à vous : voir « Passages »."),
        "whispered": _("Un superviseur vous a dit un mot : voir « Passages »."),
        "opening": _("Une levée d'anonymat attend de vous : voir « Levées d'anonymat »."),
        "closed": _("Terminé"),
        "released": _("N'est plus à vous : passé, ou dans la file"),
        "went": _("L'échange n'est plus à vous : {name}. Vous êtes dans « Mes échanges »."),
        "went_kept": _(
            "L'échange n'est plus à vous : {name}. Vous êtes dans « Mes échanges ». "
            "Ce que vous écriviez reste à copier."
        ),
        "left": _("Échange fini, {name} : {reason}."),
        "back": _("Connexion rétablie."),
        "failed": _("L'action n'a pas abouti. Réessayez."),
        "missing": canned.MISSING.strip(),
        "unfinished": _("Il reste « [à compléter » dans le message : complétez, puis envoyez."),
        "promise": _("Retour promis dans {n} min"),
        "promise_over": _("Promesse dépassée"),
        "aside": _("Aparté, nouveau message. {title}."),
        "aside_over": _("Cet aparté est fini."),
        "role_victim": str(ReporterRole.VICTIM.label),
        "role_witness": str(ReporterRole.WITNESS.label),
        "role_relative": str(ReporterRole.RELATIVE.label),
        "role_professional": str(ReporterRole.PROFESSIONAL.label),
        "force_police": _("Police nationale"),
        "force_gendarmerie": _("Gendarmerie nationale"),
        "pause_over": _("La pause est finie : vous êtes de nouveau disponible."),
        "sound_on": _("Son activé"),
        "sound_off": _("Son coupé"),
    }


def _duty(agent: Agent, form: AvailabilityForm | None = None) -> dict[str, Any]:
    """The top bar."""
    chosen = next((value for value, label in PauseReason.choices if str(label) == agent.pause_reason), "")
    return {
        "agent": agent,
        "availabilities": Availability,
        "pause_minutes": duty.pause_minutes(),
        "availability_label": Availability(agent.availability).label,
        "duty_form": form or AvailabilityForm(initial={"capacity": agent.capacity, "pause_reason": chosen}),
    }


def _exchange(
    agent: Agent,
    conversation: Conversation,
    *,
    reply: MessageForm | None = None,
    close: ClosingForm | None = None,
    transfer: TransferForm | None = None,
    urgency: UrgencyForm | None = None,
    hold: HoldForm | None = None,
    note: NoteForm | None = None,
    question: QuestionForm | None = None,
    draft: str = "",
    insert: str = "",
    **case: Any,
) -> dict[str, Any]:
    """One conversation: its entry, its thread, what is known of the person, and the work beside (`casefile.panels`).

    draft, insert: what was being written, and the key of a reply to be added to it.
    """
    now = timezone.now()
    dossier = desk.read_dossier(conversation, now)
    piece = thread.read_messages(conversation)
    body = reply.data.get("body", "") if reply is not None else draft
    ready = replies.of_conversation(agent, dossier)
    if chosen := next((one for one in ready if one.key == insert), None):
        body = canned.inserted(body, chosen.text)
    error = ""
    if reply is not None and reply.errors:
        error = str(next(iter(reply.errors.get("body", [])), _("Le message n'est pas parti. Envoyez-le de nouveau.")))
    return {
        "agent": agent,
        "now": now,
        "conversation": conversation,
        "entry": desk.entry_of(agent, conversation, now),
        "dossier": dossier,
        "thread": piece,
        "earlier": thread.earlier(piece),
        "replies": ready,
        "body": body,
        "body_error": error,
        "client_id": (error and reply is not None and reply.cleaned_data.get("client_id")) or uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
        "close_form": close or casefile.closing_form(conversation),
        "urgency_form": urgency or UrgencyForm(initial={"urgency": conversation.urgency}),
        "passing": handover_desk.passing(agent, conversation, now, transfer),
        "hold_form": hold or HoldForm(),
        "notes": margin.notes(conversation, agent),
        "note_form": note or NoteForm(),
        "history": margin.history(conversation),
        "question_form": question or QuestionForm(colleagues=asides.colleagues(agent, now)),
        **casefile.panels(conversation, familiar=dossier.familiar, **case),
    }


def screen(
    request: HttpRequest,
    agent: Agent,
    conversation: Conversation | None = None,
    *,
    duty_form: AvailabilityForm | None = None,
    answer: tuple[uuid.UUID, forms.Form] | None = None,
    declining: tuple[uuid.UUID, forms.Form] | None = None,
    **forms_in_error: Any,
) -> HttpResponse:
    """The one screen, with a conversation open or none.

    answer: what could not be said in this aparté; declining: why this offered conversation could not be declined.
    """
    now = timezone.now()
    waiting, rows = desk.queue(now)
    own = desk.own(agent, now)
    apart = asides.running(agent)
    context: dict[str, Any] = {
        **_duty(agent, duty_form),
        "now": now,
        "own": own,
        "ended": desk.ended(agent, now),
        "offers": handover_desk.offers(agent, now),
        "waiting": waiting,
        "rows": rows,
        "words": json.dumps(_said_words(), ensure_ascii=False),
        "lease_seconds": settings.LEASE_SECONDS,
        "absence": losses.unread(agent, now),
        "is_supervisor": agent.user.is_supervisor,
        "is_still": "fixe" in request.GET,
        "is_error": duty_form is not None
        or answer is not None
        or declining is not None
        or any(
            getattr(value, "is_error", bool(value))
            for name, value in forms_in_error.items()
            if name not in {"draft", "insert"}
        ),
        "asides": apart,
        "asides_unread": sum(one.unread for one in apart),
        "answer_for": answer and answer[0],
        "answer_form": answer and answer[1],
        "decline_for": declining and declining[0],
        "decline_form": declining and declining[1],
    }
    if agent.user.is_supervisor:
        context["board"] = supervision.read(now, units=access.units_of(agent))
    if conversation is not None:
        context |= _exchange(agent, conversation, **forms_in_error)
    return render(request, "console/screen.html", context)


# --- the pages --------------------------------------------------------------------------------------------------------


@require_GET
@for_agents
def home(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The screen without a conversation open; `?partie=liste` the agent's conversations, `apartes` those, alone."""
    if request.GET.get("partie") == "liste":
        return render(request, "console/list.html", {"own": desk.own(agent, timezone.now())})
    if request.GET.get("partie") == "apartes":
        return render(request, "console/_asides.html", {"asides": asides.running(agent), "conversation": None})
    return screen(request, agent)


@for_agents
def conversation(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """The screen with this conversation open; `?partie=echange` its parts alone; a POST adds a message.

    Who answered it and answers it no more is told so; to everybody else it does not exist.
    """
    current = access.as_assigned_agent(agent, public_id)
    if current is None:
        return _left(request, agent, public_id)
    if request.method == "POST":
        try:
            return _reply(request, agent, current)
        except Http404:  # it left meanwhile
            return _left(request, agent, public_id)
    if request.GET.get("partie") == "echange":
        return render(request, "console/parts.html", _exchange(agent, current))
    dialogue.mark_read(Party.of_agent(current, agent), current.last_seq)
    return screen(request, agent, current)


@require_GET
@for_agents
def messages_before(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """What lies before `avant` in the thread, a piece of it (`thread.read_messages`): to be read, nothing else."""
    current = conversation_or_404(agent, public_id)
    return earlier_page(request, agent, current, back=reverse("console:conversation", args=[public_id]))


def earlier_page(request: HttpRequest, agent: Agent, current: Conversation, *, back: str) -> HttpResponse:
    """The same for whoever was just shown to read it. back: the page to return to."""
    piece = thread.read_messages(current, before=thread.cursor(request.GET.get("avant", "")) or protocol.MAX_SEQ)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "now": timezone.now(),
        "conversation": current,
        "place": desk.place_of(current.report),
        "thread": piece,
        "earlier": thread.earlier(piece),
        "back": back,
    }
    return render(request, "console/messages.html", context)


def _left(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """404 still, which tells an open page that it is gone; with what was typed, to be copied."""
    kind = access.left_by(agent, public_id)
    if kind is None:
        raise Http404
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "why": "queue" if kind == EventKind.RELEASED else "another",
        "text": request.POST.get("body", "").strip(),
    }
    return render(request, "console/gone.html", context, status=404)


def _reply(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    form = MessageForm(request.POST)
    public_id = current.public_id
    if "insert" in request.POST:
        return screen(request, agent, current, draft=request.POST.get("body", ""), insert=request.POST["insert"])
    if canned.is_unfinished(request.POST.get("body", "")):
        form.add_error("body", _("Il reste « [à compléter » dans le message : complétez, puis envoyez."))
    if form.is_valid():
        client_id, body = form.cleaned_data["client_id"], form.cleaned_data["body"]
        try:
            message = _post(current, agent, client_id, body)
            if message.body != body:
                # The browser's « Back » brought a sent form back and another text was written in it.
                _post(current, agent, uuid.uuid4(), body)
        except actions.TooFast:
            form.add_error(
                "body",
                _("Trop de messages à la fois : celui-ci n'est pas parti. Il reste ici : envoyez-le dans un instant."),
            )
        except actions.ExchangeFull:
            form.add_error(
                "body", _("L'échange est plein : ce message n'est pas parti. Terminez-le, ou passez-le à un collègue.")
            )
        except actions.ConversationClosed:
            form.add_error("body", _("L'échange est terminé : ce message n'a pas été envoyé."))
            current.refresh_from_db()
        except actions.NotYours as error:
            raise Http404 from error
        else:
            return redirect(reverse("console:conversation", args=[public_id]) + f"#fin-{public_id}")
    return screen(request, agent, current, reply=form)


def _post(current: Conversation, agent: Agent, client_id: uuid.UUID, body: str) -> Any:
    """As `actions.post_message`; raises TooFast too, when the bucket that the agent's sockets take from is empty."""
    _take(agent)
    return actions.post_message(
        conversation_id=current.pk, client_id=client_id, body=body, author=Author.AGENT, agent=agent
    )


def _take(agent: Agent) -> None:
    """Take one message from the agent's bucket. Raises TooFast."""
    if not token_bucket.of_agent(agent.pk).take():
        limits.tell_reached("agent_posts")
        raise actions.TooFast


@require_POST
@for_agents
def close(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """End a conversation."""
    current = conversation_or_404(agent, public_id)
    form = casefile.closing_form(current, request.POST)
    if not form.is_valid():
        form.say_missing(closings.still_missing(current, form.points))
        return screen(request, agent, current, close=form)
    data = form.cleaned_data
    try:
        closings.close(
            conversation_id=current.pk,
            outcome=data["outcome"],
            by=agent.user,
            points=form.points,
            summary=data["summary"],
            told=data["told"],
        )
    except actions.NotYours as error:
        raise Http404 from error
    except closings.Unfinished as error:
        form.say_missing(error.missing)
        return screen(request, agent, current, close=form)
    messages.success(request, _("Échange terminé. La personne peut relire les messages et voir la suite."))
    return redirect("console:home")


@for_agents
def ask_opening(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Ask to have one sealed value of this conversation's report opened. The page knows nothing of what there is."""
    current = conversation_or_404(agent, public_id)
    form = (
        AskForm(request.POST)
        if request.method == "POST"
        else AskForm(initial=unsent.again(request, form="console:ask_opening", of=str(public_id)))
    )
    if form.is_valid():
        data = form.cleaned_data
        grounds = Grounds(
            motive=data["motive"],
            legal_ground=data["legal_ground"],
            prosecutor_reference=data["prosecutor_reference"],
            prosecutor_on=data["prosecutor_on"].isoformat() if data["prosecutor_on"] else "",
        )
        try:
            opening = openings.ask(
                report=current.report,
                field=data["field"],
                grounds=grounds,
                is_urgent=data["is_urgent"],
                recipient=data["recipient"],
                by=agent.user,
            )
        except openings.ReportGone:
            form.add_error(None, _("Ce signalement est plus ancien que le scellé : il n'y a rien à ouvrir."))
        except openings.TooMany as error:
            form.add_error(
                "field",
                _("Cet échange a déjà %(count)d demandes : celle-ci n'a pas été envoyée.") % {"count": error.most},
            )
        else:
            messages.success(request, _("Demande envoyée. Un superviseur doit maintenant la contresigner."))
            return redirect("openings:detail", opening.public_id)
    return render(request, "openings/ask.html", {"form": form, "conversation": current})


@require_POST
@for_agents
def availability(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Say whether new people may come, and how many at once; then back to the conversation that was open."""
    form = AvailabilityForm(request.POST, initial={"capacity": agent.capacity})
    if not form.is_valid():
        return screen(request, agent, duty_form=form)
    if form.cleaned_data["availability"] == Availability.AWAY and handover.end_duty(agent=agent, stays_for=[]):
        return redirect("console:end_duty")  # nobody is dropped: each conversation is asked about first
    actions.set_availability(agent_id=agent.pk, **form.cleaned_data)
    try:
        open_one = uuid.UUID(request.POST.get("echange", ""))
    except ValueError:
        return redirect("console:home")
    if access.as_assigned_agent(agent, open_one) is None:
        return redirect("console:home")
    return redirect("console:conversation", public_id=open_one)


@require_POST
@for_agents
def losses_read(request: HttpRequest, agent: Agent) -> HttpResponse:
    """What was lost while this agent was not seen has been read: it is said no more. One statement."""
    form = ReadForm(request.POST)
    if form.is_valid():
        losses.told(agent_id=agent.pk, until=form.cleaned_data["until"])
    return redirect("console:home")


@require_GET
@login_required
@xframe_options_sameorigin
@csp_override(FRAMED_BY_OURSELVES)
def presence(request: HttpRequest) -> HttpResponse:
    """The beat of every page of the staff but the console's screen; see `chat.presence.beat` for what it costs.

    For a script, in JSON; for browsers without one, a frame that loads itself again, so that a long answer or a long
    reading does not end the lease. While somebody depends on this agent, an open page is use of the session, as an
    open console is; else it is none, and the session ends when it is idle (docs/adr/0049).
    """
    agent = access.as_agent(request.user)
    standing = beat(user_id=agent.user_id) if agent is not None else None
    if agent is None or standing is None:
        raise PermissionDenied
    if standing.is_kept:
        put_off: Callable[[], None] = request.session.put_off  # type: ignore[attr-defined]
        put_off()
    if not request.accepts("text/html"):
        return JsonResponse(
            {"kept": standing.is_kept, "held": standing.held, "unread": standing.unread, "was_over": standing.was_over}
        )
    now = timezone.now()
    context = {
        "own": desk.own(agent, now),
        "asides_unread": sum(one.unread for one in asides.running(agent)),
        "offers": access.offers_to(agent, now).count(),
        "now": now,
        "standing": standing,
        "lease_seconds": settings.LEASE_SECONDS,
        "again_seconds": max(1, settings.LEASE_SECONDS // 3),
    }
    return render(request, "console/presence.html", context)


@require_POST
@for_agents
def frames(request: HttpRequest, agent: Agent) -> HttpResponse:
    """One frame of docs/protocol.md as a JSON body, for networks that block sockets: `{"frames": [...]}`.

    A beat without a conversation is answered as a new socket is: every conversation of the agent, then the queue.
    """
    client_id = None
    try:
        frame = protocol.parse(request.body)
        if isinstance(frame, protocol.Beat) and frame.conversation is None:
            own = [{"type": "assigned", "conversation": str(key)} for key in own_conversations([agent.pk])[agent.pk]]
            return _frames([*own, dialogue.queue_frame(), protocol.beat_frame(timezone.now())])
        client_id = getattr(frame, "client_id", None)
        current = access.as_assigned_agent(agent, frame.conversation) if frame.conversation else None
        if current is None:
            raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        if client_id is not None:
            _take(agent)
        return _frames(dialogue.answer_over_http(Party.of_agent(current, agent), frame))
    except protocol.ProtocolError as error:
        refusals.tell(error.code, line="console_http", account=agent.user_id)
        return _frames([error.frame()])
    except actions.TooFast:
        refusals.tell(protocol.RATE_LIMITED, line="console_http", account=agent.user_id)
        return _frames([protocol.ProtocolError(protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL, client_id).frame()])
    except DATABASE_AWAY as error:
        logger.warning("frame over HTTP: the database does not answer (%s)", type(error).__name__)
        detail = "The message could not be written: keep it and try again."
        return _frames([protocol.ProtocolError(protocol.UNAVAILABLE, detail, client_id).frame()])


def _frames(answers: list[dict[str, Any]]) -> HttpResponse:
    return dialogue.over_http(answers)
