"""This module keeps the visit's answers, in their own namespace of the session. They are stored nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from triage import rules, versions
from triage.questionnaire import document
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.questions import DOOR, OWN_AGE, SAFETY, Question, Voice

KEY = "triage"


@dataclass(frozen=True)
class Triage:
    """It is what one visit had answered when it was read. It does not follow what is saved later.

    answers has all of them, those that left the path included.
    questionnaire is the version that they were given under.
    wants_chat_anyway says that the person took the open door of their result, or that of a question.
    """

    answers: Mapping[str, str]
    questionnaire: Questionnaire
    wants_chat_anyway: bool = False
    has_discreet_address: bool = False  # the page is read under an address without words: somebody may see the screen

    @cached_property
    def answers_on_path(self) -> dict[str, str]:
        """Return the answers that count, in the order of the questions."""
        return rules.on_path(self.answers, under=self.questionnaire)

    @cached_property
    def assessment(self) -> rules.Assessment:
        """Return what the answers mean. While a question waits for its answer, the assessment is unfinished and opens
        nothing, unless the person talks now."""
        return rules.assess_answers(self.answers, talks_now=self.wants_chat_anyway, under=self.questionnaire)

    @property
    def voice(self) -> Voice:
        """Return how to speak to whoever answers."""
        return self.assessment.voice

    @property
    def is_discreet(self) -> bool:
        """Return whether somebody may see the screen: titles become neutral."""
        return self.has_discreet_address or rules.is_discreet(self.answers)

    @property
    def opens_chat(self) -> bool:
        """Return whether this visit may file a report: its result leads to the chat, or it took the open door."""
        return self.assessment.is_finished and (self.assessment.opens_chat or self.wants_chat_anyway)


def read(request: HttpRequest) -> Triage:
    """Read what this visit has answered. Whoever needs more than one thing of it reads it once and hands it on."""
    return Triage(answers(request), questionnaire(request), wants_chat_anyway(request), has_discreet_address(request))


def has_discreet_address(request: HttpRequest) -> bool:
    """Return whether this page is read under an address of discreet mode, as `pnav.addresses` says."""
    return getattr(request, "is_discreet_address", False)


def leave_discreet_address(request: HttpRequest) -> None:
    """Let the rest of this request be as under an ordinary address: the person has just said that nobody sees the
    screen. The redirect that answers it leads to an ordinary address (`pnav.middleware.addresses`).
    """
    request.is_discreet_address = False  # type: ignore[attr-defined]


def _namespace(request: HttpRequest) -> Mapping[str, Any]:
    return request.session.get(KEY, {})


def answers(request: HttpRequest) -> dict[str, str]:
    """Return all the answers of this visit.

    Those that left the path are included, for they come back if the path does.
    """
    return dict(_namespace(request).get("answers", {}))


def questionnaire(request: HttpRequest) -> Questionnaire:
    """Return what this visit answers: the version that it began under, or the one in force before its first answer."""
    kept = _namespace(request)
    return versions.find_or_current(kept.get("version", "")) if kept.get("answers") else versions.current()


def voice(request: HttpRequest) -> Voice:
    """Return how to speak to whoever answers in this visit."""
    return rules.choose_voice(answers(request), under=questionnaire(request))


def come_in(request: HttpRequest, *, who: str) -> None:
    """Begin at the door of the home page. who is an answer to `questions.DOOR`: an adult, a minor or one who helps.

    Whoever says the same again keeps what they answered; another person at the same screen begins anew, but that
    somebody may see the screen is not forgotten.
    """
    kept, current = answers(request), versions.current()
    if document.has_door(current):
        said = {DOOR: who} | ({SAFETY: "screen"} if rules.is_discreet(kept) else {})
    else:  # in a version that an administrator published these two questions may have a page each
        said = {"role": "victim", **({"age": "adult"} if who == "adult" else {})} if who != "helper" else {}
        said |= {"screen": "yes"} if rules.is_discreet(kept) else {}
    if said and kept.items() >= said.items():
        return
    request.session[KEY] = {"version": current.version, "answers": said}


def save_answer(request: HttpRequest, *, question: Question, value: str) -> None:
    """Keep one answer. Changing what was said before closes the open door again: it belonged to another result."""
    kept, version = answers(request), questionnaire(request).version
    changed = kept.get(question.id) != value
    kept[question.id] = value
    request.session[KEY] = {
        "version": version,
        "answers": kept,
        "chat_anyway": wants_chat_anyway(request) and not changed,
    }


def say_own_age(request: HttpRequest, *, is_minor: bool) -> None:
    """Keep whether somebody who helps is under 18 themselves. Pnav then says *tu* to them, and nothing else changes."""
    kept = answers(request)
    kept.pop(OWN_AGE, None)
    if is_minor:
        kept[OWN_AGE] = "minor"
    version = questionnaire(request).version
    request.session[KEY] = {**_namespace(request), "version": version, "answers": kept}


def refuse_answer(request: HttpRequest, *, question: Question, reason: str) -> None:
    """Remember, until its page is shown, why an answer was not taken: a field's error code, never the answer."""
    request.session[KEY] = {**_namespace(request), "refused": {"question": question.id, "reason": reason}}


def take_refusal(request: HttpRequest, *, question: Question) -> str:
    """Return once why the last answer to this question was not taken; it is empty when there is nothing to say."""
    kept = dict(_namespace(request))
    refused = kept.get("refused")
    if refused is None or refused["question"] != question.id:
        return ""
    del kept["refused"]
    if kept:
        request.session[KEY] = kept
    else:
        clear(request)
    return refused["reason"]


def assessment(request: HttpRequest) -> rules.Assessment | None:
    """Return what this visit's answers mean, or None while a question waits and the person answers on."""
    assessed = rules.assess_answers(
        answers(request), talks_now=wants_chat_anyway(request), under=questionnaire(request)
    )
    return assessed if assessed.is_finished else None


def wants_chat_anyway(request: HttpRequest) -> bool:
    """Return whether the person took the open door of their result, or that of a question."""
    return bool(_namespace(request).get("chat_anyway", False))


def take_open_door(request: HttpRequest) -> None:
    """Remember that the person wants to talk to somebody, whatever the result says or before there is one."""
    version = questionnaire(request).version
    request.session[KEY] = {"version": version, "answers": answers(request), "chat_anyway": True}


def is_discreet(request: HttpRequest) -> bool:
    """Return whether somebody may see the screen: titles become neutral, and so do addresses.

    Who reads a page under an address of discreet mode is in it, with another answer or none.
    """
    return has_discreet_address(request) or rules.is_discreet(answers(request))


def clear(request: HttpRequest) -> None:
    """Forget the answers of this visit."""
    request.session.pop(KEY, None)
