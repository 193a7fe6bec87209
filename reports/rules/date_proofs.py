"""This module writes and verifies a proof that an item existed on a day, and names the part that is wrong. Pure
(docs/adr/0084).

A proof is a JSON object that tells nothing about other items. It has the item's own text, a salt, the path in the tree
of its day, the statement of that day, and the time-stamps of the statement. `static/pnav/lib/proof.js` verifies proofs
in the same way with the same results, which `tests/reports/rules/proof_corpus.py` checks.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from reports.rules import merkle, timestamp_tokens
from reports.rules.timestamp_tokens import BadChain, BadToken, Token

PROOF = "pnav-proof-1"
ITEM = "pnav-item-1"
DAY = "pnav-day-1"
REGISTER = "register"
LINE_KIND, LINE_DETAIL = 4, 9  # places in the canonical form of a line (`reports.audit.log.encode`)
ARCHIVES = ("copy", "paper", "transmission")  # kinds of lines that name an archive
FIRST = "0" * 64  # the `previous` digest of the first statement

# Limits of a proof, because a file of unknown origin is parsed before it is verified.
TEXT_MOST = 1024 * 1024  # the most characters of the file
ITEM_MOST = 256 * 1024  # the most characters of the item; a message has 4,000, each written as six at most
STATEMENT_MOST = 1000
PATH_MOST = 40  # the most nodes of a path, enough for two to the fortieth leaves
SIZE_MOST = 2**31 - 1
STAMPS_MOST = 4
NAME_MOST = 200

_HEX = re.compile(r"[0-9a-f]{64}")
_NAMED = re.compile(r", sha256 ([0-9a-f]{64})\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def canonical(value: dict[str, Any]) -> str:
    """Return the canonical text of these values, for digests: JSON in ASCII without spaces, keys in the given order."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def utc(at: datetime) -> str:
    """Return a time as items write it: in UTC, with six decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest_of(text: str) -> bytes:
    """Return the SHA-256 of an item's text, or of a statement."""
    return hashlib.sha256(_encoded(text)).digest()


def _encoded(text: str) -> bytes:
    """Encode a text as UTF-8, even if an altered file has half a character in it (a lone surrogate).

    No text of ours has one, so whatever bytes result, they are not those that were signed.
    """
    return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Statement:
    """It is the statement of a day, which authorities stamp.

    size: how many leaves its tree has. previous: SHA-256 of the statement before, so that a time-stamp also covers all
    earlier days.
    """

    day: date
    size: int
    root: str
    previous: str

    @property
    def text(self) -> str:
        """Return the canonical text of the statement, which authorities stamp."""
        return canonical(
            {
                "format": DAY,
                "day": self.day.isoformat(),
                "size": self.size,
                "root": self.root,
                "previous": self.previous,
            }
        )

    @property
    def digest(self) -> str:
        """Return the SHA-256 of that text, in hexadecimal."""
        return digest_of(self.text).hex()

    @classmethod
    def parse(cls, text: str) -> "Statement":
        """Parse the text of a statement. Raises ValueError for any other text."""
        found = _parse_canonical(text)
        if list(found) != ["format", "day", "size", "root", "previous"] or found["format"] != DAY:
            raise ValueError("not a statement")
        size, day = found["size"], found["day"]
        if type(size) is not int or not 0 <= size <= SIZE_MOST or not isinstance(day, str) or not _DATE.fullmatch(day):
            raise ValueError("not a statement")
        return cls(date.fromisoformat(day), size, _hex(found["root"]), _hex(found["previous"]))


