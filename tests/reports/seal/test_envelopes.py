"""An envelope, a sealed value with its place, is complete or refused."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reports.seal import envelopes
from reports.seal.envelopes import DamagedEnvelope, Envelope
from reports.seal.replies import Recipient
from reports.seal.sealing import Context, PrivateKey, seal_text

CONTEXT = Context(UUID("2f1c9a52-6a0e-4f0e-9d0e-5b1f0c9a7e11"), "contact", 3)
ENVELOPE = Envelope(CONTEXT, seal_text("x", public_key=PrivateKey(bytes(32)).public_key, context=CONTEXT))


def test_envelope_is_read_back():
    assert Envelope.parse(ENVELOPE.text) == ENVELOPE


def test_envelope_with_a_way_back_is_read_back_and_a_half_of_one_is_none():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    recipient = Recipient(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    asked = replace(ENVELOPE, request=CONTEXT.report, recipient=recipient)
    assert Envelope.parse(asked.text) == asked
    assert {"request", "recipient"} <= set(json.loads(asked.text))
    for half in (replace(ENVELOPE, request=CONTEXT.report), replace(ENVELOPE, recipient=recipient)):
        assert half.text == ENVELOPE.text
    for name in ("request", "recipient"):
        fields = json.loads(asked.text)
        del fields[name], fields["checksum"]
        with pytest.raises(DamagedEnvelope):
            Envelope.parse(json.dumps({**fields, "checksum": envelopes._checksum(fields)}))


def test_envelope_is_read_in_any_order_of_its_fields():
    fields = json.loads(ENVELOPE.text)
    assert Envelope.parse(json.dumps(dict(reversed(fields.items())))) == ENVELOPE


def test_envelope_with_any_character_altered():
    text = ENVELOPE.text
    for position, character in enumerate(text):
        for other in {"A", "0", '"', chr(ord(character) ^ 1)} - {character}:
            try:
                assert Envelope.parse(text[:position] + other + text[position + 1 :]) == ENVELOPE
            except DamagedEnvelope:
                pass
            else:
                assert character in " \n"


@given(text=st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_envelope_of_anything_else(text):
    with pytest.raises(DamagedEnvelope):
        Envelope.parse(text)


def test_envelope_too_deep():
    with pytest.raises(DamagedEnvelope):
        Envelope.parse("[" * 16000)


@pytest.mark.parametrize(
    "changed",
    [
        {"report": "not a number"},
        {"report": 12},
        {"field": "Name"},
        {"field": ["name"]},
        {"version": 0},
        {"version": "1"},
        {"version": None},
        {"version": True},
        {"version": 1.5},
        {"sealed": "????"},
        {"sealed": f"!{json.loads(ENVELOPE.text)['sealed']}"},
        {"sealed": 3},
        {"sealed": "AAAA"},
        {"format": "pnav-enveloppe-2"},
        {"more": 1},
    ],
)
def test_envelope_rewritten_with_a_right_checksum(changed):
    """Whatever its fields are, an envelope is read whole or refused, never half."""
    fields = {**json.loads(ENVELOPE.text), **changed}
    del fields["checksum"]
    with pytest.raises(DamagedEnvelope):
        Envelope.parse(json.dumps({**fields, "checksum": envelopes._checksum(fields)}))
