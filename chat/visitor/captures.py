"""This is the page « Captures », on which a person uploads images and documents, and the view to which its script sends
slices.

Without JavaScript the page sends one file as a form. After the end of the exchange a code of « Suites » opens it too,
and then shows only what was sent with that code. See `chat.captures` and docs/adr/0082.
"""

import json
import logging
import uuid
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.captures import handouts, queries, receiving, store
from chat.captures.answers import drawing_of
from chat.captures.forms import AddressForm
from chat.captures.receiving import CaptureRefused
from chat.journal import actions as journal_actions
from chat.journal import queries as journal_queries
from chat.journal.facts import LINK_MAX, Fact, Told
from chat.journal.words import named_by_date
from chat.models import Capture, Conversation
from chat.rules.lifecycle import Status
from chat.texts import captures as texts
from chat.texts import journal as journal_texts
from chat.visitor import facts
from chat.visitor.base import json_answer, manner_of, say_counts, when_away, without_visit
from chat.visitor.conversation import present_reporter
from common import rate_limits
from common.encryption import UnsealError
from common.sealed_files.chunks import CHUNK_BYTES, in_chunks
from common.service_settings import definitions, values
from common.texts.catalogue import Sentence
from triage import numbers
from triage.questionnaire.outcomes import SEVENTEEN_CYBER_URL

logger = logging.getLogger(__name__)

ACTS, ACTS_SECONDS = 60, 60  # how many acts of any kind a conversation may do in this time
# How many slices a conversation may send in this time: 144 MB a minute, far more than a telephone sends. Each takes one
# statement on one row and one object of the store.
SLICES, SLICES_SECONDS = 600, 60
# How many files a conversation may begin in this time. Each may cost the worker 15 s, and somebody who erases files
# could send any number. It is three times what an exchange may have, which nobody sends by mistake in an hour.
FILES, FILES_SECONDS = 3 * definitions.CAPTURES_MOST.most, 60 * 60
ANSWER = "reports.captures_answer"  # a key of the session, which the visit forgets with its report
SENT = "reports.captures_sent"  # the key for what a code of « Suites » sent, forgotten in the same way
WHO_HELPS = (numbers.DIGITAL_VIOLENCE, numbers.CHILD_IN_DANGER)
LIST = "liste"  # in an address: only the list of the person's own captures is read (static/pnav/chat/captures.js)
HEAD_MOST = 4_096  # the most bytes of the JSON that begins a file

type Own = Collection[UUID] | None  # the captures that `whose` allows; None means all


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
@when_away
def captures(request: HttpRequest) -> HttpResponse:
    """Show what was sent, and the form; before the first capture, the question. A POST does one of the page's acts.

    The page's script reads its list again at the address with `liste`, for which the documents from an agent are left
    out, because the script does not show them and they would count as seen.
    The acts are to answer the question, send one file, show, take back or erase captures; a conversation may do ACTS in
    ACTS_SECONDS. The words of at most `definitions.CAPTURES_MOST` captures are decrypted, no file is. A file is read
    from the request's encrypted body, with one chunk in memory at a time.
    """
    current, own = whose(request)
    if current is None:
        return without_visit(request)
    if request.method != "POST":
        return _show(request, current, own)
    if rate_limits.is_over(f"captures:{current.public_id}", limit=ACTS, seconds=ACTS_SECONDS):
        rate_limits.tell_reached("captures")
        return _back(request, current, texts.TOO_MANY, is_problem=True)
    act = request.POST.get("act", "")
    if act == "answer":
        return _answer(request, current, own)
    if act == "note":
        return _note_address(request, current, own)
    if act == "send":
        return _take_file(request, current, own)
    if act == "erase":
        return _erase(request, current, own)
    if act in {"show", "show_all", "take_back"}:
        return _show_or_take_back(request, current, own, act)
    return _show(request, current, own)


def whose(request: HttpRequest) -> tuple[Conversation | None, Own]:
    """Return the conversation of this visit, and which captures it may see.

    The exchange's own visit sees all (None). A visit with a code of « Suites » sees those that it sent itself, because
    that code opens nothing that was said.
    """
    present = present_reporter(request)
    if present is not None:
        return present, None
    followed = access.as_follower(request.session)
    if followed is None:
        return None, None
    kept = request.session.get(SENT, {"of": "", "keys": []})
    return followed, [UUID(key) for key in kept["keys"]] if kept["of"] == str(followed.public_id) else []


