"""The contacts that a text names, without a database."""

import pytest

from common.texts.contacts import links, new_in, numbers, texts_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Voir [le site](https://a.example/x?y=1).", {"https://a.example/x?y=1"}),
        ("HTTPS://A.Example", {"https://a.example"}),
        ("allez sur b.example, puis", {"b.example"}),
        ("//b.example/x", {"//b.example/x"}),
        ("ｈｔｔｐｓ：//a.example", {"https://a.example"}),
        ("a。example", {"a.example"}),
        ("[là](tel:17) ou [là](sms:114)", {"tel:17", "sms:114"}),
        ("x@b.example", {"x@b.example"}),
        ("Une phrase. Une autre !", set()),
        ("Voir /information/#numeros et #ici", set()),
        ("12.50 euros, 1.5 h", set()),
    ],
)
def test_links(text, found):
    assert links(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("le 17, le 112", {"17", "112"}),
        ("116 006", {"116006"}),
        ("06.12.34.56.78", {"0612345678"}),
        ("+33 (0)6-12", {"330612"}),
        ("１１４", {"114"}),
        ("1 choix sur 5", set()),
        ("0\u00a0805\u202f805 817", {"0805805817"}),
        # As a reader sees the number: with nothing, a mark, a dash or a line break between its digits.
        ("0\u200b8\u20609\u00ad9\u034f1", {"08991"}),
        ("0\ufe0f\u20e38\ufe0f\u20e39\ufe0f\u20e3", {"089"}),
        ("0–8·9\u31649", {"0899"}),
        ("**0****8****9**", {"089"}),
        ("[0](#)[8](#)[9](#)", {"089"}),
        ("0\n8\n9", {"089"}),
        ("17, 18 ; 19", {"17", "18", "19"}),
    ],
)
def test_numbers(text, found):
    assert numbers(text) == found


def test_only_what_is_new_counts():
    assert new_in(["Appelez le 17."], ["Le 17, tout de suite."]) == set()
    assert new_in(["Appelez le 17."], ["Le 17 ou le 18 : a.example"]) == {"18", "a.example"}
    assert new_in([], ["https://a.example"]) == {"https://a.example"}
    assert new_in(["1", "7"], ["17"]) == {"17"}, "two texts do not make one number"


def test_texts_of_a_document_however_deep():
    assert sorted(texts_of({"a": ["x", {"b": "y"}, 3, None], "c": ("z",)})) == ["x", "y", "z"]
