"""Previews a text in the page where it is read, before it is saved: the page's own view, for a fixed cast.

The functions that make a page's context are those that its view calls (`chat.visitor.conversation.conversation_page`…),
with the cast in place of what a view reads. Nothing is written, and nobody's data is read. The page has no script: it
opens no line and sends nothing. See docs/adr/0105.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from chat.captures.forms import AddressForm
from chat.captures.queries import AgreedCaptures
from chat.casework.emergencies import Done
from chat.casework.one_press import Voice, safety_reply
from chat.casework.proposals import Question
from chat.conversations.position import Return
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Fact, Told
from chat.journal.forms import FactForm
from chat.journal.queries import Counts
from chat.messages.reading import QueuePlace
from chat.models import Conversation
from chat.models.casework import Emergency
from chat.referral import queries as referral_queries
from chat.referral.forms import MeetingAnswerForm
from chat.referral.queries import AgreedFacts
from chat.rules import emergency_texts
from chat.rules.emergency import CHECKLISTS, Situation
from chat.rules.lifecycle import Author, Status
from chat.rules.referral import OTHER_MAX, Basis, State
from chat.rules.transfer import SUMMARY_MAX
from chat.texts import captures as capture_texts
from chat.texts import follow_up as follow_up_texts
from chat.texts import forms as form_texts
from chat.texts import journal as journal_texts
from chat.texts import pages as page_texts
from chat.texts import retention as retention_texts
from chat.texts import thread as thread_texts
from chat.texts import transfer as transfer_texts
from chat.visitor import base, captures, conversation, facts, follow_up, proposals, resume, retention, transfer
from chat.visitor.forms import CodeForm, SummaryForm
from common.texts import catalogue, languages
from common.texts.catalogue import Sentence
from pnav.pages.previews import cast, copy_previews, page_previews
from pnav.pages.previews.trials import Draw, Trial, draw_page, first_that_shows, manner_of, notice_of, texts_tried
from reports import texts as report_texts
from reports.audit import for_the_person
from reports.audit.for_the_person import ReadingByStaff
from reports.models import ErasureRequest, ReporterRole
from reports.rules.retention import DEFAULTS as RULES
from reports.rules.retention import Cause, CopiesEnd, Kind

WAIT: QueuePlace = (4, (10, 25))


def page_with(request: HttpRequest, sentence: Sentence, name: str, texts: Mapping[str, str]) -> HttpResponse:
    """Show the page, in the language and voice of the text of this name.

    texts: by their names; one that is empty or left out is the original. It draws each situation of its place at most
    once, and one of them again. It makes no statement that writes.
    """
    language, voice = languages.text_place(name)
    trial = Trial(request, [sentence], familiar=voice == languages.FAMILIAR, manner=manner_of(sentence))
    with texts_tried(trial.sentences, catalogue.as_changed(sentence, texts), language):
        page = HttpResponse(first_that_shows(trial, DRAW[sentence.place.key]))
    page["Content-Language"], page["Cache-Control"] = language, "no-store"
    return page


def _manner(trial: Trial, of: Conversation) -> dict[str, Any]:
    """Return how the person of the cast is addressed: as the text is written."""
    return base.manner_context(
        of,
        familiar=trial.familiar,
        discreet=trial.manner.is_discreet,
        is_minor=trial.familiar,
    )


def _exchange(trial: Trial, status: Status = Status.ACTIVE, **more: Any) -> tuple[Conversation, dict[str, Any]]:
    """Return an exchange of the cast, and how its person is addressed."""
    role = ReporterRole.WITNESS if trial.manner.is_about_other else ReporterRole.VICTIM
    if trial.manner.is_professional:
        role = ReporterRole.PROFESSIONAL
    of = cast.report(role=role, discreet=trial.manner.is_discreet)
    found = cast.conversation(status, of=of, **more)
    return found, _manner(trial, found)


# --- the exchange -----------------------------------------------------------------------------------------------------


def _conversation(
    trial: Trial,
    status: Status = Status.ACTIVE,
    *,
    place: QueuePlace = WAIT,
    bodies: Sequence[str] = (),
    states: Sequence[str] = (),
    shown: Mapping[str, Any] | None = None,
    is_answered: bool = True,
    waited: timedelta = timedelta(minutes=1),
    has_code: bool = False,
    beside: Mapping[str, Any] | None = None,
    chat_closed: Mapping[str, Any] | None = None,
    **page: Any,
) -> HttpResponse:
    """Show the page of an exchange.

    bodies: what Pnav says in its thread. states: those of the person's messages, one each. shown: what the page's
    script would write, where the template has a place for it. beside: arguments of `cast.page_state`.
    """
    found, manner = _exchange(trial, status, waited=waited, has_code=has_code)
    said = manner["said"]
    own = [(Author.REPORTER, said["you"], "Bonjour", state) for state in states or [said["sent"]]]
    told = [(Author.SYSTEM, said["system"], body, "") for body in bodies]
    thread = [*own, *told] if status != Status.WAITING or bodies else []
    context = conversation.conversation_page(
        found,
        manner,
        place if status == Status.WAITING else (None, None),
        lines=[cast.line(seq, *line) for seq, line in enumerate(thread, 1)],
        beside=cast.page_state(is_answered=is_answered and status != Status.WAITING, **(beside or {})),
        **page,
    )
    around = {"shown": shown or {}} | ({"chat_closed": chat_closed} if chat_closed else {})
    return draw_page(trial, "chat/conversation.html", context | around)


def _waiting(**more: Any) -> Draw:
    return lambda trial: _conversation(trial, Status.WAITING, **more)


def _active(**more: Any) -> Draw:
    return lambda trial: _conversation(trial, **more)


def _closed(**more: Any) -> Draw:
    return lambda trial: _conversation(trial, Status.CLOSED, **more)


def _thread(trial: Trial) -> HttpResponse:
    """Show the lines of Pnav in the thread, one for each text."""
    among = [one for one in trial.sentences if one.place in (thread_texts.THREAD, thread_texts.PROPOSALS)]
    return _conversation(trial, bodies=trial.said(among), states=[_manner(trial, cast.conversation())["said"]["read"]])


def _proposals(trial: Trial) -> HttpResponse:
    """Show a question with its ready answers, and what is filled into a proposal."""
    familiar = trial.familiar

    def example(sentence: Sentence, **filled: str) -> str:
        examples = {one.name: one.example for one in sentence.variables}
        return sentence.say(familiar=familiar, **examples | filled)

    hours = (form_texts.HOURS_CALL, form_texts.HOURS_UNKNOWN, form_texts.HOURS_HOLIDAYS)
    said = [
        *(example(thread_texts.COMPLAINT_AT, when=one.say()) for one in hours),
        example(thread_texts.COMPLAINT_ANYWHERE, bring=thread_texts.TO_BRING.say(familiar=familiar)),
        example(thread_texts.MEETING_PROPOSED, page=form_texts.PAGE_NAMED.say(name=page_texts.MY_APPOINTMENT.say())),
    ]
    ready = [answer.say() for answer in (form_texts.YES, form_texts.NO, form_texts.LATER)]
    return _conversation(trial, bodies=said, question=Question(1, "", ready))


_BODY_ERRORS = conversation.WHY.values()
_STATES = (
    thread_texts.PENDING,
    thread_texts.KEPT,
    thread_texts.SENT,
    thread_texts.READ,
    thread_texts.FAILED,
    thread_texts.REFUSED,
    thread_texts.SOON,
    thread_texts.REFUSED_FULL,
)


_BANNERS = (
    thread_texts.OFFLINE,
    thread_texts.UNSENT,
    thread_texts.UNSENT_KEPT,
    thread_texts.ONLINE,
    thread_texts.CONNECTING,
    thread_texts.EARLIER_FAILED,
)


def _line(trial: Trial) -> HttpResponse:
    """Show the line's state and the messages, each text where the page's script writes it."""
    lost = [one.say(familiar=trial.familiar) for one in (thread_texts.RETRY, thread_texts.TRYING)]
    shown = {
        "banner": trial.error(_BANNERS),
        "line": trial.error([thread_texts.LINE_CONNECTED, thread_texts.LINE_RECONNECTING, thread_texts.LINE_LOST]),
        "notice": trial.error([thread_texts.NEW, thread_texts.IS_THERE]),
        "is_lost": True,
        "voice": trial.error([thread_texts.ANSWERED]),
        "retry": trial.error([thread_texts.TRYING]) or lost[0],
        "typing": trial.error([thread_texts.TYPING]),
        "count": trial.error([thread_texts.COUNT]),
    }
    misleading = [f"exаmple.fr ⟦{one}⟧" for one in trial.said([thread_texts.MISLEADING])]
    errors = trial.error([*_BODY_ERRORS, thread_texts.NOT_SENT, thread_texts.CUT])
    return _conversation(
        trial, bodies=[cast.WRITTEN, *misleading], states=trial.said(_STATES), shown=shown, body_error=errors
    )


def _pieces(*, is_empty: bool = False, is_whole: bool = False) -> Draw:
    """Return one page of a long thread."""

    def draw(trial: Trial) -> HttpResponse:
        _found, manner = _exchange(trial)
        lines = [cast.line(101, Author.REPORTER, manner["said"]["you"], "Bonjour", manner["said"]["read"])]
        context = conversation.messages_page(manner, [] if is_empty else lines, total=250, is_whole=is_whole)
        return draw_page(trial, "chat/messages.html", context)

    return draw


def _frame(
    status: Status = Status.ACTIVE,
    *,
    shown: Status = Status.WAITING,
    is_paused: bool = True,
    is_aside: bool = False,
    waited: timedelta = timedelta(minutes=1),
    bodies: Sequence[str] = ("Bonjour",),
    **beside: Any,
) -> Draw:
    """Return the part of the page for somebody without scripts.

    It says itself that it is a preview, and does not move.
    """

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, status, waited=waited)
        context = conversation.news_page(
            found,
            manner,
            WAIT if status == Status.WAITING else (None, None),
            lines=[cast.line(1, Author.SYSTEM, manner["said"]["system"], body) for body in bodies],
            beside=cast.page_state(**beside),
            shown=shown,
            is_paused=is_paused,
            is_aside=is_aside,
        )
        return render(trial.request, "chat/news.html", context | {"preview_of": notice_of(trial)})

    return draw


def _frame_gone(trial: Trial) -> HttpResponse:
    return render(trial.request, "chat/news.html", conversation.NO_NEWS | {"preview_of": notice_of(trial)})


_LONG = timedelta(days=1)
_ASKED = referral_queries.link_words(waits=True, has_any=True)


def _follows(*, waits: bool) -> Draw:
    """Return the page with a link to « Suites ». waits: whether something waits there for an answer."""

    def draw(trial: Trial) -> HttpResponse:
        follow = referral_queries.link_words(waits=waits, has_any=True)
        return _conversation(trial, has_code=True, beside={"follow": follow, "is_asked": True, "has_slip": True})

    return draw


def _frame_follow(trial: Trial) -> HttpResponse:
    return _frame(follow=referral_queries.link_words(waits=True, has_any=True))(trial)


# --- the code, the way back, the ends ---------------------------------------------------------------------------------


def _code(*, status: Status = Status.WAITING, has_code: bool = True, code: str = "", near: bool = False) -> Draw:
    """Return the page of the code de reprise. code: its words. near: whether it is nearly the person's turn."""

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, status, has_code=has_code)
        back = Return(cast.moment(), None if near else cast.moment(), is_near=near)
        place = resume.place_words(back, familiar=trial.familiar) if status == Status.WAITING and has_code else ""
        return draw_page(trial, "chat/code.html", resume.code_page(found, manner, code=code, place=place))

    return draw