def _may_begin(current: Conversation, public_id: UUID) -> None:
    """Count a new file against FILES in FILES_SECONDS. One statement. Raises TooOften."""
    if not receiving.is_begun(conversation_id=current.pk, public_id=public_id) and rate_limits.is_over(
        f"captures_begun:{current.public_id}", limit=FILES, seconds=FILES_SECONDS
    ):
        raise TooOften


class TooOften(CaptureRefused):
    """This conversation has begun FILES files in FILES_SECONDS."""


def _remember_sent(request: HttpRequest, current: Conversation, own: Own, public_id: UUID) -> None:
    """Remember that this code sent a file. own: None for the exchange's own visit, for which nothing is remembered."""
    if own is None or public_id in own:
        return
    keys = [*map(str, own), str(public_id)]
    request.session[SENT] = {"of": str(current.public_id), "keys": keys[-definitions.CAPTURES_MOST.most :]}


@require_GET
def drawing(request: HttpRequest, capture_id: UUID, page: int) -> HttpResponse:
    """Return one drawing of a file from an agent, as WebP, only to the exchange's own visit, not with a code.

    It has some hundred kilobytes. 503 when the store is away.
    """
    current = present_reporter(request)
    if current is None:
        return without_visit(request)
    capture = handouts.one_of(current, capture_id, must_be_read=True)
    if capture is None:
        raise Http404
    return drawing_of(capture, page)


# --- the question before the first one --------------------------------------------------------------------------------


def answer_of(request: HttpRequest, current: Conversation) -> str:
    """Return this visit's answer to the question for this exchange: "yes", "no", or "" for none yet."""
    kept = request.session.get(ANSWER)
    return kept["answer"] if kept is not None and kept["of"] == str(current.public_id) else ""


def _answer(request: HttpRequest, current: Conversation, own: Own) -> HttpResponse:
    answer = request.POST.get("minor", "")
    if answer == "again":
        request.session.pop(ANSWER, None)
    elif answer in {"yes", "no"}:
        request.session[ANSWER] = {"of": str(current.public_id), "answer": answer}
    else:
        familiar = _voice(request, current)
        return _show(request, current, own, question_error=texts.ANSWER_MISSING.say(familiar=familiar))
    fact = _fact_of(request, current, own, request.POST.get("fact", ""))
    if fact is None:
        return redirect(reverse("chat:captures"))
    word = "note" if manner_of(request, current)["discreet"] else "fait"  # `facts.asked_fact`
    return redirect(reverse("chat:captures", query={word: str(fact.public_id)}))


def _note_address(request: HttpRequest, current: Conversation, own: Own) -> HttpResponse:
    """Note the address of an image as a private fact of the person's journal. The image itself is not uploaded."""
    familiar = _voice(request, current)
    form = AddressForm(request.POST, familiar=familiar)
    if not form.is_valid():
        return _show(request, current, own, address_form=form)
    fact_id = form.cleaned_data["fact_id"] or uuid.uuid4()
    told = Told(texts.FACT_WHAT.say(familiar=familiar), link=form.cleaned_data["address"])
    try:
        fact = journal_actions.note_fact(conversation_id=current.pk, public_id=fact_id, told=told, is_withheld=True)
    except journal_actions.JournalFull:
        form.add_error("address", journal_texts.FULL.say(familiar=familiar, most=values.get(definitions.FACTS_MOST)))
        return _show(request, current, own, address_form=form)
    if own is not None:
        facts.remember_noted(request, current, facts.whose(request)[1], fact.public_id)
    return _back(request, current, texts.ADDRESS_NOTED)


# --- one file as a form -----------------------------------------------------------------------------------------------


def _take_file(request: HttpRequest, current: Conversation, own: Own) -> HttpResponse:
    familiar = _voice(request, current)
    if answer_of(request, current) != "no":
        return _show(request, current, own, question_error=texts.ANSWER_MISSING.say(familiar=familiar))
    file = request.FILES.get("capture")
    if not isinstance(file, UploadedFile):
        return _show(request, current, own, file_error=texts.FILE_MISSING.say(familiar=familiar))
    public_id = _key(request.POST.get("capture_id", "")) or uuid.uuid4()
    fact = _fact_of(request, current, own, request.POST.get("fact", ""))
    try:
        _receive(request, current, own, public_id, file, fact.public_id if fact is not None else None)
    except (CaptureRefused, receiving.CaptureGone, receiving.WrongSlice, store.StoreAway, UnsealError) as error:
        return _show(request, current, own, file_error=_said(error, familiar=familiar))
    return _back(request, current, texts.ARRIVED)


