"""This module finds where a visit stands: at the question that waits for an answer, or at its result."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from triage import rules, session
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import Question

# Words in addresses say as little as they can: the history of the browser keeps them.
_SLUGS = {
    Outcome.DANGER: "urgence",
    Outcome.SUICIDE: "ecoute",
    Outcome.CHAT: "tchat",
    Outcome.CHAT_MINOR: "tchat-mineur",
    Outcome.SINGLE_INSULT: "explications",
    Outcome.SEVENTEEN_CYBER_THESEE: "17-cyber-thesee",
    Outcome.SEVENTEEN_CYBER_PERCEVAL: "17-cyber-perceval",
    Outcome.SEVENTEEN_CYBER_PHAROS: "17-cyber-pharos",
    Outcome.SEVENTEEN_CYBER_ORGANISATION: "17-cyber-organisation",
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: "17-cyber",
    Outcome.SMS_33700: "33700",
}
RESULT_SLUGS = frozenset(_SLUGS.values())


def slug_of(assessment: rules.Assessment) -> str:
    """Return the last part of the address of its result."""
    return _SLUGS[assessment.outcome]


def to_question(question: Question) -> HttpResponse:
    """Redirect to the page of a question."""
    return redirect("triage:question", slug=question.slug)


def to_result(assessment: rules.Assessment) -> HttpResponse:
    """Redirect to the page of a result."""
    return redirect("triage:result", slug=slug_of(assessment))


def to_where_it_stands(request: HttpRequest) -> HttpResponse:
    """Redirect to the first question that waits for an answer, or to the result of this visit."""
    answers, under = session.answers(request), session.questionnaire(request)
    pending = rules.next_question(answers, under=under)
    return to_question(pending) if pending else to_result(rules.assess_answers(answers, under=under))
