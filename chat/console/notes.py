"""These are the views of the console for holds, urgency, weight, notes, drafts and questions to colleagues (apartés).

They work without JavaScript: an act redirects to the screen with the open conversation, and an error shows the screen
with what was typed. What belongs to somebody else gives 404. Only `draft` answers 410.
"""

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat import access
from chat.casework import colleague_questions, danger, holds, notes, reply_drafts
from chat.casework import urgency as casework_urgency
from chat.casework.notes_forms import AnswerForm, DealtForm, HoldForm, NoteForm, QuestionForm, UrgencyForm
from chat.console.base import acts_on, address_beside, conversation_or_404, for_agents, read_open, screen
from chat.conversations import actions
from chat.conversations.actions import ConversationClosed, NotYours
from chat.models import Agent, Conversation
from chat.rules.lifecycle import HEAVY, LIGHT
from common import rate_limits
from triage.rules import Urgency

# An agent writes in one field at a time, and a page saves each three seconds at most (static/pnav/lib/draft.js).
SAVES, SAVES_SECONDS = 60, 60


def _back(current: Conversation) -> HttpResponse:
    return redirect("console:conversation", public_id=current.public_id)


def _ended(request: HttpRequest, current: Conversation) -> HttpResponse:
    messages.error(request, _("L'échange est terminé : rien n'a été changé."))
    return _back(current)


for_one = acts_on(conversation_or_404, ended=_ended)


