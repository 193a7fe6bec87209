"""This is the page « Noter un fait »: the journal that a person keeps for themselves, and may show.

It works without JavaScript. See `chat.journal` and docs/adr/0079.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import access
from chat.captures import joined, receiving
from chat.journal import actions, queries
from chat.journal.facts import Fact
from chat.journal.forms import WORDS, FactForm
from chat.journal.words import named_by_date
from chat.models import Conversation
from chat.rules.lifecycle import Status
from chat.texts import captures as capture_texts
from chat.texts import journal as texts
from chat.visitor import fact_draft
from chat.visitor.base import manner_of, say_counts, when_away, without_visit
from chat.visitor.conversation import present_reporter
from common import plain_text, rate_limits
from common.service_settings import definitions, values
from common.texts import languages
from common.texts.catalogue import Sentence

ACTS, ACTS_SECONDS = 60, 60  # how many acts a conversation may do in its journal in this time
# The session's key for what a code of « Suites » noted, and how much; forgotten with the visit.
NOTED, NOTED_MOST = "reports.facts_noted", 100
NEW = "nouveau"  # stands in an address in place of a fact's number
DIGITS_MOST = 6  # the most digits of a fact's number in an address


type Seen = Collection[UUID] | None  # the facts that `whose` allows; None means all


@sensitive_post_parameters(*WORDS)
@require_http_methods(["GET", "HEAD", "POST"])
@when_away
def facts(request: HttpRequest) -> HttpResponse:
    """Show what was noted, the last first, and a form. A POST notes, corrects, erases, shows or takes back facts.

    `avant` shows what was noted before that fact, `note` or `fait` (`asked_fact`) the form to correct one, or with NEW
    that of a new one even if a correction was begun. A page decrypts at most `queries.PIECE` facts. A conversation may
    do ACTS in ACTS_SECONDS, and have `definitions.FACTS_MOST` facts.
    """
    current, seen = whose(request)
    if current is None:
        return without_visit(request)
    if request.method == "POST":
        return _act(request, current, seen)
    form, edited, tab = _begun(request, current, seen)
    return _show(request, current, seen, form, edited=edited, tab=tab)


def whose(request: HttpRequest) -> tuple[Conversation | None, Collection[UUID] | None]:
    """Return the conversation of this visit, and which facts it may see.

    The exchange's own visit sees all (None). A visit with a code of « Suites », after the end, sees those that it noted
    itself, because that code opens nothing that was said.
    """
    own = present_reporter(request)
    if own is not None:
        return own, None
    followed = access.as_follower(request.session)
    if followed is None:
        return None, None
    kept = request.session.get(NOTED, {"of": "", "keys": []})
    return followed, [UUID(key) for key in kept["keys"]] if kept["of"] == str(followed.public_id) else []


def remember_noted(request: HttpRequest, current: Conversation, seen: Seen, public_id: UUID) -> None:
    """Remember that this code noted a fact. seen: as `whose` returns it; for None nothing is remembered."""
    if seen is None:
        return
    keys = [*(str(key) for key in seen if key != public_id), str(public_id)]
    request.session[NOTED] = {"of": str(current.public_id), "keys": keys[-NOTED_MOST:]}


def _voice(request: HttpRequest, current: Conversation) -> bool:
    return bool(manner_of(request, current)["familiar"])


def _key(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def asked_fact(request: HttpRequest) -> str:
    """Return what the address of a page says of the fact that it is for, which is its id or NEW; "" if nothing.

    Pages of discreet mode lead to `note`, because `fait` would be in the history. Other pages lead to `fait`, which a
    process of the version before reads too, beside which they may be answered while a version is rolled out.
    """
    return request.GET.get("note", "") or request.GET.get("fait", "")


def _begun(request: HttpRequest, current: Conversation, seen: Seen) -> tuple[FactForm, Fact | None, str]:
    """Return the form with what was being typed, the fact that it corrects (None for a new one), and the tab's name."""
    named = asked_fact(request)
    asked = _key(named)
    tab, typed = fact_draft.read(request, current, "" if asked is None else str(asked), is_new=named == NEW)
    wanted = asked or _key(typed.get("fact_id", ""))
    fact = queries.own_fact(current, wanted, seen) if wanted is not None else None
    familiar = _voice(request, current)
    is_open = fact is not None and fact.told is not None and fact.read_at is None
    if fact is not None and is_open:
        as_noted = FactForm.of(fact, familiar=familiar)
        if asked or (typed.get("edits") and not as_noted.is_unchanged(typed)):
            return FactForm.of(fact, familiar=familiar, typed=typed), fact, tab
    if typed.get("edits") and not is_open:  # the fact is gone, or was read meanwhile, so these words become a new fact
        typed = {name: text for name, text in typed.items() if name not in {"fact_id", "edits"}}
    elif fact is not None:  # nothing was changed in it, or it was noted and the page's last save came afterwards
        tab, typed = fact_draft.FactDraft()
    return FactForm.new(familiar=familiar, typed=typed), None, tab


