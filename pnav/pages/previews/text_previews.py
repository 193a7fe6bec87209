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

from chat.captures.forms import AddressForm
from chat.captures.queries import Seen
from chat.casework.emergencies import Done
from chat.casework.one_press import Voice, safety_reply
from chat.journal.dates import Moment
from chat.journal.facts import Fact, Told
from chat.journal.forms import WORDS, FactForm
from chat.journal.queries import Counts
from chat.messages import transcript
from chat.models import CaptureState, Conversation, ScanResult, Transmission
from chat.models.casework import Emergency
from chat.referral.forms import MeetingAnswerForm
from chat.referral.queries import ShownReferral, Step
from chat.referral.removal import Reminder
from chat.rules import emergency_texts
from chat.rules.emergency import CHECKLISTS, Situation
from chat.rules.lifecycle import Author, Status
from chat.rules.referral import Basis, State
from chat.rules.removal import days_to_look
from chat.rules.transfer import SUMMARY_MAX
from chat.texts import captures as capture_texts
from chat.texts import follow_up as follow_up_texts
from chat.texts import forms as form_texts
from chat.texts import journal as journal_texts
from chat.texts import pages as page_texts
from chat.texts import retention as retention_texts
from chat.texts import thread as thread_texts
from chat.texts import transfer as transfer_texts
from chat.visitor import base, captures, facts
from chat.visitor.forms import SummaryForm
from common.texts import cache as text_cache
from common.texts import catalogue, languages
from common.texts.catalogue import Sentence
from pnav.pages.previews import copy_previews, page_previews
from pnav.pages.previews.trials import Draw, Trial, draw_page, first_that_shows
from reports import texts as report_texts
from reports.audit import for_the_person
from reports.forms import AddedForm
from reports.models import ErasureRequest, Report, ReporterRole


def page_with(request: HttpRequest, sentence: Sentence, name: str, texts: Mapping[str, str]) -> HttpResponse:
    """The page, in the language and voice of the text of this name. texts: by their names; an empty one, or one that is
    left out, is that of origin."""
    language, voice = languages.text_place(name)
    with translation.override(language), text_cache.previewing(catalogue.as_changed(sentence, texts)):
        examples = {variable.name: variable.example for variable in sentence.variables}
        familiar = voice == languages.FAMILIAR
        trial = Trial(request, sentence, familiar, sentence.say(familiar=familiar, **examples))
        page = first_that_shows(trial, DRAW[sentence.place.key])
    page["Content-Language"], page["Cache-Control"] = language, "no-store"
    return page


# --- the exchange -----------------------------------------------------------------------------------------------------


def _manner(trial: Trial) -> dict[str, Any]:
    key = trial.sentence.key
    report = Report(role=ReporterRole.WITNESS if key.endswith("_other") else ReporterRole.VICTIM)
    return base.manner_context(
        Conversation(report=report),
        familiar=trial.familiar,
        discreet=key.endswith("_discreet"),
        is_minor=trial.familiar or key.endswith("_minor"),
    )


def _line(seq: int, author: Author, name: str, body: str, state: str = "") -> transcript.Line:
    now = timezone.localtime()
    return transcript.Line(seq, author, name, now.isoformat(), f"{now:%H:%M}", body, state)


def _conversation(trial: Trial, status: Status, **more: Any) -> HttpResponse:
    manner = _manner(trial)
    said = manner["said"]
    name = transcript.agent_name(said, thread_texts.NAME.example, discreet=manner["discreet"])
    lines = [_line(1, Author.REPORTER, said["you"], "Bonjour", said["sent"])] if status != Status.WAITING else []
    context = {
        **manner,
        "status": status,
        "position": thread_texts.POSITION.say(familiar=trial.familiar, n=4),
        "wait": thread_texts.WAIT_MINUTES.say(low=10, high=25),
        "interlocutor": name,
        "lines": lines,
        "earlier": 0,
        "last_seq": len(lines),
        "client_id": uuid.uuid4(),
        "tab": "",
        "asked": trial.sentence.key == "chat.summary_asked",
        "goes_on": page_texts.DELETED_ON.example,
        "told": "…" if trial.sentence.key == "chat.told_title" else "",
        "is_answered": status != Status.WAITING,
        "report_form": AddedForm.of(Report(), familiar=trial.familiar),
        "reasons": ("…",),
        "kept": {"asleep": 10, "woken": 2, "with_code": 60},
        **more,
    }
    return draw_page(trial, "chat/conversation.html", context)


