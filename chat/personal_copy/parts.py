"""This module reads the parts of a person's copy: for each a value for `copie.json`, and its text for the PDF.

Each part is one entry of PARTS, with its key in `copie.schema.json` and its files. Only what belongs to the person is
here; agents' notes, their fact sheet and the sealed identity are not (docs/adr/0085).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.utils import timezone

from chat.access import erasure_of
from chat.captures import handouts
from chat.captures import queries as capture_queries
from chat.captures.queries import Seen
from chat.casework import closing, person_summary, proposals
from chat.documents.transcript_pdf import Section
from chat.journal import queries as journal_queries
from chat.journal.facts import Fact
from chat.journal.words import said_when
from chat.messages import transcript
from chat.models import (
    Agent,
    Capture,
    CaptureState,
    Conversation,
    EventKind,
    JournalFact,
    Message,
    RemovalRequest,
    ScanResult,
)
from chat.personal_copy import archive, long_json
from chat.personal_copy.archive import KeptFile, LongFile
from chat.proof_of_date.proofs import proofs_of
from chat.referral import queries as referral_queries
from chat.rules.lifecycle import Author
from chat.texts import personal_copy as texts
from chat.texts import script as script_texts
from common import dates, plain_text
from common.encryption import UnsealError
from common.sealed_files.spool import Spool
from common.texts.catalogue import Sentence
from reports.audit import for_the_person
from reports.forms import TouchedReport
from reports.rules.date_proofs import Proof
from triage import rules as triage_rules
from triage import versions


@dataclass(frozen=True, slots=True)
class Asked:
    """It says whose copy it is, when it is made, and how the person is spoken to.

    conversation: just obtained by `chat.access`. deleted_from, days: as the person is told
    (`chat.retention.schedule.ending_as_told`). with_captures: whether the files of captures are included; what is known
    of each is included in any case. number: which copy of this exchange it is, from 1.
    """

    conversation: Conversation
    now: datetime
    deleted_from: datetime
    days: int
    familiar: bool = False
    discreet: bool = False
    with_captures: bool = True
    number: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """It is a part that was read, or that is read as it is written.

    value: for the JSON, an iterator where it is a long list; None to leave the key out. entries: head and body of each
    entry, in a PDF of their own or in that of the thread; an iterator too. files: those of this part, besides the PDFs.
    proofs: proofs of date, for a file of their own.
    """

    value: Any = field(repr=False)
    sections: Sequence[Section] = field(default=(), repr=False)
    entries: Iterable[tuple[str, str]] = field(default=(), repr=False)
    files: Sequence[LongFile] = field(default=(), repr=False)
    proofs: Iterator[Proof] = field(default=iter(()), repr=False)


def iso_moment(moment: datetime | None) -> str | None:
    """Return a time for the JSON, in local time: « 2026-11-28T07:05:09.123456+01:00 »."""
    return None if moment is None else timezone.localtime(moment).isoformat()


def moment_in_words(moment: datetime) -> str:
    """Return a time for the PDF: « 28 novembre 2026, 07:05:09 »."""
    local = timezone.localtime(moment)
    return f"{dates.format_date(local, 'j F Y')}, {local:%H:%M:%S}"


def exchange(asked: Asked) -> Found:
    """Read which exchange it is, since when, and how it ended."""
    one = asked.conversation
    value = {
        "id": str(one.public_id),
        "status": one.status,
        "opened_at": iso_moment(one.opened_at),
        "closed_at": iso_moment(one.closed_at),
        "closed_by": one.closed_by,
    }
    return Found(value)


def _report(asked: Asked) -> Found:
    report, one = asked.conversation.report, asked.conversation
    answers = person_summary.open_answers(one) or {}
    under = versions.find_or_current(report.triage_version)
    pairs = list(triage_rules.describe_answers(answers, under=under, familiar=asked.familiar))
    # What was ticked while waiting, and who writes as the form of the report has it, are answers of the person too, and
    # whole in discreet mode, as those above them are.
    pairs += TouchedReport(report, asked.familiar).in_words()
    value = {
        "filed_at": iso_moment(report.filed_at),
        "answers": [{"question": question, "answer": answer} for question, answer in pairs],
    }
    head = [
        (texts.ID.say(), str(one.public_id)),
        (texts.FILED_AT.say(), moment_in_words(report.filed_at)),
        (texts.OPENED_AT.say(), moment_in_words(one.opened_at)),
    ]
    if one.closed_at is not None:
        head.append((texts.CLOSED_AT.say(), moment_in_words(one.closed_at)))
    return Found(value, [Section(texts.REPORT.say(), pairs=[*head, *pairs])])


def messages(asked: Asked) -> Found:
    """Read the whole thread: to the letter for the JSON, as it is shown for the PDF.

    `chat.rules.message_limits` bounds its length. It is read once for each of the two, in pieces.
    """
    return Found(_values_of_messages(asked), entries=_entries_of_messages(asked))


def _values_of_messages(asked: Asked) -> Iterator[dict[str, Any]]:
    for message, name, text in _thread(asked):
        is_own = message.author == Author.REPORTER
        yield {
            "number": message.seq,
            "author": message.author,
            "name": name,
            "sent_at": iso_moment(message.sent_at),
            "text": text,
            "was_read": message.seq <= asked.conversation.agent_read_seq if is_own else None,
        }


def _entries_of_messages(asked: Asked) -> Iterator[tuple[str, str]]:
    for message, name, text in _thread(asked):
        shown = texts.NO_WORD.say() if text is None else plain_text.plain(text)
        yield f"{message.seq}. {name}, {moment_in_words(message.sent_at)}", shown


def _thread(asked: Asked) -> Iterator[tuple[Message, str, str | None]]:
    """Yield each message, the name of who wrote it, and its text; None for a text that does not open."""
    said = script_texts.words(familiar=asked.familiar, discreet=asked.discreet)
    names = {Author.REPORTER.value: said["you"], Author.SYSTEM.value: said["system"]}
    for message in transcript.whole_thread(asked.conversation):
        name = names.get(message.author) or transcript.agent_name(
            said, message.agent.interlocutor if message.agent else None, discreet=asked.discreet
        )
        try:
            yield message, name, message.body
        except UnsealError:  # the other messages are included all the same
            yield message, name, None


def _facts(asked: Asked) -> Found:
    """Read all facts of the journal, private ones too, because it is the person's own copy."""
    return Found(_values_of_facts(asked), entries=_entries_of_facts(asked))


