"""What is drawn contains no invisible characters, and what is stored is what was written."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.messages import protocol
from common import plain_text
from common.plain_text import plain
from tests.support import patterns

SEEN = {
    "override": ("facture\u202egpj.exe", "facture⟦U+202E⟧gpj.exe"),
    "embedding": ("a\u202ab", "a⟦U+202A⟧b"),
    "isolate": ("a\u2066b\u2069", "a⟦U+2066⟧b⟦U+2069⟧"),
    "direction mark": ("1\u200e2\u200f3\u061c", "1⟦U+200E⟧2⟦U+200F⟧3⟦U+061C⟧"),
    "no width": ("mot\u200bde\u2060passe\ufeff", "mot⟦U+200B⟧de⟦U+2060⟧passe⟦U+FEFF⟧"),
    "joiner in a Latin word": ("pay\u200dpal", "pay⟦U+200D⟧pal"),
    "soft hyphen": ("in\u00advisible", "in⟦U+00AD⟧visible"),
    "control": ("\x1b[2J\x08\x07", "⟦U+001B⟧[2J⟦U+0008⟧⟦U+0007⟧"),
    "end of a line of a form": ("a\r\nb\r\r\nc", "a\nb⟦U+000D⟧\nc"),
    "carriage return": ("vrai\rfaux", "vrai⟦U+000D⟧faux"),
    "line separator": ("a\u2028b", "a⟦U+2028⟧b"),
    "blank letter": ("a\u3164b\u2800", "a⟦U+3164⟧b⟦U+2800⟧"),
    "tag": ("a\U000e0041", "a⟦U+E0041⟧"),
    "pile": ("e" + "\u0301" * 30, "e" + "\u0301" * 4 + "⟦U+0301 +25⟧"),
}
AS_THEY_ARE = [
    "Bonjour,\n\tça va ? « Oui » – 5 €…",
    "é" + "e\u0301",
    "👨\u200d👩\u200d👧 et ❤\ufe0f",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "می\u200cخواهم",  # Persian needs its joiner
    "مرحبا كيف حالك",
    "Привет, как дела?",
    "Καλημέρα",
    "https://www.service-public.fr/particuliers?x=1",
    "éducation.gouv.fr, Œuvre.fr, straße.de",
    "почта.рф",  # one alphabet from beginning to end
    "Bonjour.Ça va ?",
    "",
]
FLAGGED = {
    "https://раypal.com/x": "https://раypal.com ⟦adresse trompeuse possible⟧/x",
    "allez sur pаypal.com.": "allez sur pаypal.com ⟦adresse trompeuse possible⟧.",
    "аррӏе.com": "аррӏе.com ⟦adresse trompeuse possible⟧",
    "xn--80ak6aa92e.com": "xn--80ak6aa92e.com ⟦adresse trompeuse possible⟧",
    "XN--80AK6AA92E.com !": "XN--80AK6AA92E.com ⟦adresse trompeuse possible⟧ !",
    "paypal．com": "paypal．com ⟦adresse trompeuse possible⟧",  # the dot is another character
}


@pytest.mark.parametrize("name", SEEN)
def test_plain_shows(name):
    text, shown = SEEN[name]
    assert plain(text) == shown


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_plain_leaves(text):
    assert plain(text) == text


@pytest.mark.parametrize("text", FLAGGED)
def test_plain_warns_of_mixed_alphabets(text):
    assert plain(text) == FLAGGED[text]


@pytest.mark.parametrize(
    "text", ["Il attend devant l’école.Depuis lundi", "Il veut 50€.Ok", "¡.AA", "Non…non.Et puis", "❤️.Mais", "😂.Ok"]
)
def test_plain_takes_a_missing_space_for_no_address(text):
    assert plain(text) == text


# The former pattern of host names, tried from every place: what it found is found now in linear time.
EVERY_PLACE = re.compile(r"[^\s/@:<>()\"«»,;⟦⟧]+(?:[.\u3002\uff0e\uff61][^\s/@:<>()\"«»,;⟦⟧.]+)+")
AROUND_HOSTS = st.text(alphabet=[*'ab1é.。．｡ /@:<>()"«»,;⟦⟧-!\n\u0301😀漢\u202e'], max_size=40)


@settings(max_examples=2_000)
@given(AROUND_HOSTS)
def test_hosts_are_found_where_every_place_is_tried(text):
    assert [one.span() for one in plain_text._HOST.finditer(text)] == [one.span() for one in EVERY_PLACE.finditer(text)]


@settings(max_examples=500)
@given(AROUND_HOSTS)
def test_end_of_a_host_is_two_letters(text):
    assert bool(plain_text._ASCII_END.search(text)) == bool(re.search(r"[A-Za-z]{2,}$", text))


@pytest.mark.parametrize("kind", patterns.RUNS)
def test_longest_message_of_a_kind_is_drawn_in_milliseconds(kind):
    """A page draws hundreds. The longest took 200 ms before; the bound of any act is 20."""
    text = (patterns.RUNS[kind] * protocol.MAX_BODY)[: protocol.MAX_BODY]
    for tail in ("", ".a1", "é.com"):
        assert patterns.seconds(plain, text[: -len(tail) or None] + tail, times=3) < 0.02


@given(st.text())
def test_plain_hides_nothing(text):
    """Whatever is written, there is no control, no direction, and no missing glyph but joiners of emoji and letters."""
    for at, letter in enumerate(shown := plain(text)):
        if letter in "\n\t" or letter in "\u200c\u200d\ufe0f" or "\U000e0020" <= letter <= "\U000e007f":
            continue
        assert unicodedata.bidirectional(letter) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        assert unicodedata.category(letter) not in {"Cc", "Zl", "Zp"}, (at, shown)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf", "Mn"]), max_size=200))
def test_plain_leaves_what_is_written_in_french(text):
    assert plain(text.replace("xn--", "")) == text.replace("xn--", "").replace("\u034f", "")
