"""What the script draws of a message is what the server draws of it."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chat.display import plain
from tests.chat.test_display import AS_THEY_ARE, FLAGGED, SEEN

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).resolve().parents[2] / "static" / "pnav" / "plain.js"
# Characters that mean something to the rules, beside ordinary ones.
PIECES = [
    *"abcXYZ éàœ.。．/:@!?…’\n\t\r\x00\x1b\x7f\x85\xa0\xad⟦⟧«»,;-",
    *"\u0301\u0308\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u202e\u2028\u202f\u2066\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffff",
    *"абпρμمیשнЖ中😀👩❤🏴\U000e0067\U000e0062\U000e007f\U0001d173",
    "xn--", "com", ".com", "paypal", "\u0301" * 5,
]  # fmt: skip


def test_script_and_server_draw_the_same(browser: Browser, tried):
    draw = random.Random(4)
    texts = [text for text, _shown in SEEN.values()] + AS_THEY_ARE + list(FLAGGED)
    texts += ["".join(draw.choices(PIECES, k=draw.randint(1, 24))) for _each in range(5000)]
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    drawn = page.evaluate("(texts) => texts.map((text) => pnavPlain(text, 'adresse trompeuse possible'))", texts)
    page.close()
    different = [
        (text, here, there) for text, here, there in zip(texts, map(plain, texts), drawn, strict=True) if here != there
    ]
    assert different == []
    tried("texts drawn by the script and by the server", len(texts))