def _values_of_facts(asked: Asked) -> Iterator[dict[str, Any]]:
    for one in journal_queries.own_facts(asked.conversation):
        yield {
            "id": str(one.public_id),
            "number": one.number,
            "noted_at": iso_moment(one.noted_at),
            "changed_at": iso_moment(one.changed_at),
            "shown_at": iso_moment(one.shown_at),
            "read_at": iso_moment(one.read_at),
            "when": said_when(one.moment),
            "told": one.told.as_words() if one.told is not None else None,
        }


def _entries_of_facts(asked: Asked) -> Iterator[tuple[str, str]]:
    for one in journal_queries.own_facts(asked.conversation):
        yield _head_of(one), _body_of(one)


def _head_of(fact: Fact) -> str:
    said = [texts.NOTED.say(day=moment_in_words(fact.noted_at))]
    if fact.changed_at is not None:
        said.append(texts.CORRECTED.say(day=moment_in_words(fact.changed_at)))
    said.append(texts.PRIVATE.say() if fact.shown_at is None else texts.SHOWN.say(day=moment_in_words(fact.shown_at)))
    # The number is what « La preuve d'un seul élément » asks for.
    return f"{fact.number}. {said_when(fact.moment)} ({', '.join(said)})"


def _body_of(fact: Fact) -> str:
    told = fact.told
    if told is None:
        return texts.NO_WORD.say()
    beside = (
        (texts.WHERE, told.platform),
        (texts.ACCOUNT, told.account),
        (texts.LINK, told.link),
        (texts.SEEN_BY, told.seen_by),
    )
    lines = [told.what, *(sentence.say(what=text) for sentence, text in beside if text)]
    return "\n".join(map(plain_text.plain, lines))


def fact_for_reader(one: Fact) -> dict[str, Any]:
    """Return a shown fact for an agent's or a unit's archive, with what its proof of date is compared with."""
    return {
        "id": str(one.public_id),
        "number": one.number,
        "noted_at": iso_moment(one.noted_at),
        "changed_at": iso_moment(one.changed_at),
        "read_at": iso_moment(one.read_at),
        "when": said_when(one.moment),
        "told": one.told.as_words() if one.told is not None else None,
    }


def capture_for_reader(one: Seen) -> dict[str, Any]:
    """Return a capture that was seen, for an agent's or a unit's archive: its description, and never its file."""
    return {
        "id": str(one.public_id),
        "number": one.number,
        "kind": one.kind,
        "size": one.size,
        "sha256": one.sha256,
        "received_at": iso_moment(one.received_at),
    }


