"""This module turns answers into an assessment: where a situation goes, why, and how urgent it is. It makes no query.

Answers are a mapping of question id to option value. Whatever is not on the path of the questions (an unknown id, an
option that does not exist, an answer to a question that is no longer asked) is ignored, never an error.

Each reading says under which questionnaire the answers were given (`under`); BUILT_IN is the one of the code, and
whoever serves people names theirs (tests/triage/test_versions.py looks). What no questionnaire changes is written here:
danger and suicidal thoughts decide before any rule, minors and danger at home are urgent, and which numbers are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from triage import numbers
from triage.numbers import Number
from triage.questionnaire.definition import Questionnaire, Result, conditions_hold
from triage.questionnaire.outcomes import (
    DESTINATIONS,
    DESTINATIONS_BESIDE,
    OPEN_DOOR,
    WRITE_NOW,
    Destination,
    Outcome,
    Urgency,
)
from triage.questionnaire.questions import (
    DOOR,
    HELPED,
    MINOR_AGES,
    OTHERS,
    OWN_AGE,
    SAFETY,
    Question,
    Text,
    Voice,
    Wording,
)
from triage.questionnaire.results import BUILT_IN, IMAGE_OF_MINOR, RESULTS


@dataclass(frozen=True)
class Assessment:
    """It is what the answers mean for the person and for the queue.

    reasons, service and prepare are sentences in the person's voice (*tu* for a minor), at least one of each once the
    path is finished. destination is there only when the situation goes to 17 Cyber.
    destination_beside is there when the chat stays the main way and 17 Cyber is another one.
    is_minor says that the person who suffers the facts or the one who writes is under 18.
    version is that of the questionnaire that the answers were given under.
    """

    outcome: Outcome
    urgency: Urgency
    opens_chat: bool
    is_minor: bool
    voice: Voice
    title: Text
    reasons: tuple[Text, ...] = ()
    service: tuple[Text, ...] = ()
    prepare: tuple[Text, ...] = ()
    numbers: tuple[Number, ...] = ()
    destination: Destination | None = None
    destination_beside: Destination | None = None
    open_door: Text = OPEN_DOOR
    write_now: Text = WRITE_NOW
    version: str = ""

    @property
    def is_finished(self) -> bool:
        """Return whether the path had come to its end."""
        return self.outcome != Outcome.UNFINISHED

    @property
    def calls_first(self) -> bool:
        """Return whether the numbers come before anything else: a life may be at stake."""
        return self.urgency == Urgency.CRITICAL

    @property
    def first_numbers(self) -> tuple[Number, ...]:
        """Return the few numbers that come before anything else; there are none when nothing presses."""
        return self.numbers[:3] if self.calls_first else ()

    @property
    def other_numbers(self) -> tuple[Number, ...]:
        """Return the numbers that come after the explanations."""
        return self.numbers[len(self.first_numbers) :]


# --- the path -----------------------------------------------------------------------------------------------------


def follow_path(
    answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN
) -> tuple[dict[str, str], Question | None]:
    """Return the answers on the path, in the order of the questions, and the first question that has no answer yet.

    The question is None when the path has come to its end. What was said at the door counts from the first question
    on, whether it would be asked here or not: who is in danger is spoken to as who they said they are. OWN_AGE, which
    is no question, comes last.
    """
    at_door = answers_at_door(answers, under=under)
    own = {OWN_AGE: at_door.pop(OWN_AGE)} if OWN_AGE in at_door else {}
    kept: dict[str, str] = {}
    for question in under.questions:
        if question.id in at_door:
            kept[question.id] = at_door[question.id]
            continue
        if not question.is_asked(kept):
            continue
        value = answers.get(question.id)
        if question.option(value) is None:
            # They are in the order of the questions, as is all that is kept.
            said = kept | at_door
            return {one.id: said[one.id] for one in under.questions if one.id in said} | own, question
        kept[question.id] = str(value)
    return kept | own, None


def answers_at_door(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> dict[str, str]:
    """Return what was said at the door: who speaks, and of who helps, whether they are a minor themselves.

    It is empty when nothing was said, and when the questionnaire has no door.
    """
    question = under.by_id.get(DOOR)
    value = answers.get(DOOR)
    if question is None or question.option(value) is None:
        return {}
    is_minor = value == "helper" and answers.get(OWN_AGE) == "minor"
    return {DOOR: str(value)} | ({OWN_AGE: "minor"} if is_minor else {})


def on_path(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> dict[str, str]:
    """Return the answers that count, in the order of the questions."""
    return follow_path(answers, under=under)[0]


def next_question(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> Question | None:
    """Return the first question that still waits for an answer, or None at the end of the path."""
    return follow_path(answers, under=under)[1]


def question_after(
    question: Question, answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN
) -> Question | None:
    """Return the question that follows this one on the path, answered or not, or None at the end."""
    kept, pending = follow_path(answers, under=under)
    # Nobody is asked again what they said at the door.
    reached = [
        asked
        for asked in under.questions
        if asked is question or asked is pending or (asked.id in kept and asked.id != DOOR)
    ]
    if question.id not in kept and question is not pending:
        return pending
    following = reached.index(question) + 1
    return reached[following] if following < len(reached) else None


def question_before(
    question: Question, answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN
) -> Question | None:
    """Return the question that comes before this one on the path, or None for the first."""
    kept = on_path(answers, under=under)
    before = [asked for asked in under.questions[: under.questions.index(question)] if asked.id in kept]
    return before[-1] if before else None


def last_question(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> Question | None:
    """Return the last question that was answered on the path, or None before the first answer."""
    kept = on_path(answers, under=under)
    return next((question for question in reversed(under.questions) if question.id in kept), None)


def question_position(question: Question, answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> int | None:
    """Return the number of this question on the path, from 1, or None when the path does not show it (yet)."""
    kept, pending = follow_path(answers, under=under)
    reached = [asked for asked in under.questions if asked.id in kept or asked is pending]
    return reached.index(question) + 1 if question in reached else None


def choose_voice(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> Voice:
    """Return how to speak to the person who answers."""
    kept = on_path(answers, under=under)
    return Voice(
        familiar=_own_age(kept) in MINOR_AGES, about_other=kept.get("who") == "helper" or reporter_role(kept) in OTHERS
    )


def reporter_role(kept: Mapping[str, str]) -> str:
    """Return who speaks: a value of `reports.models.ReporterRole` or "organisation", or "victim" when nothing was said.

    Somebody who helps and had no time to say in which role counts as a witness, for they have seen something.
    kept has the answers on the path.
    """
    if kept.get(DOOR) == "helper":
        return kept.get(HELPED, "witness").partition("_")[0]
    return kept.get("role", "victim")


def _own_age(kept: Mapping[str, str]) -> str:
    """Return the age band of whoever answers. The door asks no more than whether they are under 18 ("under_18")."""
    if kept.get(OWN_AGE) == "minor":
        return "under_18"
    return {"minor": "under_18", "adult": "adult"}.get(kept.get(DOOR, ""), kept.get("age", ""))


# An agent reads this of who helps and is under 18 themselves.
_OWN_AGE, _OWN_MINOR = _("Âge de qui aide"), _("Moins de 18 ans")


def describe_answers(
    answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN, familiar: bool = False
) -> list[tuple[str, str]]:
    """Return each question and its answer in words, in the order they were asked.

    The words are in the active language. familiar: *tu*, for the person themself; an agent never reads it.
    """
    kept = on_path(answers, under=under)
    spoken = Voice(familiar=familiar, about_other=choose_voice(answers, under=under).about_other)
    lines = []
    for question in under.questions:
        option = question.option(kept.get(question.id))
        if option is not None:
            lines.append((str(question.text.spoken(spoken)), str(option.label.spoken(spoken))))
    if OWN_AGE in kept:
        lines.append((str(_OWN_AGE), str(_OWN_MINOR)))
    return lines


def victim_age_band(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> str:
    """Return the `reports.models.AgeBand` of the person who suffers the facts, which is empty if it was not asked."""
    kept = on_path(answers, under=under)
    if kept.get(DOOR) == "helper":
        return kept.get(HELPED, "").partition("_")[2]
    if reporter_role(kept) == "victim":
        return _own_age(kept)
    return kept.get("victim_age", "")


# --- the assessment -----------------------------------------------------------------------------------------------


# An agent reads of a person in this voice: never *tu*, and in the third person where the words exist.
FOR_AGENTS = Voice(about_other=True)
# A questionnaire has no words for these: nobody can empty them, or send somewhere else than to the numbers.
SAID_BY_CODE = frozenset({Outcome.UNFINISHED, Outcome.DANGER, Outcome.SUICIDE})


def assess_answers(
    answers: Mapping[str, str],
    *,
    told_in: Voice | None = None,
    talks_now: bool = False,
    under: Questionnaire = BUILT_IN,
) -> Assessment:
    """Assess where these answers lead, and why.

    told_in is the voice of the sentences when they are for somebody else than the person (FOR_AGENTS).
    talks_now means that the person answers no more questions, once they have said whether they are safe: what they said
    so far counts, and leads to the chat where no rule says otherwise.
    Answers whose path is not finished give Outcome.UNFINISHED, which opens nothing.
    """
    kept, pending = follow_path(answers, under=under)
    own = choose_voice(kept, under=under)
    spoken = told_in or own
    is_open = pending is not None and not (talks_now and SAFETY in kept)
    outcome = Outcome.UNFINISHED if is_open else outcome_of(kept, under)
    words = result_of(outcome, under)
    is_minor = own.familiar or victim_age_band(kept, under=under) in MINOR_AGES
    return Assessment(
        outcome=outcome,
        urgency=_urgency(kept, under, is_minor=is_minor),
        opens_chat=outcome in (Outcome.CHAT, Outcome.CHAT_MINOR),
        is_minor=is_minor,
        voice=spoken,
        title=words.heading(kept).spoken(spoken),
        reasons=tuple(reason.spoken(spoken) for reason in words.why(kept)),
        service=tuple(sentence.spoken(spoken) for sentence in words.service),
        prepare=tuple(sentence.spoken(spoken) for sentence in _prepare(outcome, kept, under)),
        numbers=_numbers(outcome, kept, is_minor=is_minor),
        destination=DESTINATIONS.get(outcome),
        destination_beside=DESTINATIONS_BESIDE.get(outcome),
        version=under.version,
    )


def preview_assessment(outcome: Outcome, voice: Voice, *, under: Questionnaire) -> Assessment:
    """Return a result with every reason that it may give, for whoever edits its words."""
    words = result_of(outcome, under)
    return Assessment(
        outcome=outcome,
        urgency=Urgency.NORMAL,
        opens_chat=outcome in (Outcome.CHAT, Outcome.CHAT_MINOR),
        is_minor=voice.familiar,
        voice=voice,
        title=words.title.spoken(voice),
        reasons=tuple(reason.text.spoken(voice) for group in words.reasons for reason in group),
        service=tuple(sentence.spoken(voice) for sentence in words.service),
        prepare=tuple(sentence.spoken(voice) for sentence in words.prepare),
        numbers=_numbers(outcome, {}, is_minor=voice.familiar),
        destination=DESTINATIONS.get(outcome),
        destination_beside=DESTINATIONS_BESIDE.get(outcome),
        version=under.version,
    )


def result_of(outcome: Outcome, under: Questionnaire) -> Result:
    """Return the words of this outcome.

    For danger, suicidal thoughts and an unfinished path they are always the code's.
    """
    return RESULTS[outcome] if outcome in SAID_BY_CODE else under.results[outcome]


def _prepare(outcome: Outcome, kept: Mapping[str, str], under: Questionnaire) -> tuple[Wording, ...]:
    """Return what is useful to have. The intimate image of a minor is noted and never captured, at whatever age the
    person answers (code pénal, art. 227-23): the code says so whatever a questionnaire says of evidence.
    """
    if outcome == Outcome.CHAT and kept.get("image_money") == "minor":
        return under.results[Outcome.CHAT_MINOR].prepare
    prepare = result_of(outcome, under).prepare
    keeps_evidence = outcome in (Outcome.CHAT, Outcome.SEVENTEEN_CYBER_THESEE)
    return (*prepare, IMAGE_OF_MINOR) if keeps_evidence and _is_about_image(kept) else prepare


def outcome_of(kept: Mapping[str, str], under: Questionnaire) -> Outcome:
    """Return the destination of a finished path. Danger comes before every rule.

    kept has the answers that lie on the path.
    """
    match kept.get("danger"):
        case "yes":
            return Outcome.DANGER
        case "suicidal":
            return Outcome.SUICIDE
    decided = next((one.outcome for one in under.decisions if conditions_hold(one.when, kept)), Outcome.CHAT)
    return _chat(kept) if decided == Outcome.CHAT else decided


def _chat(kept: Mapping[str, str]) -> Outcome:
    helped = kept.get(HELPED, "").partition("_")[2]
    is_minor = bool({_own_age(kept), kept.get("victim_age", ""), helped} & set(MINOR_AGES))
    return Outcome.CHAT_MINOR if is_minor else Outcome.CHAT


def _is_couple(kept: Mapping[str, str]) -> bool:
    return kept.get("facts") == "couple" or kept.get("author") == "couple"


def _is_blackmail(kept: Mapping[str, str]) -> bool:
    """Return whether money is asked against images: some of those who are asked think of dying."""
    told = (("demand", "image"), ("image_money", "yes"), ("scam", "image"), ("blackmail_image", "yes"))
    return any(kept.get(name) == value for name, value in told)


def _is_about_image(kept: Mapping[str, str]) -> bool:
    """Return whether there is an image, of which nothing tells whether it shows somebody under 18."""
    return kept.get("facts") in ("image", "content") or _is_blackmail(kept)


def is_discreet(answers: Mapping[str, str]) -> bool:
    """Return whether somebody may see the screen, under whichever version of the questionnaire that was asked."""
    return answers.get(SAFETY) == "screen" or answers.get("screen") == "yes"


def says_unwatched(question: Question, value: str) -> bool:
    """Return whether this answer says that nobody else sees the screen: « no » to a question that offers to say so.

    Danger and thoughts of dying do not say it: somebody who is watched may be in danger too.
    """
    return value == "no" and question.option("screen") is not None


def _urgency(kept: Mapping[str, str], under: Questionnaire, *, is_minor: bool) -> Urgency:
    if kept.get("danger") in ("yes", "suicidal") or kept.get("home") == "yes":
        return Urgency.CRITICAL
    if is_minor or any(condition.holds(kept) for condition in under.urgent):
        return Urgency.HIGH
    return Urgency.NORMAL


def _numbers(outcome: Outcome, kept: Mapping[str, str], *, is_minor: bool) -> tuple[Number, ...]:
    """Return the numbers to show, the most useful first."""
    match outcome:
        case Outcome.DANGER:
            return (
                numbers.POLICE,
                numbers.EUROPEAN_EMERGENCY,
                numbers.EMERGENCY_BY_TEXT,
                numbers.MEDICAL_EMERGENCY,
                numbers.CHILD_IN_DANGER,
                numbers.SUICIDE_PREVENTION,
            )
        case Outcome.SUICIDE:
            return (
                numbers.SUICIDE_PREVENTION,
                numbers.MEDICAL_EMERGENCY,
                numbers.EMERGENCY_BY_TEXT,
                numbers.POLICE,
                *([numbers.DIGITAL_VIOLENCE] if is_minor else []),
            )
        case Outcome.CHAT | Outcome.CHAT_MINOR | Outcome.SINGLE_INSULT:
            beside = [numbers.VICTIM_SUPPORT, numbers.SUICIDE_PREVENTION]
            if _is_couple(kept):
                beside.insert(0, numbers.VIOLENCE_AGAINST_WOMEN)
            if is_minor:
                beside = [numbers.DIGITAL_VIOLENCE, numbers.CHILD_IN_DANGER, *beside]
            if kept.get("home") == "yes":
                # A past version asks this of minors; one that was edited may ask it of adults too.
                first = [numbers.POLICE, numbers.EMERGENCY_BY_TEXT, *([numbers.CHILD_IN_DANGER] if is_minor else [])]
                beside = [*first, *(number for number in beside if number not in first)]
            return tuple(beside)
        case Outcome.SMS_33700:
            shown = [numbers.UNWANTED_TEXTS]
        case Outcome.SEVENTEEN_CYBER_THESEE | Outcome.SEVENTEEN_CYBER_PERCEVAL:
            shown = [numbers.SCAM_INFORMATION, numbers.VICTIM_SUPPORT]
            if _is_blackmail(kept):
                shown = [numbers.SUICIDE_PREVENTION, numbers.VICTIM_SUPPORT]
        case Outcome.SEVENTEEN_CYBER_PHAROS | Outcome.SEVENTEEN_CYBER_ASSISTANCE:
            shown = [numbers.VICTIM_SUPPORT]
        case _:
            shown = []
    return tuple([*shown, numbers.DIGITAL_VIOLENCE] if is_minor else shown)
