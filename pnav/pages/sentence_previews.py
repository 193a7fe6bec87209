"""A sentence in the page where it will be read, before it is saved: the real templates, and people who do not exist.

Nothing is written, and nothing of anybody is read. The page has no script: it opens no line and sends nothing.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation

import chat.views
import reports.sentences
import triage.sentences
from chat import emergency_sentences, followup_sentences, handover_sentences, keeping_sentences, page_sentences, thread
from chat import sentences as chat_sentences
from chat.casework import Emergency
from chat.emergencies import Done
from chat.emergency_rules import CHECKLISTS, Situation
from chat.forms import SummaryForm
from chat.lifecycle import Author, Status
from chat.models import Conversation, Transmission
from chat.transmission_forms import MeetingAnswerForm
from chat.transmission_reading import Shown, Step
from chat.transmission_rules import Basis, State
from locations.session import Choice
from reports.forms import ReportForm
from reports.models import ErasureRequest, Report
from sentences import catalogue, shelf
from sentences.catalogue import Sentence
from triage import rules
from triage.questions import QUESTIONS, Voice
from triage.results import BUILT_IN

from . import quit_sentences
from . import sentences as page_sentences_of_home
from .information import information

# The buttons of the form: the field that each one shows, and the language of its page.
LANGUAGE_OF = {"vous": "fr", "tu": "fr", "en": "en"}


@dataclass
class Trial:
    """One sentence to be shown. text: as it would be read, with an example of each variable."""

    request: HttpRequest
    sentence: Sentence
    familiar: bool
    text: str = ""


type Draw = Callable[[Trial], HttpResponse]


def page_with(request: HttpRequest, sentence: Sentence, *, voice: str, vous: str, tu: str, en: str) -> HttpResponse:
    """The page, in the voice and language of one of LANGUAGE_OF; an empty text is that of origin."""
    language = LANGUAGE_OF[voice]
    with translation.override(language), shelf.trying(catalogue.tried(sentence, vous, tu, en)):
        examples = {variable.name: variable.example for variable in sentence.variables}
        familiar = voice == "tu"
        trial = Trial(request, sentence, familiar, sentence.say(familiar=familiar, **examples))
        page = DRAW[sentence.place.key](trial)
    page["Content-Language"], page["Cache-Control"] = language, "no-store"
    return page


def _page(trial: Trial, template: str, context: Mapping[str, Any], *, is_marked: bool = True) -> HttpResponse:
    told = {"text": trial.text, "is_marked": is_marked}
    # No key of a form: what is pressed in a preview does nothing.
    return render(
        trial.request,
        template,
        {"familiar": trial.familiar, "discreet": False, **context, "preview_of": told, "csrf_token": ""},
    )


# --- the exchange -----------------------------------------------------------------------------------------------------


def _manner(trial: Trial) -> dict[str, Any]:
    is_discreet = trial.sentence.key.endswith("_discreet")
    return chat.views.manner(
        Conversation(report=Report()), familiar=trial.familiar, discreet=is_discreet, is_minor=trial.familiar
    )


def _line(seq: int, author: Author, name: str, body: str, state: str = "") -> thread.Line:
    now = timezone.localtime()
    return thread.Line(seq, author, name, now.isoformat(), f"{now:%H:%M}", body, state)


def _conversation(trial: Trial, status: Status, **more: Any) -> HttpResponse:
    manner = _manner(trial)
    said = manner["said"]
    name = thread.agent_name(said, chat_sentences.NAME.example, discreet=manner["discreet"])
    lines = [_line(1, Author.REPORTER, said["you"], "Bonjour", said["sent"])] if status != Status.WAITING else []
    context = {
        **manner,
        "status": status,
        "position": chat_sentences.POSITION.say(familiar=trial.familiar, n=4),
        "wait": chat_sentences.WAIT_MINUTES.say(low=10, high=25),
        "interlocutor": name,
        "lines": lines,
        "blank": thread.BLANK,
        "last_seq": len(lines),
        "client_id": uuid.uuid4(),
        "words": "{}",
        "asked": trial.sentence.key == "chat.summary_asked",
        "goes_on": page_sentences.DELETED_ON.example,
        "told": "…" if trial.sentence.key == "chat.told_title" else "",
        **more,
    }
    is_marked = trial.sentence.place not in {chat_sentences.THREAD, chat_sentences.PROPOSALS, chat_sentences.QUEUE}
    is_marked &= trial.sentence.key not in _WORDS
    return _page(trial, "chat/conversation.html", context, is_marked=is_marked)


def _thread(trial: Trial) -> HttpResponse:
    said = _manner(trial)["said"]
    body = trial.text
    if trial.sentence is chat_sentences.TO_BRING:  # within the one that proposes
        body = chat_sentences.COMPLAINT_ANYWHERE.say(familiar=trial.familiar, bring=body)
    lines = [
        _line(1, Author.REPORTER, said["you"], "Bonjour", said["read"]),
        _line(2, Author.SYSTEM, said["system"], body),
    ]
    return _conversation(trial, Status.ACTIVE, lines=lines)


def _queue(trial: Trial) -> HttpResponse:
    where = "position" if trial.sentence in {chat_sentences.POSITION, chat_sentences.POSITION_FIRST} else "wait"
    return _conversation(trial, Status.WAITING, **{where: trial.text})


_BODY_ERRORS = {f"chat.{name}" for name in ("cut", "empty", "too_long", "unkept", "too_many", "over", "not_sent")}
_STATES = {f"chat.{name}" for name in ("pending", "kept", "sent", "read", "failed", "refused")}
_BANNERS = {"chat.offline", "chat.unsent", "chat.online"}
_LINES = {"chat.line_connected", "chat.line_reconnecting", "chat.line_lost"}
_NOTICES = {"chat.new", "chat.is_there"}
_LOST = {"chat.lost", "chat.lost_danger", "chat.retry", "chat.trying"}
_NAMES = {"chat.title_waiting", "chat.title_active", "chat.title_closed", "chat.you", "chat.agent", "chat.system"}
_NAMES |= {"chat.system_discreet", "chat.misleading", "chat.typing", "chat.count"}
_WORDS = _BODY_ERRORS | _STATES | _BANNERS | _LINES | _NOTICES | {"chat.retry", "chat.trying"} | _NAMES


def _states_of_the_line(trial: Trial) -> HttpResponse:
    """Where the script of the page would put it."""
    key, said = trial.sentence.key, _manner(trial)["said"]
    status = Status.ACTIVE
    shown: dict[str, Any] = {}
    more: dict[str, Any] = {}
    answer = _line(2, Author.SYSTEM, said["system"], chat_sentences.ARRIVED.say(name=chat_sentences.NAME.example))
    state = trial.text if key in _STATES else said["sent"]
    lines = [_line(1, Author.REPORTER, said["you"], "Bonjour", state), answer]
    if key in _BODY_ERRORS:
        more = {"is_error": True, "body_error": trial.text, "body": "Bonjour"}
    elif key in _BANNERS:
        shown = {"banner": trial.text}
    elif key in _LINES:
        shown = {"line": trial.text}
    elif key in _NOTICES:
        shown = {"notice": trial.text}
    elif key in _LOST:
        shown = {"is_lost": True, "retry": trial.text if key == "chat.trying" else ""}
    elif key == "chat.typing":
        shown = {"typing": trial.text}
    elif key == "chat.count":
        shown = {"count": trial.text}
    elif key == "chat.misleading":
        lines[0] = _line(1, Author.REPORTER, said["you"], f"exаmple.fr ⟦{trial.text}⟧", said["sent"])
    elif key == "chat.agent":
        more = {"interlocutor": trial.text}
    elif key in {"chat.title_waiting", "chat.title_closed"}:
        status = Status.WAITING if key == "chat.title_waiting" else Status.CLOSED
    return _conversation(trial, status, lines=lines, shown=shown, **more)


def _exchange(trial: Trial) -> HttpResponse:
    code = b"x" if trial.sentence.key == "chat.code_replaces" else None
    conversation = Conversation(report=Report(), resume_digest=code)
    return _conversation(trial, Status.ACTIVE, conversation=conversation)


def _code(trial: Trial) -> HttpResponse:
    key = trial.sentence.key
    date = chat_sentences.CODE_WORKS.variables[0].example
    context: dict[str, Any] = {**_manner(trial), "code": "", "until": "", "error": ""}
    if key == "chat.code_over":
        context["is_over"] = True
    elif key in {"chat.code_shown_once", "chat.code_again", "chat.a_code_works", "chat.code_annul_why"}:
        context["until"] = chat_sentences.A_CODE_WORKS.say(date=date)
    elif key == "chat.code_failed":
        context["error"] = trial.text
    elif key != "chat.code_none":
        context |= {"code": "abri balcon citron douane étoile", "until": chat_sentences.CODE_WORKS.say(date=date)}
    is_marked = key not in {"chat.code_again", "chat.code_failed", "chat.code_works", "chat.a_code_works"}
    return _page(trial, "chat/code.html", context, is_marked=is_marked)


def _end(trial: Trial) -> HttpResponse:
    status = Status.WAITING if trial.sentence.key.startswith("chat.leave_") else Status.ACTIVE
    return _page(trial, "chat/end.html", {**_manner(trial), "status": status})


def _away(trial: Trial) -> HttpResponse:
    """This page has no frame: it says itself that it is a preview."""
    told = {"text": trial.text, "is_marked": True}
    return HttpResponse(render_to_string("chat/away.html", {"body": "Bonjour", "client_id": "", "preview_of": told}))


def _frame(trial: Trial) -> HttpResponse:
    """What stands in the page of whoever has no script: it says itself that it is a preview, and stands still."""
    key = trial.sentence.key
    status = {"chat.frame_gone": "", "chat.frame_ended": Status.CLOSED}.get(key, Status.ACTIVE)
    context = {
        **_manner(trial),
        "status": status,
        "shown": Status.ACTIVE if key == "chat.frame_none" else Status.WAITING,
        "paused": True,
        "asked": key == "chat.frame_summary",
        "follow": key == "chat.frame_follow",
        "preview_of": {"text": trial.text, "is_marked": True},
    }
    return render(trial.request, "chat/news.html", context)


# --- what follows it, and what is kept --------------------------------------------------------------------------------


def _follow_up(trial: Trial) -> HttpResponse:
    key, now = trial.sentence.key, timezone.now()
    states = {
        "follow_up.asked": State.ASKED,
        "follow_up.unreadable": State.ASKED,
        "follow_up.meeting_told": State.MEETING,
    }
    state = states.get(key, State.SENT)
    basis = Basis.URGENT if key == "follow_up.urgent" else Basis.AGREED
    row = Shown(
        transmission=Transmission(state=state, basis="" if state is State.ASKED else basis),
        unit="Commissariat",
        telephone="",
        summary="…",
        why="",
        steps=[Step(state, now, {})],
    )
    is_open = key == "follow_up.resume_opens"
    context = {
        **_manner(trial),
        "rows": [] if key == "follow_up.none" else [(row, key != "follow_up.unreadable")],
        "meeting": MeetingAnswerForm(),
        "meeting_of": "",
        "is_open": is_open,
        "code": "" if is_open else "abri balcon citron douane étoile",
    }
    return _page(trial, "chat/follow_up.html", context)


def _slip(trial: Trial) -> HttpResponse:
    appointment = None if trial.sentence.key == "slip.none" else {"file_number": "2027-000000-00"}
    words = {"moment": "3 mars 2027, 10:00", "unit": "Commissariat"}
    bring = chat_sentences.TO_BRING.say(familiar=trial.familiar)
    context = {**_manner(trial), "appointment": appointment, "words": words, "bring": bring}
    return _page(trial, "chat/slip.html", context)


def _keeping(trial: Trial) -> HttpResponse:
    key, now = trial.sentence.key, timezone.now()
    asked = ErasureRequest(asked_at=now)
    if key in {"erasure.granted", "erasure.refused", "erasure.refused_cnil"}:
        asked.answered_at, asked.is_granted = now, key == "erasure.granted"
    is_asked = key.startswith("erasure.") or key in {"keeping.code_note", "keeping.code_where", "keeping.code_again"}
    reading = {"who": "…", "did": "…", "at": now}
    context = {
        **_manner(trial),
        **{variable.name: variable.example for variable in keeping_sentences.VARIABLES},
        "goes_on": page_sentences.DELETED_ON.example,
        "is_erasure": key == "keeping.erasure_due",
        "asked": asked if is_asked else None,
        "readings": [reading] if key == "keeping.readers_others" else [],
        "was_answered": key == "keeping.readers_both",
        "code": "abri balcon citron douane étoile" if key in {"keeping.code_note", "keeping.code_where"} else "",
    }
    return _page(trial, "chat/keeping.html", context)


def _erasure(trial: Trial) -> HttpResponse:
    now = timezone.now()
    examples = {variable.name: variable.example for variable in keeping_sentences.VARIABLES}
    asked = ErasureRequest(asked_at=now, answered_at=now, is_granted=True)
    return _page(trial, "chat/erasure.html", {**examples, "asked": asked})


def _summary(trial: Trial) -> HttpResponse:
    context = {
        **_manner(trial),
        "form": SummaryForm(),
        "summary": "…",
        "from_name": handover_sentences.FROM_NAME.example,
        "to_name": handover_sentences.TO_NAME.example,
    }
    return _page(trial, "chat/handover.html", context)


# --- around it --------------------------------------------------------------------------------------------------------


def _questions(trial: Trial) -> HttpResponse:
    question, voice = QUESTIONS[0], Voice(familiar=trial.familiar)
    options = [{"value": one.value, "label": one.label.spoken(voice)} for one in question.options]
    context = {
        "slug": question.slug,
        "text": question.text.spoken(voice),
        "help_text": question.help_text.spoken(voice) if question.help_text else "",
        "options": options,
        "number": 1,
        "is_first": True,
    }
    return _page(trial, "triage/question.html", context)


def _result(trial: Trial) -> HttpResponse:
    """Where the first answer leads that shows this sentence: danger, the site of 17 Cyber, or the tchat."""
    safe = {"danger": "no", "screen": "no", "role": "victim", "age": "under_15" if trial.familiar else "adult"}
    answers = {
        "triage.danger_past": {"danger": "yes"},
        "triage.leaves_site": {**safe, "facts": "content", "content_target": "no", "content_public": "public"},
    }.get(trial.sentence.key, {**safe, "facts": "page"})
    # The questionnaire of the code: these answers are its own, whatever version is in force.
    while (question := rules.next_question(answers, under=BUILT_IN)) is not None:
        answers[question.id] = question.options[-1].value
    assessment = rules.assess(answers, under=BUILT_IN)
    context = {
        "assessment": assessment,
        "previous": QUESTIONS[0],
        "lines": [],
        "is_danger": assessment.calls_first,
        "is_door_first": False,
    }
    return _page(trial, "triage/result.html", context)


def _report(trial: Trial) -> HttpResponse:
    form = ReportForm(initial={"role": "victim", "age_band": "adult"}, familiar=trial.familiar)
    choice = Choice(postal_code="35000", municipality=None, reception_point=None, is_nearest=False)
    return _page(trial, "reports/create.html", {"form": form, "submission_id": "", "choice": choice})


def _home(trial: Trial) -> HttpResponse:
    return _page(trial, "pages/home.html", information())


def _emergency(trial: Trial) -> HttpResponse:
    situation, now = _situation_of(trial.sentence), timezone.now()
    context = {
        "conversation": Conversation(report=Report()),
        "emergency": Emergency(situation=situation, started_at=now),
        "emergency_label": situation.label,
        "checklist": [Done(line, None, "") for line in CHECKLISTS[situation]],
        "is_familiar": trial.familiar,
    }
    return _page(trial, "admin/sentences/preview_emergency.html", context, is_marked=False)


def _situation_of(sentence: Sentence) -> Situation:
    return next(one for one in Situation if any(line.say is sentence for line in CHECKLISTS[one]))


def _simply(template: str) -> Draw:
    return lambda trial: _page(trial, template, _manner(trial))


DRAW: Mapping[str, Draw] = {
    chat_sentences.THREAD.key: _thread,
    chat_sentences.PROPOSALS.key: _thread,
    chat_sentences.QUEUE.key: _queue,
    chat_sentences.LINE.key: _states_of_the_line,
    chat_sentences.CODE.key: _code,
    page_sentences.WAITING.key: lambda trial: _conversation(trial, Status.WAITING),
    page_sentences.EXCHANGE.key: _exchange,
    page_sentences.FRAME.key: _frame,
    page_sentences.AFTER.key: lambda trial: _conversation(trial, Status.CLOSED),
    page_sentences.ENDED.key: lambda trial: _page(trial, "chat/ended.html", {"numbers": chat.views.EMERGENCY_NUMBERS}),
    page_sentences.END.key: _end,
    page_sentences.RESUME.key: _simply("chat/resume.html"),
    page_sentences.AWAY.key: _away,
    followup_sentences.FOLLOW_UP.key: _follow_up,
    followup_sentences.SLIP.key: _slip,
    keeping_sentences.KEEPING.key: _keeping,
    keeping_sentences.ERASURE.key: _erasure,
    handover_sentences.SUMMARY.key: _summary,
    emergency_sentences.EMERGENCY.key: _emergency,
    triage.sentences.QUESTIONS.key: _questions,
    triage.sentences.RESULT.key: _result,
    reports.sentences.REPORT.key: _report,
    reports.sentences.ALREADY.key: _simply("reports/already.html"),
    page_sentences_of_home.HOME.key: _home,
    quit_sentences.QUIT.key: _simply("pages/quit.html"),
}
