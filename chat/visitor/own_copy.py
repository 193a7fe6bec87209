"""« Ma copie »: what a person takes along. Without a script too, also after the end by a code, if they chose so.

See `chat.personal_copy` and docs/adr/0085.
"""

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.captures import handouts, store
from chat.captures import queries as capture_queries
from chat.conversations import receipts, resume
from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import SLIP, Document, Section
from chat.models import Capture, Conversation, JournalFact, Message
from chat.personal_copy import actions, archive, lock, pages, person_archive, schema
from chat.personal_copy.parts import Asked
from chat.personal_copy.person_archive import Made
from chat.proof_of_date.proofs import proof_of
from chat.rules import receipt_number
from chat.texts import personal_copy as texts
from chat.visitor import page_state
from chat.visitor.base import manner_of, posts_only, shown_once, when_away
from chat.visitor.forms import CopyForm, ProofForm
from common import dates, network_limits, rate_limits
from common.client_address import networks_of
from common.data_keys.keys import KeysAway
from common.offload import background_jobs, pool
from common.sealed_files.answer import PieceByPiece
from common.texts import languages
from reports import letterhead
from reports.models import AccessRecord
from reports.proof_of_date.proofs import proof_of_line
from reports.rules.date_proofs import Proof
from triage import session as triage_session

# A person takes one, and another when something was added. A school, or an association's office, is one network.
COPIES, COPIES_SECONDS = 6, 60 * 60
NETWORK_COPIES = 30
TRIED_MOST = 5  # after this many tries the waiting page asks once a minute (`chat/copy-waiting.js`)
RECEIPTS, RECEIPTS_SECONDS = 3, 24 * 60 * 60
PAPERS, PAPERS_SECONDS = 10, 60
PROOFS, PROOFS_SECONDS = 30, 60 * 60


@sensitive_post_parameters("words")
@require_http_methods(["GET", "HEAD", "POST"])
@when_away
def copy(request: HttpRequest) -> HttpResponseBase:
    """Show what a copy holds and ask on what device it is taken; a POST gives it as a file, closed by words if asked.

    COPIES in COPIES_SECONDS for an exchange, NETWORK_COPIES of a network; what one costs: `person_archive.prepare`. One
    that cannot be read because the store or the server of the keys is away does not count.
    Each leaves a line in the register, with the digest of the list of its files (docs/adr/0120).

    A copy that is not ready in time goes on being prepared (docs/adr/0122). The page says so, and its form asks for the
    same one again. `look` says meanwhile whether it is ready.
    """
    current = access.for_own_copy(request.session)
    if current is None:
        return _elsewhere(request)
    if request.method != "POST":
        return _show(request, current, CopyForm.new(words=_draw_words(), **_manner(request, current)))
    form = CopyForm(request.POST, **_manner(request, current))
    if not form.is_valid() or form.is_to_be_warned:
        return _show(request, current, form)
    try:
        made = _give(request, current, form)
    except _TooMany:
        return _not_made(request, current, form, texts.MANY.say(familiar=form.familiar), status=429)
    except background_jobs.NotYet:
        return _wait(request, current, form)
    except (pool.Busy, person_archive.Changed):
        # Nothing is under way, so a page that asks again asks less and less often.
        return _wait(request, current, form, tried=min(TRIED_MOST, 1 + _tried(request)))
    except store.StoreAway:
        return _not_made(request, current, form, texts.STORE_AWAY.say(familiar=form.familiar), status=503)
    except (pool.Failed, KeysAway):  # without the keys nothing can be read, with files or without
        return _not_made(request, current, form, texts.BUSY.say(familiar=form.familiar), status=503)
    except archive.TooLarge:
        return _not_made(request, current, form, texts.TOO_LARGE.say(familiar=form.familiar), status=413)
    return PieceByPiece(made.pieces, length=made.length, name=made.name)


@sensitive_post_parameters("words")
@require_POST
@when_away
def look(request: HttpRequest) -> HttpResponseBase:
    """Say whether the copy of this form can be given. Nothing is begun or given. No content; two round trips to Redis.

    200: it is ready. 204: it is being prepared. 205: neither, so whoever wants it has to ask for it again. It has an
    address of its own, because a process of a version before would make a copy at that of the form.
    """
    current = access.for_own_copy(request.session)
    if current is None:
        return _elsewhere(request)
    form = CopyForm(request.POST, **_manner(request, current))
    status = 205
    if form.is_valid() and not form.is_to_be_warned:
        name = _name_of_job(current, form)
        if background_jobs.is_under_way(name):
            status = 204
        elif background_jobs.is_ready(name):
            status = 200
    return HttpResponse(status=status, headers={"Cache-Control": "no-store"})