_NO_CODE = (
    form_texts.CODES_MANY,
    form_texts.CODE_NO_MORE,
    form_texts.CODE_OTHER,
    form_texts.BUSY,
    thread_texts.CODE_FAILED,
    thread_texts.CODE_MAKING,
    thread_texts.CODE_UNSURE,
)


def _code_refused(trial: Trial) -> HttpResponse:
    found, manner = _exchange(trial)
    return draw_page(trial, "chat/code.html", resume.code_page(found, manner, error=trial.error(_NO_CODE)))


def _resume(typed: str | None = None, *, has_conversation: bool = False) -> Draw:
    """Return the page of the way back, with these words typed."""

    def draw(trial: Trial) -> HttpResponse:
        form = CodeForm(None if typed is None else {"code": typed})
        context = resume.resume_page(form, has_conversation=has_conversation, familiar=trial.familiar)
        return draw_page(trial, "chat/resume.html", context)

    return draw


def _resume_looking(trial: Trial) -> HttpResponse:
    context = resume.resume_page(CodeForm(), has_conversation=False, familiar=trial.familiar)
    looking = {"looking": trial.error([page_texts.RESUME_LOOKING])}
    return draw_page(trial, "chat/resume.html", context | {"shown": looking})


def _resume_refused(trial: Trial) -> HttpResponse:
    form = CodeForm({"code": cast.CODE})
    form.errors.clear()
    form.add_error("code", trial.error([form_texts.CODE_REFUSED, form_texts.TRIES_MANY, form_texts.BUSY]))
    context = resume.resume_page(form, has_conversation=False, familiar=trial.familiar, is_held_up=True)
    return draw_page(trial, "chat/resume.html", context)


