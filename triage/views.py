"""The orientation: a page a question, then a page a result; made for the history of the browser, without scripts."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from triage import rules, session
from triage.document import NEUTRAL_SLUG
from triage.forms import AnswerForm
from triage.questionnaire import Questionnaire
from triage.questions import Question, Text, Voice
from triage.results import BUILT_IN
from triage.rules import Assessment, Outcome

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


def _to_question(question: Question) -> HttpResponse:
    return redirect("triage:question", slug=question.slug)


def _to_result(assessment: Assessment) -> HttpResponse:
    return redirect("triage:result", slug=_SLUGS[assessment.outcome])


def _onward(request: HttpRequest) -> HttpResponse:
    """To the first question that waits, or to the result of this visit."""
    answers, under = session.answers(request), session.questionnaire(request)
    pending = rules.next_question(answers, under=under)
    return _to_question(pending) if pending else _to_result(rules.assess(answers, under=under))


def question_page(
    question: Question,
    answers: Mapping[str, str],
    under: Questionnaire,
    *,
    refusal: str = "",
    voice: Voice | None = None,
) -> dict[str, Any]:
    """What the page of one question shows, with the answer it had.

    refusal: why the last answer was not taken, a field's code. voice: in place of the one that the answers give.
    """
    voice = voice or rules.voice(answers, under=under)
    chosen = answers.get(question.id)
    messages = AnswerForm(question=question, voice=voice).fields["answer"].error_messages
    options = [
        {
            "value": option.value,
            "label": option.label.spoken(voice),
            "hint": option.hint.spoken(voice) if option.hint else "",
            "is_chosen": option.value == chosen,
        }
        for option in question.options
    ]
    return {
        "slug": question.slug,
        "text": question.text.spoken(voice),
        "help_text": question.help_text.spoken(voice) if question.help_text else "",
        "options": options,
        "error": messages[refusal] if refusal else "",
        "number": rules.position(question, answers, under=under) or under.questions.index(question) + 1,
        "previous": rules.question_before(question, answers, under=under),
        "is_first": question is under.questions[0],
        "has_answers": bool(answers),
        "familiar": voice.familiar,
    }


def result_page(assessment: Assessment, answers: Mapping[str, str], under: Questionnaire) -> dict[str, Any]:
    """What the page of a result shows."""
    return {
        "assessment": assessment,
        "familiar": assessment.voice.familiar,
        "previous": rules.last_question(answers, under=under),
        "lines": _lines(assessment, answers, under),
        "is_danger": assessment.outcome == Outcome.DANGER,
        "is_door_first": assessment.outcome == Outcome.SINGLE_INSULT,
    }


def _lines(assessment: Assessment, answers: Mapping[str, str], under: Questionnaire) -> list[dict[str, Text]]:
    """The answers in words, each with the page where it can be changed."""
    kept = rules.on_path(answers, under=under)
    lines = []
    for asked in under.questions:
        option = asked.option(kept.get(asked.id))
        if option is not None:
            text, answer = asked.text.spoken(assessment.voice), option.label.spoken(assessment.voice)
            lines.append({"slug": asked.slug, "text": text, "answer": answer})
    return lines


def _show(request: HttpRequest, question: Question, *, refusal: str = "") -> HttpResponse:
    answers, under = session.answers(request), session.questionnaire(request)
    return render(request, "triage/question.html", question_page(question, answers, under, refusal=refusal))


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The first question, after two lines that say what will happen."""
    return _show(request, session.questionnaire(request).questions[0])


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, slug: str) -> HttpResponse:
    """One question. A page the answers do not lead to sends on to where the visit stands."""
    under = session.questionnaire(request)
    asked = under.by_slug.get(slug)
    if asked is None:
        if slug in BUILT_IN.by_slug or NEUTRAL_SLUG.fullmatch(slug):
            return _onward(request)  # a page of another version, kept open or in the history of the browser
        raise Http404
    answers = session.answers(request)
    if rules.position(asked, answers, under=under) is None:
        return _onward(request)
    if request.method != "POST":
        return _show(request, asked, refusal=session.take_refusal(request, question=asked))
    form = AnswerForm(request.POST, question=asked, voice=rules.voice(answers, under=under))
    if not form.is_valid():
        # Said on the page that follows: an answer to a POST could not be come back to without sending it again.
        session.refuse_answer(request, question=asked, reason=form.errors.as_data()["answer"][0].code or "required")
        return _to_question(asked)
    session.save_answer(request, question=asked, value=form.cleaned_data["answer"])
    following = rules.question_after(asked, session.answers(request), under=under)
    return _to_question(following) if following else _onward(request)


@require_safe
def result(request: HttpRequest, slug: str) -> HttpResponse:
    """Where this visit's answers lead; the page of another result sends to the right one."""
    if slug not in RESULT_SLUGS:
        raise Http404
    assessment = session.assessment(request)
    if assessment is None or _SLUGS[assessment.outcome] != slug:
        return _onward(request)
    context = result_page(assessment, session.answers(request), session.questionnaire(request))
    return render(request, "triage/result.html", context)


@require_safe
def current_result(request: HttpRequest) -> HttpResponse:
    """To the result of this visit, or to the question that waits."""
    return _onward(request)


@require_http_methods(["GET", "HEAD", "POST"])
def open_door(request: HttpRequest) -> HttpResponse:
    """Somebody who does not recognise their case goes on to the chat. Only a result has this door."""
    if request.method != "POST" or session.assessment(request) is None:
        return _onward(request)
    session.take_open_door(request)
    return redirect("reports:create")


@require_http_methods(["GET", "HEAD", "POST"])
def restart(request: HttpRequest) -> HttpResponse:
    """Forget the answers and begin again."""
    if request.method == "POST":
        session.clear(request)
    return redirect("triage:start")
