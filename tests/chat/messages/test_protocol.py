import json
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.messages import protocol
from chat.messages.protocol import ProtocolError

CLIENT = str(uuid.UUID(int=7, version=4))


def code_of(text: str | bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(text)
    return caught.value.code


def post(body: object, **more: object) -> str:
    return json.dumps({"type": "post", "client_id": CLIENT, "body": body} | more)


def test_parse_post_is_trimmed():
    frame = protocol.parse(post("  bonjour\r\nvous \n"))
    assert frame == protocol.Post(None, CLIENT, "bonjour\nvous")


def test_parse_every_type():
    conversation = uuid.uuid4()
    given = {"conversation": str(conversation)}
    assert protocol.parse(json.dumps({"type": "sync", "after": 0} | given)) == protocol.Sync(conversation, 0)
    assert protocol.parse(json.dumps({"type": "typing"} | given)) == protocol.Typing(conversation)
    assert protocol.parse(json.dumps({"type": "read", "seq": 4} | given)) == protocol.Read(conversation, 4)
    assert protocol.parse(json.dumps({"type": "beat"})) == protocol.Beat(None, None)
    assert protocol.parse(json.dumps({"type": "beat", "after": 7})) == protocol.Beat(None, 7)
    assert protocol.parse(json.dumps({"type": "beat", "hidden": True})) == protocol.Beat(None, None, is_hidden=True)
    assert protocol.parse(json.dumps({"type": "beat", "sign": 12})) == protocol.Beat(None, None, sign=12)
    assert protocol.parse(json.dumps({"type": "beat", "sign": None})) == protocol.Beat(None, None)
    assert protocol.parse(json.dumps({"type": "beat", "hidden": False})) == protocol.Beat(None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '"post"',
        "{}",
        '{"type":"invented"}',
        '{"type":["post"]}',
        '{"type":"sync"}',
        '{"type":"sync","after":-1}',
        '{"type":"sync","after":true}',
        '{"type":"sync","after":1.5}',
        '{"type":"sync","after":99999999999}',
        '{"type":"read"}',
        '{"type":"beat","conversation":"x"}',
        '{"type":"beat","hidden":1}',
        '{"type":"beat","sign":-1}',
        '{"type":"beat","sign":86401}',
        '{"type":"beat","sign":true}',
        '{"type":"beat","sign":"12"}',
        '{"type":"beat","sign":1.5}',
        '{"type":"post","body":"a"}',
        '{"type":"post","client_id":"not a uuid","body":"a"}',
        post(None),
        post({"a": 1}),
        post("nul \x00"),
        post("\ud800"),
        "[" * 10_000,
        b"\xff\xfe",
    ],
)
def test_parse_bad_frame(text):
    assert code_of(text) == protocol.BAD_FRAME


@pytest.mark.parametrize("body", ["", "   ", "\n\t "])
def test_parse_empty_body(body):
    assert code_of(post(body)) == protocol.EMPTY


@pytest.mark.parametrize(
    "body", ["\u200b", "\u200b \u2060\n\u202e", "\u3164", "\u2800\u2800", "\ufe0f", "\x01", "\u00ad" * 1000]
)
def test_parse_body_of_nothing_that_can_be_seen(body):
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(post(body))
    frame = caught.value.frame()
    assert (frame["code"], frame["why"], frame["client_id"]) == (protocol.EMPTY, protocol.UNSEEN, CLIENT)


@pytest.mark.parametrize("body", ["!", "é", "你", "\u200bà\u202e", "👩\u200d👩", "🏴", "\u0301", "…", "❤\ufe0f", "م"])
def test_parse_body_of_which_something_can_be_seen(body):
    frame = protocol.parse(post(body))
    assert isinstance(frame, protocol.Post) and frame.body == body


def test_parse_body_at_the_limit():
    text = json.dumps({"type": "post", "client_id": CLIENT, "body": "é" * 4000}, ensure_ascii=False)
    frame = protocol.parse(text)
    assert isinstance(frame, protocol.Post) and len(frame.body) == 4000


def test_parse_body_over_the_limit_names_the_message():
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(post("a" * 4001))
    assert caught.value.code == protocol.TOO_LONG
    assert caught.value.frame()["client_id"] == CLIENT


def test_parse_frame_over_16_kib():
    assert code_of(post("a", padding="b" * 17_000)) == protocol.TOO_LONG
    assert code_of("x" * 100_000) == protocol.TOO_LONG


@given(st.text() | st.binary())
def test_parse_never_crashes(text):
    try:
        protocol.parse(text)
    except ProtocolError as error:
        assert error.code in {protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY}


@given(st.text(min_size=1))
def test_error_never_repeats_what_was_sent(secret):
    marked = f"zqzq{secret}"
    with pytest.raises(ProtocolError) as caught:
        protocol.parse(json.dumps({"type": "post", "client_id": marked, "body": marked}))
    assert "zqzq" not in str(caught.value) and "zqzq" not in json.dumps(caught.value.frame())


def test_message_item_time_is_utc():
    item = protocol.message_item(
        seq=1, client_id=None, author="system", sent_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), body="x"
    )
    expected = {"seq": 1, "client_id": None, "author": "system", "sent_at": "2026-01-02T03:04:05Z", "body": "x"}
    assert json.loads(protocol.encode(item)) == expected


def test_the_server_can_send_our_close_codes():
    """Autobahn, below Daphne, raises for any code that an application may not choose, such as 1012 and 1013."""
    codes = {name: value for name, value in vars(protocol).items() if name.startswith("CLOSE_")}
    assert len(codes) == len(set(codes.values())) >= 5
    assert all(3000 <= code <= 4999 for code in codes.values())
