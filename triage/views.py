"""These pages are the orientation: one for each question, and one for each result of people not answered here.

They work without scripts and with the browser's history. An answer is the button that sends it.
"""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common import way_in
from triage import rules, session, versions
from triage import texts as triage_texts
from triage.forms import AnswerForm
from triage.onward import RESULT_SLUGS, slug_of, to_question, to_where_it_stands
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import NEUTRAL_SLUG, SLUGS
from triage.questionnaire.questions import (
    AGES_OF_HELPED,
    BY_ID,
    HELPED,
    OTHERS,
    OWN_AGE,
    SAFE,
    SAFETY,
    Question,
    Text,
    Voice,
)
from triage.rules import Assessment, Outcome

# It says how an answer of the question about safety is drawn: danger stands out, and so does its opposite.
_LOOKS = {"yes": "urgent", "suicidal": "urgent", "no": "none"}


def question_page(
    question: Question,
    answers: Mapping[str, str],
    under: Questionnaire,
    *,
    refusal: str = "",
    voice: Voice | None = None,
    discreet: bool = False,
) -> dict[str, Any]:
    """Return what the page of one question shows, with the answer it had.

    discreet means that somebody may see the screen: what happens is said in words that tell them nothing, and
    `explained`, which is folded, says the whole words. refusal is why the last answer was not taken, as a field's code.
    voice is taken in place of the one that the answers give.
    """
    voice = voice or rules.choose_voice(answers, under=under)
    chosen = answers.get(question.id)
    messages = AnswerForm(question=question, voice=voice).fields["answer"].error_messages
    neutral = _neutral(question, voice) if discreet else {}
    options: list[dict[str, Any]] = [
        {
            "value": option.value,
            "label": neutral.get(option.value) or option.label.spoken(voice),
            "hint": option.hint.spoken(voice) if option.hint and not discreet else "",
            "is_chosen": option.value == chosen,
            "look": _LOOKS.get(option.value, "") if question.id == SAFETY else "",
        }
        for option in question.options
    ]
    return {
        "slug": question.slug,
        "text": neutral.get("question") or question.text.spoken(voice),
        "help_text": question.help_text.spoken(voice) if question.help_text and not discreet else "",
        "options": options,
        "explained": _explained(question, neutral, voice) if discreet else {"answers": ()},
        "groups": _by_role(options, discreet=discreet) if question.id == HELPED else [],
        "shows_all": discreet and rules.says_unwatched(question, "no"),
        "is_own_minor": OWN_AGE in rules.on_path(answers, under=under),
        "drawings": question.id if question.id in ("danger", "facts") else "",
        "error": messages[refusal] if refusal else "",
        "previous": rules.question_before(question, answers, under=under),
        "is_first": question is under.questions[0],
        # Safety is asked of everybody; after it nobody has to answer more to be heard.
        "has_door": question is not under.questions[0] and SAFETY in answers,
        "has_answers": bool(answers),
        "familiar": voice.familiar,
    }


def _neutral(question: Question, voice: Voice) -> dict[str, str]:
    """Return the question and its answers in words that tell a bystander nothing, without those whose own tell nothing.

    What an administrator wrote, and `texts.NEUTRAL` does not know, may tell anything: an answer is said by its number.
    """
    said = {name: sentence.say() for name, sentence in triage_texts.NEUTRAL.get(question.id, {}).items()}
    ours = BY_ID.get(question.id)
    if "question" not in said and (ours is None or str(question.text.spoken(voice)) != str(ours.text.spoken(voice))):
        said["question"] = triage_texts.QUESTION_DISCREET.say()
    for number, option in enumerate(question.options, 1):
        known = ours.option(option.value) if ours else None
        if option.value not in said and (
            known is None or str(option.label.spoken(voice)) != str(known.label.spoken(voice))
        ):
            said[option.value] = triage_texts.ANSWER_DISCREET.say(number=number)
    return said


def _explained(question: Question, neutral: Mapping[str, str], voice: Voice) -> dict[str, Any]:
    """Return the whole words of what is said in neutral ones: the text of the question, its help, and its answers."""
    return {
        "text": question.text.spoken(voice) if "question" in neutral else "",
        "help_text": question.help_text.spoken(voice) if question.help_text else "",
        "answers": [
            {
                "said": neutral.get(option.value) or option.label.spoken(voice),
                "label": option.label.spoken(voice) if option.value in neutral else "",
                "hint": option.hint.spoken(voice) if option.hint else "",
            }
            for option in question.options
            if option.value in neutral or option.hint
        ],
    }


def _by_role(options: list[dict[str, Any]], *, discreet: bool) -> list[dict[str, Any]]:
    """Return whom one may help, as a line of ages for each role: twelve answers, each of which is one press.

    A draft that is looked at may lack some of them; only a version with all twelve is published.
    """
    by_value = {option["value"]: option for option in options}
    roles, ages = triage_texts.OPTIONS["helper"], triage_texts.OPTIONS["age"]
    if discreet:
        roles = roles | {"witness": triage_texts.WITNESS_DISCREET}
    groups = [
        {
            "label": roles[role].say(),
            "options": [
                by_value[value] | {"short": ages[age].say()}
                for age in AGES_OF_HELPED
                if (value := f"{role}_{age}") in by_value
            ],
        }
        for role in OTHERS
    ]
    return [group for group in groups if group["options"]]


