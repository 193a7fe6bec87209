"""A script draws the same as the server: both renderers are compared with thousands of values."""

import base64
import dataclasses
import itertools
import json
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.utils import translation

from chat.arranging.list_order import Order
from chat.casework import danger
from chat.console import inbox
from chat.console.base import _words
from chat.conversations import wording
from chat.rules import danger_words, service_level
from chat.rules.handles import Handle
from chat.rules.lifecycle import Status
from chat.templatetags import thread_lines
from chat.texts import script as script_texts
from chat.visitor import draft_session
from common import plain_text
from common.plain_text import plain
from common.texts import folded
from pnav.server import page_handler
from reports.seal.replies import Recipient, seal_reply
from tests import javascript
from tests.chat.casework.danger_sentences import DANGER, ORDINARY, SUICIDE
from tests.common.test_plain_text import AS_THEY_ARE, FLAGGED, SEEN
from tests.support import begun

MISLEADING = "adresse trompeuse possible"
# Characters with a meaning for the rules, and ordinary ones.
PIECES = [
    *"abcXYZ éàœ.。．/:@!?…’\n\t\r\x00\x1b\x7f\x85\xa0\xad⟦⟧«»,;-",
    *"\u0301\u0308\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u202e\u2028\u202f\u2066\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffff",
    *"абпρμمישнЖ中😀👩❤🏴\U000e0067\U000e0062\U000e007f\U0001d173",
    "xn--", "com", ".com", "paypal", "\u0301" * 5,
]  # fmt: skip
# Those for which the script has no lookbehind, as the server has: marks in a row, joiners, flags, and dots.
DENSE = [*"\u0301\u034f\u20d0\u200da😀🏴\U000e0067\U000e007f.。!,", "\u0301" * 4, ".fr", "é"]