EXTENSIONS = {"jpeg": "jpg"}  # the extension where it is not the name of the kind
_KIND = re.compile(r"[a-z0-9]{1,8}")


def _captures(asked: Asked) -> Found:
    """Read the captures as they were received.

    The file is left out, and the PDF gives the reason, for a capture that is locked, in which a scanner found
    something, that no worker has read yet, or that cannot be decrypted. The JSON does not name one that is locked.
    """
    found = sorted(capture_queries.own_captures(asked.conversation), key=lambda one: one.number)
    whole = [one for one in found if not one.is_arriving]
    told = [one for one in whole if one.locked_at is None]
    originals = capture_queries.own_originals(asked.conversation) if asked.with_captures else {}
    place = "fichiers/fichier" if asked.discreet else "captures/capture"
    files = {}
    for one in told:
        kind = EXTENSIONS.get(one.kind, one.kind)
        pieces = originals.get(one.public_id)
        if _state_of(one) == "read" and pieces is not None and one.scan != ScanResult.FOUND:
            name = f"{place}-{one.number}.{kind if _KIND.fullmatch(kind) else 'bin'}"
            files[one.public_id] = LongFile(name, one.size, one.sha256, pieces)
    value = [
        {
            "id": str(one.public_id),
            "number": one.number,
            "state": _state_of(one),
            "file": files[one.public_id].name if one.public_id in files else None,
            "name": one.name,
            "kind": one.kind,
            "size": one.size,
            "sha256": one.sha256 or None,
            "received_at": iso_moment(one.received_at),
            "shown_at": iso_moment(one.shown_at),
            "read_at": iso_moment(one.read_at),
            "fact": one.fact_number,
        }
        for one in told
    ]
    pairs = [
        (
            texts.CAPTURE.say(number=one.number, day=moment_in_words(one.received_at or one.begun_at)),
            _said_of(one, is_left_out=asked.with_captures and one.public_id not in files),
        )
        for one in whole
    ]
    sections = [Section(texts.CAPTURES.say(), pairs=pairs)] if pairs else []
    return Found(value or None, sections, files=list(files.values()))


def _state_of(one: Seen) -> str:
    """Return « read » (its digest is known), « waiting » (no worker has read it) or « closed » (undecipherable)."""
    if one.is_readable and one.sha256:
        return "read"
    return "waiting" if one.is_readable and one.state == CaptureState.RECEIVED else "closed"


def _said_of(one: Seen, *, is_left_out: bool) -> str:
    """Return what the PDF says beside its number and its day. is_left_out: its file, from a copy with files."""
    if one.locked_at is not None:
        return texts.CAPTURE_ASIDE.say()
    state = _state_of(one)
    if state != "read":
        return (texts.CAPTURE_UNREAD if state == "waiting" else texts.CAPTURE_CLOSED).say()
    known = f"{one.kind_label}, {one.size}\u00a0o, SHA-256 {one.sha256}"
    if not is_left_out:
        return known
    why = texts.CAPTURE_FOUND if one.scan == ScanResult.FOUND else texts.CAPTURE_CLOSED
    return f"{known}\n{why.say()}"


def _handouts(asked: Asked) -> Found:
    """Read the files from agents: their titles, and their drawings, which the person saw (docs/adr/0100)."""
    found = handouts.of_agent(asked.conversation)
    drawn = handouts.drawn_pages(asked.conversation) if asked.with_captures and found else {}
    files: dict[UUID, list[LongFile]] = {
        one.public_id: [
            LongFile(f"documents/document-{one.number}-page-{page.number}.webp", page.size, page.sha256, page.pieces)
            for page in drawn.get(one.public_id, [])
        ]
        for one in found
    }
    value = [
        {
            "id": str(one.public_id),
            "number": one.number,
            "title": one.title,
            "kind": one.kind,
            "size": one.size,
            "sha256": one.sha256 or None,
            "sent_at": iso_moment(one.shown_at),
            "read_at": iso_moment(one.read_at),
            "pages": [file.name for file in files[one.public_id]],
        }
        for one in found
    ]
    pairs = []
    for one in found:
        lines = [one.title]
        if asked.with_captures and not files[one.public_id]:
            is_waiting = one.is_readable and one.state == CaptureState.RECEIVED
            lines.append((texts.DOCUMENT_UNREAD if is_waiting else texts.DOCUMENT_CLOSED).say())
        pairs.append((moment_in_words(one.shown_at or one.begun_at), "\n".join(lines)))
    sections = [Section(texts.HANDOUTS.say(), pairs=pairs)] if pairs else []
    return Found(value or None, sections, files=[file for pages in files.values() for file in pages])