def _act(request: HttpRequest, current: Conversation, seen: Seen) -> HttpResponse:
    if fact_draft.is_sent(request):
        fact_draft.keep(request, current)
    if rate_limits.is_over(f"journal:{current.public_id}", limit=ACTS, seconds=ACTS_SECONDS):
        return _back(request, current, texts.TOO_MANY, is_problem=True)
    act = request.POST.get("act", "")
    if act in {"show", "show_all", "take_back"}:
        return _show_or_take_back(request, current, seen, act)
    if act == "erase":
        return _erase(request, current, seen)
    return _write(request, current, seen)


def _write(request: HttpRequest, current: Conversation, seen: Seen) -> HttpResponse:
    """Note or correct the fact of the form; errors are shown beside their fields."""
    data = request.POST.copy()
    if "what" not in data and "body" in data:  # from a process of the version before, whose database was away
        data["what"] = request.POST["body"]
    familiar = _voice(request, current)
    form = FactForm(data, familiar=familiar)
    edited = None
    if data.get("edits") and (key := _key(data.get("fact_id", ""))) is not None:
        edited = queries.own_fact(current, key, seen)
    if not form.is_valid():
        return _show(request, current, seen, form, edited=edited, tab=fact_draft.tab_of(request))
    public_id = form.cleaned_data["fact_id"] or FactForm.new(familiar=familiar).initial["fact_id"]
    try:
        if data.get("edits"):
            if edited is None:
                raise actions.FactGone
            actions.change_fact(conversation_id=current.pk, public_id=public_id, told=form.told)
        else:
            fact = actions.note_fact(conversation_id=current.pk, public_id=public_id, told=form.told)
            remember_noted(request, current, seen, fact.public_id)
    except actions.FactGone:
        return _problem(request, current, seen, texts.GONE)
    except actions.FactRead:
        return _problem(request, current, seen, texts.READ_ALREADY)
    except actions.JournalFull:
        return _problem(request, current, seen, texts.FULL, most=values.get(definitions.FACTS_MOST))
    fact_draft.forget(request, current)
    return _back(request, current, texts.CHANGED if data.get("edits") else texts.NOTED)


def _erase(request: HttpRequest, current: Conversation, seen: Seen) -> HttpResponse:
    key = _key(request.POST.get("fact_id", ""))
    moved = joined.Moved(0)
    try:
        if key is not None and (seen is None or key in seen):
            moved = joined.erase_fact(conversation=current, public_id=key)
    except actions.FactRead:
        return _back(request, current, texts.READ_ALREADY, is_problem=True)
    fact_draft.forget(request, current)
    # The drafts of other tabs too, so that erased words do not come back as a new fact.
    fact_draft.forget_of(request, current, str(key))
    return _tell(request, current, texts.ERASED.say(familiar=_voice(request, current)), moved, texts.PRIVATE_JOINED)


def _show_or_take_back(request: HttpRequest, current: Conversation, seen: Seen, act: str) -> HttpResponse:
    """Show or take back the ticked facts, at most those of a page, or all that this visit may see."""
    ticked = [key for key in map(_key, request.POST.getlist("fact")[: queries.PIECE]) if key is not None]
    if not ticked and act != "show_all":
        return _back(request, current, texts.NOTHING_TICKED, is_problem=True)
    only = [key for key in ticked if seen is None or key in seen]
    if act == "show_all":
        only = queries.private_facts(current, seen)
    familiar = _voice(request, current)
    if act != "take_back":
        shown = joined.show_facts(conversation=current, only=only)
        said = say_counts((texts.SHOWN, shown.facts), familiar=familiar)
        return _tell(request, current, said, shown, texts.SHOWN_JOINED)
    back = joined.take_back_facts(conversation=current, only=only)
    read = queries.count_read_of(current, only)
    said = say_counts((texts.TAKEN_BACK, back.facts), (texts.READ_KEPT, read), familiar=familiar)
    return _tell(request, current, said, back, texts.PRIVATE_JOINED, is_problem=read > 0)


