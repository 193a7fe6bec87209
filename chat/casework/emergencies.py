"""Opens, ticks off and ends the emergency procedure of a conversation, with the time of each step and its author."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import translation

from chat.casework.lock import lock_assigned
from chat.models import Conversation, EventKind
from chat.models.casework import Emergency, EmergencyStep
from chat.rules import emergency as emergency_rules
from chat.rules.emergency import Line, Situation
from common import clock
from common.texts import languages
from common.texts.catalogue import Sentence


class NoEmergency(Exception):
    """No procedure is open, or the step is not on its checklist."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is a line of the checklist. at: when it was done; None if it is not. by: the agent who did it, by name."""

    line: Line
    at: datetime | None
    by: str


def open_one(conversation: Conversation) -> Emergency | None:
    """Return the procedure that is under way, or None."""
    return Emergency.objects.filter(conversation=conversation, ended_at__isnull=True).first()


def checklist(emergency: Emergency) -> list[Done]:
    """Return the lines of the checklist of this procedure, in order."""
    steps = {step.step: step for step in emergency.steps.select_related("by__agent")}
    lines = []
    for line in emergency_rules.CHECKLISTS[emergency.situation]:
        step = steps.get(line.step)
        lines.append(Done(line, step.at if step else None, _name(step) if step else ""))
    return lines


def _name(step: EmergencyStep) -> str:
    agent = getattr(step.by, "agent", None)
    return agent.shown_name if agent is not None else ""


def past_emergencies(conversation: Conversation) -> list[Emergency]:
    """Return the procedures that have ended, the oldest first."""
    return list(Emergency.objects.filter(conversation=conversation, ended_at__isnull=False))


@transaction.atomic
def start(*, conversation_id: int, situation: str, by: AbstractBaseUser) -> Emergency:
    """Open the procedure, or return the one that is open already.

    situation: a `Situation`; ValueError for anything else. Raises NotYours, ConversationClosed.
    """
    conversation, _agent = lock_assigned(conversation_id, by)
    emergency = open_one(conversation)
    if emergency is not None:
        return emergency
    now = clock.now()
    emergency = Emergency.objects.create(
        conversation=conversation, situation=Situation(situation), started_at=now, started_by_id=by.pk
    )
    conversation.record_event(EventKind.EMERGENCY, at=now, by=by, detail=situation)
    return emergency


@transaction.atomic
def tick_step(*, conversation_id: int, step: str, by: AbstractBaseUser) -> None:
    """Note that a step is done. A second call changes nothing. Raises NotYours, NoEmergency."""
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    emergency = open_one(conversation)
    if emergency is None or not emergency_rules.belongs(emergency.situation, step):
        raise NoEmergency
    EmergencyStep.objects.get_or_create(emergency=emergency, step=step, defaults={"at": clock.now(), "by_id": by.pk})


@transaction.atomic
def tick_said(*, conversation_id: int, body: str, familiar: bool, language: str, by: AbstractBaseUser) -> list[str]:
    """Tick the steps of the open procedure whose words are in a message that was just sent, and return them.

    familiar: whether the person is spoken to with *tu*. language: the language in which the person is answered; the
    words of the source language are looked for too. Costs a search for nine lines at most, in two languages, in one
    message. Raises NotYours.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    emergency = open_one(conversation)
    if emergency is None:
        return []
    sent = " ".join(body.split())
    said = [
        done.line.step
        for done in checklist(emergency)
        if done.at is None
        and done.line.say is not None
        and not done.line.is_answered_first
        # Spaces are compared loosely: the text of the answer may have ordinary ones or no-break spaces.
        and any(" ".join(text.split()) in sent for text in _texts(done.line.say, familiar, language))
    ]
    EmergencyStep.objects.bulk_create(
        [EmergencyStep(emergency=emergency, step=step, at=clock.now(), by_id=by.pk) for step in said],
        ignore_conflicts=True,
    )
    return [str(step) for step in said]


def _texts(say: Sentence, familiar: bool, language: str) -> Iterator[str]:
    for code in {languages.source(), language or languages.source()}:
        with translation.override(code):
            yield say.spoken(familiar=familiar)


@transaction.atomic
def finish(*, conversation_id: int, by: AbstractBaseUser) -> None:
    """End the procedure, even if steps are left: these stay undone on the list. Raises NotYours, NoEmergency."""
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    emergency = open_one(conversation)
    if emergency is None:
        raise NoEmergency
    emergency.ended_at, emergency.ended_by_id = clock.now(), by.pk
    emergency.save(update_fields=["ended_at", "ended_by"])
    conversation.record_event(EventKind.EMERGENCY_ENDED, at=emergency.ended_at, by=by, detail=emergency.situation)
