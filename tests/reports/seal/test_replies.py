"""The answer for one browser has one size, and opens for one request with one key."""

import json
import uuid

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reports.seal import replies
from reports.seal.replies import REPLY_BYTES, SUITE, DamagedReply, Recipient, Reply, info, seal_reply
from reports.seal.sealing import TEXT_MAX_BYTES, unpad_text

REQUEST = uuid.UUID("7f9c24e8-3b12-4d6f-8a5b-1c2d3e4f5a6b")


@pytest.fixture
def browser():
    return ec.generate_private_key(ec.SECP256R1())


def recipient_of(browser) -> Recipient:
    return Recipient(browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@pytest.mark.parametrize("text", ["", "Anaïs", "x" * TEXT_MAX_BYTES])
def test_reply_opens_for_its_browser_and_is_of_one_size(browser, text):
    sealed = seal_reply(text, recipient=recipient_of(browser), request=REQUEST)
    assert len(sealed) == REPLY_BYTES
    assert unpad_text(SUITE.decrypt(sealed, browser, info=info(REQUEST))) == text


def test_reply_opens_for_no_other_request_and_no_other_browser(browser):
    sealed = seal_reply("Anaïs", recipient=recipient_of(browser), request=REQUEST)
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, browser, info=info(uuid.uuid4()))
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, ec.generate_private_key(ec.SECP256R1()), info=info(REQUEST))


def test_file_of_a_reply_is_read_back(browser):
    reply = Reply(REQUEST, seal_reply("Anaïs", recipient=recipient_of(browser), request=REQUEST))
    assert Reply.parse(reply.text) == reply
    assert Reply.parse(reply.text.replace("\n", "\r\n")) == reply
    fields = json.loads(reply.text)
    assert Reply.parse(json.dumps(dict(reversed(fields.items())))) == reply
    del fields["checksum"]
    fields["sealed"] = f"!{fields['sealed']}"
    with pytest.raises(DamagedReply):
        Reply.parse(json.dumps({**fields, "checksum": replies._checksum(fields)}))


@pytest.mark.parametrize(
    "change", [("7f9c", "7f9d"), ('"sealed"', '"seal"'), ("pnav-reponse-1", "pnav-reponse-2"), ("}", "")]
)
def test_damaged_file_is_refused(browser, change):
    text = Reply(REQUEST, seal_reply("Anaïs", recipient=recipient_of(browser), request=REQUEST)).text
    with pytest.raises(DamagedReply):
        Reply.parse(text.replace(*change))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, "\x00"])
def test_what_is_no_file_is_refused(text):
    with pytest.raises(DamagedReply):
        Reply.parse(text)


@pytest.mark.parametrize("text", ["", "AAAA", "é", "A" * 88, "BA" + "A" * 86])
def test_what_is_no_key_of_a_browser_is_refused(text):
    with pytest.raises(DamagedReply):
        Recipient.parse(text)


def test_compressed_point_is_refused(browser):
    point = browser.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    with pytest.raises(DamagedReply):
        Recipient(point)


def test_fingerprint_is_read_aloud(browser):
    assert [len(group) for group in recipient_of(browser).fingerprint.split(" ")] == [4] * 8
    reply = Reply(REQUEST, seal_reply("", recipient=recipient_of(browser), request=REQUEST))
    assert reply.fingerprint != Reply(uuid.uuid4(), reply.sealed).fingerprint