def _draw_words() -> str:
    return " ".join(resume.draw_words())


def _manner(request: HttpRequest, current: Conversation) -> dict[str, bool]:
    manner = manner_of(request, current)
    return {"familiar": manner["familiar"], "discreet": manner["discreet"]}


def _voice(request: HttpRequest, current: Conversation) -> bool:
    return bool(manner_of(request, current)["familiar"])


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """Redirect a visit that has no exchange: a code that opens only « Suites » leads there."""
    return redirect("chat:follow_up" if access.as_follower(request.session) else "chat:resume")


class _TooMany(Exception):
    """This exchange, or its network, has begun as many copies as it may."""


def _give(request: HttpRequest, current: Conversation, form: CopyForm) -> Made:
    """Return the copy, with its line in the register. Raises _TooMany, and what `ask` and `give_copy` raise."""
    name = _name_of_job(current, form)
    try:
        return _make(request, current, form, name)
    except person_archive.Changed:  # what was prepared before may not be given any more
        return _make(request, current, form, name)


def _make(request: HttpRequest, current: Conversation, form: CopyForm, name: str) -> Made:
    now = timezone.now()
    manner, beside = manner_of(request, current), page_state.read_page_state(current, now)
    asked = Asked(
        conversation=current,
        now=now,
        deleted_from=beside.decision.due_at,
        days=beside.rule.total_days,
        familiar=manner["familiar"],
        discreet=manner["discreet"],
        with_captures=form.cleaned_data["captures"],
        number=actions.count_copies(current) + 1,
    )
    address = f"{settings.SITE_URL}{reverse('chat:copy_schema')}" if settings.SITE_URL else ""
    who = f"copy:{current.public_id}"

    def begin() -> background_jobs.LongWork:
        networks = network_limits.count(network_limits.COPIES, networks_of(request), most=NETWORK_COPIES)
        if networks.is_over:
            rate_limits.tell_reached("copies")
        if networks.is_over or rate_limits.is_over(who, limit=COPIES, seconds=COPIES_SECONDS):
            raise _TooMany
        try:
            return person_archive.prepare(asked, who=who, words=form.closing_words, schema_url=address)
        except (store.StoreAway, KeysAway):
            networks.undo()
            rate_limits.take_back(who, seconds=COPIES_SECONDS)
            raise

    prepared = background_jobs.ask(name, begin, who=who, data_key=current.data_key)
    try:
        made = person_archive.give_copy(prepared, asked)
    except (store.StoreAway, KeysAway):  # the next press finds what was prepared, and counts as no other copy
        background_jobs.give_back(name, prepared, who=who, data_key=current.data_key)
        raise
    try:  # recorded before it is given, so that nothing is given without its line in the audit log
        actions.record_copy(current, made.list_digest, number=asked.number)
    except actions.NumberTaken as error:
        raise person_archive.Changed from error
    return made


def _name_of_job(current: Conversation, form: CopyForm) -> str:
    """Return what a second press has in common with the first: whose copy it is, and how it is to be."""
    manner = (form.familiar, form.discreet, form.cleaned_data["captures"], languages.current())
    return f"copy:{current.public_id}:{manner}:{lock.normalize_words(form.closing_words)}"


def _tried(request: HttpRequest) -> int:
    """Return how often the script of the waiting page has asked in vain; at most TRIED_MOST."""
    typed = request.POST.get("tried", "")
    return int(typed) if typed in map(str, range(TRIED_MOST + 1)) else 0


def _wait(request: HttpRequest, current: Conversation, form: CopyForm, *, tried: int = 0) -> HttpResponse:
    """Say that the copy is late. What was answered is in the page, to ask for the same one again."""
    context = waiting_page(manner_of(request, current), form, tried=tried)
    response = render(request, "chat/copy_waiting.html", context, status=202)
    response["Cache-Control"] = "no-store"  # the page holds words that somebody typed
    return response


def waiting_page(manner: dict[str, Any], form: CopyForm, *, tried: int = 0) -> dict[str, Any]:
    """Return what the page of a copy that is late shows. form: a valid one. tried: how often it could not be begun."""
    asked = {name: form.data.get(name, "") for name in form.fields}
    return {**manner, "asked": asked, "words": form.closing_words, "tried": tried}


def _not_made(request: HttpRequest, current: Conversation, form: CopyForm, error: str, *, status: int) -> HttpResponse:
    response = _show(request, current, form, error=error, status=status)
    if status != 413:
        response["Retry-After"] = str(COPIES_SECONDS if status == 429 else 10)
    return response


