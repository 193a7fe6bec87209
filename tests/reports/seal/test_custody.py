"""Share files: each opens with its own passphrase and says what is wrong with it, and together they give the key."""

import contextlib
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.seal import custody
from reports.seal.custody import (
    Cost,
    DamagedShare,
    ShareFile,
    SharesDoNotMatch,
    TooFewShares,
    Weakness,
    WrongPassphrase,
    combine_shares,
    find_weakness,
    open_share,
    require_together,
    split_key,
)
from reports.seal.envelopes import Envelope
from reports.seal.sealing import PrivateKey, PublicKey, unseal_text

CHEAP = Cost(iterations=1, memory_kib=8, lanes=1)
PASSPHRASES = ["cheval agrafe lampe étang", "brouette violon saule midi", "tuile marmotte onze cahier"]
PRIVATE = PrivateKey(bytes(range(32)))
FINGERPRINT = PRIVATE.public_key.fingerprint
FILES = split_key(PRIVATE, passphrases=PASSPHRASES, threshold=2, cost=CHEAP)


def test_any_two_of_three_give_the_key():
    shares = [open_share(file, passphrase) for file, passphrase in zip(FILES, PASSPHRASES, strict=True)]
    for some in combinations(shares, 2):
        assert combine_shares(some, fingerprint=FINGERPRINT).seed == PRIVATE.seed


def test_one_share_does_not_give_the_key():
    with pytest.raises(SharesDoNotMatch):
        combine_shares([open_share(FILES[0], PASSPHRASES[0])], fingerprint=FINGERPRINT)


def test_share_file_is_read_back():
    for file in FILES:
        assert ShareFile.parse(file.text) == file
    assert [(file.index, file.count, file.threshold) for file in FILES] == [(1, 3, 2), (2, 3, 2), (3, 3, 2)]


@pytest.mark.parametrize(
    "disturb",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("é", "Ã©").replace("–", "?"),
        lambda text: "\n\n".join(f"  {line}  " for line in text.splitlines()),
        lambda text: text[text.index("format") :],
    ],
)
def test_share_file_that_an_editor_saved(disturb):
    assert ShareFile.parse(disturb(FILES[0].text)) == FILES[0]


def test_share_file_shows_no_share_and_no_passphrase():
    for file, passphrase in zip(FILES, PASSPHRASES, strict=True):
        share = open_share(file, passphrase)
        for secret in (share.value, PRIVATE.seed):
            assert secret not in file.wrapped and secret.hex() not in file.text
        assert passphrase not in file.text


def test_share_file_with_any_character_altered():
    """It is refused as damaged, or what was altered is the prose around the fields."""
    text = FILES[1].text
    for position, character in enumerate(text):
        for other in {"a", "7", " ", "\n", ":", chr(ord(character) ^ 1), chr(ord(character) ^ 0x20)} - {character}:
            with contextlib.suppress(DamagedShare):
                assert ShareFile.parse(text[:position] + other + text[position + 1 :]) == FILES[1]


def test_share_file_cut_anywhere():
    text = FILES[0].text.rstrip()
    for end in range(len(text)):
        with pytest.raises(DamagedShare):
            ShareFile.parse(text[:end])


@given(text=st.text(max_size=300))
def test_share_file_of_anything_else(text):
    with pytest.raises(DamagedShare):
        ShareFile.parse(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"fingerprint": "0" * 32},
        {"index": 2},
        {"count": 4},
        {"threshold": 3},
        {"cost": Cost(1, 16, 1)},
        {"salt": bytes(16)},
        {"wrapped": bytes(60)},
    ],
)
def test_share_file_rewritten_with_a_right_checksum_does_not_open(changed):
    """The checksum is no secret: what keeps a field from being changed on purpose is the encryption."""
    rewritten = ShareFile.parse(replace(FILES[0], **changed).text)
    with pytest.raises(WrongPassphrase):
        open_share(rewritten, PASSPHRASES[0])


def test_wrapped_share_with_any_byte_altered():
    for position in range(custody.WRAPPED_BYTES):
        wrapped = bytearray(FILES[0].wrapped)
        wrapped[position] ^= 1
        with pytest.raises(WrongPassphrase):
            open_share(replace(FILES[0], wrapped=bytes(wrapped)), PASSPHRASES[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"fingerprint": "0" * 31},
        {"fingerprint": "g" * 32},
        {"index": 0},
        {"index": 4},
        {"count": 21},
        {"threshold": 1},
        {"threshold": 4},
        {"cost": Cost(1, 7, 1)},
        {"cost": Cost(1, 4 * 1024 * 1024, 1)},
        {"cost": Cost(0, 8, 1)},
        {"salt": bytes(15)},
        {"wrapped": bytes(59)},
        {"wrapped": b""},
    ],
)
def test_share_file_of_fields_that_make_no_sense(changed):
    with pytest.raises(DamagedShare):
        ShareFile.parse(replace(FILES[0], **changed).text)


@pytest.mark.parametrize("passphrase", ["", PASSPHRASES[1], PASSPHRASES[0].upper(), PASSPHRASES[0] + "s", "\udcff"])
def test_unwrap_with_a_wrong_passphrase(passphrase):
    with pytest.raises(WrongPassphrase) as caught:
        open_share(FILES[0], passphrase)
    assert not passphrase or passphrase not in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["cheval agrafe lampe e\u0301tang", " cheval  agrafe lampe\tétang ", "cheval\xa0agrafe lampe étang"]
)
def test_unwrap_with_a_passphrase_typed_on_another_keyboard(typed):
    assert open_share(FILES[0], typed) == open_share(FILES[0], PASSPHRASES[0])


