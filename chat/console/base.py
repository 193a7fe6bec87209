"""This module has what the console's pages share: who may see them, the conversation they are about, and the screen
around it."""

import json
import uuid
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat import access
from chat.arranging import dossier_parts, list_order
from chat.captures import handouts
from chat.captures import queries as captures
from chat.casework import (
    colleague_questions,
    danger,
    macros,
    one_press,
    person_summary,
    replies,
    reply_drafts,
)
from chat.casework.at_hand import AtHand, read_at_hand
from chat.casework.forms import ClosingForm
from chat.casework.notes_forms import HoldForm, NoteForm, QuestionForm, UrgencyForm
from chat.console import casework_panels, history, inbox
from chat.console.forms import AvailabilityForm, OrderForm, PauseReason
from chat.conversations import actions, losses, pauses, phone_calls, waiting_list, wording
from chat.journal import panel as journal_panel
from chat.messages import protocol, transcript
from chat.messages.forms import MESSAGE_ERRORS, MessageForm
from chat.models import Agent, Conversation
from chat.rules import reply_template
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Author, Availability
from chat.rules.service_level import Level, Measure
from chat.rules.whereabouts import Whereabouts
from chat.supervision import live_board  # fmt: skip
from chat.texts import thread as thread_texts
from chat.transfer import actions as transfer_actions
from chat.transfer import queries as transfer_queries
from chat.transfer.forms import TransferForm
from common.choices import label_of
from common.texts import cache as text_cache
from common.texts import languages, patterns
from common.texts.typography import keep_together
from reports.models import ReporterRole
from triage import numbers

# For how many seconds the closing of a conversation can be undone in an open page.
UNDO_SECONDS = 10
# The field of the answer that names what is proposed once it is sent (`macros.proposals_in_words`).
FOLLOWING = "propose"

type AgentView = Callable[..., HttpResponseBase]


def for_figures(view: AgentView) -> AgentView:
    """Give the view a supervisor as `agent`, or None for an analyst, who has no console; 403 for anybody else."""
    of_agents = for_agents(view)

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if getattr(request.user, "is_analyst", False):
            return view(request, agent=None, **kwargs)
        if not getattr(request.user, "is_supervisor", False):
            raise PermissionDenied
        return of_agents(request, **kwargs)

    return wrapped


def frame_of(agent: Agent | None) -> str:
    """Return the base template of a page of figures: the console's, or an analyst's (agent is None)."""
    return "console/base.html" if agent is not None else "console/analyst_base.html"


def for_agents(view: AgentView) -> AgentView:
    """Give the view the signed-in agent as `agent`. Others are sent to sign in, or get 403 with another account.

    Each request renews the agent's lease, whatever it asks for, because the agent is present.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        agent = access.as_agent(request.user)
        if agent is None:
            raise PermissionDenied
        if actions.agents_seen(agent_ids=[agent.pk]):
            agent.refresh_from_db(fields=["absent_from", "absent_until"])  # so that this page shows what was lost
        return view(request, agent=agent, **kwargs)

    return wrapped


def read_open(request: HttpRequest, agent: Agent) -> Conversation | None:
    """Return the conversation that a form of the screen names as open (`echange`), if it is this agent's."""
    try:
        public_id = uuid.UUID(request.POST.get("echange", ""))
    except ValueError:
        return None
    return access.as_assigned_agent(agent, public_id)


def address_beside(conversation: Conversation | None, fragment: str = "") -> str:
    """Return the address of the screen with this conversation open, or with none. fragment: where it leads, with #."""
    if conversation is None:
        return reverse("console:home") + fragment
    return reverse("console:conversation", args=[conversation.public_id]) + fragment


def conversation_or_404(agent: Agent, public_id: uuid.UUID) -> Conversation:
    """Return the conversation with this id if it is this agent's.

    Raises Http404 for any other, whether it exists or not, so that the answer does not tell.
    """
    conversation = access.as_assigned_agent(agent, public_id)
    if conversation is None:
        raise Http404
    return conversation


type Obtain = Callable[[Agent, uuid.UUID], Conversation]
type Ended = Callable[[HttpRequest, Conversation], HttpResponse]