def _end(status: Status) -> Draw:
    return lambda trial: draw_page(trial, "chat/end.html", conversation.end_page(*_exchange(trial, status)))


def _begin(trial: Trial) -> HttpResponse:
    return draw_page(trial, "chat/begin.html", base.entrance_page())


def _ended(trial: Trial) -> HttpResponse:
    return draw_page(trial, "chat/ended.html", base.entrance_page())


def _away(text: str = "", *, text_name: str = "body", action: str = "", has_file: bool = False) -> Draw:
    """Return the page of a database that is away. It has no frame, and says itself that it is a preview.

    text: what was being sent to the address `action`, in the field text_name. has_file: a file was.
    """

    def draw(trial: Trial) -> HttpResponse:
        page = base.away_page(text_name=text_name if text else "", text=text, action=action, has_file=has_file)
        context = page | {"preview_of": notice_of(trial)}
        return HttpResponse(render_to_string("chat/database_away.html", context))

    return draw


# --- what follows it, and what is kept --------------------------------------------------------------------------------


def _follow_up(
    *states: State,
    status: Status = Status.CLOSED,
    copy_by_code: bool = False,
    has_reminder: bool = False,
    meeting: Mapping[str, Any] | None = None,
    page: Mapping[str, Any] | None = None,
    **summary: Any,
) -> Draw:
    """Return « Suites » with a summary in each of these states. copy_by_code: whether a code opens the copy too.
    meeting: what was typed to answer the first one. page: arguments of `follow_up_page`. summary: those of
    `cast.referral`.
    """

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, status, copy_by_code=copy_by_code)
        rows = [cast.referral(state, **summary) for state in states]
        typed = {"transmission": str(rows[0].public_id), "seen": 1, **meeting} if meeting is not None else None
        context = follow_up.follow_up_page(
            found,
            manner,
            rows=rows,
            reminders=[cast.reminder()] if has_reminder else (),
            is_removal_proposed=has_reminder,
            meeting=MeetingAnswerForm(typed) if typed is not None else None,
            error=trial.error(_FOLLOW_ERRORS),
            **(page or {}),
        )
        return draw_page(trial, "chat/follow_up.html", context | {"messages": trial.messages(_FOLLOW_TOLD)})

    return draw