def _tell(
    request: HttpRequest,
    current: Conversation,
    said: str,
    moved: joined.Moved,
    of_captures: Sentence,
    *,
    is_problem: bool = False,
) -> HttpResponse:
    """Return to the page, which says this of the facts, and what became of their captures (of_captures)."""
    familiar = _voice(request, current)
    more = say_counts((of_captures, moved.captures), (texts.SEEN_JOINED, moved.seen), familiar=familiar)
    whole = " ".join(filter(None, (said, more)))
    if not whole:
        return _back(request, current, texts.NOTHING_TICKED, is_problem=True)
    (messages.error if is_problem or moved.seen else messages.success)(request, whole)
    return redirect(reverse("chat:facts"))


def _back(
    request: HttpRequest, current: Conversation, sentence: Sentence, *, is_problem: bool = False, **given: object
) -> HttpResponse:
    said = sentence.say(familiar=_voice(request, current), **given)
    (messages.error if is_problem else messages.success)(request, said)
    return redirect(reverse("chat:facts"))


def _problem(
    request: HttpRequest, current: Conversation, seen: Seen, sentence: Sentence, **given: object
) -> HttpResponse:
    """Return the page with what was typed in the form for a new fact, and why it was not stored."""
    familiar = _voice(request, current)
    messages.error(request, sentence.say(familiar=familiar, **given))
    typed = {name: request.POST.get(name, "") for name in fact_draft.TYPED}
    form, tab = FactForm.new(familiar=familiar, typed=typed), fact_draft.tab_of(request)
    return _show(request, current, seen, form, tab=tab, status=409)


def _show(
    request: HttpRequest,
    current: Conversation,
    seen: Seen,
    form: FactForm,
    *,
    tab: str,
    edited: Fact | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page. tab: the name of the tab in which what stands in the form was typed."""
    asked = request.GET.get("avant", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= DIGITS_MOST else 0
    rows, earlier = queries.own_piece(current, before=before, only=seen)
    context = facts_page(
        current,
        manner_of(request, current),
        rows=rows,
        counts=queries.count_facts(current, only=seen),
        form=form,
        tab=tab,
        edited=edited,
        earlier=earlier,
        is_earlier=bool(before),
        is_by_code=seen is not None,
        may_join=receiving.are_taken(),
    )
    return render(request, "chat/facts.html", context, status=status)


def facts_page(
    conversation: Conversation,
    manner: dict[str, Any],
    *,
    rows: Sequence[Fact],
    counts: queries.Counts,
    form: FactForm,
    tab: str = "",
    edited: Fact | None = None,
    earlier: int = 0,
    is_earlier: bool = False,
    is_by_code: bool = False,
    may_join: bool,
) -> dict[str, Any]:
    """Return what the journal's page shows. edited: the fact that the form corrects. earlier: the number before which
    there is more; 0 when there is none. is_earlier: whether this is such a piece. may_join: captures are taken."""
    return {
        **manner,
        "rows": _rows(rows),
        "counts": counts,
        "earlier": earlier,
        "is_earlier": is_earlier,
        "form": form,
        "tab": tab,
        "edited": edited,
        "limits": WORDS,
        "is_open": conversation.status != Status.CLOSED and not is_by_code,
        "is_by_code": is_by_code,
        "status": conversation.status,
        "read_seq": conversation.reporter_read_seq,
        "last_seq": conversation.last_seq,
        "carries": True,
        "may_join": may_join,
        "is_error": bool(form.errors),
    }


def _rows(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Return the facts as the page shows them, with hidden characters made visible.

    may_join: whether a capture is offered.
    """
    shown = []
    never_joined = withheld(facts)
    for fact in facts:
        told = fact.told
        words = {} if told is None else {name: plain_text.plain(getattr(told, name)) for name in WORDS}
        where = " · ".join(filter(None, (words.get("platform"), words.get("account"))))
        when = named_by_date(fact)
        shown.append(
            {
                "fact": fact,
                "words": words,
                "where": where,
                "when": when,
                "is_readable": told is not None,
                "may_join": fact.public_id not in never_joined,
            }
        )
    return shown


def withheld(facts: Iterable[Fact]) -> set[UUID]:
    """Return those of these facts that stand in the place of an image that may not be sent: no capture goes with them.

    A fact that was noted before there was a column for this is known by its words.
    """
    words = _noted_in_its_place()
    return {
        fact.public_id
        for fact in facts
        if fact.is_withheld or (fact.told is not None and plain_text.plain(fact.told.what) in words)
    }


def _noted_in_its_place() -> set[str]:
    """Return the words of such a fact (`captures.FACT_WHAT`), as they are now and as they were at first, in each
    language."""
    found, sentence = set(), capture_texts.FACT_WHAT
    for code in languages.codes():
        with translation.override(code):
            for familiar in (False, True):
                found |= {sentence.say(familiar=familiar), sentence.origin(familiar=familiar, language=code)}
    return found
