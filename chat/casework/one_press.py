"""Texts that an agent puts into the answer with one press; nothing is sent by itself.

They are the words of the open emergency procedure, and the questions that the fact sheet still asks. Each is in the
language in which the person writes, if there is a translation, and says which language that is. The label beside it
stays in French, for the agent.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from chat.casework.emergencies import Done, words_that_do
from chat.casework.reported_elements import Reported
from chat.rules import emergency_texts
from chat.rules.reply_template import Reply, Source
from common.choices import label_of
from common.texts import languages
from common.texts.catalogue import Sentence
from reports.rules.offence_elements import QUESTIONS, Element, Reading, Standing

# Only these are shown at once, so that they can be taken in at a glance. The sheet has all of them.
QUESTIONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Voice:
    """It is how a person is spoken to.

    familiar: with *tu*. language: the code of the language in which they are answered; "" for the source language.
    """

    familiar: bool = False
    language: str = ""

    def reply(self, key: str, source: Source, label: str, say: Callable[[], str]) -> Reply:
        """Return a reply with what `say` returns in this language, or in the source language without a translation."""
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
    """Return the key of the reply of a step, among the replies of a page."""
    return f"etape-{step}"


def prevention_reply(voice: Voice) -> Reply:
    """Return the reply with the telephone number for thoughts of suicide, whether a procedure is open or not."""
    return _sentence_reply("prevention", "", emergency_texts.SUICIDE, voice)


def safety_reply(voice: Voice) -> Reply:
    """Return « Vérifier la sécurité », which is offered first after words of danger, until a procedure is open."""
    return _sentence_reply("safety", _("Vérifier la sécurité"), emergency_texts.SAFETY, voice)


def words_to_minors() -> list[str]:
    """Return Pnav's own words that ask a minor whether they are safe, or give 119, in each voice and language.

    Those to an adult are among them: an age may be told after they were sent.
    """
    voices = [Voice(familiar, language) for language in ("", *languages.others()) for familiar in (True, False)]
    sentences = (emergency_texts.SAFETY, emergency_texts.CHILD)
    return [_sentence_reply("", "", sentence, voice).text for sentence in sentences for voice in voices]


def step_reply(done: Done, voice: Voice) -> Reply | None:
    """Return the reply of a step, done or not; None when the step has no words."""
    if done.line.say is None:
        return None
    return _sentence_reply(step_key(done.line.step), str(done.line.step.label), done.line.say, voice)


def sent_words(done: Done, voice: Voice, ready: Sequence[Reply]) -> str:
    """Return, as a JSON list for the script, the words that do a step once they are sent.

    ready: the replies that are offered in this exchange. « Vérifier la sécurité » is among them, whoever put it there.
    """
    texts = [reply.text for reply in (safety_reply(voice), *ready)]
    return json.dumps(words_that_do(done.line, voice.familiar, voice.language, texts), ensure_ascii=False)


def steps_to_say(checklist: Sequence[Done], voice: Voice) -> list[Reply]:
    """Return the replies of the steps that are not done, in their order."""
    replies = (step_reply(done, voice) for done in checklist if done.at is None)
    return [reply for reply in replies if reply is not None]


def question_key(element: str) -> str:
    """Return the key of the question about an element of an offence, among the replies of a page."""
    return f"question-{element}"


def question_reply(element: str, voice: Voice) -> Reply:
    """Return the question about an element as a reply; its label is the element's name on the sheet."""
    text = QUESTIONS[element]
    return voice.reply(question_key(element), Source.QUESTION, label_of(Element, element), lambda: str(text))


def all_questions(voice: Voice) -> list[Reply]:
    """Return every question of the sheet as a reply."""
    return [question_reply(element, voice) for element in QUESTIONS]


def questions_to_ask(readings: Sequence[Reading], reported: Mapping[str, Reported], voice: Voice) -> list[Reply]:
    """Return the questions to ask next, each once, in the order of the offences that are still open.

    What the person has clearly said before the exchange is not asked again, but only to be confirmed.
    """
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


def put_asked_last(questions: Sequence[Reply], said: Iterable[str]) -> list[Reply]:
    """Return these questions, those that an agent asked already behind the others; `console/one-press.js` does so in an
    open page. said: the agents' messages."""
    asked = [_one_line(body) for body in said]
    return sorted(questions, key=lambda reply: any(_one_line(reply.text) in body for body in asked))


def _one_line(text: str) -> str:
    return " ".join(text.split())