def _thread(trial: Trial) -> HttpResponse:
    said = _manner(trial)["said"]
    body = trial.text
    if trial.sentence is thread_texts.TO_BRING:  # within the one that proposes
        body = thread_texts.COMPLAINT_ANYWHERE.say(familiar=trial.familiar, bring=body)
    lines = [
        _line(1, Author.REPORTER, said["you"], "Bonjour", said["read"]),
        _line(2, Author.SYSTEM, said["system"], body),
    ]
    return _conversation(trial, Status.ACTIVE, lines=lines)


def _queue(trial: Trial) -> HttpResponse:
    where = "position" if trial.sentence in {thread_texts.POSITION, thread_texts.POSITION_FIRST} else "wait"
    return _conversation(trial, Status.WAITING, **{where: trial.text})


_BODY_ERRORS = {
    f"chat.{name}" for name in ("cut", "empty", "unseen", "too_long", "unkept", "too_many", "over", "full", "not_sent")
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
        return draw_page(trial, "chat/messages.html", context)

    return draw


def _states_of_the_line(trial: Trial) -> HttpResponse:
    """Where the script of the page would put it."""
    key, said = trial.sentence.key, _manner(trial)["said"]
    status = Status.ACTIVE
    shown: dict[str, Any] = {}
    more: dict[str, Any] = {}
    answer = _line(2, Author.SYSTEM, said["system"], thread_texts.ARRIVED.say(name=thread_texts.NAME.example))
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
    follow = trial.text if trial.sentence is form_texts.FOLLOW_READ else page_texts.FOLLOW_TITLE.say()
    more = {"follow": follow, "asked": True, "has_slip": True}
    return _conversation(trial, Status.ACTIVE, conversation=conversation, **more)


def _code(trial: Trial) -> HttpResponse:
    key = trial.sentence.key
    date = thread_texts.CODE_WORKS.variables[0].example
    context: dict[str, Any] = {**_manner(trial), "code": "", "until": "", "error": "", "place": ""}
    if key in {"chat.place_until", "chat.come_back", "chat.nearly", "chat.clock"}:
        context["place"] = trial.text
    if key == "chat.code_over":
        context["is_over"] = True
    elif key in {"chat.code_shown_once", "chat.code_again", "chat.a_code_works", "chat.code_annul_why"}:
        context["until"] = thread_texts.A_CODE_WORKS.say(date=date)
    elif key == "chat.code_failed":
        context["error"] = trial.text
    elif key != "chat.code_none":
        context |= {"code": "abri balcon citron douane étoile", "until": thread_texts.CODE_WORKS.say(date=date)}
    return draw_page(trial, "chat/code.html", context)


def _code_there(trial: Trial) -> HttpResponse:
    """A code works, and was shown before."""
    is_date = trial.sentence is form_texts.CODE_DATE
    until = thread_texts.A_CODE_WORKS.say(date=trial.text if is_date else "…")
    return draw_page(trial, "chat/code.html", {**_manner(trial), "code": "", "until": until, "error": ""})


def _code_shown(trial: Trial) -> HttpResponse:
    return draw_page(
        trial, "chat/code.html", {**_manner(trial), "code": "abri balcon citron douane étoile", "until": "…"}
    )


def _resume(*, is_error: bool = False, has_conversation: bool = False) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        errors = [trial.text] if is_error else []
        return draw_page(
            trial, "chat/resume.html", {**_manner(trial), "errors": errors, "has_conversation": has_conversation}
        )

    return draw


def _answers(trial: Trial) -> HttpResponse:
    """The ready answers of a question, and a complaint at a service whose hours nobody knows."""
    said = _manner(trial)["said"]
    is_hours = trial.sentence in {form_texts.HOURS_CALL, form_texts.HOURS_UNKNOWN}
    examples = {one.name: one.example for one in thread_texts.COMPLAINT_AT.variables}
    examples |= {"when": trial.text} if is_hours else {}
    body = thread_texts.COMPLAINT_AT.say(familiar=trial.familiar, **examples)
    if trial.sentence is form_texts.PAGE_NAMED:
        examples = {one.name: one.example for one in thread_texts.MEETING_PROPOSED.variables} | {"page": trial.text}
        body = thread_texts.MEETING_PROPOSED.say(familiar=trial.familiar, **examples)
    ready = [answer.say() for answer in (form_texts.YES, form_texts.NO, form_texts.LATER)]
    lines = [_line(1, Author.SYSTEM, said["system"], body)]
    return _conversation(trial, Status.ACTIVE, lines=lines, question={"answer_id": "", "answers": ready})


def _begin(trial: Trial) -> HttpResponse:
    return draw_page(trial, "chat/begin.html", {**_manner(trial), "numbers": base.EMERGENCY_NUMBERS})


def _end(trial: Trial) -> HttpResponse:
    status = Status.WAITING if trial.sentence.key.startswith("chat.leave_") else Status.ACTIVE
    return draw_page(trial, "chat/end.html", {**_manner(trial), "status": status})


def _away(trial: Trial) -> HttpResponse:
    """This page has no frame: it says itself that it is a preview.

    It knows nobody: *tu* is said to who waits during a raid.
    """
    if trial.familiar:
        return page_previews.EFFORT[0](trial)
    told = {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen}
    return HttpResponse(
        render_to_string("chat/database_away.html", {"body": "Bonjour", "client_id": "", "preview_of": told})
    )


def _away_alone(trial: Trial) -> HttpResponse:
    """The same within the frame, where nothing was being sent."""
    told = {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen}
    return HttpResponse(render_to_string("chat/database_away.html", {"body": "", "again": "", "preview_of": told}))


def _running_frame(trial: Trial) -> HttpResponse:
    return _frame(trial, is_paused=False)


def _frame(trial: Trial, *, is_paused: bool = True) -> HttpResponse:
    """What stands in the page of whoever has no script: it says itself that it is a preview, and stands still."""
    key = trial.sentence.key
    others = {"chat.frame_ended": Status.CLOSED, "chat.frame_long": Status.WAITING}
    status = {"chat.frame_gone": "", **others}.get(key, Status.ACTIVE)
    context = {
        **_manner(trial),
        "status": status,
        "shown": Status.ACTIVE if key == "chat.frame_none" else Status.WAITING,
        "paused": is_paused,
        "earlier": 0,
        "asked": key == "chat.frame_summary",
        "is_long": key == "chat.frame_long",
        "follow": key == "chat.frame_follow",
        "preview_of": {"text": trial.text, "is_marked": trial.is_marked, "is_seen": trial.is_seen},
    }
    return render(trial.request, "chat/news.html", context)


# --- what follows it, and what is kept --------------------------------------------------------------------------------


def _follow_up(trial: Trial) -> HttpResponse:
    key, now = trial.sentence.key, timezone.now()
    states = {
        "follow_up.asked": State.ASKED,
        "follow_up.captures": State.ASKED,
        "follow_up.unreadable": State.ASKED,
        "follow_up.meeting_told": State.MEETING,
    }
    state = states.get(key, State.SENT)
    basis = Basis.URGENT if key == "follow_up.urgent" else Basis.AGREED
    row = ShownReferral(
        transmission=Transmission(state=state, basis="" if state is State.ASKED else basis),
        unit="Commissariat",
        telephone="",
        summary="…",
        why="",
        steps=[Step(state, now, {})],
    )
    is_open = key == "follow_up.resume_opens"
    looked = page_previews.MOMENT.date()
    reminder = Reminder(looked, [(days, day, True) for days, day in days_to_look(looked)], is_last=True)
    context = {
        **_manner(trial),
        "reminders": [reminder] if key.startswith("follow_up.removal_") else [],
        "rows": [] if key == "follow_up.none" else [(row, key != "follow_up.unreadable")],
        "captures": 2,
        "meeting": MeetingAnswerForm(),
        "meeting_of": "",
        "is_open": is_open,
        "code": "" if is_open else "abri balcon citron douane étoile",
    }
    return draw_page(trial, "chat/follow_up.html", context)


def _follow_up_to(state: State) -> Draw:
    """A step that waits for an answer, with what may go wrong in it."""

    def draw(trial: Trial) -> HttpResponse:
        return _suites(trial, state, error=trial.text if trial.sentence in FOLLOW_ERRORS else "")

    return draw


def _left_over(trial: Trial) -> HttpResponse:
    """A text that nothing asks for any more."""
    return _suites(trial, State.CLOSED, other="…")


FOLLOW_TOLD = (
    form_texts.SUMMARY_SENT,
    form_texts.SUMMARY_NOT_SENT,
    form_texts.MEETING_ACCEPTED,
    form_texts.MEETING_REFUSED,
    form_texts.REMOVAL_NOTED,
    form_texts.REMOVALS_MANY,
    form_texts.REMOVAL_GONE,
    form_texts.REMOVAL_STILL_THERE,
)
FOLLOW_ERRORS = (
    form_texts.ANSWER_MISSING,
    form_texts.SUMMARY_SETTLED,
    form_texts.NO_ACCOUNT,
    form_texts.MEETING_OLDER,
    form_texts.MEETING_SETTLED,
    form_texts.CODE_NOT_MADE,
    form_texts.REMOVAL_SETTLED,
)


def _suites(trial: Trial, state: State, *, error: str = "", other: str = "") -> HttpResponse:
    row = ShownReferral(
        transmission=Transmission(
            state=state,
            basis=Basis.AGREED if state is not State.ASKED else "",
            file_number="…",
            town="Rennes",
            facts="rumours",
        ),
        unit="Commissariat",
        telephone="",
        summary="…",
        why="",
        steps=[Step(state, timezone.now(), {"other": "…"})],
    )
    written = {form_texts.OTHER_TOO_LONG: "x" * 501, form_texts.OTHER_WITH_YES: "…"}.get(trial.sentence, other)
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
        "messages": page_previews.as_message(trial) if trial.sentence in FOLLOW_TOLD else [],
    }
    return draw_page(trial, "chat/follow_up.html", context)


