"""Makes a person's copy: reads its parts, has the PDFs rendered in child processes, and writes the archive.

What takes long is prepared first (`prepare`), by `common.offload.background_jobs`. It is the whole copy but for the
files of captures, which are read piece by piece when it is given (`give_copy`). All of it is in a spool, so that no
copy is whole in memory (docs/adr/0149).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from chat.documents import stored_parts, transcript_pdf
from chat.documents.stored_parts import StoredPart
from chat.documents.transcript_pdf import Document
from chat.personal_copy import archive, lock, long_json, pages, schema
from chat.personal_copy.archive import AnyFile, File, LongFile, Made
from chat.personal_copy.parts import (
    PARTS,
    Asked,
    Found,
    erasable_marks,
    is_all_there,
    iso_moment,
    keep_proofs,
    moment_in_words,
)
from chat.texts import personal_copy as texts
from common.data_keys import keys
from common.offload import long_results
from common.offload.background_jobs import LongWork
from common.offload.long_results import LongResult
from common.sealed_files.spool import Spool
from common.texts import languages
from reports import letterhead


class Changed(Exception):
    """The copy has to be prepared again.

    Something in it was erased, corrected or set aside since, or another copy was given under its number.
    """


def prepare(asked: Asked, *, who: str, words: str = "", schema_url: str = "") -> LongWork:
    """Read the copy now, and return the work that prepares it, for `background_jobs.ask`. words: close it.

    who: may have one document rendered at a time. This reads one exchange (`chat.rules.message_limits`,
    `definitions.FACTS_MOST`). The work runs a child process for each PDF (five for the longest exchange, two for nearly
    all) and one for the key. A piece of the thread, the facts, or one PDF is in memory at a time.

    Raises StoreAway and KeysAway: nothing is left out because the store or the server of the keys was away. Raises
    pool.Failed when the disk is full; the work raises pool.NotDone.
    """
    keys.require(asked.conversation.data_key)
    found, spool = read(asked), Spool()
    held = erasable_marks(asked.conversation, found)
    files: list[AnyFile] = [archive.keep_file(spool, "copie.json", as_json(asked, found, schema_url))]
    documents = list(papers(asked, found, spool))
    files.append(File("copie.schema.json", schema.content()))
    files.append(File("verifier.html", pages.draw_checker(familiar=asked.familiar, discreet=asked.discreet)))
    files = [archive.keep_file(spool, one.name, one.pieces) if isinstance(one, File) else one for one in files]
    files += [one for part in found.values() for one in part.files]
    files += keep_proofs(spool, found["proofs"].proofs)

    def work() -> LongResult:
        drawn = [archive.keep_file(spool, name, (_draw(paper, who),)) for name, paper in documents]
        key = lock.make_key(words, who=who, is_patient=True) if words else None
        whole = [*drawn, *files]
        about = {
            "at": asked.now.isoformat(),
            "number": asked.number,
            "erasable": held,
            "key": [key.salt.hex(), key.key.hex()] if key is not None else None,
            "names": [one.name for one in whole],
            "long": {one.name: [one.size, one.sha256] for one in whole if isinstance(one, LongFile)},
        }
        return archive.join([one for one in whole if isinstance(one, archive.KeptFile)], about)

    return work


def _draw(paper: StoredPart, who: str) -> bytes:
    return transcript_pdf.draw(paper.document(), who=who, is_patient=True)


def give_copy(prepared: LongResult, asked: Asked) -> Made:
    """Return the copy that the work of `prepare` has prepared, encrypted if it was prepared with words.

    asked: as for `prepare`, but of now. Captures are read piece by piece as they are sent. An encrypted copy of up to
    PAGE_BYTES_AT_MOST is one page; a larger one is encrypted piece by piece beside the page that opens it, in a zip of
    the two. Raises Changed, StoreAway, KeysAway, archive.TooLarge.
    """
    short, about = archive.split(prepared)
    if about["number"] != asked.number or not is_all_there(asked.conversation, about["erasable"]):
        raise Changed
    at = timezone.localtime(datetime.fromisoformat(about["at"]))
    found: dict[str, AnyFile] = {one.name: one for one in short}
    if about["long"]:
        found |= _long_files(asked, about["long"])
    files = [found[name] for name in about["names"]]
    length, packed = archive.stream(files, at)
    digest = archive.digest_of_list(files)
    name = archive.name_of(at, "zip")
    if about["key"] is None:
        return Made(name, length, packed, digest)
    key = lock.Key(*map(bytes.fromhex, about["key"]))
    if length > archive.PAGE_BYTES_AT_MOST:
        closed = lock.close_in_pieces(packed, length, key)
        opener = pages.draw_locked_apart(closed, name=name, familiar=asked.familiar)
        apart = LongFile(pages.APART, closed.length, "", closed.pieces)
        length, packed = archive.stream([File(pages.OPENER, opener), apart], at, is_listed=False)
        return Made(name, length, packed, digest)
    locked = lock.close(packed, length, key)
    # It is read whole before it is given, so that a store that is away now is said by a page, and not by a file that
    # ends in the middle.
    whole = long_results.keep_pieces(Spool(), locked.pieces)
    length, packed = pages.draw_locked(replace(locked, pieces=whole.pieces()), name=name, familiar=asked.familiar)
    return Made(archive.name_of(at, "html"), length, packed, digest)


def _long_files(asked: Asked, prepared: Mapping[str, Sequence[Any]]) -> dict[str, LongFile]:
    """Return the files of captures and of what agents sent, by name, as they were prepared. Raises Changed.

    prepared: the size and the SHA-256 of each, by its name.
    """
    keys.require(asked.conversation.data_key)
    found = [one for key in ("captures", "handouts") for one in PARTS[key](asked).files]
    files = {one.name: one for one in found if isinstance(one, LongFile)}
    for name, told in prepared.items():
        if name not in files or [files[name].size, files[name].sha256] != told:
            raise Changed
    return {name: files[name] for name in prepared}


def read(asked: Asked) -> dict[str, Found]:
    """Read each part of PARTS, and return them by key. Messages and facts are read when they are written."""
    return {key: part(asked) for key, part in PARTS.items()}


def as_json(asked: Asked, found: Mapping[str, Found], schema_url: str = "") -> Iterator[bytes]:
    """Yield `copie.json` in pieces. schema_url: the address of its schema on this site."""
    value: dict[str, Any] = {
        **({"$schema": schema_url} if schema_url else {}),
        "format": schema.FORMAT,
        "version": schema.VERSION,
        "made_at": iso_moment(asked.now),
        "number": asked.number,
        "language": languages.current(),
        **{key: part.value for key, part in found.items() if part.value is not None},
    }
    return long_json.dump(value)


def papers(asked: Asked, found: Mapping[str, Found], spool: Spool) -> Iterator[tuple[str, StoredPart]]:
    """Yield the names and the documents, which are kept in the spool, each no longer than allowed.

    Raises pool.Failed as `archive.keep_file` does.
    """
    whole = Document(
        title=(texts.TITLE_DISCREET if asked.discreet else texts.TITLE).say(),
        about=_about(asked),
        sections=[section for part in found.values() for section in part.sections],
        heads=(texts.SUBJECT.say(), texts.ANSWER.say()),
        thread_title=texts.MESSAGES.say(),
        thread=found["messages"].entries,
        language=languages.current(),
        codes_note=texts.SIGN_CODES.say(),
        letterhead=() if asked.discreet else letterhead.lines(),
    )
    yield from _cut("copie", whole, spool)
    title = whole.title if asked.discreet else texts.FACTS_TITLE.say()
    entries = found["facts"].entries
    facts = replace(whole, title=title, sections=(), thread_title=texts.FACTS.say(), thread=entries)
    for name, part in _cut("notes" if asked.discreet else "faits", facts, spool):
        if part.first_head:  # a journal without facts has no document
            yield name, part


def _cut(name: str, whole: Document, spool: Spool) -> Iterator[tuple[str, StoredPart]]:
    cut = stored_parts.store(spool, whole)
    for number, part in enumerate(cut, 1):
        if len(cut) == 1:
            yield f"{name}.pdf", part
            continue
        about = [*whole.about, texts.PART_OF.say(part=number, count=len(cut))]
        yield f"{name}-{number}.pdf", stored_parts.with_about(part, about)


def _about(asked: Asked) -> list[str]:
    day, _, hour = moment_in_words(asked.now).rpartition(", ")
    first = texts.MADE.say(number=asked.number, day=day, hour=hour)
    hours = (texts.HOURS_DISCREET if asked.discreet else texts.HOURS).say(familiar=asked.familiar)
    return [first, hours, texts.NO_COMPLAINT.say(), texts.SEALED_TOO.say(), texts.CHECKED_BY.say()]
