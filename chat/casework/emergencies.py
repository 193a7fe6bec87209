"""Opens, ticks off and ends the emergency procedure of a conversation, with the time of each step and its author."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import translation

from chat.casework.lock import lock_assigned
from chat.conversations import pauses
from chat.models import Conversation, EventKind
from chat.models.casework import Emergency, EmergencyStep
from chat.rules import emergency as emergency_rules
from chat.rules.emergency import Line, Situation
from common import clock
from common.texts import languages
from common.texts.catalogue import Sentence


class NoEmergency(Exception):
    """No procedure is open, or the step is not on its checklist."""


class AnotherOpen(Exception):
    """A procedure for another situation is open. Its checklist has other steps, so it has to be ended first."""


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
    """Open the procedure, or return the one that is open already for this situation.

    situation: a `Situation`; ValueError for anything else. Raises AnotherOpen, NotYours, ConversationClosed.
    """
    conversation, _agent = lock_assigned(conversation_id, by)
    emergency = open_one(conversation)
    if emergency is not None and emergency.situation != situation:
        raise AnotherOpen
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
def tick_said(
    *,
    conversation_id: int,
    body: str,
    familiar: bool,
    language: str,
    by: AbstractBaseUser,
    ready: Iterable[str] = (),
) -> list[str]:
    """Tick the steps of the open procedure whose words are in a message that was just sent, and return them.

    familiar, language, ready: see `words_that_do`. Costs a search for nine lines at most in one message, each in two
    languages and in the sentences of the ready replies that give its numbers. Raises NotYours.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    emergency = open_one(conversation)
    if emergency is None:
        return []
    sent, texts = " ".join(body.split()), list(ready)
    said = [
        done.line.step
        for done in checklist(emergency)
        if done.at is None and any(words in sent for words in words_that_do(done.line, familiar, language, texts))
    ]
    EmergencyStep.objects.bulk_create(
        [EmergencyStep(emergency=emergency, step=step, at=clock.now(), by_id=by.pk) for step in said],
        ignore_conflicts=True,
    )
    return [str(step) for step in said]


def words_that_do(line: Line, familiar: bool, language: str, ready: Iterable[str]) -> list[str]:
    """Return the words that do this step once they are sent: its own, and sentences of replies that give its numbers.

    familiar: whether the person is spoken to with *tu*. language: the language in which the person is answered; the
    step's words in the source language do it too. ready: the texts that are offered beside the steps. Spaces are
    ordinary and single, because the answer may have others. A step that only the person's answer does has none.
    """
    if line.is_answered_first:
        return []
    own = _texts(line.say, familiar, language) if line.say is not None else ()
    given = emergency_rules.sentences_giving(line.numbers, ready)
    return list(dict.fromkeys([*(" ".join(text.split()) for text in own), *given]))


def _texts(say: Sentence, familiar: bool, language: str) -> Iterator[str]:
    for code in {languages.source(), language or languages.source()}:
        with translation.override(code):
            yield say.spoken(familiar=familiar)


@transaction.atomic
def finish(*, conversation_id: int, by: AbstractBaseUser) -> None:
    """End the procedure, even if steps are left: these stay undone on the list. Raises NotYours, NoEmergency.

    A pause that was put off until the agent's last procedure ended is offered. Locks the agent, then the conversation.
    """
    pauses.lock_agent(by.pk)
    conversation, agent = lock_assigned(conversation_id, by, must_be_open=False)
    emergency = open_one(conversation)
    if emergency is None:
        raise NoEmergency
    emergency.ended_at, emergency.ended_by_id = clock.now(), by.pk
    emergency.save(update_fields=["ended_at", "ended_by"])
    conversation.record_event(EventKind.EMERGENCY_ENDED, at=emergency.ended_at, by=by, detail=emergency.situation)
    pauses.offer_put_off(agent_id=agent.pk, conversation_id=conversation.pk, now=emergency.ended_at)