def _slip_without(*, telephone: str) -> Draw:
    """With no hours that are known."""

    def draw(trial: Trial) -> HttpResponse:
        words = {"moment": "3 mars 2027, 10:00", "unit": "Commissariat", "telephone": telephone, "hours": []}
        context = {**_manner(trial), "appointment": {"file_number": "…"}, "words": words, "of_suites": True}
        return draw_page(trial, "chat/slip.html", context)

    return draw


def _slip(trial: Trial) -> HttpResponse:
    appointment = None if trial.sentence.key == "slip.none" else {"file_number": "2027-000000-00"}
    words = {"moment": "3 mars 2027, 10:00", "unit": "Commissariat"}
    bring = form_texts.SLIP_BRING.say()
    # Said above the slip when its PDF could not be drawn.
    messages = page_previews.as_message(trial) if trial.sentence is form_texts.SLIP_LATER else []
    context = {**_manner(trial), "appointment": appointment, "words": words, "bring": bring, "messages": messages}
    return draw_page(trial, "chat/slip.html", context)


_BESIDE_A_FIELD = {
    "what_empty": "what", "too_long": "what", "when_from_list": "precision", "day_invalid": "day", "day_ahead": "day",
    "day_missing": "day", "hour_invalid": "hour", "hour_missing": "hour",
}  # fmt: skip
_SAID_OF_A_FACT = {"at_minute", "at_about", "at_about_hour", "at_unknown"}
_DONE = {
    "noted",
    "changed",
    "erased",
    "shown",
    "taken_back",
    "read_already",
    "nothing_ticked",
    "gone",
    "full",
    "too_many",
}