EVENTS: dict[str, Sentence] = {
    EventKind.ASSIGNED: texts.TAKEN,
    EventKind.RELEASED: texts.BACK,
    EventKind.ASLEEP: texts.BACK,
    EventKind.HANDED_OVER: texts.PASSED,
    EventKind.TRANSFERRED: texts.PASSED,
    EventKind.REASSIGNED: texts.PASSED,
    EventKind.JOINED: texts.JOINED,
    EventKind.WATCH_LEFT: texts.LEFT,
    EventKind.CLOSED: texts.ENDED,
}
HANDS_MOST = 300  # how many events of the history are read; an exchange has some five


def hands(asked: Asked) -> Found:
    """Read which agents had the exchange, as the thread also told the person."""
    events = list(asked.conversation.events.filter(kind__in=EVENTS).order_by("pk")[:HANDS_MOST])
    said = script_texts.words(familiar=asked.familiar, discreet=asked.discreet)
    agents = Agent.objects.select_related("unit").filter(user__in={one.by_id for one in events if one.by_id})
    names: dict[int | None, str] = {agent.user_id: agent.interlocutor for agent in agents}
    value, pairs = [], []
    for one in events:
        who = transcript.agent_name(said, names.get(one.by_id), discreet=asked.discreet)
        text = EVENTS[one.kind].say(who=who)
        value.append({"at": iso_moment(one.at), "event": one.kind, "text": text})
        pairs.append((moment_in_words(one.at), text))
    return Found(value, [Section(texts.HANDS.say(), pairs=pairs)] if pairs else [])


def _readings(asked: Asked) -> Found:
    one = asked.conversation
    found = for_the_person.readings_of([one.public_id, one.report.public_id])
    value = [{"who": reading.who, "did": reading.did, "at": iso_moment(reading.at)} for reading in found]
    pairs = [(moment_in_words(reading.at), f"{reading.who} {reading.did}") for reading in found]
    lines = [] if pairs else [texts.READERS_BOTH.say(familiar=asked.familiar)]
    if len(pairs) >= for_the_person.AT_MOST:
        lines = [texts.READERS_LAST.say(count=len(pairs))]
    return Found(value, [Section(texts.READERS.say(), lines=lines, pairs=pairs)])


def _decisions(asked: Asked) -> Found:
    one = asked.conversation
    told = closing.words_of(one).get("told", "")
    proposed = list(reversed(proposals.proposals_of(one)))
    referrals = list(reversed(referral_queries.referrals_of(one)))
    removals = list(RemovalRequest.objects.filter(conversation=one).values_list("asked_on", flat=True))
    erasure = erasure_of(one)
    transmissions = [_referral(row) for row in referrals]
    value = {
        "told": told,
        "proposals": [
            {
                "made_at": iso_moment(row.proposal.made_at),
                "kind": row.asks,
                "text": row.text,
                "answer": row.answer,
            }
            for row in proposed
        ],
        "transmissions": transmissions,
        "removals": [day.isoformat() for day in removals],
        "erasure": None
        if erasure is None
        else {
            "asked_at": iso_moment(erasure.asked_at),
            "answered_at": iso_moment(erasure.answered_at),
            "is_granted": erasure.is_granted,
        },
    }
    pairs = [(row.text, row.answer or texts.NO_ANSWER.say()) for row in proposed]
    pairs += [(texts.REMOVAL.say(), dates.format_date(day, "j F Y")) for day in removals]
    if erasure is not None:
        pairs.append((texts.ERASURE.say(), moment_in_words(erasure.asked_at)))
    sections = [Section(texts.DECIDED.say(), lines=[told] if told else [], pairs=pairs)] if told or pairs else []
    for given in transmissions:
        steps = [
            (f"{step['label']}, {_said_moment(step['at'])}", _said_step(step["text"], step["place"]))
            for step in given["steps"]
        ]
        number = [(texts.NUMBER.say(), given["file_number"])] if given["file_number"] else []
        summary = [(texts.SENT_SUMMARY.say(), given["summary"])] if given["summary"] else []
        sections.append(Section(given["unit"] or texts.SENT_SUMMARY.say(), pairs=[*number, *summary, *steps]))
    return Found(value, sections)


def _said_step(text: str, place: str) -> str:
    return "\n".join(filter(None, [text, place])) or "–"


def _said_moment(text: str) -> str:
    return moment_in_words(datetime.fromisoformat(text))