def acts_on(obtain: Obtain, *, ended: Ended | None = None) -> Callable[[AgentView], AgentView]:
    """Make a view a POST on one conversation, which it gets as `current`.

    obtain: returns the conversation, or raises Http404. If it went to another agent meanwhile, the answer is 404, as if
    it did not exist. So it is when it has ended meanwhile, unless `ended` is given, which then makes the response.
    """

    def decorate(view: AgentView) -> AgentView:
        @require_POST
        @for_agents
        @wraps(view)
        def wrapped(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponseBase:
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


def _said_words() -> SafeString:
    """Return `_words` with French typography as JSON for an attribute, made once for each language.

    `missing` has none, because scripts look for it in typed text.
    """
    kept, place = text_cache.drawn_parts(), ("console words", get_language())
    if (said := kept.get(place)) is None:
        words = {name: text if name == "missing" else keep_together(text) for name, text in _words().items()}
        said = kept[place] = patterns.escaped(json.dumps(words, ensure_ascii=False))
    return said


def _return_lines() -> SafeString:
    """Return what Pnav says in a thread of somebody's return, in each language of the site, as JSON for an attribute.

    The page of the agent knows by it that a line it has read aloud said so already. Made once.
    """
    kept, place = text_cache.drawn_parts(), ("console return lines",)
    if (said := kept.get(place)) is None:
        lines = []
        for code in languages.codes():
            with translation.override(code):
                lines += [one.say() for one in (thread_texts.CAME_BACK, thread_texts.AWAKE, thread_texts.AWAKE_BUSY)]
        said = kept[place] = patterns.escaped(json.dumps(lines, ensure_ascii=False))
    return said


def _words() -> dict[str, str]:
    """Return the texts that the scripts show, in the active language. The scripts fill `{n}` and other placeholders."""
    return {
        "reporter": str(Author.REPORTER.label),
        "agent": _("Agent"),
        "system": str(Author.SYSTEM.label),
        "under": _("< 1 min"),
        "minutes": _("{n} min"),
        "hours": _("{h} h {m}"),
        "sending": _("Envoi en cours…"),
        "kept": _("Gardé, partira au retour de la connexion"),
        "sent": _("Envoyé"),
        "read": _("Lu"),
        "misleading": _("adresse trompeuse possible"),
        "refused": _("Non envoyé : l'échange ne vous est plus confié"),
        "refused_before": _("Non envoyé : l'échange ne vous était plus confié"),
        "refused_closed": _("Non envoyé : l'échange est terminé"),
        "refused_session": _("Non envoyé : votre session est finie"),
        "unsure": _("Envoi incertain : l'échange est terminé, la page vérifie"),
        "refused_text": _("Non envoyé : le texte n'a pas été accepté"),
        "unkeepable": str(MESSAGE_ERRORS[protocol.BAD_FRAME]),
        "selected": _("Texte sélectionné : Ctrl + C le copie."),
        "full": _("Non envoyé : l'échange est plein. Terminez-le, ou passez-le à un collègue."),
        "empty": _("Le message est vide. Écrivez quelques mots, puis envoyez."),
        "unseen": str(MESSAGE_ERRORS[protocol.UNSEEN]),
        "too_long": _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
        "left_length": _("Il reste {n} signes"),
        "over_length": _("{n} signes de trop"),
        "waits_me": _("Attend votre réponse"),
        "waits_given": _("Vient de vous être confié : à lire"),
        "waits_them": _("À la personne d'écrire"),
        "waits_left": _("La personne a quitté la page"),
        "waits_dormant": _("Échange en veille, sans place"),
        "turn_given": _("À lire"),
        "turn_left": _("Partie"),
        "turn_dormant": _("En veille"),
        "by_supervisor": _("Superviseur :"),
        "away_offline": _("Hors ligne"),
        "away_asleep": _("Page en veille"),
        "level_near": Level.NEAR.label,
        "level_broken": Level.BROKEN.label,
        "late_news": _("Délai de réponse dépassé, échange {n} : {name}."),
        "order_unkept": _("Cet ordre n'a pas pu être gardé : il vaut pour cette page seule. Choisissez-le de nouveau."),
        "unread_one": _("{n} non lu"),
        "unread_many": _("{n} non lus"),
        "assigned": _("Nouvel échange, touche {n} : {name}."),
        "assigned_danger": _("Danger. Nouvel échange, touche {n} : {name}."),
        "assigned_without_key": _("Nouvel échange, numéro {n} : {name}."),
        "assigned_without_key_danger": _("Danger. Nouvel échange, numéro {n} : {name}."),
        "beyond": _("Personne n'avait de place : confié au-delà de vos places."),
        "pause_begins": _("Pause : personne ne vous est confié jusqu'à {time}."),
        "phone_begins": _("Au téléphone : personne de nouveau ne vous est confié jusqu'à {time}."),
        "ending": _("{aim} se termine dans {n} s."),
        "ending_waits": _("{aim} se termine dès que votre message est parti, une minute au plus."),
        "end_unsent": _("Votre message n'est pas parti : l'échange continue, {name}."),
        "end_undone": _("L'échange continue : {name}."),
        "ends_other": _("et {n} autre"),
        "ends_others": _("et {n} autres"),
        "end_unasked": _("{aim} n'est pas terminé : pas de réponse du service. Recommencez."),
        "end_unanswered": _("Fin de {aim} : pas de réponse du service. Regardez si c'est fait ; sinon, recommencez."),
        "end_held": _("{name} vient d'écrire : l'échange continue."),
        "end_refused": _("L'échange n'est pas terminé, {name} : {why}"),
        "emptied": _("Réponse vidée. « Remettre » la rend."),
        "brought_back": _("Réponse remise."),
        "proposed": _("Proposé à la personne."),
        "danger_suicide": str(Kind.SUICIDE.label),
        "danger_danger": str(Kind.DANGER.label),
        "board_danger": _("Danger : voir le tableau. Une personne en danger n'a pas d'agent disponible."),
        "danger_news": _("{what}, échange {n} : {name}."),
        "palette_count": _("{n} trouvés"),
        "palette_count_one": _("{n} trouvé"),
        "found_waits": _("{aim} : le message trouvé est plus haut. Vous faisiez autre chose, rien n'a bougé."),
        "opening_waits": _("{aim} : l'échange est là, dans la liste. Vous faisiez autre chose, rien n'a bougé."),
        "next_is_open": _("Vous y êtes : {n} · {name}."),
        "no_number": _("Aucun échange n'a le numéro {n}. Rien n'a changé à l'écran."),
        "news": _("Nouveau message, échange {n} : {name}."),
        "is_back": _("De retour, échange {n} : {name}."),
        "recent_one": _("{n} avis nouveau"),
        "recent_many": _("{n} avis nouveaux"),
        "offered": _("Un collègue vous propose un échange : voir sous « Mes échanges »."),
        "offered_danger": _("Danger. Un collègue vous propose un échange : voir sous « Mes échanges »."),
        "target_left": _("{who} : plus disponible"),
        "target_lost": _("{aim}, « Passer l'échange » : {who}. Choisissez un autre destinataire."),
        "colleague_lost": _("{aim}, « Demander à un collègue » : {who}. Choisissez quelqu'un d'autre."),
        "colleagues_gone": _("{aim}, « Demander à un collègue » : personne d'autre n'est disponible en ce moment."),
        "kept_after": _("Un passage n'a pas été pris, l'échange reste à vous : voir sous « Mes échanges »."),
        "whispered": _("Un superviseur vous a dit un mot : voir sous « Mes échanges »."),
        "paused": _("Pause décidée par un superviseur : voir « Ma disponibilité ». Vos échanges restent à vous."),
        "idle_over": _("C'est noté : vous êtes là."),
        "idle_paused": _("Pause automatique : pas de signe de vous. « Me remettre disponible » y met fin."),
        "opening": _("Une levée d'anonymat attend de vous : voir « Levées d'anonymat »."),
        "closed": _("Terminé"),
        "gone_one": _("et {n} qui n'est plus à vous"),
        "gone_many": _("et {n} qui ne sont plus à vous"),
        "released": _("N'est plus à vous : passé, ou dans la file"),
        "went": _("L'échange n'est plus à vous : {name}. Vous êtes dans « Mes échanges »."),
        "went_kept": _(
            "L'échange n'est plus à vous : {name}. Vous êtes dans « Mes échanges ». "
            "Ce que vous écriviez reste à copier."
        ),
        "left_in_danger": _("{aim} est terminé, et sa procédure d'urgence est encore ouverte : voir « Terminés »."),
        "left_unread": _("{aim} est terminé, et le dernier message de la personne n'est pas lu : voir « Terminés »."),
        "left_marked": _(
            "{aim} : la personne a terminé, et ses mots de suicide ou de danger ne sont pas pris en compte : "
            "voir « Terminés »."
        ),
        "left_in_danger_marked": _(
            "{aim} : la personne a terminé. Sa procédure d'urgence est encore ouverte, et ses mots de suicide ou de "
            "danger ne sont pas pris en compte : voir « Terminés »."
        ),
        "to_copy": _("Votre texte, à copier"),
        "left": _("Échange fini, {name} : {reason}."),
        "back": _("Connexion rétablie."),
        "sheet_unsaved": _(
            "La fiche n'est pas enregistrée : pas de réponse du service. Elle repart seule dès que possible."
        ),
        "sheet_to_copy": _("Fiche des faits, non enregistrée :"),
        "sheet_refused": _("La fiche n'est pas enregistrée. Ce que vous avez répondu reste affiché."),
        "failed": _("L'action n'a pas abouti. Réessayez."),
        "unanswered": _("Pas de réponse du service. Regardez si c'est fait ; sinon, réessayez."),
        "failed_act": _("{what} : l'action n'a pas abouti. Réessayez."),
        "unanswered_act": _("{what} : pas de réponse du service. Regardez si c'est fait ; sinon, réessayez."),
        "act_of": _("{aim}, « {act} »"),
        "act": _("« {act} »"),
        "missing": reply_template.MISSING.strip(),
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
        "alike_one": _("{n} arrivée semblable : {place}, sans faits"),
        "alike": _("{n} arrivées semblables en {s} s : {place}, sans faits"),
        "alike_danger_one": _("{n} se dit en danger"),
        "alike_danger": _("{n} se disent en danger"),
        "alike_taken": _("Pris par {name}"),
        "apart_one": _("{n} absente à part"),
        "apart_many": _("{n} absentes à part"),
        "queue_marked": _("{n} avec des mots de suicide ou de danger"),
        "queue_marked_short": _("Suicide ou danger {n}"),
        "chat_opened": _("Le tchat est rouvert."),
        **{f"whereabouts_{one.value}": str(one.label) for one in Whereabouts},
        "pause_over": _("La pause est finie : vous êtes de nouveau disponible."),
        "sound_on": _("Couper le son"),
        "sound_off": _("Activer le son"),
        "notifications_on": _("Couper les notifications"),
        "notifications_off": _("Activer les notifications"),
        "notifications_refused": _(
            "Ce navigateur refuse les notifications de ce site. Autorisez-les dans ses réglages."
        ),
        "notification_title": _("Pnav"),
        "notification_body": _("Du nouveau dans la console."),
    }


def _duty(agent: Agent, form: AvailabilityForm | None = None) -> dict[str, Any]:
    """Return what the top bar needs. form: one with errors to show again."""
    chosen = next((value for value, label in PauseReason.choices if str(label) == agent.pause_reason), "")
    return {
        "agent": agent,
        "availabilities": Availability,
        # Who telephones is in a pause, and reads it by its own name.
        "shown_availability": "" if agent.is_on_the_phone else agent.availability,
        "pause_minutes": pauses.pause_minutes(),
        "phone_minutes": int(phone_calls.PHONE_CALL.total_seconds() // 60),
        "availability_label": label_of(Availability, agent.availability),
        "duty_form": form or AvailabilityForm(initial={"capacity": agent.capacity, "pause_reason": chosen}),
    }


def _at_hand(agent: Agent, conversation: Conversation | None, now: datetime) -> AtHand:
    news, ended = now - transfer_queries.NEWS_FOR, now - inbox.ENDED_FOR
    return read_at_hand(agent, conversation, news_since=news, ended_since=ended)


def exchange_parts(
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
    draft: str | None = None,
    insert: str = "",
    following: Sequence[str] = (),
    own: list[inbox.Entry] | None = None,
    is_looked_at: bool = False,
    at_hand: AtHand | None = None,
    **case: Any,
) -> dict[str, Any]:
    """Return what the screen shows of one conversation: its entry, thread, what is known of the person, and the panels.

    reply, close, transfer, …: forms with errors to show again. draft: what was being written; insert: the key of a
    reply to add to it. Without a draft, the stored one is shown. following: what is proposed once it is sent.
    own: the agent's `open_entries`, if they were read
    already. is_looked_at: the agent sees the conversation from now on, so that facts which the person shows count as
    read. at_hand: what there is to be read, if that was asked already.
    """
    now = timezone.now()
    there = _at_hand(agent, conversation, now) if at_hand is None else at_hand
    dossier = person_summary.read_person_summary(conversation, now)
    # First: the summary for a unit takes up what was read.
    shown = captures.count_shown(conversation) if there.captures else captures.Shown(0, 0, {})
    journal = journal_panel.Panel()
    if there.facts:
        journal = journal_panel.read_panel(conversation, is_looked_at=is_looked_at).with_captures(shown.by_fact)
    piece = transcript.read_messages(conversation)
    entry = inbox.entry_of(agent, conversation, now, own)
    if reply is not None:
        body = reply.data.get("body", "")
    elif draft is not None:
        body = draft
    else:
        body = reply_drafts.read_draft(conversation, agent, piece) if there.draft else ""
    ready = replies.of_conversation(agent, dossier, has_own=there.own_replies)
    voice = one_press.Voice(dossier.familiar, dossier.answered_in)
    dangers = danger.read_thread(piece)
    panels = casework_panels.panels(
        conversation,
        voice=voice,
        facts=journal.facts,
        thread=piece,
        dangers=dangers,
        is_marked=bool(entry.dangers),
        is_suicide_told=Kind.SUICIDE in entry.dangers,
        at_hand=there,
        **case,
    )
    colleagues = transfer_actions.colleagues_there(agent, now)
    passing = transfer_queries.read_passing(
        agent,
        conversation,
        now,
        transfer or transfer_queries.form_among(colleagues, agent, draft=panels["summary_draft"]),
        has_handovers=there.handovers,
        has_whispers=there.whispers,
        has_watches=there.watches,
    )
    prevention = one_press.prevention_reply(voice)
    if insert:
        steps, safety = one_press.steps_to_say(panels["checklist"], voice), one_press.safety_reply(voice)
        insertable = [prevention, safety, *ready, *steps, *one_press.all_questions(voice)]
        if chosen := next((one for one in insertable if one.key == insert), None):
            body = reply_template.inserted(body, chosen.text)
    notes = history.notes_of(conversation, agent) if there.notes else []
    # A correction that was refused is given back in its own form, and leaves the other one alone.
    correction = history.note_to_correct(notes, note.cleaned_data.get("replaces")) if note is not None else None
    error = ""
    if reply is not None and reply.errors:
        error = str(next(iter(reply.errors.get("body", [])), _("Le message n'est pas parti. Envoyez-le de nouveau.")))
    return {
        "agent": agent,
        "now": now,
        "conversation": conversation,
        "entry": entry,
        "dossier": dossier,
        "to_propose": person_summary.numbers_to_propose(dossier, entry.dangers),
        "dossier_layout": dossier_parts.read_layout(agent.dossier_layout),
        "thread": piece,
        "dangers": dangers,
        "is_danger_in_version": any(
            one.seq == entry.danger_seq and one.author == Author.SYSTEM for one in piece if entry.dangers
        ),
        "earlier": transcript.earlier_cursor(piece),
        "replies": ready,
        "macros": macros.read_offers(ready, conversation.report) if there.macros and conversation.is_open else [],
        "body": body,
        "body_error": error,
        "following": macros.proposals_in_words(following, conversation.report) if following else [],
        "client_id": (error and reply is not None and reply.cleaned_data.get("client_id")) or uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
        "undo_seconds": UNDO_SECONDS,
        "prevention": prevention.text,
        "prevention_number": numbers.SUICIDE_PREVENTION.display,
        "close_form": close
        or casework_panels.closing_form(
            conversation,
            draft=panels["summary_draft"],
            thread=piece,
            ready=[reply.text for reply in ready],
        ),
        "urgency_form": urgency or UrgencyForm(initial={"urgency": conversation.urgency}),
        "passing": passing,
        "hold_form": hold or HoldForm(),
        "notes": notes,
        "note_form": NoteForm() if correction is not None else note or NoteForm(),
        "correction": correction,
        "correction_form": note,
        "history": history.history_of(conversation),
        "journal": journal,
        "captures": shown,
        "may_hand_over": handouts.are_allowed() and conversation.is_open,
        "question_form": question
        or QuestionForm(colleagues=colleague_questions.among(colleagues, without=passing.recused)),
        **panels,
    }


def _recent_key(request: HttpRequest) -> str:
    """Return the key under which a tab keeps « Derniers avis », in base64 (docs/adr/0148). It is the session's, and
    stored nowhere.
    """
    session_key = request.session.session_key or ""
    return b64encode(salted_hmac("chat.console.recent", session_key, algorithm="sha256").digest()).decode()


def screen(
    request: HttpRequest,
    agent: Agent,
    conversation: Conversation | None = None,
    *,
    duty_form: AvailabilityForm | None = None,
    answer: tuple[uuid.UUID, forms.Form] | None = None,
    declining: tuple[uuid.UUID, forms.Form] | None = None,
    no_room_for: uuid.UUID | None = None,
    order_form: OrderForm | None = None,
    unsent_refusal: str = "",
    is_looked_at: bool = False,
    **forms_in_error: Any,
) -> HttpResponse:
    """Draw the console's one screen, with a conversation open or none. The caller has proven access to it.

    duty_form, answer, declining, order_form, forms_in_error: forms with errors to show again; answer is that of a
    question of colleagues, declining that of an offered conversation, each with its id. no_room_for: an offered one
    that was not taken because all places are. unsent_refusal: why an offer was declined that was over by then.
    is_looked_at: see `exchange_parts`; false after an act, because a script may show only a part of the screen.
    """
    now = timezone.now()
    # Those under way are read first: one that ends meanwhile would otherwise be in neither list, and nothing tells the
    # page of an end from before its line. What is in both stays where it was, and its script finds that it has ended.
    own = inbox.open_entries(agent, now)
    there = _at_hand(agent, conversation, now)
    queue = waiting_list.read_waiting(has_groups=there.groups, has_crowded=there.crowded)
    ended, has_more_ended = inbox.ended_entries(agent, now) if there.ended else ([], False)
    under_way = {entry.conversation.pk for entry in own}
    ended = [entry for entry in ended if entry.conversation.pk not in under_way]
    view = request.GET.get("voir", "")
    view = view if view in inbox.VIEWS else ""
    apart = colleague_questions.open_questions(agent) if there.asides else []
    context: dict[str, Any] = {
        **_duty(agent, duty_form),
        "now": now,
        "own": own,
        "views": [
            (value, label, sum(inbox.is_in_view(entry, value) for entry in own)) for value, label in inbox.VIEWS.items()
        ],
        "view": view,
        "order_form": order_form or OrderForm(initial={"ordre": list_order.read_order(agent.list_order)}),
        "order": list_order.read_order(agent.list_order),
        "listed": [(entry, not inbox.is_in_view(entry, view)) for entry in own],
        "is_view_empty": bool(own) and not any(inbox.is_in_view(entry, view) for entry in own),
        "ended": ended,
        "has_more_ended": has_more_ended,
        "is_left_in_danger": any(entry.emergency_at or entry.dangers for entry in ended),
        "offers": transfer_queries.read_offers(
            agent, now, has_offers=there.offers, has_own=there.passed, has_whispers=there.whispered
        ),
        "queue": queue,
        "rows": inbox.queue_rows(queue, now),
        "words": _said_words(),
        "recent_key": _recent_key(request),
        "danger_phrases": danger.phrases_as_json(),
        "return_lines": _return_lines(),
        "lease_seconds": settings.LEASE_SECONDS,
        "silence": live_board.limit_of(Measure.SILENCE),
        "absence": losses.unread_losses(agent, now),
        "is_supervisor": agent.user.is_supervisor,
        "is_still": "fixe" in request.GET,
        "aimed": transcript.parse_cursor(request.GET.get("message", "")),
        "is_error": duty_form is not None
        or answer is not None
        or declining is not None
        or no_room_for is not None
        or order_form is not None
        or bool(unsent_refusal)
        or any(
            getattr(value, "is_error", bool(value))
            for name, value in forms_in_error.items()
            if name not in {"draft", "insert", "following"}
        ),
        "asides": apart,
        "asides_unread": sum(one.unread for one in apart),
        "answer_for": answer and answer[0],
        "answer_form": answer and answer[1],
        "decline_for": declining and declining[0],
        "decline_form": declining and declining[1],
        "no_room_for": no_room_for,
        "unsent_refusal": unsent_refusal,
    }
    if agent.user.is_supervisor:
        context["board"] = live_board.read(now, units=access.reach_of(agent, now))
    if conversation is not None:
        context |= exchange_parts(
            agent, conversation, own=own, is_looked_at=is_looked_at, at_hand=there, **forms_in_error
        )
    return render(request, "console/screen.html", context)


def earlier_page(request: HttpRequest, agent: Agent, current: Conversation, *, back: str) -> HttpResponse:
    """Draw a page with earlier messages of a conversation, for reading only. The caller has proven access.

    back: the address of the page to return to.
    """
    piece = transcript.read_messages(
        current, before=transcript.parse_cursor(request.GET.get("avant", "")) or protocol.MAX_SEQ
    )
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "now": timezone.now(),
        "conversation": current,
        "place": wording.place_of(current.report),
        "thread": piece,
        "earlier": transcript.earlier_cursor(piece),
        "aimed": transcript.parse_cursor(request.GET.get("message", "")),
        "back": back,
    }
    return render(request, "console/messages.html", context)