def _journal(trial: Trial) -> HttpResponse:
    """Three facts: private, shown, read; one of them is being corrected where that is what is said."""
    key, now = trial.sentence.key.removeprefix("journal."), timezone.now()
    rows = [
        Fact(uuid.uuid4(), number, Told("…", Moment()), now, now if number > 1 else None, now if number > 2 else None)
        for number in (1, 2, 3)
    ]
    form = FactForm.new(familiar=trial.familiar)
    if field := _BESIDE_A_FIELD.get(key):
        form = FactForm({}, familiar=trial.familiar)
        form.errors.clear()
        form.add_error(field, trial.text)
    context = {
        **_manner(trial),
        **facts.page_context([] if key == "none" else rows),
        "counts": Counts(all=3, private=1, unread=1),
        "form": form,
        "edited": rows[0] if key == "change_title" else None,
        "limits": WORDS,
        "is_open": key != "closed",
        "may_join": True,
        "is_by_code": key == "by_code",
        "status": Status.ACTIVE,
        "shown": {"news": trial.text if key in {"arrived", "answered"} else ""},
        "messages": page_previews.as_message(trial) if key in _DONE else [],
    }
    for row in context["rows"]:
        row["is_readable"] = key != "unreadable"
        if key in _SAID_OF_A_FACT:
            row["when"] = trial.text
    return draw_page(trial, "chat/facts.html", context)