def _receive(
    request: HttpRequest, current: Conversation, own: Own, public_id: UUID, file: UploadedFile, fact_id: UUID | None
) -> None:
    """Store the slices of a form's file in order, except those that were received before an interruption."""
    size = file.size or 0
    _may_begin(current, public_id)
    capture = receiving.begin_capture(
        conversation_id=current.pk, public_id=public_id, size=size, name=file.name or "", fact_id=fact_id, own=own
    )
    _remember_sent(request, current, own, public_id)
    offset = 0
    for chunk in in_chunks(file.chunks()):
        if offset >= capture.received:
            capture = receiving.take_slice(conversation_id=current.pk, public_id=public_id, offset=offset, data=chunk)
        offset += len(chunk)


# --- slices, by the script --------------------------------------------------------------------------------------------


@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    """Begin a file, or store its next slice, for the page's script.

    JSON `{"id": <uuid>, "size": <bytes>, "name": …}` begins a file, or finds it again after an interruption or a
    reload. A body of bytes with the headers `Upload-Id` and `Upload-Offset` is a slice: CHUNK_BYTES, or the rest of the
    file. Both answer `{"id", "received", "size", "slice", "is_whole"}`; sending goes on at « received ». The first
    answers « said » too, about a file that was there before.
    401: there is no visit. 409: the slice is not the next one; the answer says which is. 410: the file does not exist
    any more. 413, 415, 422: it is refused, for the reason in « said ». 429, 503: try again in a moment.
    """
    current, own = whose(request)
    if current is None:
        return json_answer({}, 401)
    familiar = _voice(request, current)
    if answer_of(request, current) != "no":
        return json_answer({"said": texts.ANSWER_MISSING.say(familiar=familiar)}, 422)
    if rate_limits.is_over(f"slices:{current.public_id}", limit=SLICES, seconds=SLICES_SECONDS):
        rate_limits.tell_reached("slices")
        return json_answer({"said": texts.TOO_MANY.say(familiar=familiar)}, 429)
    said: Sentence | None = None
    try:
        if request.content_type == "application/octet-stream":
            capture = _take_slice(request, current, own)
        else:
            capture, said = _begin(request, current, own)
            _remember_sent(request, current, own, capture.public_id)
    except UnsealError:
        logger.error("captures: the key of one cannot be opened %s", current.public_id)
        return json_answer({"said": texts.AWAY.say(familiar=familiar)}, 503)
    except ValueError:  # the script sends nothing of this form
        return json_answer({"said": texts.AWAY.say(familiar=familiar)}, 400)
    except receiving.WrongSlice as error:
        return json_answer({"received": error.received, "slice": CHUNK_BYTES}, 409)
    except receiving.CaptureGone as error:
        return json_answer({"said": _said(error, familiar=familiar)}, 410)
    except CaptureRefused as error:
        return json_answer({"said": _said(error, familiar=familiar)}, _STATUS.get(type(error), 422))
    except store.StoreAway as error:
        return json_answer({"said": _said(error, familiar=familiar)}, 503)
    return json_answer(
        {
            "id": str(capture.public_id),
            "received": capture.received,
            "size": capture.size,
            "slice": CHUNK_BYTES,
            "is_whole": capture.received == capture.size,
        }
        | ({"said": said.say(familiar=familiar)} if said is not None else {})
    )


_STATUS: dict[type[CaptureRefused], int] = {receiving.TooLarge: 413, receiving.UnknownKind: 415}


def _begin(request: HttpRequest, current: Conversation, own: Own) -> tuple[Capture, Sentence | None]:
    """Return the file that begins or goes on, and what is said of one that was there before."""
    # Another kind of body was read to its end before, for the token against forgery.
    if request.content_type != "application/json" or len(request.body) > HEAD_MOST:
        raise ValueError
    asked = json.loads(request.body)
    if not isinstance(asked, dict) or type(asked.get("size")) is not int or not isinstance(asked.get("name"), str):
        raise ValueError
    public_id = UUID(str(asked.get("id", "")))
    size = min(max(asked["size"], 0), 2**31 - 1)
    _may_begin(current, public_id)
    fact = _fact_of(request, current, own, str(asked.get("fact", "")))
    capture = receiving.begin_capture(
        conversation_id=current.pk,
        public_id=public_id,
        size=size,
        name=asked["name"],
        fact_id=fact.public_id if fact is not None else None,
        own=own,
    )
    if fact is not None and (capture.fact is None or capture.fact.public_id != fact.public_id):
        return capture, texts.NOT_JOINED
    if capture.received < capture.size:
        return capture, None
    return capture, texts.SENT_BEFORE if fact is None else texts.JOINED