_FOLLOW_TOLD = (
    form_texts.SUMMARY_SENT,
    form_texts.SUMMARY_NOT_SENT,
    form_texts.MEETING_ACCEPTED,
    form_texts.MEETING_REFUSED,
    form_texts.REMOVAL_NOTED,
    form_texts.REMOVALS_MANY,
    form_texts.REMOVAL_GONE,
    form_texts.REMOVAL_GONE_SAME_DAY,
    form_texts.REMOVAL_STILL_THERE,
    form_texts.REMOVAL_SETTLED,
)
_FOLLOW_ERRORS = (
    form_texts.ANSWER_MISSING,
    form_texts.SUMMARY_SETTLED,
    form_texts.NO_ACCOUNT,
    form_texts.MEETING_OLDER,
    form_texts.MEETING_PAST,
    form_texts.MEETING_SETTLED,
    form_texts.CODE_NOT_MADE,
)


def _slip(*, is_there: bool = True, **words: Any) -> Draw:
    """Return « Mon rendez-vous ». words: arguments of `cast.slip_words`."""

    def draw(trial: Trial) -> HttpResponse:
        _found, manner = _exchange(trial)
        appointment = (cast.referral(State.MEETING).transmission, cast.slip_words(**words)) if is_there else None
        context = proposals.slip_page(manner, appointment, is_of_suites=True)
        return draw_page(trial, "chat/slip.html", context | {"messages": trial.messages([form_texts.SLIP_LATER])})

    return draw


_JOURNAL_TOLD = (
    journal_texts.NOTED,
    journal_texts.CHANGED,
    journal_texts.ERASED,
    journal_texts.SHOWN,
    journal_texts.TAKEN_BACK,
    journal_texts.READ_ALREADY,
    journal_texts.READ_KEPT,
    journal_texts.SHOWN_JOINED,
    journal_texts.PRIVATE_JOINED,
    journal_texts.SEEN_JOINED,
    journal_texts.NOTHING_TICKED,
    journal_texts.GONE,
    journal_texts.FULL,
    journal_texts.TOO_MANY,
)
_NEWS = (journal_texts.ARRIVED, journal_texts.ANSWERED, journal_texts.CUT)
_AT_ALL_TIMES = (
    Moment(),
    Moment(Precision.MINUTE, cast.DAY, cast.MOMENT.time()),
    Moment(Precision.ABOUT, cast.DAY),
    Moment(Precision.ABOUT, cast.DAY, cast.MOMENT.time()),
)