_QUESTION = {"question", "question_title", "question_why", "question_unsure", "answer_missing"}
_TAKEN_NOTHING = {
    "nothing_taken_title", "nothing_taken", "who_helps", "address_label", "address_hint", "address_empty",
    "address_long",
}  # fmt: skip
_BESIDE_THE_FILE = {
    "file_missing", "empty", "too_large", "no_room", "too_many_files", "too_often", "unknown_kind", "away",
}  # fmt: skip
_DONE_WITH_CAPTURES = {
    "address_noted", "arrived", "erased", "shown", "taken_back", "read_already", "nothing_ticked", "too_many", "gone",
    "fact_what", "handed_over",
}  # fmt: skip


def _captures(trial: Trial) -> HttpResponse:
    """The question, what follows a « yes », or the form with captures in each state, wherever this sentence is read."""
    key, now = trial.sentence.key.removeprefix("captures."), timezone.now()
    states = [
        # State; received, shown, seen, locked at.
        (CaptureState.ARRIVING, None, None, None, None),
        (CaptureState.RECEIVED, now, None, None, None),
        (CaptureState.DRAWN, now, now, None, None),
        (CaptureState.DRAWN, now, now, now, None),
        (CaptureState.UNREADABLE, now, None, None, None),
        (CaptureState.DRAWN, now, now, now, now),
    ]
    rows = [
        Seen(
            public_id=uuid.uuid4(), number=number, scan=ScanResult.NOT_ASKED, size=1_000_000, received=400_000,
            begun_at=now, name="…", fact_number=3, state=state, received_at=received_at, shown_at=shown_at,
            read_at=read_at, locked_at=locked_at,
        )
        for number, (state, received_at, shown_at, read_at, locked_at) in enumerate(states, 1)
    ]  # fmt: skip
    drawn = [(1, 8, 6)]
    handed = [
        Seen(
            public_id=uuid.uuid4(), number=number, state=state, scan=ScanResult.NOT_ASKED, size=1_000_000,
            received=1_000_000, begun_at=now, received_at=now, shown_at=now, read_at=None, locked_at=None,
            title="…", more=True, pages=pages,
        )
        for number, (state, pages) in enumerate(
            [(CaptureState.RECEIVED, []), (CaptureState.UNREADABLE, []), (CaptureState.DRAWN, drawn)], 1
        )
    ]  # fmt: skip
    form = AddressForm(familiar=trial.familiar)
    if key in {"address_empty", "address_long"}:
        form = AddressForm({}, familiar=trial.familiar)
        form.errors.clear()
        form.add_error("address", trial.text)
    answer = "" if key in _QUESTION else "yes" if key in _TAKEN_NOTHING else "no"
    context = {
        **_manner(trial),
        **captures.page_context([] if key == "none" else rows),
        "handouts": [
            {
                "one": one,
                "pages": [{"number": 1, "width": 8, "height": 6, "address": f"/tchat/captures/{one.public_id}/1/"}]
                if one.pages
                else [],
            }
            for one in handed
            if key.startswith("handed_")
        ],
        "are_taken": key != "not_taken",
        "answer": answer,
        "question_error": trial.text if key == "answer_missing" else "",
        "file_error": trial.text if key in _BESIDE_THE_FILE else "",
        "address_form": form,
        "fact": {"id": uuid.uuid4(), "when": "…"} if key == "with_fact" else None,
        "is_open": key not in {"closed", "by_code"},
        "is_by_code": key == "by_code",
        "status": Status.ACTIVE,
        # What the script writes in the line of a file, or what was done.
        "shown": {"news": trial.text if key in {"sending", "waiting_line", "waiting_turn", "sent", "stopped"} else ""},
        "messages": page_previews.as_message(trial) if key in _DONE_WITH_CAPTURES else [],
    }
    return draw_page(trial, "chat/captures.html", context)