def result_page(
    assessment: Assessment, answers: Mapping[str, str], under: Questionnaire, *, discreet: bool = False
) -> dict[str, Any]:
    """Return what the page of a result shows. Where discreet, its answers are said in neutral words, as given."""
    return {
        "assessment": assessment,
        "familiar": assessment.voice.familiar,
        "previous": rules.last_question(answers, under=under),
        "lines": _lines(assessment, answers, under, discreet=discreet),
        "is_danger": assessment.outcome == Outcome.DANGER,
        "is_door_first": assessment.outcome in (Outcome.SINGLE_INSULT, Outcome.DANGER, Outcome.SUICIDE),
        "writes_first": assessment.outcome in (Outcome.DANGER, Outcome.SUICIDE),
    }


def _lines(
    assessment: Assessment, answers: Mapping[str, str], under: Questionnaire, *, discreet: bool
) -> list[dict[str, Text]]:
    """Return the answers in words, each with the page where it can be changed."""
    kept = rules.on_path(answers, under=under)
    lines = []
    for asked in under.questions:
        option = asked.option(kept.get(asked.id))
        if option is not None:
            neutral = _neutral(asked, assessment.voice) if discreet else {}
            text = neutral.get("question") or asked.text.spoken(assessment.voice)
            answer = neutral.get(option.value) or option.label.spoken(assessment.voice)
            lines.append({"slug": asked.slug, "text": text, "answer": answer})
    return lines


def _show(request: HttpRequest, question: Question, *, refusal: str = "") -> HttpResponse:
    answers, under = session.answers(request), session.questionnaire(request)
    context = question_page(question, answers, under, refusal=refusal, discreet=session.is_discreet(request))
    return render(request, "triage/question.html", context)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Redirect to where the visit stands: the first question that waits, which is safety for a new visit."""
    answers, under = session.answers(request), session.questionnaire(request)
    pending = rules.next_question(answers, under=under)
    return _show(request, pending) if pending else to_where_it_stands(request)


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask one question. A page to which the answers do not lead redirects to where the visit stands."""
    under = session.questionnaire(request)
    asked = under.by_slug.get(slug)
    if asked is None:
        if slug in SLUGS.values() or NEUTRAL_SLUG.fullmatch(slug):
            # The form is of another version, whose page was kept open or is in the browser's history.
            return to_where_it_stands(request)
        raise Http404
    answers = session.answers(request)
    if rules.question_position(asked, answers, under=under) is None:
        return to_where_it_stands(request)
    if request.method != "POST":
        return _show(request, asked, refusal=session.take_refusal(request, question=asked))
    if asked.id == HELPED and "own_age" in request.POST:
        session.say_own_age(request, is_minor=request.POST["own_age"] == "minor")
        return to_question(asked)
    form = AnswerForm(request.POST, question=asked, voice=rules.choose_voice(answers, under=under))
    if not form.is_valid():
        # The page that follows says it: nobody could come back to the answer of a POST without sending it again.
        session.refuse_answer(request, question=asked, reason=form.errors.as_data()["answer"][0].code or "required")
        return to_question(asked)
    value = form.cleaned_data["answer"]
    session.save_answer(request, question=asked, value=value)
    # A page of the version before, or one without « tout afficher », did not say that this answer shows everything.
    says_so = "shows_all" in request.POST and rules.says_unwatched(asked, value)
    if says_so and not rules.is_discreet(session.answers(request)):
        session.leave_discreet_address(request)
    way_in.prepare(request)
    following = rules.question_after(asked, session.answers(request), under=under)
    if asked.id == SAFETY and following is None:
        # The numbers come first, also for who took the door of this result before, for a report that is over by now.
        return to_where_it_stands(request)
    return to_question(following) if following else way_in.go_on(request)


@require_safe
def result(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where this visit's answers lead. The page of another result redirects to the right one."""
    if slug not in RESULT_SLUGS:
        raise Http404
    assessment = session.assessment(request)
    if assessment is None or slug_of(assessment) != slug:
        return to_where_it_stands(request)
    return _show_result(request, assessment, session.answers(request), session.questionnaire(request))


def _show_result(
    request: HttpRequest, assessment: Assessment, answers: Mapping[str, str], under: Questionnaire
) -> HttpResponse:
    context = result_page(assessment, answers, under, discreet=session.is_discreet(request))
    return render(request, "triage/result.html", context)


def show_danger(request: HttpRequest, slug: str) -> HttpResponse | None:
    """Show the numbers to a visit with an open exchange that answers the question about safety in another tab, with
    danger or with thoughts of dying. Return None for any other request.

    Nothing is kept: the answers of this visit are those of the report that was filed. A visit that came back by a code
    has none of its own, and is spoken to as those of its report say. The door leads to the exchange.
    """
    answers, under = session.answers(request), session.questionnaire(request)
    asked, value = under.by_slug.get(slug), request.POST.get("answer", "")
    if asked is None or asked.id != SAFETY or asked.option(value) is None or value in SAFE:
        return None
    if not answers:
        answers, version = way_in.filed_answers(request)
        under = versions.find_or_current(version)
    answers[SAFETY] = value
    return _show_result(request, rules.assess_answers(answers, under=under), answers, under)


@require_safe
def current_result(request: HttpRequest) -> HttpResponse:
    """Redirect to the result of this visit, or to the question that waits."""
    return to_where_it_stands(request)


@require_http_methods(["GET", "HEAD", "POST"])
def open_door(request: HttpRequest) -> HttpResponse:
    """Let somebody talk now, before the questions are answered or whatever their result says, once they have said
    whether they are safe."""
    if request.method != "POST" or SAFETY not in session.answers(request):
        return to_where_it_stands(request)
    session.take_open_door(request)
    return way_in.go_on(request)


@require_http_methods(["GET", "HEAD", "POST"])
def restart(request: HttpRequest) -> HttpResponse:
    """Forget the answers and begin again."""
    if request.method == "POST":
        session.clear(request)
    return redirect("triage:start")