def _journal(
    typed: Mapping[str, str] | None = None,
    *,
    rows: Sequence[Fact] | None = None,
    status: Status = Status.ACTIVE,
    is_by_code: bool = False,
    is_edited: bool = False,
) -> Draw:
    """Return « Noter un fait », with this typed in its form. is_edited: whether one of the facts is being corrected."""

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, status)
        noted = cast.facts() if rows is None else rows
        if typed is not None:
            form = FactForm(typed, familiar=trial.familiar)
        elif is_edited:
            form = FactForm.of(noted[0], familiar=trial.familiar)
        else:
            form = FactForm.new(familiar=trial.familiar)
        shown = [one for one in noted if one.shown_at is not None]
        context = facts.facts_page(
            found,
            manner,
            rows=noted,
            counts=Counts(
                all=len(noted),
                private=len(noted) - len(shown),
                unread=sum(one.read_at is None for one in shown),
            ),
            form=form,
            edited=noted[0] if is_edited else None,
            is_by_code=is_by_code,
            may_join=True,
        )
        around = {"messages": trial.messages(_JOURNAL_TOLD), "shown": {"news": trial.error(_NEWS)}}
        return draw_page(trial, "chat/facts.html", context | around)

    return draw


def _journal_dates(trial: Trial) -> HttpResponse:
    rows = [
        Fact(cast.facts()[0].public_id, number, Told(cast.WRITTEN, at), cast.moment())
        for number, at in enumerate(_AT_ALL_TIMES, 1)
    ]
    return _journal(rows=rows)(trial)


def _journal_ahead(trial: Trial) -> HttpResponse:
    day = timezone.localdate() + timedelta(days=2)
    return _journal({"what": cast.WRITTEN, "precision": "day", "day": day.isoformat()})(trial)


JOURNALS = (
    _journal(),
    _journal(rows=[]),
    _journal_dates,
    _journal(is_edited=True),
    _journal({"what": "", "precision": "x", "day": "x", "hour": "x"}),
    _journal({"what": "x" * 10_000, "precision": "day"}),
    _journal({"what": cast.WRITTEN, "precision": "minute", "day": "2026-03-03"}),
    _journal({"what": cast.WRITTEN, "precision": "about"}),
    _journal_ahead,
    _journal(rows=cast.facts(is_readable=False)),
    _journal(status=Status.CLOSED, is_by_code=True),
)

_CAPTURES_TOLD = (
    capture_texts.ADDRESS_NOTED,
    capture_texts.ARRIVED,
    capture_texts.ERASED,
    capture_texts.ERASED_SOME,
    capture_texts.SHOWN,
    capture_texts.TAKEN_BACK,
    capture_texts.READ_ALREADY,
    capture_texts.NOTHING_TICKED,
    capture_texts.TOO_MANY,
    capture_texts.GONE,
)
_FILE_ERRORS = (
    capture_texts.FILE_MISSING,
    capture_texts.EMPTY,
    capture_texts.TOO_LARGE,
    capture_texts.NO_ROOM,
    capture_texts.TOO_MANY_FILES,
    capture_texts.TOO_OFTEN,
    capture_texts.UNKNOWN_KIND,
    capture_texts.AWAY,
)
# What the page's script writes in the line of a file.
_SENDING = (
    capture_texts.SENDING,
    capture_texts.WAITING_LINE,
    capture_texts.WAITING_TURN,
    capture_texts.SENT,
    capture_texts.SENT_BEFORE,
    capture_texts.JOINED,
    capture_texts.NOT_JOINED,
    capture_texts.STOPPED,
    capture_texts.FOLDER,
    capture_texts.UNREAD,
)


