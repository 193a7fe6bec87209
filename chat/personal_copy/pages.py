"""Renders the pages that open from a disk: the one that verifies a copy, and those that decrypt an encrypted copy.

Their scripts are modules of `static/pnav` that are put into the page (`archive.bundle`), and allowed by its own policy.
The pages send no requests.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache

from django.template.loader import render_to_string

from chat.personal_copy import archive
from chat.personal_copy.lock import PIECE_BYTES, Locked, LockedApart
from chat.rules.lifecycle import Author
from chat.texts import journal as journal_texts
from chat.texts import personal_copy as texts
from chat.texts import thread as thread_texts
from common.choices import label_of

CHECKING = ("lib/zip.js", "lib/words.js", "lib/proof.js", "copy/archive.js", "copy/proofs.js", "copy/checker.js")
OPENING = ("lib/words.js", "copy/locked.js", "copy/opener.js")
# The two files of an encrypted copy that is too large to be inside its page.
OPENER, APART = "ouvrir.html", "contenu.bin"
# Stands in the page where its encrypted copy comes. Base64 of whole threes of bytes can be joined.
_PLACE, _AT_ONCE = "[contenu]", 3 * 64 * 1024
STYLE = archive.STATIC / "copy" / "page.css"


@cache
def _script(modules: tuple[str, ...]) -> str:
    return archive.bundle(*modules)


@cache
def _style() -> str:
    return f"\n{STYLE.read_text(encoding='utf-8')}\n"


def draw_checker(*, familiar: bool, discreet: bool = False) -> bytes:
    """Return `verifier.html` in the active language. discreet: it names what a watched screen may show."""
    said = {
        "reading": texts.READING.spoken(),
        "wholeSince": texts.WHOLE_SINCE.spoken(),
        "unbound": (texts.UNBOUND_DISCREET if discreet else texts.UNBOUND).spoken(familiar=familiar),
        "copyProof": texts.COPY_PROOF.spoken(),
        "copyProofWrong": texts.COPY_PROOF_WRONG.spoken(),
        "copyProofUndated": texts.COPY_PROOF_UNDATED.spoken(),
        "signedBy": texts.SIGNED_BY.spoken(),
        "partly": texts.PARTLY.spoken(),
        "unvouched": texts.UNVOUCHED.spoken(),
        "changed": texts.CHANGED.spoken(),
        "changedProofs": texts.CHANGED_PROOFS.spoken(),
        "broken": texts.BROKEN.spoken(),
        "oneOnly": texts.ONE_ONLY.spoken(familiar=familiar),
        "oneDated": texts.ONE_DATED.spoken(),
        "oneUndated": texts.ONE_UNDATED.spoken(),
        "oneWrong": texts.ONE_WRONG.spoken(),
        # Who wrote a message, by the value of its author, and when a fact was.
        f"by_{Author.REPORTER}": label_of(Author, Author.REPORTER),
        f"by_{Author.AGENT}": thread_texts.AGENT.spoken(),
        f"by_{Author.SYSTEM}": (thread_texts.SYSTEM_DISCREET if discreet else thread_texts.SYSTEM).spoken(),
        "about": journal_texts.AT_ABOUT.spoken(),
        "aboutHour": journal_texts.AT_ABOUT_HOUR.spoken(),
        "fileOk": texts.FILE_OK.spoken(),
        "fileChanged": texts.FILE_CHANGED.spoken(),
        "fileMissing": texts.FILE_MISSING.spoken(),
        "fileAdded": texts.FILE_ADDED.spoken(),
        "proofs": texts.PROOFS.spoken(),
        "proofWrong": texts.PROOF_WRONG.spoken(),
        "proofTaken": texts.PROOF_TAKEN.spoken(),
        "undated": texts.UNDATED.spoken(),
        "unproven": (texts.UNPROVEN_DISCREET if discreet else texts.UNPROVEN).spoken(),
        "unprovenOne": texts.UNPROVEN_ONE.spoken(),
        "fact": (texts.NAME_NOTE if discreet else texts.NAME_FACT).spoken(),
        "capture": (texts.NAME_FILE if discreet else texts.NAME_CAPTURE).spoken(),
    }
    context = {"familiar": familiar, "words": said, "comment": archive.COMMENT, "digests": archive.DIGESTS}
    return _draw("chat/copy_checker.html", CHECKING, context)


def draw_locked(content: Locked, *, name: str, familiar: bool) -> tuple[int, Iterator[bytes]]:
    """Return the length of the page with an encrypted copy in it, and its pieces.

    name: under which the decrypted copy is saved. The copy is not written by the template, because text takes up to
    four bytes a character, and a template holds it several times: the page of the longest exchange took 39 MiB.
    """
    sealed = {"salt": content.salt, "nonce": content.nonce, "rounds": content.rounds, "name": name}
    context = {"familiar": familiar, "words": _opening(), "sealed": sealed, "content": _PLACE}
    before, after = _draw("chat/copy_locked.html", OPENING, context).split(_PLACE.encode())
    return len(before) + 4 * -(-content.length // 3) + len(after), _around(before, content.pieces, after)


def _around(before: bytes, content: Iterable[bytes], after: bytes) -> Iterator[bytes]:
    yield before
    kept = bytearray()
    for piece in content:
        kept += piece
        whole = len(kept) // _AT_ONCE * _AT_ONCE
        if whole:
            yield b64encode(kept[:whole])
            del kept[:whole]
    yield b64encode(kept)
    yield after


def draw_locked_apart(content: LockedApart, *, name: str, familiar: bool) -> bytes:
    """Return the page that decrypts the file APART beside it, which the person selects there. name: as above."""
    sealed = {"salt": content.salt, "prefix": content.prefix, "size": content.size, "piece": PIECE_BYTES}
    sealed |= {"rounds": content.rounds, "name": name}
    context = {"familiar": familiar, "words": _opening(), "sealed": sealed, "apart": APART}
    return _draw("chat/copy_locked.html", OPENING, context)


def _opening() -> dict[str, str]:
    return {
        "opening": texts.OPENING.spoken(),
        "wrong": texts.WRONG.spoken(),
        "changed": texts.APART_CHANGED.spoken(),
        "opened": texts.OPENED.spoken(),
        "save": texts.SAVE.spoken(),
    }


def _draw(template: str, modules: tuple[str, ...], context: dict[str, object]) -> bytes:
    script, style = _script(modules), _style()
    policy = archive.policy_of(script, style)
    return render_to_string(template, {**context, "script": script, "style": style, "policy": policy}).encode()
