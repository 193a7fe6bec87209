"""What an agent may put into their answer with one press: what the open emergency procedure says, and the questions
that the sheet of facts still asks. Nothing is sent by itself.

Each is in the language that the person writes in, where there is a translation of it, and says which it is in; what is
shown of it beside the step or the element stays in French, for the agent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from chat.casework.emergencies import Done
from chat.casework.reported_elements import Reported
from chat.rules import emergency_texts
from chat.rules.reply_template import Reply, Source
from common.choices import label_of
from common.texts import languages
from common.texts.catalogue import Sentence
from reports.rules.offence_elements import QUESTIONS, Element, Reading, Standing

# More would have to be read: the sheet has them all.
QUESTIONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Voice:
    """How a person is spoken to. language: the code of the one that they are answered in."""

    familiar: bool = False
    language: str = ""

    def reply(self, key: str, source: Source, label: str, say: Callable[[], str]) -> Reply:
        """Return what `say` says in this language; in the source language where there is no translation."""
        own = languages.source()
        with translation.override(own):
            text = said = say()
        if self.language and self.language != own:
            with translation.override(self.language):
                said = say()
        if said == text:
            return Reply(key, source, label, text)
        return Reply(key, source, label, said, "", languages.name(self.language), self.language)


def _sentence_reply(key: str, label: str, sentence: Sentence, voice: Voice) -> Reply:
    return voice.reply(key, Source.STEP, label, lambda: sentence.spoken(familiar=voice.familiar))


def step_key(step: str) -> str:
    """Return the key of what a step of the procedure says, among the replies of a page."""
    return f"etape-{step}"


def prevention_reply(voice: Voice) -> Reply:
    """Return the reply with the number that helps with thoughts of suicide, whether a procedure is open or not."""
    return _sentence_reply("prevention", "", emergency_texts.SUICIDE, voice)


def safety_reply(voice: Voice) -> Reply:
    """« Vérifier la sécurité »: what comes first under words of suicide or of danger, until the procedure is opened."""
    return _sentence_reply("safety", _("Vérifier la sécurité"), emergency_texts.SAFETY, voice)


def step_reply(done: Done, voice: Voice) -> Reply | None:
    """Return what a step says, done or not; None where it says nothing."""
    if done.line.say is None:
        return None
    return _sentence_reply(step_key(done.line.step), str(done.line.step.label), done.line.say, voice)


def steps_to_say(checklist: Sequence[Done], voice: Voice) -> list[Reply]:
    """Return what the steps that are left say, in their order."""
    replies = (step_reply(done, voice) for done in checklist if done.at is None)
    return [reply for reply in replies if reply is not None]


def question_key(element: str) -> str:
    """Return the key of the question about an element, among the replies of a page."""
    return f"question-{element}"


def question_reply(element: str, voice: Voice) -> Reply:
    """Return the question about an element; its label is what the sheet calls it."""
    text = QUESTIONS[element]
    return voice.reply(question_key(element), Source.QUESTION, label_of(Element, element), lambda: str(text))


def all_questions(voice: Voice) -> list[Reply]:
    """Return every question of the sheet, as each stands beside its element."""
    return [question_reply(element, voice) for element in QUESTIONS]


def questions_to_ask(readings: Sequence[Reading], reported: Mapping[str, Reported], voice: Voice) -> list[Reply]:
    """Return the questions that are asked next, each once, in the order of the offences that are still open. What
    the person has answered before the exchange is not asked again: it is to be confirmed."""
    found: dict[str, Reply] = {}
    for reading in readings:
        if reading.standing is Standing.ABSENT:
            continue
        for met in reading.needs:
            if met.standing is not Standing.MISSING:
                continue
            for element, _question in met.asks:
                if element not in found and (element not in reported or not reported[element].is_clear):
                    found[element] = question_reply(element, voice)
    return list(found.values())