def _take_slice(request: HttpRequest, current: Conversation, own: Own) -> Capture:
    public_id = UUID(request.headers.get("Upload-Id", ""))
    digits = request.headers.get("Upload-Offset", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise ValueError
    if own is not None and public_id not in own:
        raise receiving.CaptureGone
    return receiving.take_slice(conversation_id=current.pk, public_id=public_id, offset=int(digits), data=request.body)


# --- show, take back, erase -------------------------------------------------------------------------------------------


def _erase(request: HttpRequest, current: Conversation, own: Own) -> HttpResponse:
    """Erase the ticked captures, also those after one that was seen meanwhile, and say how many were not erased."""
    ticked = _ticked(request, own)
    if not ticked:
        return _back(request, current, texts.NOTHING_TICKED, is_problem=True)
    seen = 0
    for key in ticked:
        try:
            receiving.erase_capture(conversation_id=current.pk, public_id=key)
        except receiving.CaptureSeen:
            seen += 1
    if not seen:
        return _back(request, current, texts.ERASED)
    return _tell_counts(request, current, texts.ERASED_SOME, len(ticked) - seen, seen)


def _show_or_take_back(request: HttpRequest, current: Conversation, own: Own, act: str) -> HttpResponse:
    ticked = _ticked(request, own)
    if not ticked and act != "show_all":
        return _back(request, current, texts.NOTHING_TICKED, is_problem=True)
    if act != "take_back":
        only = own if act == "show_all" else ticked
        count = receiving.show_captures(conversation=current, only=only)
        return _tell_counts(request, current, texts.SHOWN, count, 0)
    count = receiving.take_back(conversation=current, only=ticked)
    seen = receiving.count_seen(conversation=current, only=ticked)
    return _tell_counts(request, current, texts.TAKEN_BACK, count, seen)


def _tell_counts(
    request: HttpRequest, current: Conversation, sentence: Sentence, count: int, seen: int
) -> HttpResponse:
    """Return to the page, which says what was done to how many, and how many were seen and stay (seen)."""
    said = say_counts((sentence, count), (texts.READ_ALREADY, seen), familiar=_voice(request, current))
    if not said:
        return _back(request, current, texts.NOTHING_TICKED, is_problem=True)
    (messages.error if seen else messages.success)(request, said)
    return redirect(reverse("chat:captures"))


def _ticked(request: HttpRequest, own: Own) -> Collection[UUID]:
    typed = request.POST.getlist("one")[: definitions.CAPTURES_MOST.most]
    return [key for key in map(_key, typed) if key is not None and (own is None or key in own)]


# --- what the page says -----------------------------------------------------------------------------------------------


def _key(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _fact_of(request: HttpRequest, current: Conversation, own: Own, typed: str) -> Fact | None:
    """Return the fact to which a file belongs, if this visit may see it and a capture may go with it."""
    key = _key(typed)
    if key is None:
        return None
    noted = None if own is None else facts.whose(request)[1]
    fact = journal_queries.own_fact(current, key, noted)
    return None if fact is None or facts.withheld([fact]) else fact


def _voice(request: HttpRequest, current: Conversation) -> bool:
    return bool(manner_of(request, current)["familiar"])


def _said(error: Exception, *, familiar: bool) -> str:
    """Return why a file is refused, in a sentence, with the limit in force."""
    allowed = receiving.capture_limits()
    megabyte = definitions.MEGABYTE
    said: dict[type[Exception], tuple[Sentence, dict[str, object]]] = {
        receiving.NotTaken: (texts.NOT_TAKEN, {}),
        receiving.TooMany: (texts.TOO_MANY_FILES, {"most": allowed.most}),
        receiving.TooLarge: (texts.TOO_LARGE, {"size": allowed.size // megabyte}),
        receiving.NoRoomLeft: (texts.NO_ROOM, {"size": allowed.in_all // megabyte}),
        receiving.Empty: (texts.EMPTY, {}),
        TooOften: (texts.TOO_OFTEN, {}),
        receiving.UnknownKind: (texts.UNKNOWN_KIND, {}),
        receiving.CaptureGone: (texts.GONE, {}),
    }
    sentence, given = said.get(type(error), (texts.AWAY, {}))
    return sentence.say(familiar=familiar, **given)


def _back(
    request: HttpRequest, current: Conversation, sentence: Sentence, *, is_problem: bool = False, **given: object
) -> HttpResponse:
    said = sentence.say(familiar=_voice(request, current), **given)
    (messages.error if is_problem else messages.success)(request, said)
    return redirect(reverse("chat:captures"))


def _show(
    request: HttpRequest,
    current: Conversation,
    own: Own,
    *,
    question_error: str = "",
    file_error: str = "",
    address_form: AddressForm | None = None,
) -> HttpResponse:
    fact = _fact_of(request, current, own, request.POST.get("fact", "") or facts.asked_fact(request))
    context = captures_page(
        current,
        manner_of(request, current),
        rows=queries.own_captures(current, own),
        handouts=handouts.of_person(current) if own is None and LIST not in request.GET else [],
        are_taken=receiving.are_taken(),
        answer=answer_of(request, current),
        is_by_code=own is not None,
        fact=fact,
        question_error=question_error,
        file_error=file_error,
        address_form=address_form,
    )
    return render(request, "chat/captures.html", context)


def captures_page(
    conversation: Conversation,
    manner: dict[str, Any],
    *,
    rows: Collection[queries.Seen],
    handouts: Collection[queries.Seen] = (),
    are_taken: bool,
    answer: str,
    is_by_code: bool = False,
    fact: Fact | None = None,
    question_error: str = "",
    file_error: str = "",
    address_form: AddressForm | None = None,
) -> dict[str, Any]:
    """Return what the page of captures shows. rows: what the person sent. handouts: what whoever answers handed to
    them. answer: to the question before the first one, of `answer_of`. fact: what is sent now goes with it."""
    return {
        **manner,
        **_own(rows),
        "are_taken": are_taken,
        "handouts": _handouts(handouts),
        "answer": answer,
        "question_error": question_error,
        "file_error": file_error,
        "address_form": address_form or AddressForm(familiar=manner["familiar"]),
        "is_error": bool(question_error or file_error or (address_form and address_form.errors)),
        # What is sent now goes with this fact of the journal: « Joindre une capture ».
        "fact": {"id": fact.public_id, "when": named_by_date(fact)} if fact is not None else None,
        "is_open": conversation.status != Status.CLOSED and not is_by_code,
        "is_by_code": is_by_code,
        "status": conversation.status,
        "read_seq": conversation.reporter_read_seq,
        "last_seq": conversation.last_seq,
        # The script makes the id of a file from this: the same file in another exchange, or sent by a code, has
        # another.
        "salt": salted_hmac(
            f"chat.visitor.captures{not is_by_code}", str(conversation.public_id), algorithm="sha256"
        ).hexdigest(),
    }


def _handouts(handed: Collection[queries.Seen]) -> list[dict[str, Any]]:
    """Return what whoever answers handed to this person, with the addresses of its drawings."""
    return [
        {
            "one": one,
            "pages": [
                {
                    "number": page,
                    "width": width,
                    "height": height,
                    "address": reverse("chat:capture_drawing", args=[one.public_id, page]),
                }
                for page, width, height in (one.pages if one.is_drawn else ())
            ],
        }
        for one in handed
    ]


def _own(rows: Collection[queries.Seen]) -> dict[str, Any]:
    """Return the context of the person's own captures."""
    allowed = receiving.capture_limits()
    return {
        "rows": [{"one": one, "percent": 100 * one.received // one.size} for one in rows],
        "can_show": any(one.shown_at is None and not one.is_arriving for one in rows),
        "can_take_back": any(one.shown_at is not None and one.read_at is None for one in rows),
        "can_erase": any(one.read_at is None for one in rows),
        "was_read": any(one.read_at is not None for one in rows),
        "most": allowed.most,
        "most_bytes": allowed.size,
        "most_megabytes": allowed.size // definitions.MEGABYTE,
        "next_id": uuid.uuid4(),
        "seventeen_cyber": SEVENTEEN_CYBER_URL,
        "who_helps": WHO_HELPS,
        "address_max": LINK_MAX,
    }