def _captures(
    answer: str = "no",
    *,
    status: Status = Status.ACTIVE,
    has_any: bool = True,
    are_taken: bool = True,
    is_by_code: bool = False,
    with_fact: bool = False,
    address: str | None = None,
) -> Draw:
    """Return « Captures ». answer: to the question before the first one. address: what was typed after a « yes »."""

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, status)
        form = None if address is None else AddressForm({"address": address}, familiar=trial.familiar)
        if form is not None and (noted := trial.said([journal_texts.FULL])):
            form.add_error("address", noted[0])
        context = captures.captures_page(
            found,
            manner,
            rows=cast.captures() if has_any else [],
            handouts=cast.handouts() if has_any and not is_by_code else [],
            are_taken=are_taken,
            answer=answer,
            is_by_code=is_by_code,
            fact=cast.facts()[0] if with_fact else None,
            question_error="" if answer else trial.error([capture_texts.ANSWER_MISSING]),
            file_error=trial.error(_FILE_ERRORS) if answer == "no" else "",
            address_form=form,
        )
        around = {"messages": trial.messages(_CAPTURES_TOLD), "shown": {"news": trial.error(_SENDING)}}
        return draw_page(trial, "chat/captures.html", context | around)

    return draw


def _capture_facts(trial: Trial) -> HttpResponse:
    """Show the fact that the address of an image becomes."""
    said = Told(capture_texts.FACT_WHAT.say(familiar=trial.familiar), link="https://exemple.fr/")
    return _journal(rows=[Fact(cast.facts()[0].public_id, 1, said, cast.moment())])(trial)


def _capture_thread(trial: Trial) -> HttpResponse:
    """Show what Pnav writes in the thread when a document was handed over."""
    return _conversation(trial, bodies=trial.said([capture_texts.HANDED_OVER]))


CAPTURES = (
    _captures(),
    _captures(""),
    _captures("yes"),
    _captures("yes", address=""),
    _captures("yes", address="x" * 10_000),
    _captures(has_any=False),
    _captures(are_taken=False),
    _captures(with_fact=True),
    _captures(status=Status.CLOSED, is_by_code=True),
    _capture_facts,
    _capture_thread,
)


def _keeping(
    *,
    asked: ErasureRequest | None = None,
    cause: Cause = Cause.TERM,
    are_apart: bool = True,
    with_identity: bool = False,
    readings: Sequence[ReadingByStaff] = (),
    was_answered: bool = True,
    code: str = "",
    days_later: int = 0,
) -> Draw:
    """Return the page on what is kept.

    are_apart: whether words are deleted before the rest. with_identity: whether the identity under seal is too.
    readings: who else read the exchange. days_later: how long after the moment of the cast it is read.
    """

    def draw(trial: Trial) -> HttpResponse:
        _found, manner = _exchange(trial)
        gone_at = cast.moment() + timedelta(days=400)
        context = retention.keeping_page(
            manner,
            now=cast.moment() + timedelta(days=days_later),
            asked=asked,
            answer_days=RULES[Kind.ERASURE].days,
            decision=cast.decision(cause),
            rule=cast.rule(),
            copies=CopiesEnd(gone_at - timedelta(days=30) if are_apart else gone_at, gone_at, with_identity),
            readings=readings,
            was_answered=was_answered,
            code=code,
            error=trial.error([form_texts.ERASURE_NO_CODE, form_texts.CODES_MANY, form_texts.CODE_OTHER]),
        )
        return draw_page(trial, "chat/retention.html", context)

    return draw


def _readers(trial: Trial) -> HttpResponse:
    """Show all readers who may be named, with what they may have done."""
    given = [one.say() for one in {**for_the_person.SHOWN, **for_the_person.READERS}.values()]
    given += [report_texts.SAW_CAPTURES.say(), report_texts.WHO_ANSWERED.say(), report_texts.SOMEBODY.say()]
    found = [ReadingByStaff(who, did, cast.moment()) for who, did in zip(given, given[::-1], strict=True)]
    return _keeping(readings=found)(trial)


KEEPINGS = (
    _keeping(),
    _keeping(asked=cast.erasure()),
    _keeping(asked=cast.erasure(), code=cast.CODE),
    _keeping(asked=cast.erasure(is_granted=True), cause=Cause.ERASURE, are_apart=False),
    _keeping(asked=cast.erasure(is_granted=False)),
    _keeping(asked=cast.erasure(is_granted=False, is_readable=False)),
    _keeping(asked=cast.erasure(is_granted=False), days_later=60),
    _keeping(was_answered=False),
    _keeping(with_identity=True),
    _readers,
)


