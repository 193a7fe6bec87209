"""A sentence in the page where it will be read, before it is saved: the real templates, and people who do not exist.

Nothing is written, and nothing of anybody is read. The page has no script: it opens no line and sends nothing.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation

import chat.views
import reports.sentences
from chat import (
    emergency_sentences,
    followup_sentences,
    form_sentences,
    handover_sentences,
    keeping_sentences,
    page_sentences,
    thread,
)
from chat import sentences as chat_sentences
from chat.casework import Emergency
from chat.emergencies import Done
from chat.emergency_rules import CHECKLISTS, Situation
from chat.forms import SummaryForm
from chat.handover_rules import SUMMARY_MAX
from chat.lifecycle import Author, Status
from chat.models import Conversation, Transmission
from chat.transmission_forms import MeetingAnswerForm
from chat.transmission_reading import Shown, Step
from chat.transmission_rules import Basis, State
from reports import readings
from reports.models import ErasureRequest, Report
from sentences import catalogue, languages, shelf
from sentences.catalogue import Sentence

from . import page_previews
from .trials import Draw, Trial, first_that_shows, page


def page_with(request: HttpRequest, sentence: Sentence, name: str, texts: Mapping[str, str]) -> HttpResponse:
    """The page, in the language and voice of the text of this name. texts: by their names; an empty one, or one that is
    left out, is that of origin."""
    language, voice = languages.text_place(name)
    with translation.override(language), shelf.trying(catalogue.tried(sentence, texts)):
        examples = {variable.name: variable.example for variable in sentence.variables}
        familiar = voice == languages.FAMILIAR
        trial = Trial(request, sentence, familiar, sentence.say(familiar=familiar, **examples))
        page = first_that_shows(trial, DRAW[sentence.place.key])
    page["Content-Language"], page["Cache-Control"] = language, "no-store"
    return page


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
        "earlier": 2 if trial.sentence.key == "chat.earlier" else 0,
        "last_seq": len(lines),
        "client_id": uuid.uuid4(),
        "words": "{}",
        "asked": trial.sentence.key == "chat.summary_asked",
        "goes_on": page_sentences.DELETED_ON.example,
        "told": "…" if trial.sentence.key == "chat.told_title" else "",
        **more,
    }
    return page(trial, "chat/conversation.html", context)


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


_BODY_ERRORS = {
    f"chat.{name}" for name in ("cut", "empty", "too_long", "unkept", "too_many", "over", "full", "not_sent")
}
_STATES = {f"chat.{name}" for name in ("pending", "kept", "sent", "read", "failed", "refused", "soon", "refused_full")}
_BANNERS = {"chat.offline", "chat.unsent", "chat.online"}
_LINES = {"chat.line_connected", "chat.line_reconnecting", "chat.line_lost"}
_NOTICES = {"chat.new", "chat.is_there"}
_LOST = {"chat.lost", "chat.lost_danger", "chat.retry", "chat.trying"}
_NAMES = {"chat.title_waiting", "chat.title_active", "chat.title_closed", "chat.you", "chat.agent", "chat.system"}
_NAMES |= {"chat.system_discreet", "chat.misleading", "chat.typing", "chat.count"}
_WORDS = _BODY_ERRORS | _STATES | _BANNERS | _LINES | _NOTICES | {"chat.retry", "chat.trying"} | _NAMES


def _messages_of(**more: Any) -> Draw:
    """A piece of a long thread."""

    def draw(trial: Trial) -> HttpResponse:
        said = _manner(trial)["said"]
        lines = [_line(101, Author.REPORTER, said["you"], "Bonjour", said["read"])]
        context = {
            **_manner(trial), "lines": lines, "earlier": 101, "last": 101, "later": 101, "total": 250,
            "is_whole": False, **more,
        }  # fmt: skip
        return page(trial, "chat/messages.html", context)

    return draw


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
    follow = trial.text if trial.sentence is form_sentences.FOLLOW_READ else page_sentences.FOLLOW_TITLE.say()
    more = {"follow": follow, "asked": True, "has_slip": True}
    return _conversation(trial, Status.ACTIVE, conversation=conversation, **more)


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
    return page(trial, "chat/code.html", context)


def _code_there(trial: Trial) -> HttpResponse:
    """A code works, and was shown before."""
    is_date = trial.sentence is form_sentences.CODE_DATE
    until = chat_sentences.A_CODE_WORKS.say(date=trial.text if is_date else "…")
    return page(trial, "chat/code.html", {**_manner(trial), "code": "", "until": until, "error": ""})


def _code_shown(trial: Trial) -> HttpResponse:
    return page(trial, "chat/code.html", {**_manner(trial), "code": "abri balcon citron douane étoile", "until": "…"})


def _resume(*, is_error: bool = False, has_conversation: bool = False) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        errors = [trial.text] if is_error else []
        return page(
            trial, "chat/resume.html", {**_manner(trial), "errors": errors, "has_conversation": has_conversation}
        )

    return draw


def _answers(trial: Trial) -> HttpResponse:
    """The ready answers of a question, and a complaint at a service whose hours nobody knows."""
    said = _manner(trial)["said"]
    is_hours = trial.sentence in {form_sentences.HOURS_CALL, form_sentences.HOURS_UNKNOWN}
    examples = {one.name: one.example for one in chat_sentences.COMPLAINT_AT.variables}
    examples |= {"when": trial.text} if is_hours else {}
    body = chat_sentences.COMPLAINT_AT.say(familiar=trial.familiar, **examples)
    if trial.sentence is form_sentences.PAGE_NAMED:
        examples = {one.name: one.example for one in chat_sentences.MEETING_PROPOSED.variables} | {"page": trial.text}
        body = chat_sentences.MEETING_PROPOSED.say(familiar=trial.familiar, **examples)
    ready = [answer.say() for answer in (form_sentences.YES, form_sentences.NO, form_sentences.LATER)]
    lines = [_line(1, Author.SYSTEM, said["system"], body)]
    return _conversation(trial, Status.ACTIVE, lines=lines, question={"answer_id": "", "answers": ready})


def _end(trial: Trial) -> HttpResponse:
    status = Status.WAITING if trial.sentence.key.startswith("chat.leave_") else Status.ACTIVE
    return page(trial, "chat/end.html", {**_manner(trial), "status": status})


def _away(trial: Trial) -> HttpResponse:
    """This page has no frame: it says itself that it is a preview.

    It knows nobody: *tu* is said to who waits during a raid.
    """
    if trial.familiar:
        return page_previews.EFFORT[0](trial)
    told = {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen}
    return HttpResponse(render_to_string("chat/away.html", {"body": "Bonjour", "client_id": "", "preview_of": told}))


def _away_alone(trial: Trial) -> HttpResponse:
    """The same within the frame, where nothing was being sent."""
    told = {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen}
    return HttpResponse(render_to_string("chat/away.html", {"body": "", "again": "", "preview_of": told}))


def _running_frame(trial: Trial) -> HttpResponse:
    return _frame(trial, is_paused=False)


def _frame(trial: Trial, *, is_paused: bool = True) -> HttpResponse:
    """What stands in the page of whoever has no script: it says itself that it is a preview, and stands still."""
    key = trial.sentence.key
    status = {"chat.frame_gone": "", "chat.clear_page": "", "chat.frame_ended": Status.CLOSED}.get(key, Status.ACTIVE)
    context = {
        **_manner(trial),
        "status": status,
        "shown": Status.ACTIVE if key == "chat.frame_none" else Status.WAITING,
        "paused": is_paused,
        "earlier": 0,
        "asked": key == "chat.frame_summary",
        "follow": key == "chat.frame_follow",
        "preview_of": {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen},
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
    return page(trial, "chat/follow_up.html", context)


def _follow_up_to(state: State) -> Draw:
    """A step that waits for an answer, with what may go wrong in it."""

    def draw(trial: Trial) -> HttpResponse:
        return _suites(trial, state, error=trial.text if trial.sentence in FOLLOW_ERRORS else "")

    return draw


def _left_over(trial: Trial) -> HttpResponse:
    """A text that nothing asks for any more."""
    return _suites(trial, State.CLOSED, other="…")


FOLLOW_TOLD = (
    form_sentences.SUMMARY_SENT,
    form_sentences.SUMMARY_NOT_SENT,
    form_sentences.MEETING_ACCEPTED,
    form_sentences.MEETING_REFUSED,
)
FOLLOW_ERRORS = (
    form_sentences.ANSWER_MISSING,
    form_sentences.SUMMARY_SETTLED,
    form_sentences.NO_ACCOUNT,
    form_sentences.MEETING_OLDER,
    form_sentences.MEETING_SETTLED,
    form_sentences.CODE_NOT_MADE,
)


def _suites(trial: Trial, state: State, *, error: str = "", other: str = "") -> HttpResponse:
    row = Shown(
        transmission=Transmission(state=state, basis=Basis.AGREED if state is not State.ASKED else "", file_number="…"),
        unit="Commissariat",
        telephone="",
        summary="…",
        why="",
        steps=[Step(state, timezone.now(), {"other": "…"})],
    )
    written = {form_sentences.OTHER_TOO_LONG: "x" * 501, form_sentences.OTHER_WITH_YES: "…"}.get(trial.sentence, other)
    form = MeetingAnswerForm({"transmission": str(row.public_id), "seen": 1, "answer": "yes", "other": written})
    context = {
        **_manner(trial),
        "rows": [(row, True)],
        "meeting": form if written else MeetingAnswerForm(),
        "meeting_of": str(row.public_id) if written else "",
        "has_meeting": True,
        "is_error": bool(error),
        "error": error,
        "is_open": state is State.ACCEPTED,
        "messages": page_previews.told(trial) if trial.sentence in FOLLOW_TOLD else [],
    }
    return page(trial, "chat/follow_up.html", context)


def _slip_without(*, telephone: str) -> Draw:
    """With no hours that are known."""

    def draw(trial: Trial) -> HttpResponse:
        words = {"moment": "3 mars 2027, 10:00", "unit": "Commissariat", "telephone": telephone, "hours": []}
        context = {**_manner(trial), "appointment": {"file_number": "…"}, "words": words, "of_suites": True}
        return page(trial, "chat/slip.html", context)

    return draw


def _slip(trial: Trial) -> HttpResponse:
    appointment = None if trial.sentence.key == "slip.none" else {"file_number": "2027-000000-00"}
    words = {"moment": "3 mars 2027, 10:00", "unit": "Commissariat"}
    bring = form_sentences.SLIP_BRING.say()
    # Said above the slip when its PDF could not be drawn.
    messages = page_previews.told(trial) if trial.sentence is form_sentences.SLIP_LATER else []
    context = {**_manner(trial), "appointment": appointment, "words": words, "bring": bring, "messages": messages}
    return page(trial, "chat/slip.html", context)


_WHEN_ASKED = {"keeping.code_note", "keeping.code_where", "keeping.code_again", "keeping.create_code_read_answer"}


def _keeping(trial: Trial) -> HttpResponse:
    key, now = trial.sentence.key, timezone.now()
    asked = ErasureRequest(asked_at=now)
    if key in {"erasure.granted", "erasure.refused", "erasure.refused_cnil"}:
        asked.answered_at, asked.is_granted = now, key == "erasure.granted"
    is_asked = key.startswith("erasure.") or key in _WHEN_ASKED
    reading = {"who": "Un superviseur", "did": "a lu l'échange", "at": timezone.make_aware(page_previews.MOMENT)}
    context = {
        **_manner(trial),
        **{variable.name: variable.example for variable in keeping_sentences.VARIABLES},
        "goes_on": page_sentences.DELETED_ON.example,
        "is_erasure": key == "keeping.erasure_due",
        "asked": asked if is_asked else None,
        "readings": [reading] if key in {"keeping.readers_others", "keeping.reading"} else [],
        "was_answered": key == "keeping.readers_both",
        "code": "abri balcon citron douane étoile" if key in {"keeping.code_note", "keeping.code_where"} else "",
    }
    return page(trial, "chat/keeping.html", context)


def _readers(trial: Trial) -> HttpResponse:
    """Each of those who may be named, with what they may have done."""
    given = [one.say() for one in {**readings.SHOWN, **readings.READERS}.values()]
    given += [reports.sentences.WHO_ANSWERED.say(), reports.sentences.SOMEBODY.say()]
    found = [{"who": who, "did": did, "at": timezone.now()} for who, did in zip(given, given[::-1], strict=True)]
    return page(trial, "chat/keeping.html", {**_manner(trial), "readings": found})


def _error_in(template: str) -> Draw:
    """The page with this sentence as what went wrong."""

    def draw(trial: Trial) -> HttpResponse:
        return page(trial, template, {**_manner(trial), "form": SummaryForm(), "error": trial.text})

    return draw


def _erasure(trial: Trial) -> HttpResponse:
    now = timezone.now()
    examples = {variable.name: variable.example for variable in keeping_sentences.VARIABLES}
    asked = ErasureRequest(asked_at=now, answered_at=now, is_granted=True)
    return page(trial, "chat/erasure.html", {**examples, "asked": asked})


def _summary_of(**given: str) -> Draw:
    """With what was chosen, or was not."""
    return lambda trial: _summary(trial, SummaryForm(given))


def _summary(trial: Trial, form: SummaryForm | None = None) -> HttpResponse:
    is_other = trial.sentence is form_sentences.OTHER_SERVICE_NAME
    context = {
        **_manner(trial),
        "form": SummaryForm() if form is None else form,
        "summary": "…",
        "from_name": handover_sentences.FROM_NAME.example,
        "to_name": trial.text if is_other else handover_sentences.TO_NAME.example,
    }
    return page(trial, "chat/handover.html", context)


def _emergency(trial: Trial) -> HttpResponse:
    situation, now = _situation_of(trial.sentence), timezone.now()
    context = {
        "conversation": Conversation(report=Report()),
        "emergency": Emergency(situation=situation, started_at=now),
        "emergency_label": situation.label,
        "checklist": [Done(line, None, "") for line in CHECKLISTS[situation]],
        "is_familiar": trial.familiar,
    }
    return page(trial, "admin/sentences/preview_emergency.html", context)


def _situation_of(sentence: Sentence) -> Situation:
    return next(one for one in Situation if any(line.say is sentence for line in CHECKLISTS[one]))


EXCHANGES = (
    _exchange,
    lambda trial: _conversation(trial, Status.WAITING),
    lambda trial: _conversation(trial, Status.CLOSED),
    lambda trial: _conversation(trial, Status.ACTIVE, discreet=True),
)
CODES = (_code, _code_there, _code_shown, _error_in("chat/code.html"))
RESUMES = (_resume(), _resume(has_conversation=True), _resume(is_error=True))
FOLLOWED = (
    _follow_up,
    _follow_up_to(State.MEETING),
    _follow_up_to(State.ASKED),
    _follow_up_to(State.ACCEPTED),
    _left_over,
)
SUMMARIES = (
    _summary,
    _summary_of(),
    _summary_of(answer="x"),
    _summary_of(answer="corrected"),
    _summary_of(answer="corrected", correction="x" * (SUMMARY_MAX + 1)),
    _error_in("chat/handover.html"),
)
SLIPS = (_slip, _slip_without(telephone="…"), _slip_without(telephone=""))
FRAMES = (_frame, _running_frame)
ENDS = (_end, lambda trial: page(trial, "chat/end.html", {**_manner(trial), "status": Status.WAITING}))
AROUND = (*EXCHANGES, _code, _code_there, *RESUMES[:2], _follow_up, SLIPS[0], _summary)

DRAW: Mapping[str, tuple[Draw, ...]] = {
    **page_previews.DRAW,
    chat_sentences.THREAD.key: (_thread,),
    chat_sentences.PROPOSALS.key: (_thread, _answers),
    chat_sentences.QUEUE.key: (_queue,),
    chat_sentences.LINE.key: (_states_of_the_line,),
    chat_sentences.CODE.key: CODES,
    page_sentences.WAITING.key: (lambda trial: _conversation(trial, Status.WAITING),),
    page_sentences.EXCHANGE.key: EXCHANGES,
    page_sentences.PIECES.key: (_messages_of(), _messages_of(lines=[])),
    page_sentences.FRAME.key: FRAMES,
    page_sentences.AFTER.key: (lambda trial: _conversation(trial, Status.CLOSED),),
    page_sentences.ENDED.key: (
        lambda trial: page(trial, "chat/ended.html", {"numbers": chat.views.EMERGENCY_NUMBERS}),
    ),
    page_sentences.END.key: ENDS,
    page_sentences.RESUME.key: RESUMES,
    page_sentences.AWAY.key: (_away, _away_alone),
    page_sentences.AROUND.key: AROUND,
    followup_sentences.FOLLOW_UP.key: FOLLOWED,
    followup_sentences.SLIP.key: SLIPS,
    keeping_sentences.KEEPING.key: (_keeping, _error_in("chat/keeping.html")),
    keeping_sentences.ERASURE.key: (_erasure,),
    handover_sentences.SUMMARY.key: SUMMARIES,
    reports.sentences.READERS.key: (_readers,),
    emergency_sentences.EMERGENCY.key: (_emergency,),
}
