"""Correct and altered proofs of date, to be verified in Python and in JavaScript alike.

They are made again in each run, with two authorities of `tests.support.time_stamping`: one with RSA and an intermediate
certificate, one with ECDSA.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from reports.rules import date_proofs, merkle, timestamp_tokens
from reports.rules.date_proofs import Proof, Stamp, Statement
from tests.support.time_stamping import UNTIL, LocalAuthority, certify, make_authority

DAY = date(2026, 11, 20)
ITEM = date_proofs.canonical(
    {
        "format": date_proofs.ITEM,
        "kind": "message",
        "exchange": "5f0c2a1e-0000-4000-8000-000000000001",
        "number": 12,
        "author": "reporter",
        "at": "2026-11-20T10:00:00.123456Z",
        "text": "Il m'a écrit « t'es finie » 😀\x7f\u2028\\ \"",
    }
)
OTHER = ITEM.replace('"number":12', '"number":13')


@cache
def authorities() -> tuple[LocalAuthority, LocalAuthority]:
    folder = Path(mkdtemp(prefix="pnav-authorities-"))
    return (
        make_authority("Première", folder / "first", between=True, digest="sha512"),
        make_authority("Seconde", folder / "second", curve=True),
    )


def stamp(authority: LocalAuthority, content: bytes) -> Stamp:
    query, _nonce = timestamp_tokens.build_request(content, with_nonce=False)
    token = timestamp_tokens.read_answer(authority.reply(query))
    trusted = timestamp_tokens.read_trusted(authority.trusted.read_bytes())
    return Stamp(authority.name, token.der, tuple(timestamp_tokens.build_chain(token.der, trusted)))


@cache
def proof(item: str = ITEM) -> Proof:
    """Return the proof of the eighth of eleven leaves."""
    salt = hashlib.sha256(b"a salt").digest()
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(11)]
    leaves[7] = merkle.hash_leaf(salt, date_proofs.digest_of(item))
    levels = merkle.levels_of(leaves)
    statement = Statement(DAY, len(leaves), merkle.top_of(levels).hex(), hashlib.sha256(b"before").hexdigest())
    stamps = tuple(stamp(one, statement.text.encode()) for one in authorities())
    path = tuple(merkle.path_of(levels, 7))
    return Proof("message", "message-12", item, salt, leaves[7], 7, path, statement, stamps)


@dataclass(frozen=True)
class Case:
    """A proof to judge.

    failed: the first part that does not hold. trusted: the fingerprints that the reader trusts; content: what these
    certificates contain.
    """

    name: str
    text: str
    failed: str | None
    trusted: tuple[str, ...] | None = None
    content: bytes | None = None


def flip(text: str, place: int) -> str:
    """Replace the hexadecimal digit there by another one."""
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def changed(values: dict[str, Any], **fields: Any) -> str:
    return json.dumps({**values, **fields})


def with_stamp(values: dict[str, Any], number: int, **fields: Any) -> str:
    stamps = [dict(one) for one in values["stamps"]]
    stamps[number] |= fields
    return json.dumps({**values, "stamps": stamps})


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def cases() -> Iterator[Case]:
    """Yield what is whole, then everything altered."""
    whole = proof().as_json()
    values = json.loads(whole)
    statement = proof().statement
    fingerprints = tuple(one["fingerprint"] for one in values["stamps"])
    yield Case("whole", whole, None)
    yield Case("trusted", whole, None, trusted=fingerprints)
    yield Case("trusted: the other one", whole, "authority:0", trusted=fingerprints[1:])
    yield Case("not stamped", changed(values, stamps=[]), None)
    yield Case("one stamp", changed(values, stamps=values["stamps"][1:]), None)
    yield Case("what is held", whole, None, content=ITEM.encode())
    yield Case("something else is held", whole, "bytes", content=OTHER.encode())
    yield from _of_a_line()
    yield from _of_the_tree(values, statement)
    for number in range(2):
        yield from _of_a_stamp(values, number)
    yield from _of_no_form(whole, values)


HELD = b"une liste d'empreintes"


def line_item(detail: object, *, kind: str = "copy", line: str | None = None) -> str:
    """Return a line of the register as an item. line: in place of one that is well formed."""
    values = [
        "pnav-register-1",
        7,
        "0" * 64,
        "2026-11-20T10:00:00.000000Z",
        kind,
        None,
        "service",
        "x",
        "right",
        detail,
    ]
    text = json.dumps([*values, "ab" * 16], separators=(",", ":")) if line is None else line
    return date_proofs.canonical({"format": date_proofs.ITEM, "kind": "register", "line": text})


def _of_a_line() -> Iterator[Case]:
    """Yield what a line of the register names by its digest, and lines that name nothing: their own text is held."""
    digest = hashlib.sha256(HELD).hexdigest()
    named = proof(line_item(f"copy, sha256 {digest}")).as_json()
    yield Case("line: what it names", named, None, content=HELD)
    yield Case("line: something else", named, "bytes", content=HELD + b" ")
    yield Case("line: its own text", named, "bytes", content=line_item(f"copy, sha256 {digest}").encode())
    items = [
        line_item(detail)
        for detail in (
            "copy",
            f"copy, sha256 {digest.upper()}",
            f"copy, sha256 {digest} ",
            f"copy, sha256 {digest}\n",
            7,
        )
    ]
    items += [line_item("", line=line) for line in ("", "[", "[]", "{}", "null", "[1,NaN]", f'", sha256 {digest}"')]
    for number, item in enumerate(items):
        text = proof(item).as_json()
        yield Case(f"line that names nothing {number}", text, None, content=item.encode())
        yield Case(f"line that names nothing {number}: something else", text, "bytes", content=HELD)


def _of_the_tree(values: dict[str, Any], statement: Statement) -> Iterator[Case]:
    yield Case("item", changed(values, item=OTHER), "item")
    for old, new in (("finie", "Finie"), ("2026-11-20T10", "2026-11-20T11"), ("reporter", "agent"), ("{", "{ ")):
        yield Case(f"item: {new}", changed(values, item=ITEM.replace(old, new, 1)), "item")
    yield Case("item without a form", changed(values, item="Il m'a écrit"), "item")
    for place in (0, 31, 63):
        yield Case(f"digest {place}", changed(values, digest=flip(values["digest"], place)), "digest")
        yield Case(f"salt {place}", changed(values, salt=flip(values["salt"], place)), "salt")
        yield Case(f"leaf {place}", changed(values, leaf=flip(values["leaf"], place)), "leaf")
        for node in range(len(values["path"])):
            path = [*values["path"]]
            path[node] = flip(path[node], place)
            yield Case(f"path {node}:{place}", changed(values, path=path), "path")
    yield Case("path: shorter", changed(values, path=values["path"][:-1]), "path")
    yield Case("path: longer", changed(values, path=[*values["path"], "0" * 64]), "path")
    yield Case("path: in another order", changed(values, path=values["path"][::-1]), "path")
    for index in (0, 6, 8, 11, 2**31 - 1):
        yield Case(f"index {index}", changed(values, index=index), "path")
    yield Case("root", changed(values, statement=replace(statement, root=flip(statement.root, 5)).text), "root")
    others = {
        "date": replace(statement, day=date(2026, 11, 19)).text,
        "previous": replace(statement, previous=flip(statement.previous, 0)).text,
        "size": replace(statement, size=12).text,
        "size, far": replace(statement, size=10**6).text,
        "form": statement.text + " ",
        "no date": statement.text.replace("2026-11-20", "2026-13-20"),
        "nothing": "",
    }
    for name, text in others.items():
        yield Case(f"statement: {name}", changed(values, statement=text), "day")
    later = replace(statement, day=date(2126, 1, 1))
    stamped = [stamp(one, later.text.encode()).as_values() for one in authorities()]
    yield Case("stamped before its day", changed(values, statement=later.text, stamps=stamped), "day")


def _of_a_stamp(values: dict[str, Any], number: int) -> Iterator[Case]:
    one = values["stamps"][number]
    token = base64.b64decode(one["token"])
    for place in range(0, len(token), 97):
        bits = bytearray(token)
        bits[place] ^= 1
        yield Case(f"token {number}:{place}", with_stamp(values, number, token=encoded(bytes(bits))), f"token:{number}")
    yield Case(f"sha256 {number}", with_stamp(values, number, sha256=flip(one["sha256"], 3)), f"token:{number}")
    # Altered by somebody who computes its digest again.
    signed = token.index(date_proofs.digest_of(values["statement"]))
    for name, place in {"imprint": signed, "time": token.index(b"Z", signed) - 1, "signature": len(token) - 3}.items():
        bits = bytearray(token)
        bits[place] ^= 1
        text = with_stamp(values, number, token=encoded(bytes(bits)), sha256=hashlib.sha256(bytes(bits)).hexdigest())
        yield Case(f"forged {name} {number}", text, f"token:{number}")
    cut = token[:-20]
    text = with_stamp(values, number, token=encoded(cut), sha256=hashlib.sha256(cut).hexdigest())
    yield Case(f"cut token {number}", text, f"token:{number}")
    elsewhere = stamp(authorities()[number], b"something else").as_values()
    yield Case(f"token of something else {number}", with_stamp(values, number, **elsewhere), f"token:{number}")
    certificates = [base64.b64decode(text) for text in one["certificates"]]
    for level, certificate in enumerate(certificates):
        for place in range(0, len(certificate), 61):
            bits = bytearray(certificate)
            bits[place] ^= 1
            altered = [*one["certificates"]]
            altered[level] = encoded(bytes(bits))
            yield Case(
                f"certificate {number}:{level}:{place}",
                with_stamp(values, number, certificates=altered),
                f"certificate:{number}",
            )
    fingerprint = flip(one["fingerprint"], 9)
    yield Case(f"fingerprint {number}", with_stamp(values, number, fingerprint=fingerprint), f"certificate:{number}")
    other = values["stamps"][1 - number]
    yield Case(
        f"chain of the other {number}",
        with_stamp(values, number, certificates=other["certificates"], fingerprint=other["fingerprint"]),
        f"token:{number}",
    )
    yield Case(f"name {number}", with_stamp(values, number, authority="Autre"), f"authority:{number}")
    key = ec.generate_private_key(ec.SECP256R1()) if number else rsa.generate_private_key(65537, 2048)
    name = authorities()[number].name
    anchor = certify(f"{name} anchor", key, issuer=f"{name} anchor", by=key, is_authority=True)
    forged = anchor.public_bytes(Encoding.DER)
    yield Case(
        f"anchor of somebody else, of the same name {number}",
        with_stamp(
            values,
            number,
            certificates=[*one["certificates"][:-1], encoded(forged)],
            fingerprint=timestamp_tokens.fingerprint_of(forged),
        ),
        f"certificate:{number}",
    )
    # One that may not stamp has the key of the anchor, so that everything holds except the purpose of the certificate.
    for why, options in {"another use": {"stamps": False}, "over": {"until": UNTIL.replace(year=2021)}}.items():
        signer = certify(name, key, issuer=f"{name} anchor", by=key, is_authority=False, **options)
        chain = [encoded(signer.public_bytes(Encoding.DER)), encoded(forged)]
        text = with_stamp(values, number, certificates=chain, fingerprint=timestamp_tokens.fingerprint_of(forged))
        yield Case(f"{why} {number}", text, f"certificate:{number}")


def _of_no_form(whole: str, values: dict[str, Any]) -> Iterator[Case]:
    texts = {
        "nothing": "",
        "no JSON": whole[:-1],
        "a list": "[]",
        "null": "null",
        "another format": changed(values, format="pnav-proof-2"),
        "a field more": changed(values, more=1),
        "a field less": json.dumps({key: value for key, value in values.items() if key != "salt"}),
        "upper case": changed(values, salt="A" * 64),
        "a short digest": changed(values, digest="ab"),
        "a long digest": changed(values, digest="ab" * 33),
        "a number for a text": changed(values, item=3),
        "a text for a number": changed(values, index="7"),
        "a negative index": changed(values, index=-1),
        "half an index": changed(values, index=7.5),
        "true for an index": changed(values, index=True),
        "a far index": changed(values, index=2**31),
        "NaN": whole.replace('"index": 7', '"index": NaN'),
        "a long path": changed(values, path=["0" * 64] * 41),
        "a path of texts": changed(values, path="0" * 64),
        "many stamps": changed(values, stamps=values["stamps"] * 3),
        "a stamp of nothing": changed(values, stamps=[None]),
        "no certificate": with_stamp(values, 0, certificates=[]),
        "base64 with a blank": with_stamp(values, 0, token=values["stamps"][0]["token"] + "\n"),
        "base64 of another form": with_stamp(values, 0, certificates=["AB=="]),
        "a long item": changed(values, item="a" * (date_proofs.ITEM_MOST + 1)),
        "deep": "[" * 10_000,
    }
    for name, text in texts.items():
        yield Case(f"format: {name}", text, "format")
