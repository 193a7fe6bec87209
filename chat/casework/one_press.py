"""What an agent may put into their answer with one press: what the open emergency procedure says, and the questions
that the sheet of facts still asks. Nothing is sent by itself.
"""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from chat.casework.emergencies import Done
from chat.casework.reported_elements import Reported
from chat.rules import emergency_texts
from chat.rules.reply_template import Reply, Source
from reports.rules.offence_elements import QUESTIONS, Reading, Standing

# More would have to be read: the sheet has them all.
QUESTIONS_SHOWN = 3


def step_key(step: str) -> str:
    """Return the key of what a step of the procedure says, among the replies of a page."""
    return f"etape-{step}"


def prevention_reply(*, familiar: bool) -> Reply:
    """Return the reply with the number that helps with thoughts of suicide, whether a procedure is open or not."""
    return Reply("prevention", Source.STEP, "", emergency_texts.SUICIDE.spoken(familiar=familiar))


def safety_reply(*, familiar: bool) -> Reply:
    """« Vérifier la sécurité »: what comes first under words of suicide or of danger, until the procedure is opened."""
    return Reply("safety", Source.STEP, _("Vérifier la sécurité"), emergency_texts.SAFETY.spoken(familiar=familiar))


def steps_to_say(checklist: Sequence[Done], *, familiar: bool) -> list[Reply]:
    """Return what the steps that are left say, in their order."""
    return [
        Reply(step_key(done.line.step), Source.STEP, str(done.line.step.label), done.line.say.spoken(familiar=familiar))
        for done in checklist
        if done.at is None and done.line.say is not None
    ]


def question_key(element: str) -> str:
    """Return the key of the question about an element, among the replies of a page."""
    return f"question-{element}"


def all_questions() -> list[Reply]:
    """Return every question of the sheet, as each stands beside its element."""
    return [Reply(question_key(element), Source.QUESTION, "", str(text)) for element, text in QUESTIONS.items()]


def questions_to_ask(readings: Sequence[Reading], reported: Mapping[str, Reported]) -> list[Reply]:
    """Return the questions that are asked next, each once, in the order of the offences that are still open. What
    the person has answered before the exchange is not asked again: it is to be confirmed."""
    found: dict[str, Reply] = {}
    for reading in readings:
        if reading.standing is Standing.ABSENT:
            continue
        for met in reading.needs:
            if met.standing is not Standing.MISSING:
                continue
            for element, question in met.asks:
                if element not in reported or not reported[element].is_clear:
                    found.setdefault(element, Reply(question_key(element), Source.QUESTION, "", str(question)))
    return list(found.values())