def place_of_step(step: referral_queries.Step) -> str:
    """Return where an appointment is: the place that the unit wrote, or else its address. "" for any other step."""
    return step.words.get("place") or ", ".join(step.words.get("address") or ())


def _referral(row: referral_queries.ShownReferral) -> dict[str, Any]:
    its_words = ("moment", "other", "reason")  # the words of a step
    return {
        "unit": row.unit,
        "file_number": row.transmission.file_number or "",
        "summary": row.summary,
        "steps": [
            {
                "at": iso_moment(step.at),
                "state": step.state,
                "label": step.label,
                "text": next(filter(None, map(step.words.get, its_words)), ""),
                "place": place_of_step(step),
            }
            for step in row.steps
        ],
    }


def _keeping(asked: Asked) -> Found:
    day = timezone.localtime(asked.deleted_from).date()
    line = texts.KEPT_UNTIL.say(day=dates.format_date(day, "j F Y"))
    value = {"deleted_from": day.isoformat(), "days": asked.days}
    return Found(value, [Section(texts.KEEPING.say(), lines=[line])])


def _proofs(asked: Asked) -> Found:
    """Read the proofs of date (docs/adr/0084). What was written since the last midnight has none yet.

    They hold what they prove, so they are read when they are written (`keep_proofs`).
    """
    return Found(None, proofs=proofs_of(asked.conversation))


def keep_proofs(spool: Spool, found: Iterator[Proof]) -> list[KeptFile]:
    """Write these proofs into a spool as one file, with the time-stamps of each day only once; no file without proofs.

    One proof is in memory at a time, and the time-stamps of all days. Raises pool.Failed as `archive.keep_file` does.
    """
    first = next(found, None)
    if first is None:
        return []
    return [archive.keep_file(spool, "preuves.json", _proofs_content(chain((first,), found)))]


def _proofs_content(found: Iterable[Proof]) -> Iterator[bytes]:
    stamps: dict[str, Any] = {}

    def read() -> Iterator[dict[str, Any]]:
        for proof in found:
            value = json.loads(proof.as_json())
            stamps.update({one["sha256"]: one for one in value["stamps"]})
            value["stamps"] = [one["sha256"] for one in value["stamps"]]
            yield {"name": proof.name, "proof": value}

    # The time-stamps are known after the last proof, so they are written after them.
    return long_json.dump({"format": "pnav-proofs-1", "proofs": read(), "stamps": stamps})


type Part = Callable[[Asked], Found]

# The parts in the order of the PDF and of the JSON.
PARTS: Mapping[str, Part] = {
    "exchange": exchange,
    "report": _report,
    "messages": messages,
    "facts": _facts,
    "captures": _captures,
    "handouts": _handouts,
    "hands": hands,
    "readings": _readings,
    "decisions": _decisions,
    "keeping": _keeping,
    "proofs": _proofs,
}


def erasable_marks(conversation: Conversation, found: Mapping[str, Found]) -> list[str]:
    """Return what of these parts may be erased, corrected or set aside later, for `is_all_there`. One statement.

    found: each part, by its key in PARTS. Facts are read later than this. If one is corrected or erased in between, its
    mark here is that of before, so that the copy is not given.
    """
    facts = _fact_marks(conversation)
    files = [_file_mark(one["id"]) for key in ("captures", "handouts") for one in found[key].value or ()]
    return [*facts, *files, *(_removal_mark(day) for day in found["decisions"].value["removals"])]


def is_all_there(conversation: Conversation, marks: Iterable[str]) -> bool:
    """Return whether all of this is still kept, and as it was. What was added since changes nothing. Three statements.

    marks: as `erasable_marks` returned them. A capture that was set aside is not there.
    """
    files = Capture.objects.filter(conversation=conversation, locked_at__isnull=True)
    removals = RemovalRequest.objects.filter(conversation=conversation).values_list("asked_on", flat=True)
    kept = set(_fact_marks(conversation))
    kept |= {_file_mark(str(public_id)) for public_id in files.values_list("public_id", flat=True)}
    return kept.union(_removal_mark(day.isoformat()) for day in removals).issuperset(marks)


def _fact_marks(conversation: Conversation) -> list[str]:
    facts = JournalFact.objects.filter(conversation=conversation).values_list("public_id", "changed_at")
    return [f"fact {public_id} {iso_moment(changed_at)}" for public_id, changed_at in facts]


def _file_mark(public_id: str) -> str:
    return f"file {public_id}"


def _removal_mark(day: str) -> str:
    return f"removal {day}"