@for_one
def hold(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Promise to be back in some minutes; with `lever`, say that one is back."""
    form = HoldForm(request.POST)
    try:
        if "lever" in request.POST:
            holds.lift_hold(conversation_id=current.pk, by=agent.user)
            messages.success(request, _("La personne sait que vous êtes de retour."))
        elif form.is_valid():
            minutes = form.cleaned_data["minutes"]
            holds.promise_return(conversation_id=current.pk, minutes=minutes, by=agent.user)
            messages.success(
                request, _("Promis à la personne : retour dans %(minutes)s minutes.") % {"minutes": minutes}
            )
        else:
            messages.error(request, _("Choisissez une durée : rien n'a été promis."))
    except holds.NothingHeld:
        messages.error(request, _("Aucune promesse n'était en cours."))
    except holds.TooManyHolds:
        form.add_error(
            "minutes",
            _("Cet échange a déjà %(count)d promesses : celle-ci n'a pas été faite. Écrivez à la personne.")
            % {"count": holds.HOLDS_AT_MOST},
        )
        return screen(request, agent, current, hold=form)
    return _back(current)


def _too_many_notes() -> str:
    return _("Cet échange a déjà %(count)d notes : celle-ci n'a pas été gardée.") % {"count": notes.NOTES_AT_MOST}


@for_one
def urgency(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Raise or lower the degree of urgency, with a reason."""
    form = UrgencyForm(request.POST)
    if not form.is_valid():
        return screen(request, agent, current, urgency=form)
    try:
        is_changed = casework_urgency.set_urgency(conversation_id=current.pk, by=agent.user, **form.cleaned_data)
    except casework_urgency.TooManyChanges:
        form.add_error(
            "urgency",
            _("L'urgence de cet échange a déjà été changée %(count)d fois : elle peut être relevée, plus abaissée.")
            % {"count": casework_urgency.URGENCY_CHANGES_AT_MOST},
        )
        return screen(request, agent, current, urgency=form)
    except notes.TooManyNotes:
        form.add_error("explanation", _too_many_notes())
        return screen(request, agent, current, urgency=form)
    except ConversationClosed:
        if not form.cleaned_data["explanation"]:
            raise
        form.add_error(
            "explanation", _("L'échange est terminé : l'urgence n'est pas changée, l'explication n'est pas gardée.")
        )
        current.refresh_from_db()
        return screen(request, agent, current, urgency=form)
    label = Urgency(form.cleaned_data["urgency"]).label.lower()
    if is_changed:
        messages.success(request, _("Urgence : %(label)s.") % {"label": label})
    elif form.cleaned_data["explanation"]:
        said = _("L'urgence était déjà %(label)s. L'explication est gardée comme une note privée.")
        messages.success(request, said % {"label": label})
    else:
        messages.info(request, _("Rien n'a changé : l'urgence est déjà %(label)s.") % {"label": label})
    return _back(current)


class WeightForm(forms.Form):
    """Sets whether an exchange takes one place or two."""

    weight = forms.TypedChoiceField(choices=[(LIGHT, LIGHT), (HEAVY, HEAVY)], coerce=int)


@for_one
def weight(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Set how many places this conversation takes."""
    form = WeightForm(request.POST)
    if not form.is_valid():
        return _back(current)
    chosen = form.cleaned_data["weight"]
    try:
        actions.set_weight(conversation_id=current.pk, weight=chosen, by=agent.user)
    except ConversationClosed:
        messages.error(request, _("L'échange est terminé : il ne prend plus de place."))
    else:
        said = _("Cet échange prend deux places.") if chosen == HEAVY else _("Cet échange prend une place.")
        messages.success(request, said)
    return _back(current)


@for_one
def danger_dealt(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Note that messages which tell of suicide or danger are dealt with, up to the last one that the page had."""
    form = DealtForm(request.POST)
    later = None
    if form.is_valid():
        later = danger.deal_with(conversation_id=current.pk, by=agent.user, **form.cleaned_data)
    if later is None:
        messages.error(request, _("Rien n'a changé : il n'y avait pas de marque à cet endroit."))
    elif later:
        messages.success(request, _("Pris en compte. Ce que la personne a écrit depuis reste marqué : lisez-le."))
    else:
        messages.success(request, _("Pris en compte : la marque s'en va de la liste, pas des messages."))
    return _back(current)


@for_one
def note(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Add a private note, or correct one's own."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        return screen(request, agent, current, note=form)
    try:
        notes.write_note(conversation_id=current.pk, by=agent.user, **form.cleaned_data)
    except notes.NoteGone:
        form.add_error("body", _("Cette note a déjà été remplacée. Relisez-la, puis recommencez."))
        return screen(request, agent, current, note=form)
    except notes.TooManyNotes:
        form.add_error("body", _too_many_notes())
        return screen(request, agent, current, note=form)
    except ConversationClosed:
        form.add_error("body", _("L'échange est terminé : cette note n'a pas été gardée."))
        current.refresh_from_db()
        return screen(request, agent, current, note=form)
    messages.success(request, _("Note gardée."))
    return redirect(reverse("console:conversation", args=[current.public_id]) + f"#notes-{current.public_id}")


@require_POST
@for_agents
def draft(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Store what is being written to the person (`body`), which the page sends every few seconds; delete it if empty.

    An agent may save SAVES times in SAVES_SECONDS. 410 means that the conversation is no longer this agent's, so the
    page stops saving. 404 means that it never was; a process of the previous version says so of every draft, so the
    page tries again.
    """
    if rate_limits.is_over(f"reply_draft:{agent.pk}", limit=SAVES, seconds=SAVES_SECONDS):
        return HttpResponse(status=429)
    current = access.as_assigned_agent(agent, public_id)
    if current is None:
        if access.left_by(agent, public_id) is None:
            raise Http404
        return HttpResponse(status=410)
    try:
        reply_drafts.keep_draft(current, agent, request.POST.get("body", ""))
    except NotYours:
        return HttpResponse(status=410)
    return HttpResponse(status=204)


@for_one
def ask(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Ask colleagues a question (aparté)."""
    form = QuestionForm(request.POST, colleagues=colleague_questions.colleagues(agent, current, timezone.now()))
    if not form.is_valid():
        return screen(request, agent, current, question=form)
    chosen = form.cleaned_data["colleague"]
    try:
        colleague_questions.ask_colleagues(
            conversation_id=current.pk, body=form.cleaned_data["body"], of=[chosen] if chosen else [], by=agent.user
        )
    except colleague_questions.NobodyThere:
        form.add_error("colleague", _("Aucun collègue n'est disponible en ce moment."))
        return screen(request, agent, current, question=form)
    except colleague_questions.TooMany:
        form.add_error("body", _("Cet échange a déjà trop d'apartés : continuez dans l'un d'eux."))
        return screen(request, agent, current, question=form)
    except ConversationClosed:
        form.add_error("body", _("L'échange est terminé : cette question n'a pas été posée."))
        current.refresh_from_db()
        return screen(request, agent, current, question=form)
    messages.success(request, _("Question posée. La réponse arrivera dans « Apartés »."))
    return redirect(reverse("console:conversation", args=[current.public_id]) + "#apartes")


@require_POST
@for_agents
def aside(request: HttpRequest, agent: Agent, aside_id: uuid.UUID) -> HttpResponse:
    """Add to an aparté, or note with `lu` how far it was read; then redirect to the open conversation, if any."""
    found = access.as_party_to_aside(agent, aside_id)
    if found is None:
        raise Http404
    current = read_open(request, agent)
    if "lu" in request.POST:
        number = request.POST["lu"]
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        colleague_questions.mark_read(aside=found, agent=agent, number=int(number) if is_number else 0)
    else:
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return screen(request, agent, current, answer=(found.public_id, form))
        try:
            colleague_questions.answer_colleague(aside_id=found.pk, body=form.cleaned_data["body"], agent=agent)
        except colleague_questions.TooMany:
            form.add_error("body", _("Cet aparté a déjà trop de messages : posez une nouvelle question."))
            return screen(request, agent, current, answer=(found.public_id, form))
        except colleague_questions.QuestionClosed:
            messages.error(request, _("L'échange de votre collègue est terminé : rien n'a été envoyé."))
        else:
            messages.success(request, _("Envoyé à part."))
    return redirect(address_beside(current, "#apartes"))