def _show(
    request: HttpRequest,
    current: Conversation,
    form: CopyForm,
    *,
    error: str = "",
    proof_form: ProofForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = copy_page(
        current,
        manner_of(request, current),
        form,
        proof_form or ProofForm(**_manner(request, current)),
        error=error,
        is_own_visit=access.as_reporter(request.session) == current,
        has_captures=capture_queries.has_own(current) or handouts.has_any(current),
    )
    response = render(request, "chat/copy.html", context, status=status)
    response["Cache-Control"] = "no-store"  # the page holds words that somebody typed
    return response


def copy_page(
    conversation: Conversation,
    manner: dict[str, Any],
    form: CopyForm,
    proof_form: ProofForm,
    *,
    error: str = "",
    is_own_visit: bool,
    has_captures: bool,
) -> dict[str, Any]:
    """Return what « Ma copie » shows. is_own_visit: not by a code. has_captures: handed in, or handed to
    the person."""
    return {
        **manner,
        "form": form,
        "proof_form": proof_form,
        "error": error,
        "is_warned": form.is_bound and form.is_valid() and form.is_to_be_warned,
        # A copy closed by words has another extension.
        "name": archive.name_of(timezone.localtime(), "zip").removesuffix(".zip"),
        "is_own_visit": is_own_visit,
        "by_code": conversation.copy_by_code,
        "has_captures": has_captures,
    }


@posts_only(back="chat:copy")
@when_away
def later(request: HttpRequest) -> HttpResponse:
    """Let a code of this exchange open the copy too, after the end, or no longer. One row."""
    current = access.for_own_copy(request.session)
    if current is None:
        return _elsewhere(request)
    is_on = request.POST.get("later") == "yes"
    if is_on and access.as_reporter(request.session) != current:  # a code may not give itself more rights
        return redirect("chat:copy")
    actions.set_by_code(current.pk, is_on=is_on)
    said = texts.LATER_IS_ON if is_on else texts.LATER_IS_OFF
    messages.success(request, said.say(familiar=_voice(request, current)))
    return redirect("chat:copy")


@posts_only(back="chat:copy")
@when_away
def proof(request: HttpRequest) -> HttpResponse:
    """Send the proof of date of one message, fact, capture or whole copy as a small file (docs/adr/0084).

    It is named by its number in the copy. `manage.py verify_proof` and « verifier.html » both read it. Whoever has the
    copy may have its proofs, in the same visits. At most PROOFS in PROOFS_SECONDS for an exchange; seven statements,
    and a share and a chunk of a day are opened.
    """
    current = access.for_own_copy(request.session)
    if current is None:
        return _elsewhere(request)
    form = ProofForm(request.POST, **_manner(request, current))
    if form.is_valid():
        if rate_limits.is_over(f"proof:{current.public_id}", limit=PROOFS, seconds=PROOFS_SECONDS):
            rate_limits.tell_reached("proof")
            form.add_error("number", texts.PROOF_MANY.say(familiar=form.familiar))
        else:
            item = _item_of(current, form.cleaned_data["kind"], form.cleaned_data["number"])
            found = _proof_of(item)
            if found is not None:
                name = archive.name_of(timezone.localtime(), "json")
                headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
                return HttpResponse(found.as_json(), content_type="application/json", headers=headers)
            form.add_error("number", (texts.PROOF_NONE if item is None else texts.PROOF_TOMORROW).say())
    blank = CopyForm.new(words=_draw_words(), **_manner(request, current))
    return _show(request, current, blank, proof_form=form, status=422)


type Item = Message | JournalFact | Capture | AccessRecord


def _proof_of(item: Item | None) -> Proof | None:
    return proof_of_line(item) if isinstance(item, AccessRecord) else proof_of(item) if item is not None else None


def _item_of(current: Conversation, kind: str, number: int) -> Item | None:
    """Return what has this number in this exchange.

    A capture must be one that its person handed in. A copy is its line in the register.
    """
    item: Message | JournalFact | Capture | None
    if kind == ProofForm.COPY:
        return actions.line_of_copy(current, number)
    if kind == ProofForm.MESSAGE:
        item = current.messages.filter(seq=number).first()
    elif kind == ProofForm.FACT:
        item = JournalFact.objects.filter(conversation=current, number=number).first()
    else:
        item = capture_queries.handed_in(current).filter(number=number, locked_at__isnull=True).first()
    if item is not None:
        item.conversation = current
    return item


@require_GET
def checker(request: HttpRequest) -> HttpResponse:
    """Send `verifier.html`, to be saved.

    It is the same for everybody, so that whoever is handed a copy need not trust the one in it.
    """
    page = pages.draw_checker(familiar=triage_session.voice(request).familiar)
    headers = {"Content-Disposition": 'attachment; filename="verifier.html"'}
    return HttpResponse(page, content_type="text/html; charset=utf-8", headers=headers)


@require_GET
def published_schema(request: HttpRequest) -> HttpResponse:
    """Send the JSON Schema of `copie.json`, for programs that read it."""
    return HttpResponse(schema.content(), content_type="application/schema+json")


@require_GET
def exchange_schema(request: HttpRequest) -> HttpResponse:
    """Send the JSON Schema of `echange.json`, of an agent's archive. It is public, because anybody may be handed an
    archive.
    """
    return HttpResponse(schema.content(schema.EXCHANGE), content_type="application/schema+json")


# --- the receipt ------------------------------------------------------------------------------------------------------


@posts_only(back="chat:copy")
@when_away
def receipt(request: HttpRequest) -> HttpResponse:
    """Make a number and show it, this once. One row; RECEIPTS in RECEIPTS_SECONDS for an exchange."""
    current = access.as_reporter(request.session)
    if current is None:
        return _elsewhere(request)
    if rate_limits.is_over(f"receipts:{current.public_id}", limit=RECEIPTS, seconds=RECEIPTS_SECONDS):
        messages.error(request, texts.RECEIPT_MANY.say(familiar=_voice(request, current)))
        return redirect("chat:copy")
    number, filed_on = receipts.issue_receipt(current)
    response = render(request, "chat/receipt.html", receipt_page(manner_of(request, current), number, filed_on))
    response["Cache-Control"] = "no-store"
    return response


def receipt_page(manner: dict[str, Any], number: str, filed_on: date) -> dict[str, Any]:
    """Return what the page of a receipt that was just made shows."""
    day = dates.format_date(filed_on, "j F Y")
    return {**manner, "number": number, "day": day, "years": receipts.KEPT_YEARS, "is_later": False, **shown_once()}


@sensitive_post_parameters("number")
@posts_only(back="chat:copy")
@when_away
def receipt_paper(request: HttpRequest) -> HttpResponse:
    """Draw a receipt that was just made, as a PDF, by a child process; PAPERS in PAPERS_SECONDS for an exchange."""
    current = access.as_reporter(request.session)
    if current is None:
        return _elsewhere(request)
    number = receipt_number.read(request.POST.get("number", ""))
    filed_on = receipts.find_day(number) if number is not None else None
    is_often = rate_limits.is_over(f"slip:{current.public_id}", limit=PAPERS, seconds=PAPERS_SECONDS)
    if number is None or filed_on is None:
        return redirect("chat:copy")
    if is_often:
        return _receipt_later(request, current, number, filed_on, status=429)
    day = dates.format_date(filed_on, "j F Y")
    manner = manner_of(request, current)
    familiar, discreet = manner["familiar"], manner["discreet"]
    # In discreet mode the paper says no more than its page (docs/adr/0111). Who verifies the number reads what it is.
    told = texts.RECEIPT_DAY_DISCREET if discreet else texts.RECEIPT_DAY
    who = f"slip:{current.public_id}"
    document = Document(
        title=texts.RECEIPT_NUMBER.say(),
        letterhead=() if discreet else letterhead.lines(),
        about=[receipt_number.write(number), told.say(day=day)],
        sections=[
            Section(
                "",  # the title of the document says what it is
                lines=[
                    texts.RECEIPT_WHO.say(familiar=familiar),
                    texts.RECEIPT_KEPT.say(years=receipts.KEPT_YEARS),
                    *([] if discreet else [texts.RECEIPT_HOW.say()]),
                ],
            )
        ],
        language=languages.current(),
    )
    try:
        paper = background_jobs.ask(
            f"receipt:{current.public_id}:{number}:{familiar}:{discreet}:{document.language}",
            lambda: lambda: transcript_pdf.draw(document, SLIP, who=who, is_patient=True),
            who=who,
        )
    except (background_jobs.NotYet, pool.NotDone):
        return _receipt_later(request, current, number, filed_on, status=503)
    name = archive.name_of(timezone.localtime(), "pdf")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(paper, content_type="application/pdf", headers=headers)


def _receipt_later(
    request: HttpRequest, current: Conversation, number: str, filed_on: date, *, status: int
) -> HttpResponse:
    """Show the number again, because it is shown nowhere else, and say that its PDF may be asked for later."""
    context = receipt_page(manner_of(request, current), receipt_number.write(number), filed_on) | {"is_later": True}
    response = render(request, "chat/receipt.html", context, status=status)
    response["Cache-Control"] = "no-store"
    response["Retry-After"] = str(PAPERS_SECONDS if status == 429 else 10)
    return response