@dataclass(frozen=True, slots=True)
class Stamp:
    """It is one authority's time-stamp of a statement. token: DER. certificates: DER, the signer's first, the anchor
    last."""

    authority: str
    token: bytes
    certificates: tuple[bytes, ...]

    def as_values(self) -> dict[str, Any]:
        """Return the stamp as values for the JSON of a proof."""
        return {
            "authority": self.authority,
            "token": timestamp_tokens.encode_base64(self.token),
            "sha256": hashlib.sha256(self.token).hexdigest(),
            "certificates": [timestamp_tokens.encode_base64(one) for one in self.certificates],
            "fingerprint": timestamp_tokens.fingerprint_of(self.certificates[-1]),
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """It is one item, and its path to the statement of its day.

    kind, name: the kind of item, and a neutral beginning for a file's name. stamps: empty while no authority has
    answered; the proof is whole even then, but nobody else vouches for its date.
    """

    kind: str
    name: str
    item: str = field(repr=False)
    salt: bytes = field(repr=False)
    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    statement: Statement
    stamps: tuple[Stamp, ...] = ()

    def as_json(self) -> str:
        """Return the content of the proof's file: JSON that both verifiers read."""
        return json.dumps(
            {
                "format": PROOF,
                "item": self.item,
                "digest": digest_of(self.item).hex(),
                "salt": self.salt.hex(),
                "leaf": self.leaf.hex(),
                "index": self.index,
                "path": [node.hex() for node in self.path],
                "statement": self.statement.text,
                "stamps": [stamp.as_values() for stamp in self.stamps],
            },
            ensure_ascii=True,
            indent=1,
        )


# --- verifying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamped:
    """It is the result of verifying one stamp.

    at: the time by the authority's clock; None when it cannot be read. trusted: whether the reader trusts its anchor;
    None when the reader has named no anchor and compares the fingerprint.
    """

    authority: str
    at: datetime | None
    ok: bool
    fingerprint: str
    trusted: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """It is the result of verifying a proof.

    checks: each part that was checked, in order, and whether it is right. item: its values; None if they are
    unreadable.
    """

    checks: tuple[tuple[str, bool], ...]
    item: dict[str, Any] | None = field(default=None, repr=False)
    day: date | None = None
    stamps: tuple[Stamped, ...] = ()

    @property
    def failed(self) -> str | None:
        """Return the first check that failed; None when none did."""
        return next((part for part, ok in self.checks if not ok), None)

    @property
    def is_whole(self) -> bool:
        """Return whether every check succeeded. `is_dated` says whether an authority vouches for the date."""
        return self.failed is None

    @property
    def is_dated(self) -> bool:
        """Return whether every check succeeded and an authority vouches for the date."""
        return self.is_whole and any(stamp.ok for stamp in self.stamps)


_BAD_FORMAT = Verdict((("format", False),))


def verify(text: str, *, content: bytes | None = None, trusted: Sequence[str] | None = None) -> Verdict:
    """Verify a proof, and return which part is wrong, if any. Never raises, whatever the text is.

    content: what the reader has: the file of a capture, or the bytes of any other item's text. trusted: fingerprints of
    the anchors that the reader trusts. This takes some thousand hashes and ten signatures at most.
    """
    try:
        found = _read(text)
    except (ValueError, RecursionError):
        return _BAD_FORMAT
    return _judge(found, content, trusted)


@dataclass(frozen=True, slots=True)
class _StampRead:
    authority: str
    token: bytes
    sha256: str
    certificates: tuple[bytes, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Read:
    """It is a parsed file, before anything in it is verified."""

    item: str
    digest: bytes
    salt: bytes
    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    statement: str
    stamps: tuple[_StampRead, ...]


def _judge(proof: _Read, content: bytes | None, trusted: Sequence[str] | None) -> Verdict:
    item = _item_of(proof.item)
    try:
        statement = Statement.parse(proof.statement)
    except ValueError:
        statement = None
    stamps = [_judge_stamp(one, trusted) for one in proof.stamps]
    signed = [stamp.token for stamp in stamps if stamp.token is not None and stamp.is_signed]
    confirmed = any(token.is_of(_encoded(proof.statement)) for token in signed)
    faults = set(_faults_of_tree(proof, item, statement, signed, is_confirmed=confirmed))
    parts = ["item", "digest", "salt", "leaf", "path", "root", "day"]
    if content is not None and item is not None:
        parts.append("bytes")
        if not _is_of(item, proof.item, content):
            faults.add("bytes")
    shown = []
    for n, (one, stamp) in enumerate(zip(proof.stamps, stamps, strict=True)):
        parts += [f"token:{n}", f"certificate:{n}", f"authority:{n}"]
        failed = stamp.failed
        of_this = stamp.token is not None and stamp.token.is_of(_encoded(proof.statement))
        if failed is None and confirmed and not of_this:
            failed = "token"  # the token is of something else
        if failed is not None:
            faults.add(f"{failed}:{n}")
        if statement is not None and of_this and stamp.token is not None and stamp.token.at.date() < statement.day:
            faults.add("day")  # it was stamped before that day
        ok = failed is None and of_this
        shown.append(
            Stamped(one.authority, stamp.token.at if stamp.token else None, ok, one.fingerprint, stamp.trusted)
        )
    checks = tuple((part, part not in faults) for part in parts)
    return Verdict(checks, item, statement.day if statement else None, tuple(shown))


def _faults_of_tree(
    proof: _Read,
    item: dict[str, Any] | None,
    statement: Statement | None,
    signed: Sequence[Token],
    *,
    is_confirmed: bool,
) -> list[str]:
    """Return which parts between the item and the statement are wrong.

    Where two parts do not fit together, the one that does not fit to the rest either is named.
    """
    faults = []
    digest = digest_of(proof.item)
    if item is None:
        faults.append("item")
    elif digest != proof.digest:
        faults.append("digest" if merkle.hash_leaf(proof.salt, digest) == proof.leaf else "item")
    leaf = proof.leaf if faults == ["digest"] else merkle.hash_leaf(proof.salt, proof.digest)
    if statement is None:
        return [*faults, "day"]
    size = statement.size
    way = merkle.root_from(proof.leaf, index=proof.index, size=size, path=proof.path)
    if leaf != proof.leaf:
        other = merkle.root_from(leaf, index=proof.index, size=size, path=proof.path)
        if other is not None and other.hex() == statement.root:
            return [*faults, "leaf"]
        faults.append("salt")
    if way is not None and way.hex() == statement.root:
        return faults if is_confirmed or not signed else [*faults, "day"]
    if is_confirmed or not signed:
        return [*faults, "path"]
    if way is not None:
        mended = Statement(statement.day, size, way.hex(), statement.previous).text.encode()
        if any(token.is_of(mended) for token in signed):
            return [*faults, "root"]
    return [*faults, "day"]


@dataclass(frozen=True, slots=True)
class _StampJudged:
    token: Token | None
    failed: str | None  # token, certificate or authority
    trusted: bool | None

    @property
    def is_signed(self) -> bool:
        """Return whether the token is whole and signed, by a trusted authority or another one."""
        return self.failed in (None, "authority")


def _judge_stamp(stamp: _StampRead, trusted: Sequence[str] | None) -> _StampJudged:
    known = None if trusted is None else stamp.fingerprint in trusted
    if hashlib.sha256(stamp.token).hexdigest() != stamp.sha256:
        return _StampJudged(None, "token", known)
    try:
        token = timestamp_tokens.read_token(stamp.token)
    except BadToken:
        return _StampJudged(None, "token", known)
    if timestamp_tokens.fingerprint_of(stamp.certificates[-1]) != stamp.fingerprint:
        return _StampJudged(token, "certificate", known)
    try:
        chain = timestamp_tokens.read_chain(stamp.certificates, at=token.at)
        timestamp_tokens.verify_token(token, chain)
    except BadChain:
        return _StampJudged(token, "certificate", known)
    except BadToken:
        return _StampJudged(token, "token", known)
    if timestamp_tokens.name_of(chain[0]) != stamp.authority or known is False:
        return _StampJudged(token, "authority", known)
    return _StampJudged(token, None, known)


def _is_of(item: dict[str, Any], text: str, content: bytes) -> bool:
    named = item["sha256"] if "sha256" in item else _named_by_line(item)
    if named is not None:
        return hashlib.sha256(content).hexdigest() == named
    return content == _encoded(text)


def _named_by_line(item: dict[str, Any]) -> str | None:
    """Return the digest that a line of the register ends with: of a capture that was opened, or of the list of an
    archive that was given (docs/adr/0120)."""
    detail = _of_line(item, LINE_DETAIL)
    found = _NAMED.search(detail) if detail is not None else None
    return found[1] if found else None


def is_of_archive(item: dict[str, Any]) -> bool:
    """Return whether this item is the line of an archive that was given; others name the file of a capture."""
    return _of_line(item, LINE_KIND) in ARCHIVES


def _of_line(item: dict[str, Any], place: int) -> str | None:
    """Return a text of the canonical form of a line of the register; None where there is none."""
    line = item.get("line")
    if item["kind"] != REGISTER or not isinstance(line, str):
        return None
    try:
        values = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or len(values) <= place or not isinstance(values[place], str):
        return None
    found: str = values[place]
    return found


# --- reading what others wrote ----------------------------------------------------------------------------------------


def _read(text: str) -> _Read:
    if len(text) > TEXT_MOST:
        raise ValueError("too long")
    found = _fields(
        json.loads(text, parse_constant=_refuse),
        "format item digest salt leaf index path statement stamps",
    )
    if found["format"] != PROOF:
        raise ValueError("another format")
    index = found["index"]
    if isinstance(index, float) and index.is_integer():  # JavaScript does not distinguish these from integers
        index = int(index)
    if type(index) is not int or not 0 <= index <= SIZE_MOST:
        raise ValueError("not an index")
    return _Read(
        item=_text(found["item"], ITEM_MOST),
        digest=bytes.fromhex(_hex(found["digest"])),
        salt=bytes.fromhex(_hex(found["salt"])),
        leaf=bytes.fromhex(_hex(found["leaf"])),
        index=index,
        path=tuple(bytes.fromhex(_hex(node)) for node in _list(found["path"], PATH_MOST)),
        statement=_text(found["statement"], STATEMENT_MOST),
        stamps=tuple(_read_stamp(one) for one in _list(found["stamps"], STAMPS_MOST)),
    )


def _read_stamp(value: Any) -> _StampRead:
    found = _fields(value, "authority token sha256 certificates fingerprint")
    certificates = _list(found["certificates"], timestamp_tokens.CERTIFICATES_MOST)
    if not certificates:
        raise ValueError("no certificate")
    return _StampRead(
        authority=_text(found["authority"], NAME_MOST),
        token=timestamp_tokens.decode_base64(_text(found["token"], 2 * timestamp_tokens.TOKEN_MOST)),
        sha256=_hex(found["sha256"]),
        certificates=tuple(
            timestamp_tokens.decode_base64(_text(one, 2 * timestamp_tokens.TOKEN_MOST)) for one in certificates
        ),
        fingerprint=_hex(found["fingerprint"]),
    )


def _item_of(text: str) -> dict[str, Any] | None:
    """Return the values of an item; None when the text is not the canonical text of one."""
    try:
        found = _parse_canonical(text)
    except (ValueError, RecursionError):
        return None
    return found if found.get("format") == ITEM and isinstance(found.get("kind"), str) else None


def _parse_canonical(text: str) -> dict[str, Any]:
    found = json.loads(text, parse_constant=_refuse)
    if not isinstance(found, dict) or canonical(found) != text:
        raise ValueError("not in its only form")
    return found


def _fields(value: Any, names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names.split()):
        raise ValueError("other fields")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("not a list, or too long")
    return value


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("not a text, or too long")
    return value


def _hex(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError("not 64 hexadecimal digits")
    return value


def _refuse(_name: str) -> Any:
    raise ValueError("no number of JSON")