def drawn(module: str, expression: str, given: Any) -> Any:
    """Return what an expression over `given` and the exports of a module gives in Node."""
    program = (
        f'import * as script from "./static/pnav/{module}";'
        'import { fill } from "./static/pnav/lib/words.js";'
        'import { readFileSync } from "node:fs";'
        'const given = JSON.parse(readFileSync(0, "utf8"));'
        f"process.stdout.write(JSON.stringify({expression}));"
    )
    done = javascript.run("--input-type=module", "--eval", program, given=json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def differences(given: list[Any], here: list[str], there: list[str]) -> list[Any]:
    return [one for one in zip(given, here, there, strict=True) if one[1] != one[2]]


def test_script_and_server_draw_the_same_text(tried):
    draw = random.Random(4)
    texts = [text for text, _shown in SEEN.values()] + AS_THEY_ARE + list(FLAGGED)
    texts += ["".join(draw.choices(PIECES, k=draw.randint(1, 24))) for _each in range(5000)]
    texts += ["".join(draw.choices(DENSE, k=draw.randint(1, 16))) for _each in range(5000)]
    there = drawn("lib/plain.js", f'given.map((text) => script.plain(text, "{MISLEADING}"))', texts)
    assert differences(texts, [plain(text) for text in texts], there) == []
    tried("texts drawn by the script and by the server", len(texts))


def test_script_and_server_offer_the_same_of_a_draft(tried):
    """What was sent meanwhile is left out, whichever of both draws the draft."""
    draw = random.Random(8)

    def text() -> str:
        return "".join(draw.choices(["a", "b", " ", "\n", "\n\n", "\u200b", "é.com"], k=draw.randint(1, 4))).strip()

    given = []
    for _each in range(3000):
        sent = [text() or "c" for _message in range(draw.randint(0, 4))]
        kept = [*sent[draw.randint(0, len(sent)) :], text(), text()]
        given.append([draw.choice(["\n\n", "\r\n\r\n"]).join(kept), [plain(one) for one in sent]])
    here = [draft_session.without_sent(draft, sent) for draft, sent in given]
    script = f'script.withoutSent(draft, sent, "{MISLEADING}")'
    there = drawn("lib/unsent.js", f"given.map(([draft, sent]) => {script})", given)
    assert differences(given, here, there) == []
    assert 500 < sum(left != draft for left, (draft, _sent) in zip(here, given, strict=True)) < 2900
    tried("drafts of which the script and the server offer the same", len(given))


def test_script_and_server_agree_on_what_shows_something(tried):
    draw = random.Random(5)
    texts = [*PIECES, *("".join(draw.choices(PIECES, k=draw.randint(1, 3))) for _each in range(3000))]
    here = [plain_text.shows_something(text) for text in texts]
    there = drawn("lib/plain.js", "given.map((text) => script.showsSomething(text))", texts)
    assert differences(texts, here, there) == []
    assert 100 < here.count(False) < 1500
    tried("texts of which the script and the server say whether they show", len(texts))


def test_script_and_server_look_for_the_same_words(tried):
    draw = random.Random(6)
    texts = [*SUICIDE, *DANGER, *ORDINARY, "ŒUVRE Ægir sœur ÉTÉ İ ẞ"]
    texts += ["".join(draw.choices(PIECES, k=draw.randint(1, 24))) for _each in range(3000)]
    there = drawn("lib/search.js", "given.map((text) => script.fold(text))", texts)
    assert differences(texts, [folded.fold(text) for text in texts], there) == []
    tried("texts folded by the script and by the server", len(texts))


def test_script_and_server_write_the_same_day_beside_a_message():
    """An agent reads both in one thread: the script writes what comes while the page is open."""
    moments = [datetime(2027, 1, 1, 14, 35, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    paris, today = ZoneInfo("Europe/Paris"), date(2028, 5, 1)
    here = [thread_lines._hour(moment.astimezone(paris), today, {}) for moment in moments]
    given = [moment.isoformat() for moment in moments]
    there = drawn(
        "lib/time.js",
        "given.map((at) => script.writtenShort(new Date(at), 'fr', new Date(0)).replace(/[\\u00a0\\u202f]/g, ' '))",
        given,
    )
    assert differences(given, here, there) == []


@pytest.mark.parametrize("language", begun.offered())
@pytest.mark.parametrize("familiar", [True, False])
def test_script_and_server_say_the_same_wait(language, familiar):
    """Every range of up to four hours and a quarter is tried, in steps of five minutes as in steps of one."""
    steps = [*range(20), *range(20, 260, 5), 59, 61, 89, 91, 121]
    ranges = [None, *([low, high] for low, high in itertools.combinations(sorted(set(steps)), 2))]
    with translation.override(language):
        said = script_texts.words(familiar=familiar, discreet=False)
        here = [script_texts.wait_words(said, one and (one[0], one[1])) for one in ranges]
    there = drawn(
        "lib/time.js",
        "given.ranges.map((one) => {"
        " const { key, values } = script.wait(one); return fill(given.said[key], values); })",
        {"said": said, "ranges": ranges},
    )
    assert differences(ranges, here, there) == []


@pytest.mark.parametrize("language", begun.offered())
@pytest.mark.parametrize("familiar", [True, False])
def test_script_and_server_say_the_same_position(language, familiar):
    positions = [*range(1, 30), 100, 1000]
    with translation.override(language):
        said = script_texts.words(familiar=familiar, discreet=False)
        here = [script_texts.position_sentence(said, one) for one in positions]
    there = drawn(
        "lib/time.js",
        "given.positions.map((one) => {"
        " const { key, values } = script.queuePosition(one); return fill(given.said[key], values); })",
        {"said": said, "positions": positions},
    )
    assert differences(positions, here, there) == [] and len(set(here)) == len(positions)


@pytest.mark.parametrize("language", begun.offered())
def test_script_and_server_say_the_same_duration(language):
    seconds = [0, 1, 59, *range(60, 3600 * 30, 61)]
    with translation.override(language):
        said = _words()
        here = [str(wording.duration_in_words(timedelta(seconds=one))) for one in seconds]
    there = drawn(
        "lib/time.js",
        "given.seconds.map((one) => {"
        " const { key, values } = script.duration(1000 * one); return fill(given.said[key], values); })",
        {"said": said, "seconds": seconds},
    )
    assert differences(seconds, here, there) == []


def test_script_and_server_give_a_wait_the_same_level():
    seconds = [*range(1300), 100.7, 100.8, 3599, 3600]
    limits = [service_level.Limit(*one) for one in ((5, 70), (1, 33), (20, 100), (7, 24), (60, 10))]
    here = [[service_level.level_of_time(one, limit).name.lower() for one in seconds] for limit in limits]
    there = drawn(
        "lib/time.js",
        "given.limits.map((limit) => given.seconds.map((one) => script.level(1000 * one, limit)))",
        {"seconds": seconds, "limits": [{"near": one.near_ms, "broken": one.broken_ms} for one in limits]},
    )
    assert there == here and {"kept", "near", "broken"} == set(here[1])


def test_script_and_server_put_the_list_in_the_same_order():
    draw, beginning = random.Random(7), datetime(2026, 11, 27, 10, tzinfo=UTC)
    names = {field.name for field in dataclasses.fields(inbox.Entry)}

    def entry(number: int) -> inbox.Entry:
        turn = draw.choice(inbox.TURNS)
        when = [beginning + timedelta(minutes=draw.randrange(5)) for _each in range(3)]
        values = dict.fromkeys(names) | {
            "conversation": SimpleNamespace(urgency=draw.randrange(3), assigned_at=when[0], status=Status.ACTIVE),
            "handle": Handle(number, "brick", "renard"),
            "emergency_at": draw.choice([None, None, None, beginning]),
            "dangers": draw.choice([[], [], [danger_words.Kind.DANGER]]),
            "waits_for_agent": turn == "me",
            "has_left": turn == "left",
            "is_offline": turn != "left" and draw.random() < 0.3,
            "is_dormant": turn == "them" and draw.random() < 0.2,
            "is_given": turn == "given",
            "is_unanswered": turn == "me" and draw.random() < 0.3,
            "waits_since": when[1] if turn == "me" else None,
            "active_at": when[2],
        }
        return inbox.Entry(**values)

    def told(one: inbox.Entry) -> dict[str, Any]:
        return {
            "isEmergency": one.emergency_at is not None,
            "isMarked": bool(one.dangers),
            "isUnanswered": one.is_unanswered,
            "waits": one.turn,
            "urgency": one.conversation.urgency,
            "isOffline": one.is_offline or one.is_dormant,
            "since": (one.waits_since or one.active_at).isoformat(),
            "assigned": one.conversation.assigned_at.isoformat(),
            "number": one.number,
        }

    lists = [[entry(number) for number in draw.sample(range(1, 30), 12)] for _each in range(200)]
    given = {"lists": [[told(one) for one in entries] for entries in lists], "orders": list(Order.values)}
    sort = "[...all].sort(script.inOrder(order)).map(({ number }) => number)"
    there = drawn("console/numbers.js", f"given.orders.map((order) => given.lists.map((all) => {sort}))", given)
    for order, found in zip(Order, there, strict=True):
        assert found == [[one.number for one in sorted(all_, key=lambda one: one.place_in(order))] for all_ in lists]
    assert len({json.dumps(found) for found in there}) == len(Order), "each order differs from the others"


@pytest.mark.parametrize("language", begun.offered())
def test_script_and_server_say_the_same_promise(language):
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    seconds = [*range(-90, 1000, 7), -60, 0, 1, 59, 60, 61, 300]
    with translation.override(language):
        said = _words()
        here = [str(inbox.ReturnPromise(now + timedelta(seconds=one), now).words) for one in seconds]
    there = drawn(
        "lib/time.js",
        "given.seconds.map((one) => {"
        " const { key, values } = script.promise(1000 * one); return fill(given.said[key], values); })",
        {"said": said, "seconds": seconds},
    )
    assert differences(seconds, here, there) == []


def test_script_and_server_say_the_same_clock():
    seconds = [-5, 0, 1, 59, 60, 61, 599, 3599, 3600, 3661, 36_000, *range(0, 8000, 37)]
    here = [wording.clock_in_words(timedelta(seconds=one)) for one in seconds]
    assert here[7:10] == ["59:59", "1:00:00", "1:01:01"]
    assert (
        differences(seconds, here, drawn("lib/time.js", "given.map((one) => script.clock(1000 * one))", seconds)) == []
    )


def test_difference_is_seen():
    there = drawn("lib/plain.js", "given.map((text) => script.plain(text, ''))", ["a\u200bb"])
    assert differences(["a\u200bb"], ["ab"], there)


def test_browser_opens_what_the_custodians_sealed():
    """One side has HPKE by `cryptography` and the other by WebCrypto; what was changed on its way is not opened."""
    keys = ec.generate_private_key(ec.SECP256R1())
    public = keys.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    private = base64.b64encode(keys.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    request = uuid.uuid4()
    values = ["", "06 12 34 56 78", "é😀\n" * 40]
    sealed = [
        base64.b64encode(seal_reply(one, recipient=Recipient(public), request=request)).decode() for one in values
    ]
    broken = bytearray(base64.b64decode(sealed[1]))
    broken[-1] ^= 1
    given = {
        "private": private,
        "public": base64.b64encode(public).decode(),
        "request": str(request),
        "sealed": [*sealed, base64.b64encode(broken).decode()],
    }
    opened = drawn(
        "openings/hpke.js",
        """await (async () => {
          const curve = { name: "ECDH", namedCurve: "P-256" };
          const secret = script.decode(given.private);
          const key = await crypto.subtle.importKey("pkcs8", secret, curve, false, ["deriveBits"]);
          const info = script.join(script.text("pnav reply\\0"), script.uuidBytes(given.request));
          const one = (sealed) => script.open(script.decode(sealed), key, script.decode(given.public), info);
          return Promise.all(given.sealed.map((sealed) => one(sealed).catch(() => "refused")));
        })()""",
        given,
    )
    assert opened == [*values, "refused"]


@pytest.mark.django_db
def test_script_and_server_find_the_same_words_of_danger(tried):
    danger.forget_phrases()
    draw = random.Random(75)
    words = sorted({word for text in (*SUICIDE, *DANGER, *ORDINARY) for word in text.split()})
    texts = [*SUICIDE, *DANGER, *ORDINARY, "MOURIRRRR", "e\u0301crire", "œuvre", "ﬁn", "İ", "ß", "½", "١"]
    texts += [" ".join(draw.choices(words, k=draw.randint(1, 12))) for _each in range(3000)]
    texts += ["".join(draw.choices([*PIECES, "suicide", "mourir", " "], k=12)) for _each in range(1000)]
    phrases = json.loads(danger.phrases_as_json())
    there = drawn(
        "lib/danger-words.js",
        "((root) => given.texts.map((text) => script.find(root, text).join()))(script.build(given.phrases))",
        {"texts": texts, "phrases": phrases},
    )
    root = danger_words.build_tree(
        (kind, danger_words.read_phrase(phrase.replace("…", " … "))) for kind, phrase in phrases
    )
    here = [",".join(sorted(danger_words.find_kinds(root, text))) for text in texts]
    assert differences(texts, here, there) == []
    assert sum(map(bool, here)) > 200
    tried("texts searched by the script and by the server", len(texts))


def test_script_waits_longer_than_a_request_waits_for_its_turn():
    patience = drawn("lib/http.js", "script.TURN_MS", None)
    assert patience > 1000 * (page_handler.WAIT_SECONDS + 8)  # the page takes some seconds more