_WHEN_ASKED = {"keeping.code_note", "keeping.code_where", "keeping.code_again"}


def _keeping(trial: Trial) -> HttpResponse:
    key, now = trial.sentence.key, timezone.now()
    asked = ErasureRequest(asked_at=now)
    if key in {"erasure.granted", "erasure.refused", "erasure.refused_cnil"}:
        asked.answered_at, asked.is_granted = now, key == "erasure.granted"
    is_asked = key.startswith("erasure.") or key in _WHEN_ASKED
    reading = {"who": "Un superviseur", "did": "a lu l'échange", "at": timezone.make_aware(page_previews.MOMENT)}
    context = {
        **_manner(trial),
        **{variable.name: variable.example for variable in retention_texts.VARIABLES},
        "goes_on": page_texts.DELETED_ON.example,
        "is_erasure": key == "keeping.erasure_due",
        **({"words_gone": retention_texts.COPIES_GONE.example} if key == "keeping.copies_gone" else {}),
        "asked": asked if is_asked else None,
        "readings": [reading] if key in {"keeping.readers_others", "keeping.reading"} else [],
        "was_answered": key == "keeping.readers_both",
        "code": "abri balcon citron douane étoile" if key in {"keeping.code_note", "keeping.code_where"} else "",
    }
    return draw_page(trial, "chat/retention.html", context)


def _readers(trial: Trial) -> HttpResponse:
    """Each of those who may be named, with what they may have done."""
    given = [one.say() for one in {**for_the_person.SHOWN, **for_the_person.READERS}.values()]
    given += [report_texts.WHO_ANSWERED.say(), report_texts.SOMEBODY.say()]
    found = [{"who": who, "did": did, "at": timezone.now()} for who, did in zip(given, given[::-1], strict=True)]
    return draw_page(trial, "chat/retention.html", {**_manner(trial), "readings": found})


def _error_in(template: str) -> Draw:
    """The page with this sentence as what went wrong."""

    def draw(trial: Trial) -> HttpResponse:
        return draw_page(trial, template, {**_manner(trial), "form": SummaryForm(), "error": trial.text})

    return draw


def _erasure(trial: Trial) -> HttpResponse:
    now = timezone.now()
    examples = {variable.name: variable.example for variable in retention_texts.VARIABLES}
    asked = ErasureRequest(asked_at=now, answered_at=now, is_granted=True)
    return draw_page(trial, "chat/erasure.html", {**examples, "asked": asked})


def _summary_of(**given: str) -> Draw:
    """With what was chosen, or was not."""
    return lambda trial: _summary(trial, SummaryForm(given))