def test_same_passphrase_twice_does_not_show():
    one, other = split_key(PRIVATE, passphrases=[PASSPHRASES[0]] * 2, threshold=2, cost=CHEAP)
    assert one.salt != other.salt and one.wrapped[:12] != other.wrapped[:12]


def test_require_together():
    require_together(FILES[:2])
    require_together(FILES)
    with pytest.raises(TooFewShares):
        require_together(FILES[:1])
    with pytest.raises(TooFewShares):
        require_together([])
    with pytest.raises(SharesDoNotMatch, match="twice"):
        require_together([FILES[0], FILES[0]])
    with pytest.raises(SharesDoNotMatch, match="same key"):
        require_together([FILES[0], replace(FILES[1], fingerprint="0" * 32)])
    with pytest.raises(SharesDoNotMatch, match="same key"):
        require_together([FILES[0], replace(FILES[1], threshold=3)])


def test_reunite_shares_of_two_cuts_of_one_key():
    """They bear the same fingerprint and numbers, but are of other polynomials."""
    others = split_key(PRIVATE, passphrases=PASSPHRASES, threshold=2, cost=CHEAP)
    require_together([FILES[0], others[1]])
    with pytest.raises(SharesDoNotMatch):
        combine_shares(
            [open_share(FILES[0], PASSPHRASES[0]), open_share(others[1], PASSPHRASES[1])],
            fingerprint=FINGERPRINT,
        )


@pytest.mark.parametrize(("count", "threshold"), [(3, 1), (3, 4), (1, 1), (0, 0), (21, 2)])
def test_cut_in_numbers_that_make_no_sense(count, threshold):
    with pytest.raises(ValueError, match="custodians"):
        split_key(PRIVATE, passphrases=["x"] * count, threshold=threshold, cost=CHEAP)


@settings(max_examples=30)
@given(data=st.data(), seed=st.binary(min_size=32, max_size=32), count=st.integers(2, 6))
def test_cut_then_reunite(data, seed, count):
    threshold = data.draw(st.integers(2, count))
    key = PrivateKey(seed)
    passphrases = [f"phrase {n}" for n in range(count)]
    files = [
        ShareFile.parse(file.text) for file in split_key(key, passphrases=passphrases, threshold=threshold, cost=CHEAP)
    ]
    some = data.draw(st.permutations(files))[:threshold]
    require_together(some)
    opened = [open_share(file, passphrases[file.index - 1]) for file in some]
    assert combine_shares(opened, fingerprint=key.public_key.fingerprint).seed == seed


def test_what_version_1_wrote_opens_for_ever():
    """The files were made when version 1 was: no later change may make a kept share, or a stored value, unreadable."""
    kept = json.loads((Path(__file__).parent / "seal_version_1.json").read_text(encoding="utf-8"))
    envelope = Envelope.parse(kept["envelope"])
    files = [ShareFile.parse(text) for text in kept["shares"]]
    opened = [open_share(file, passphrase) for file, passphrase in zip(files, kept["passphrases"], strict=True)]
    for some in combinations(opened, 2):
        private_key = combine_shares(some, fingerprint=files[0].fingerprint)
        assert unseal_text(envelope.sealed, private_key=private_key, context=envelope.context) == kept["clear"]
    assert PublicKey.parse(kept["public_key"]) == private_key.public_key


def test_cost_of_a_real_share():
    """RFC 9106 asks for 64 MiB, 3 passes and 4 lanes at least where memory is short."""
    assert custody.COST.memory_kib >= 64 * 1024 and custody.COST.iterations >= 3 and custody.COST.lanes == 4
    assert Cost.parse(str(custody.COST)) == custody.COST


def test_derive_is_argon2id():
    """The value is one of the tests of the reference program (P-H-C/phc-winner-argon2, src/test.c)."""
    derived = custody._derive("password", b"somesalt", Cost(iterations=2, memory_kib=64 * 1024, lanes=1))
    assert derived.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


@pytest.mark.parametrize(
    ("passphrase", "weakness"),
    [
        ("", Weakness.SHORT),
        ("cheval agrafe lampe", Weakness.SHORT),
        (" " * 40, Weakness.SHORT),
        ("court" + " " * 40, Weakness.SHORT),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", Weakness.FEW_LETTERS),
        ("121212345121212345121212", Weakness.FEW_LETTERS),
        ("motdepasse1 motdepasse1", Weakness.REPEATED),
        ("abc123xyz!abc123xyz!abc", Weakness.REPEATED),
        ("azertyuiopqsdfghjklmwxcvbn", Weakness.RUN),
        ("je suis 0123456789 et voilà", Weakness.RUN),
        ("Zyxwvutsrq ponm lkjih gfedcba", Weakness.RUN),
        (PASSPHRASES[0], None),
        (PASSPHRASES[1], None),
        ("k7#Qv9!mZp2$Lx8@Rw4%", None),
    ],
)
def test_find_weakness(passphrase, weakness):
    assert find_weakness(passphrase) == weakness


@pytest.mark.parametrize(
    ("text", "echo"), [("", 0), ("abcd", 0), ("aa", 1), ("abc abc", 3), ("abcabcab", 5), ("abcxabd", 2)]
)
def test_longest_echo(text, echo):
    assert custody._longest_echo(text) == echo


@pytest.mark.parametrize(
    ("memory_kib", "lanes", "is_read"),
    [(31, 4, False), (32, 4, True), (2 * 1024 * 1024, 4, True), (2 * 1024 * 1024 + 1, 4, False)],
)
def test_cost_is_read_within_its_bounds(memory_kib, lanes, is_read):
    """The bounds are the least memory that Argon2 takes for its lanes, and what no machine of custodians has."""
    text = f"argon2id t=1 m={memory_kib} p={lanes}"
    if is_read:
        assert str(Cost.parse(text)) == text
    else:
        with pytest.raises(DamagedShare):
            Cost.parse(text)
