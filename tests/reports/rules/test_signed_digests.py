"""Signed digests of the audit log: one line each, chained, and errors in them are named."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from reports.rules import signed_digests
from reports.rules.signed_digests import BadKey, Fault, Statement, sign

KEY = signed_digests.private_key(base64.urlsafe_b64encode(bytes(range(32))).decode())
OTHER = signed_digests.private_key(base64.urlsafe_b64encode(bytes(32)).decode())
PUBLIC = KEY.public_key()
AT = datetime(2026, 11, 27, 15, 0, 0, 123456, tzinfo=UTC)


def made(count=4, key=KEY):
    found = []
    for number in range(1, count + 1):
        previous = found[-1] if found else None
        at = AT + timedelta(hours=number)
        found.append(sign(key, line=10 * number, head=f"{number:064x}", at=at, previous=previous))
    return found


def faults(lines):
    return list(signed_digests.read(lines, PUBLIC).faults)


def texts(statements):
    return [one.text for one in statements]


def test_statement_is_what_an_auditor_writes_again():
    """Changing this breaks every copy that is kept: a new form is a new name."""
    first = made(1)[0]
    assert first.text == (
        f"pnav-digest-1 1 10:{1:064x} {'0' * 64} 2026-11-27T16:00:00Z 56475aa75463474c "
        "-N6Pnn8H3GnWiFNH0Wa0OMw-OcwDr8xUBnH6QRs4EmG4RNIvQCGRuysJCP7vu2wolpSCRxBqtlwit-h9uyW4BQ"
    )
    assert Statement.parse(first.text) == first and first.is_signed_by(PUBLIC)
    assert len(first.text) < signed_digests.LONGEST


def test_statements_remember_the_one_before():
    one, two, *_rest = made()
    assert (two.number, two.previous) == (2, one.digest)


def test_whole_chain_in_any_order_and_from_several_places_is_whole():
    lines = texts(made())
    assert faults(lines) == [] == faults(lines[::-1]) == faults(lines + lines) == faults(lines[1:])
    assert [one.number for one in signed_digests.read(lines[::-1], PUBLIC).statements] == [1, 2, 3, 4]
    assert faults(["", *lines, "  "]) == []


@pytest.mark.parametrize("place", range(7))
def test_any_changed_part_is_no_more_signed(place):
    lines = texts(made())
    parts = lines[1].split()
    last = parts[place][-1]
    parts[place] = parts[place][:-1] + ("1" if last in "0Z" else "0")
    lines[1] = " ".join(parts)
    found = faults(lines)
    assert found and found[0][0] in {Fault.FORGED, Fault.UNREADABLE}
    assert (Fault.MISSING, 2) in found


def test_signature_of_another_key_is_forged():
    lines = texts([*made(2), made(3, key=OTHER)[2]])
    assert faults(lines) == [(Fault.FORGED, 3)]


def test_hole_is_named():
    lines = texts(made())
    assert faults(lines[:1] + lines[2:]) == [(Fault.MISSING, 2)]


def test_two_of_one_number_and_what_was_written_again_are_named():
    whole = made()
    again = sign(KEY, line=99, head="a" * 64, at=AT + timedelta(hours=3), previous=whole[1])
    assert faults(texts([*whole, again])) == [(Fault.FORKED, 3)]
    assert faults(texts([*whole[:2], again, whole[3]])) == [(Fault.BROKEN, 4), (Fault.BACKWARDS, 4)]


def test_fewer_lines_or_an_earlier_time_are_named():
    whole = made(2)
    shorter = sign(KEY, line=19, head="a" * 64, at=AT + timedelta(hours=3), previous=whole[1])
    earlier = sign(KEY, line=30, head="a" * 64, at=AT, previous=whole[1])
    assert faults(texts([*whole, shorter])) == [(Fault.BACKWARDS, 3)]
    assert faults(texts([*whole, earlier])) == [(Fault.BACKWARDS, 3)]


def test_torn_line_that_was_written_again_is_no_fault_and_another_is():
    lines = texts(made(2))
    assert faults([lines[0], lines[1][:100], lines[1]]) == []
    assert faults([lines[0], "x" * 500, lines[1]]) == [(Fault.UNREADABLE, 2)]
    assert faults([lines[0], lines[1], lines[1][:100]]) == [(Fault.UNREADABLE, 3)]


@pytest.mark.parametrize("text", ["", "abc", "é" * 43, "A" * 40, "A" * 90])
def test_key_that_is_none(text):
    with pytest.raises(BadKey):
        signed_digests.private_key(text)


def test_public_key_comes_back():
    text = signed_digests.text_of(PUBLIC)
    assert signed_digests.text_of(signed_digests.public_key(text)) == text and len(text) == 43