def _erasure(*, is_granted: bool | None, days_later: int = 0) -> Draw:
    """Return the answer to a request, as it is read with its code so many days after the moment of the cast."""
    return lambda trial: draw_page(
        trial,
        "chat/erasure.html",
        retention.erasure_page(
            cast.erasure(is_granted=is_granted),
            RULES[Kind.ERASURE].days,
            cast.moment() + timedelta(days=days_later),
        )
        | {"familiar": trial.familiar},
    )


def _summary(typed: Mapping[str, str] | None = None, *, to_unit: bool = False, words: str = cast.WRITTEN) -> Draw:
    """Return the summary to be read, with this answer sent. words: empty while no key opens them."""

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial)
        context = transfer.summary_page(
            found,
            manner,
            cast.handover(to_unit=to_unit),
            SummaryForm() if typed is None else SummaryForm(typed),
            summary=words,
            error=trial.error([form_texts.SUMMARY_ANOTHER]),
        )
        return draw_page(trial, "chat/handover.html", context)

    return draw


def _summary_to_another(trial: Trial) -> HttpResponse:
    """Show the summary in discreet mode, which names no unit."""
    found = cast.conversation()
    manner = base.manner_context(found, familiar=trial.familiar, discreet=True, is_minor=trial.familiar)
    context = transfer.summary_page(found, manner, cast.handover(to_unit=True), SummaryForm(), summary=cast.WRITTEN)
    return draw_page(trial, "chat/handover.html", context)


def _summary_over(*, ended: bool = False) -> Draw:
    """Return a version of the summary that came too late, or after the end of the exchange."""

    def draw(trial: Trial) -> HttpResponse:
        found, manner = _exchange(trial, Status.CLOSED if ended else Status.ACTIVE)
        return draw_page(trial, "chat/handover_over.html", transfer.over_page(found, manner, cast.WRITTEN))

    return draw


SUMMARIES = (
    _summary(),
    _summary(words=""),
    _summary({}),
    _summary({"answer": "x"}),
    _summary({"answer": "corrected"}),
    _summary({"answer": "corrected", "correction": "x" * (SUMMARY_MAX + 1)}),
    _summary_to_another,
    _summary_over(),
    _summary_over(ended=True),
)


def _emergency(situation: Situation) -> Draw:
    """Return the procedure as the agent has it: a part of the console, in the page that the admin draws around it."""

    def draw(trial: Trial) -> HttpResponse:
        voice = Voice(trial.familiar, languages.current())
        # This text is said before a procedure is opened, above the answer.
        is_first = emergency_texts.SAFETY in trial.sentences
        checklist = [Done(line, None, "") for line in CHECKLISTS[situation]]
        context = {
            "say": [safety_reply(voice)] if is_first else [],
            "conversation": cast.conversation(),
            "emergency": Emergency(situation=situation, started_at=cast.moment()),
            "emergency_label": situation.label,
            "emergency_next": checklist[0],
            "checklist": checklist,
            "voice": voice,
        }
        return draw_page(trial, "admin/sentences/preview_emergency.html", context)

    return draw


EXCHANGES = (
    _follows(waits=False),
    _active(),
    _waiting(),
    _closed(),
    _follows(waits=True),
)
CODES = (
    _code(),
    _code(near=True),
    _code(code=cast.CODE),
    _code(has_code=False),
    _code(status=Status.CLOSED, has_code=False),
    _code_refused,
    _waiting(has_code=True),
    _active(has_code=True),
)
RESUMES = (
    _resume(),
    _resume(has_conversation=True),
    _resume(""),
    _resume("abri balcon cirton zzzzzzzz"),
    _resume_looking,
    _resume_refused,
)
FOLLOWED = (
    _follow_up(
        State.ASKED,
        page={"captures": AgreedCaptures(cast.moment(), [1, 2]), "facts": AgreedFacts(3, cast.moment())},
    ),
    _follow_up(State.MEETING),
    _follow_up(State.MEETING, is_past=True),
    _follow_up(State.SENT, page={"code": cast.CODE}),
    _follow_up(State.SENT, copy_by_code=True, page={"code": cast.CODE}),
    _follow_up(State.SENT, basis=Basis.URGENT, status=Status.ACTIVE),
    _follow_up(State.SENT, basis=Basis.URGENT, status=Status.ACTIVE, was_refused=True),
    _follow_up(State.ASKED, summary=""),
    _follow_up(State.ASKED, State.REFUSED, status=Status.ACTIVE),
    _follow_up(State.ACCEPTED),
    _follow_up(State.DECLINED, other=cast.WRITTEN),
    _follow_up(has_reminder=True),
    _follow_up(),
    _follow_up(page={"proposed": ((cast.WRITTEN, "", True),)}),
    _follow_up(State.MEETING, meeting={"answer": "yes", "other": cast.WRITTEN}),
    _follow_up(State.MEETING, meeting={"answer": "no", "other": "x" * (OTHER_MAX + 1)}),
)
SLIPS = (_slip(), _slip(is_past=True), _slip(hours=()), _slip(hours=(), telephone=""), _slip(is_there=False))
FRAMES = (
    _frame(),
    _frame(is_paused=False),
    _frame(shown=Status.ACTIVE, bodies=()),
    _frame(Status.CLOSED),
    _frame(Status.WAITING, waited=_LONG),
    _frame(shown=Status.ACTIVE, is_asked=True),
    _frame(shown=Status.ACTIVE, has_document=True),
    _frame(shown=Status.ACTIVE, has_document=True, is_aside=True),
    _frame_follow,
    _frame_gone,
)
ENDS = (_end(Status.ACTIVE), _end(Status.WAITING))
WAITINGS = (_waiting(reasons=(cast.WRITTEN,)), _waiting(waited=_LONG), _waiting(has_code=True))

