"""This module makes the archive of an exchange for its agent, with the modules of « Ma copie » (docs/adr/0085, 0100).

It has the agent's document as PDF (all its parts), the same as JSON with its schema, and « verifier.html ». It contains
only what the document contains: the shown facts of the journal, and the digests of captures, because only the unit
opens originals. Of the proofs of date it has those of the messages, facts and captures that it contains.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone

from chat.captures import queries as capture_queries
from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import Document
from chat.journal import queries as journal_queries
from chat.models import Conversation
from chat.personal_copy import archive, pages, parts, schema
from chat.personal_copy.archive import File, Packed
from chat.proof_of_date.proofs import proofs_of
from chat.rules.lifecycle import Author
from common.choices import label_of


def prepare(
    conversation: Conversation,
    documents: Sequence[Document],
    *,
    who: str,
    now: datetime,
    motive: str,
    schema_url: str = "",
) -> Callable[[], bytes]:
    """Read the archive now, and return the work that prepares it, for `background_jobs.ask` and `give_archive`.

    documents: the parts of the exchange's document, in order; each is rendered in a child process, one after another.
    who: who asks, and may have one rendered at a time. schema_url: the address of the JSON's schema on this site.

    Costs what the document costs, one reading of the thread, and one of its proofs. The work raises pool.NotDone.
    """
    is_one = len(documents) == 1
    files: list[File] = []
    value = _value(conversation, documents, now=now, motive=motive)
    value = ({"$schema": schema_url} if schema_url else {}) | value
    files.append(File("echange.json", orjson.dumps(value, option=orjson.OPT_INDENT_2)))
    files.append(File("echange.schema.json", schema.content(schema.EXCHANGE)))
    files.append(File("verifier.html", pages.draw_checker(familiar=False)))
    held = [UUID(one["id"]) for one in (*value["facts"], *value["captures"])]
    if (proofs := parts.proofs_content(proofs_of(conversation, only=held))) is not None:
        files.append(File("preuves.json", proofs))

    def work() -> bytes:
        names = ["echange.pdf" if is_one else f"echange-{number}.pdf" for number in range(1, len(documents) + 1)]
        made = [
            File(name, transcript_pdf.draw(one, who=who, is_patient=True))
            for name, one in zip(names, documents, strict=True)
        ]
        made += files
        return archive.join(made, now.isoformat())

    return work


def give_archive(prepared: bytes) -> Packed:
    """Return the zip that the work of `prepare` has prepared; `archive.BYTES_AT_MOST`. Raises archive.TooLarge."""
    files, at = archive.split(prepared)
    packed = archive.pack(files, timezone.localtime(datetime.fromisoformat(at)))
    return Packed(packed, archive.digest_of_list(files))


def _value(conversation: Conversation, documents: Sequence[Document], *, now: datetime, motive: str) -> dict[str, Any]:
    """Return the content of the PDF as values: the sections of all its parts, and the thread to the letter."""
    asked = parts.Asked(conversation, now, deleted_from=now, days=0)
    # The copy says « vous » of its person.
    person = label_of(Author, Author.REPORTER)
    thread = [
        {**one, "name": person if one["author"] == Author.REPORTER else one["name"]}
        for one in parts.messages(asked).value
    ]
    return {
        "format": schema.EXCHANGE_FORMAT,
        "version": schema.EXCHANGE_VERSION,
        "made_at": parts.iso_moment(now),
        "mark": documents[0].mark,
        "motive": motive,
        "exchange": parts.exchange(asked).value,
        "messages": thread,
        "facts": [parts.fact_for_reader(one) for one in journal_queries.read_facts(conversation)],
        "captures": [
            parts.capture_for_reader(one)
            for one in capture_queries.seen_captures(conversation)
            if one.sha256 and one.locked_at is None and one.received_at is not None
        ],
        "hands": parts.hands(asked).value,
        "sections": [
            {"title": one.title, "lines": list(one.lines), "pairs": [list(pair) for pair in one.pairs]}
            for one in chain.from_iterable(document.sections for document in documents)
        ],
    }