def _summary(trial: Trial, form: SummaryForm | None = None) -> HttpResponse:
    is_other = trial.sentence is form_texts.OTHER_SERVICE_NAME
    context = {
        **_manner(trial),
        "form": SummaryForm() if form is None else form,
        "summary": "…",
        "from_name": transfer_texts.FROM_NAME.example,
        "to_name": trial.text if is_other else transfer_texts.TO_NAME.example,
    }
    return draw_page(trial, "chat/handover.html", context)


def _emergency(trial: Trial) -> HttpResponse:
    situation, now = _situation_of(trial.sentence), timezone.now()
    is_first = trial.sentence is emergency_texts.SAFETY  # said before a procedure is opened, above the answer
    voice = Voice(trial.familiar, languages.current())
    context = {
        "say": [safety_reply(voice)] if is_first else [],
        "conversation": Conversation(report=Report()),
        "emergency": Emergency(situation=situation, started_at=now),
        "emergency_label": situation.label,
        "checklist": [Done(line, None, "") for line in CHECKLISTS[situation]],
        "voice": voice,
    }
    return draw_page(trial, "admin/sentences/preview_emergency.html", context)


def _situation_of(sentence: Sentence) -> Situation:
    """The situation whose procedure says this; the first one for what comes before any procedure."""
    told = (one for one in Situation if any(line.say is sentence for line in CHECKLISTS[one]))
    return next(told, next(iter(Situation)))


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
ENDS = (_end, lambda trial: draw_page(trial, "chat/end.html", {**_manner(trial), "status": Status.WAITING}))
AROUND = (*EXCHANGES, _code, _code_there, *RESUMES[:2], _follow_up, SLIPS[0], _summary)

DRAW: Mapping[str, tuple[Draw, ...]] = {
    **page_previews.DRAW,
    **copy_previews.DRAW,
    report_texts.CLOSED.key: (
        *page_previews.CLOSED,
        lambda trial: _conversation(
            trial, Status.WAITING, chat_closed={"reason": "staff", "end": "", "text": "", "text_familiar": ""}
        ),
    ),
    thread_texts.THREAD.key: (_thread,),
    thread_texts.PROPOSALS.key: (_thread, _answers),
    thread_texts.QUEUE.key: (_queue,),
    thread_texts.ALERTS.key: (lambda trial: _conversation(trial, Status.WAITING, shown={"alert": trial.text}),),
    thread_texts.FACTS.key: (lambda trial: _conversation(trial, Status.WAITING, shown={"facts": trial.text}),),
    thread_texts.LINE.key: (_states_of_the_line,),
    thread_texts.CODE.key: CODES,
    page_texts.WAITING.key: (lambda trial: _conversation(trial, Status.WAITING),),
    page_texts.EXCHANGE.key: EXCHANGES,
    page_texts.PIECES.key: (_messages_of(), _messages_of(lines=[])),
    page_texts.FRAME.key: FRAMES,
    page_texts.AFTER.key: (lambda trial: _conversation(trial, Status.CLOSED),),
    thread_texts.LEFT_QUEUE.key: (lambda trial: _conversation(trial, Status.CLOSED, is_answered=False),),
    page_texts.BEGIN.key: (_begin,),
    page_texts.ENDED.key: (lambda trial: draw_page(trial, "chat/ended.html", {"numbers": base.EMERGENCY_NUMBERS}),),
    page_texts.END.key: ENDS,
    page_texts.RESUME.key: RESUMES,
    page_texts.AWAY.key: (_away, _away_alone),
    page_texts.AROUND.key: AROUND,
    follow_up_texts.FOLLOW_UP.key: FOLLOWED,
    follow_up_texts.SLIP.key: SLIPS,
    retention_texts.KEEPING.key: (_keeping, _error_in("chat/retention.html")),
    retention_texts.ERASURE.key: (_erasure,),
    journal_texts.JOURNAL.key: (_journal,),
    capture_texts.CAPTURES.key: (_captures,),
    transfer_texts.SUMMARY.key: SUMMARIES,
    report_texts.ADDED.key: (lambda trial: _conversation(trial, Status.WAITING),),
    report_texts.READERS.key: (_readers,),
    emergency_texts.EMERGENCY.key: (_emergency,),
}