DRAW: Mapping[str, tuple[Draw, ...]] = {
    **page_previews.DRAW,
    **copy_previews.DRAW,
    report_texts.CLOSED.key: (
        *page_previews.CLOSED,
        _waiting(chat_closed=page_previews.closure("staff", is_open=True)),
    ),
    thread_texts.THREAD.key: (_thread,),
    thread_texts.PROPOSALS.key: (_proposals, _thread),
    thread_texts.QUEUE.key: tuple(
        _waiting(place=place) for place in (WAIT, (1, (0, 25)), (4, (10, 180)), (4, (60, 180)), (4, None))
    ),
    thread_texts.ALERTS.key: (
        lambda trial: _conversation(trial, Status.WAITING, shown={"alert": trial.error(_alerts(trial))}),
    ),
    thread_texts.FACTS.key: (
        lambda trial: _conversation(
            trial,
            Status.WAITING,
            shown={
                "facts": trial.error([thread_texts.FACTS_KEPT, thread_texts.FACTS_LATER, thread_texts.FACTS_REFUSED])
            },
        ),
    ),
    thread_texts.LINE.key: (_line, *EXCHANGES),
    thread_texts.CODE.key: CODES,
    page_texts.WAITING.key: WAITINGS,
    page_texts.EXCHANGE.key: EXCHANGES,
    page_texts.PIECES.key: (_pieces(), _pieces(is_empty=True), _pieces(is_whole=True)),
    page_texts.FRAME.key: FRAMES,
    page_texts.AFTER.key: (_closed(told=cast.WRITTEN),),
    thread_texts.LEFT_QUEUE.key: (_closed(is_answered=False),),
    page_texts.BEGIN.key: (_begin,),
    page_texts.ENDED.key: (_ended,),
    page_texts.END.key: ENDS,
    page_texts.RESUME.key: (*RESUMES, _code_refused),
    page_texts.AWAY.key: (
        _away("Bonjour", action="#"),
        _away("Bonjour", text_name="what", action="#"),
        _away("Bonjour", text_name="other", action="#"),
        _away(),
        _away(action="#"),
        _away(action="#", has_file=True),
        *page_previews.EFFORT,
    ),
    page_texts.AROUND.key: (*EXCHANGES, FRAMES[0], *CODES[:3], *RESUMES[:2], *FOLLOWED[:3], SLIPS[0], SUMMARIES[0]),
    follow_up_texts.FOLLOW_UP.key: FOLLOWED,
    follow_up_texts.SLIP.key: SLIPS,
    retention_texts.KEEPING.key: KEEPINGS,
    retention_texts.ERASURE.key: (
        *(_erasure(is_granted=one) for one in (True, False, None)),
        _erasure(is_granted=False, days_later=60),
    ),
    journal_texts.JOURNAL.key: JOURNALS,
    capture_texts.CAPTURES.key: CAPTURES,
    transfer_texts.SUMMARY.key: SUMMARIES,
    report_texts.ADDED.key: (_waiting(),),
    report_texts.READERS.key: (_readers,),
    emergency_texts.EMERGENCY.key: tuple(_emergency(situation) for situation in Situation),
}


def _alerts(trial: Trial) -> list[Sentence]:
    """Return what the script writes below the switches of the waiting room."""
    return [one for one in trial.sentences if one.place == thread_texts.ALERTS]
