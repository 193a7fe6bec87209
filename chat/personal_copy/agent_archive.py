"""This module makes the archive of an exchange for its agent, with the modules of « Ma copie » (docs/adr/0085, 0100).

It has the agent's document as PDF (all its parts), the same as JSON with its schema, and « verifier.html ». It contains
only what the document contains: the shown facts of the journal, and the digests of captures, because only the unit
opens originals. Of the proofs of date it has those of the messages, facts and captures that it contains.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from chat.captures import queries as capture_queries
from chat.captures.queries import Seen
from chat.documents import transcript_pdf
from chat.documents.stored_parts import StoredPart
from chat.journal import queries as journal_queries
from chat.journal.facts import Fact
from chat.models import Conversation
from chat.personal_copy import archive, long_json, pages, parts, schema
from chat.personal_copy.archive import Made
from chat.proof_of_date.proofs import proofs_of
from chat.rules.lifecycle import Author
from common.choices import label_of
from common.offload.background_jobs import LongWork
from common.offload.long_results import LongResult
from common.sealed_files.spool import Spool


def prepare(
    conversation: Conversation,
    documents: Sequence[StoredPart],
    *,
    who: str,
    now: datetime,
    motive: str,
    schema_url: str = "",
) -> LongWork:
    """Read the archive now, and return the work that prepares it, for `background_jobs.ask` and `give_archive`.

    documents: the parts of the exchange's document, in order; each is rendered in a child process, one after another.
    who: who asks, and may have one rendered at a time. schema_url: the address of the JSON's schema on this site.

    Costs what the document costs, one reading of the thread, and one of its proofs. A piece of the thread, the facts,
    or one document is in memory at a time (docs/adr/0149). Raises pool.Failed when the disk is full; the work raises
    pool.NotDone.
    """
    spool = Spool()
    captures = [
        one
        for one in capture_queries.seen_captures(conversation)
        if one.sha256 and one.locked_at is None and one.received_at is not None
    ]
    value = _value(conversation, documents, captures, now=now, motive=motive)
    value = ({"$schema": schema_url} if schema_url else {}) | value
    held = [*journal_queries.read_ids(conversation), *(one.public_id for one in captures)]
    files = [
        archive.keep_file(spool, "echange.json", long_json.dump(value)),
        archive.keep_file(spool, "echange.schema.json", (schema.content(schema.EXCHANGE),)),
        archive.keep_file(spool, "verifier.html", (pages.draw_checker(familiar=False),)),
        *parts.keep_proofs(spool, proofs_of(conversation, only=held)),
    ]

    def work() -> LongResult:
        made = []
        for number, one in enumerate(documents, 1):
            drawn = transcript_pdf.draw(one.document(), who=who, is_patient=True)
            name = "echange.pdf" if len(documents) == 1 else f"echange-{number}.pdf"
            made.append(archive.keep_file(spool, name, (drawn,)))
        return archive.join([*made, *files], now.isoformat())

    return work


def give_archive(prepared: LongResult, *, name: str) -> Made:
    """Return the zip that the work of `prepare` has prepared; `archive.BYTES_AT_MOST`. Raises archive.TooLarge."""
    files, at = archive.split(prepared)
    length, packed = archive.stream(files, timezone.localtime(datetime.fromisoformat(at)))
    return Made(name, length, packed, archive.digest_of_list(files))


def _value(
    conversation: Conversation,
    documents: Sequence[StoredPart],
    captures: Sequence[Seen],
    *,
    now: datetime,
    motive: str,
) -> dict[str, Any]:
    """Return the content of the PDF as values: the sections of all its parts, and the thread to the letter.

    Long lists are iterators, for `long_json.dump`.
    """
    asked = parts.Asked(conversation, now, deleted_from=now, days=0)
    return {
        "format": schema.EXCHANGE_FORMAT,
        "version": schema.EXCHANGE_VERSION,
        "made_at": parts.iso_moment(now),
        "mark": documents[0].whole.mark,
        "motive": motive,
        "exchange": parts.exchange(asked).value,
        "messages": _messages(asked),
        "facts": map(parts.fact_for_reader, _facts(conversation)),
        "captures": [parts.capture_for_reader(one) for one in captures],
        "hands": parts.hands(asked).value,
        "sections": _sections(documents),
    }


def _messages(asked: parts.Asked) -> Iterator[dict[str, Any]]:
    # The copy says « vous » of its person.
    person = label_of(Author, Author.REPORTER)
    for one in parts.messages(asked).value:
        yield {**one, "name": person if one["author"] == Author.REPORTER else one["name"]}


def _facts(conversation: Conversation) -> Iterator[Fact]:
    yield from journal_queries.read_facts(conversation)


def _sections(documents: Sequence[StoredPart]) -> Iterator[dict[str, Any]]:
    for document in documents:
        for one in document.document().sections:
            yield {"title": one.title, "lines": list(one.lines), "pairs": [list(pair) for pair in one.pairs]}
