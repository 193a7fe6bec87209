"""The two commands of the seal, as the people in the room use them."""

import base64
import getpass
import io
import json
import os
import re
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command

from reports.management.commands import make_seal_key, open_sealed
from reports.management.commands.open_sealed import CLEAR_SCREEN, printable, wait_for_enter
from reports.seal import custody
from reports.seal.custody import Cost, DamagedShare, ShareFile
from reports.seal.envelopes import Envelope
from reports.seal.replies import SUITE, Recipient, Reply, info
from reports.seal.sealing import Context, PrivateKey, PublicKey, seal_text, unpad_text

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASES = ["cheval agrafe lampe étang", "brouette violon saule midi", "tuile marmotte onze cahier"]
CONTEXT = Context(UUID("2f1c9a52-6a0e-4f0e-9d0e-5b1f0c9a7e11"), "name", 2)
CLEAR = "Camille Zébulon, 06 12 34 56 78"


class Screen(io.StringIO):
    """A terminal, as far as a command can tell."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(custody, "COST", Cost(iterations=1, memory_kib=8, lanes=1))


@pytest.fixture
def keyboard(monkeypatch):
    """Return what people type, in order; what they were asked for. Enter is a line of its own."""
    typing = SimpleNamespace(lines=[], asked=[])

    def type_line(prompt=""):
        typing.asked.append(prompt)
        assert typing.lines, f"nobody is there to answer: {prompt}"
        line = typing.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr(getpass, "getpass", type_line)
    monkeypatch.setattr("builtins.input", lambda prompt="": type_line(prompt))
    monkeypatch.setattr(open_sealed, "wait_for_enter", lambda _seconds: type_line("Entrée"))
    return typing


def run(*args, **options):
    """Return what a command shows, on both its outputs."""
    screen = Screen()
    call_command(*args, stdout=screen, stderr=screen, **options)
    return screen.getvalue()


def make(keyboard, folder, passphrases=PASSPHRASES, threshold=2):
    keyboard.lines += [passphrase for passphrase in passphrases for _twice in range(2)]
    return run("make_seal_key", custodians=len(passphrases), threshold=threshold, out=str(folder))


@pytest.fixture
def key(keyboard, tmp_path):
    """Return a key of three custodians, two of whom open: its folder, its shares in order, its public key."""
    folder = tmp_path / "key"
    screen = make(keyboard, folder)
    keyboard.asked.clear()
    public_key = PublicKey.parse(re.search(r"^SEAL_PUBLIC_KEY=(.*)$", screen, re.MULTILINE)[1])
    shares = sorted(folder.glob("part-*.txt"))
    return SimpleNamespace(folder=folder, shares=[str(path) for path in shares], public_key=public_key, screen=screen)


@pytest.fixture
def envelope(key, tmp_path):
    """Return a file with CLEAR sealed for CONTEXT, and what writes another."""
    path = tmp_path / "enveloppe.json"

    def write(text=CLEAR, sealed_for=CONTEXT, said_for=CONTEXT, public_key=key.public_key):
        sealed = seal_text(text, public_key=public_key, context=sealed_for)
        path.write_text(Envelope(said_for, sealed).text)
        return str(path)

    write()
    return SimpleNamespace(path=str(path), write=write)


def refusal(*args, **options):
    """Return what the person reads, when a command refuses; nothing else was shown by then but what `screen` holds."""
    screen = Screen()
    with pytest.raises(CommandError) as caught:
        call_command(*args, stdout=screen, stderr=screen, **options)
    assert CLEAR not in screen.getvalue() + str(caught.value)
    return str(caught.value), screen.getvalue()


# --- make_seal_key ------------------------------------------------------------------------------------------------


def test_the_site_is_told_the_threshold_of_its_key(keyboard, tmp_path):
    """With the default of 2, an envelope of a key that opens with three would be taken after two have agreed."""
    screen = make(keyboard, tmp_path / "three", passphrases=[*PASSPHRASES], threshold=3)
    assert re.search(r"^SEAL_THRESHOLD=3$", screen, re.MULTILINE)


def test_make_seal_key_writes_shares_and_public_key(key):
    assert stat.S_IMODE(key.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in key.folder.iterdir()} == {0o600}
    assert len(key.shares) == 3 and len(list(key.folder.iterdir())) == 4
    files = [ShareFile.parse(Path(path).read_text(encoding="utf-8")) for path in key.shares]
    assert [(file.index, file.count, file.threshold) for file in files] == [(1, 3, 2), (2, 3, 2), (3, 3, 2)]
    assert {file.fingerprint for file in files} == {key.public_key.fingerprint}


def test_make_seal_key_shows_the_fingerprint_and_the_line_for_the_environment(key):
    grouped = make_seal_key.grouped(key.public_key.fingerprint)
    assert f"Empreinte : {grouped}" in key.screen and len(grouped.split()) == 8
    (public,) = key.folder.glob("cle-publique-*.txt")
    assert grouped in public.read_text() and f"SEAL_PUBLIC_KEY={key.public_key.text}" in public.read_text()


def test_make_seal_key_leaves_no_private_key_and_no_passphrase(keyboard, tmp_path, monkeypatch, caplog, capfd):
    seen = []
    generate = PrivateKey.generate
    monkeypatch.setattr(PrivateKey, "generate", lambda: seen.append(generate()) or seen[-1])
    caplog.set_level(0)
    screen = make(keyboard, tmp_path / "key")
    (private_key,) = seen
    left = screen + caplog.text + "".join(capfd.readouterr()) + "".join(map(str, keyboard.asked))
    left += "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "key").iterdir())
    shares = [
        custody.open_share(ShareFile.parse(path.read_text()), passphrase)
        for path, passphrase in zip(sorted((tmp_path / "key").glob("part-*")), PASSPHRASES, strict=True)
    ]
    for secret in (private_key.seed, *(share.value for share in shares)):
        for form in forms(secret):
            assert form not in left
    for passphrase in PASSPHRASES:
        assert passphrase not in left


def forms(secret):
    """Yield how bytes may come to light in a text, whatever stands before them."""
    yield secret.hex()
    yield repr(secret)[2:-1]
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret).decode()[4:-4]
        yield encoded
        yield encoded.replace("+", "-").replace("/", "_")


def test_make_seal_key_asks_again_for_weak_or_mistyped(keyboard, tmp_path):
    good, other = PASSPHRASES[:2]
    keyboard.lines = ["court", good, good + "s", good, good, good, other, other]
    screen = run("make_seal_key", custodians=2, threshold=2, out=str(tmp_path / "key"))
    assert "Trop courte" in screen and "sont différentes" in screen and "a déjà servi" in screen
    assert "si une seule part se perd" in screen
    assert len(list((tmp_path / "key").glob("part-*"))) == 2 and not keyboard.lines


@pytest.mark.parametrize("weak", ["zut!", "a" * 30, "motdepasse1 motdepasse1", "azertyuiopqsdfghjklm"])
def test_make_seal_key_gives_up_on_weak_passphrases(keyboard, tmp_path, weak):
    keyboard.lines = [weak] * 3
    said, screen = refusal("make_seal_key", custodians=3, threshold=2, out=str(tmp_path / "key"))
    assert "rien n'a été écrit" in said and weak not in said + screen
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize(("custodians", "threshold"), [(3, 1), (2, 3), (1, 1), (21, 2), (0, 0)])
def test_make_seal_key_in_numbers_that_make_no_sense(keyboard, tmp_path, custodians, threshold):
    said, _screen = refusal("make_seal_key", custodians=custodians, threshold=threshold, out=str(tmp_path / "key"))
    assert "seuil" in said and not keyboard.asked


def test_make_seal_key_never_writes_over_anything(keyboard, tmp_path):
    (tmp_path / "key").mkdir()
    said, _screen = refusal("make_seal_key", custodians=3, threshold=2, out=str(tmp_path / "key"))
    assert "existe déjà" in said and not keyboard.asked


def test_make_seal_key_where_nothing_can_be_written(keyboard, tmp_path):
    (tmp_path / "file").write_text("")
    keyboard.lines = [passphrase for passphrase in PASSPHRASES for _twice in range(2)]
    said, _screen = refusal("make_seal_key", custodians=3, threshold=2, out=str(tmp_path / "file" / "key"))
    assert "Impossible d'écrire" in said


@pytest.mark.parametrize("fault", ["autre chose", DamagedShare("x"), OSError("disk")])
def test_make_seal_key_that_does_not_open_leaves_nothing(keyboard, tmp_path, monkeypatch, fault):
    """What was written is read again and must open, or it is taken away."""

    def fail(*_args, **_options):
        if isinstance(fault, Exception):
            raise fault
        return fault

    monkeypatch.setattr(make_seal_key, "unseal_text", fail)
    keyboard.lines = [passphrase for passphrase in PASSPHRASES for _twice in range(2)]
    said, screen = refusal("make_seal_key", custodians=3, threshold=2, out=str(tmp_path / "key"))
    assert "n'ouvrent pas" in said and "SEAL_PUBLIC_KEY" not in screen and not (tmp_path / "key").exists()


def test_make_seal_key_interrupted(keyboard, tmp_path):
    keyboard.lines = [PASSPHRASES[0], PASSPHRASES[0], KeyboardInterrupt()]
    said, _screen = refusal("make_seal_key", custodians=3, threshold=2, out=str(tmp_path / "key"))
    assert said.startswith("Interrompu") and not (tmp_path / "key").exists()


def test_passphrase_is_not_asked_where_it_would_show(monkeypatch, tmp_path):
    """Without a terminal getpass warns, then reads in the open."""

    def shows(prompt):
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
        raise AssertionError("it was read all the same")

    monkeypatch.setattr(getpass, "getpass", shows)
    said, _screen = refusal("make_seal_key", custodians=2, threshold=2, out=str(tmp_path / "key"))
    assert "terminal" in said


# --- open_sealed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [(0, 1), (2, 0), (1, 2), (2, 1, 0)])
def test_open_sealed_shows_the_value_once_then_wipes_it(key, envelope, keyboard, which):
    keyboard.lines = [*(PASSPHRASES[n] for n in which[:2]), ""]
    screen = run("open_sealed", envelope.path, shares=[key.shares[n] for n in which])
    assert screen.count(CLEAR) == 1 and f"│ {CLEAR}\n" in screen
    assert screen.endswith(CLEAR_SCREEN) and not keyboard.lines
    assert str(CONTEXT.report) in screen and "champ « name », version 0000000002" in screen


def test_open_sealed_keeps_nothing(key, envelope, keyboard, tmp_path, caplog, capfd):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    keyboard.lines = [*PASSPHRASES[:2], ""]
    caplog.set_level(0)
    screen = run("open_sealed", envelope.path, shares=key.shares[:2])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    left = caplog.text + "".join(capfd.readouterr()) + "".join(map(str, keyboard.asked))
    assert CLEAR not in left
    assert not any(passphrase in left + screen for passphrase in PASSPHRASES)


def test_open_sealed_of_a_person_who_gave_nothing(key, envelope, keyboard):
    keyboard.lines = [*PASSPHRASES[:2], ""]
    assert "rien n'a été donné" in run("open_sealed", envelope.write(text=""), shares=key.shares[:2])


def test_open_sealed_wipes_the_screen_when_interrupted(key, envelope, keyboard):
    keyboard.lines = [*PASSPHRASES[:2], KeyboardInterrupt()]
    assert run("open_sealed", envelope.path, shares=key.shares[:2]).endswith(CLEAR_SCREEN)


def test_open_sealed_wipes_the_screen_of_those_who_left(key, envelope, keyboard, monkeypatch):
    """Nobody types any more for five minutes, which is as long as the page shows an answer."""
    given = []
    monkeypatch.setattr(open_sealed, "wait_for_enter", given.append)
    keyboard.lines = PASSPHRASES[:2]
    screen = run("open_sealed", envelope.path, shares=key.shares[:2])
    assert CLEAR in screen and screen.endswith(CLEAR_SCREEN) and given == [300]


def test_waiting_for_enter_ends_by_itself_and_with_a_line(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as keys, os.fdopen(writing, "w") as fingers:
        monkeypatch.setattr("sys.stdin", keys)
        before = time.monotonic()
        wait_for_enter(0.2)
        assert time.monotonic() - before > 0.15
        fingers.write("\n")
        fingers.flush()
        before = time.monotonic()
        wait_for_enter(60)
        assert time.monotonic() - before < 30


def test_open_sealed_too_few_shares(key, envelope, keyboard):
    said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:1])
    assert said == "Il faut 2 parts, et il n'y en a que 1." and not keyboard.asked


def test_open_sealed_same_file_twice_is_one_share(key, envelope, keyboard):
    said, _screen = refusal("open_sealed", envelope.path, shares=[key.shares[0]] * 2)
    assert said == "Il faut 2 parts, et il n'y en a que 1."


def test_open_sealed_copy_of_a_share_is_the_same_share(key, envelope, keyboard, tmp_path):
    copy = tmp_path / "copie.txt"
    copy.write_bytes(Path(key.shares[0]).read_bytes())
    said, _screen = refusal("open_sealed", envelope.path, shares=[key.shares[0], str(copy)])
    assert "deux fois" in said and not keyboard.asked


def test_open_sealed_wrong_passphrase_says_which_and_asks_again(key, envelope, keyboard):
    keyboard.lines = [PASSPHRASES[0], PASSPHRASES[0], PASSPHRASES[1], ""]
    screen = run("open_sealed", envelope.path, shares=key.shares[:2])
    assert "Cette phrase de passe n'ouvre pas la part 2." in screen and CLEAR in screen
    assert "part 1 " in keyboard.asked[0] and "part 2 " in keyboard.asked[1]


def test_open_sealed_wrong_passphrase_three_times(key, envelope, keyboard):
    keyboard.lines = [PASSPHRASES[0], *["une autre phrase de passe"] * 3]
    said, screen = refusal("open_sealed", envelope.path, shares=key.shares[:2])
    assert said.startswith("La part 2 (") and "reste fermée" in said and "une autre" not in said + screen


def test_open_sealed_shares_of_another_key(key, envelope, keyboard, tmp_path):
    make(keyboard, tmp_path / "other")
    others = sorted((tmp_path / "other").glob("part-*"))
    keyboard.asked.clear()
    said, _screen = refusal("open_sealed", envelope.path, shares=[key.shares[0], str(others[1])])
    assert "autre clé" in said and others[1].name in said and Path(key.shares[0]).name not in said
    assert not keyboard.asked


def test_open_sealed_shares_of_another_cut(key, envelope, keyboard, tmp_path):
    """A key that was cut again bears the same fingerprint: shares of the two cuts give nothing together."""
    paths = []
    private_key = custody.combine_shares(
        [custody.open_share(ShareFile.parse(Path(key.shares[n]).read_text()), PASSPHRASES[n]) for n in range(2)],
        fingerprint=key.public_key.fingerprint,
    )
    for file in custody.split_key(private_key, passphrases=PASSPHRASES, threshold=2, cost=custody.COST):
        paths.append(tmp_path / f"autre-{file.index}.txt")
        paths[-1].write_text(file.text)
    keyboard.lines = PASSPHRASES[:2]
    said, _screen = refusal("open_sealed", envelope.path, shares=[key.shares[0], str(paths[1])])
    assert "ne redonnent pas la clé" in said


def test_open_sealed_value_of_another_place(key, envelope, keyboard):
    for moved in (
        Context(UUID(int=1), CONTEXT.field, CONTEXT.version),
        Context(CONTEXT.report, "contact", CONTEXT.version),
        Context(CONTEXT.report, CONTEXT.field, 3),
    ):
        keyboard.lines = PASSPHRASES[:2]
        said, _screen = refusal("open_sealed", envelope.write(said_for=moved), shares=key.shares[:2])
        assert "n'a pas été scellée pour ce signalement" in said


def test_open_sealed_damaged_files(key, envelope, keyboard, tmp_path):
    damaged = tmp_path / "abimee.txt"
    damaged.write_bytes(Path(key.shares[0]).read_bytes().replace(b"part : 1", b"part : 2"))
    said, _screen = refusal("open_sealed", envelope.path, shares=[str(damaged), key.shares[1]])
    assert said.startswith("Fichier abîmé") and "part de clé" in said and "abimee.txt" in said

    fields = json.loads(Path(envelope.path).read_text())
    Path(envelope.path).write_text(json.dumps({**fields, "version": 3}))
    said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:2])
    assert said.startswith("Fichier abîmé") and "enveloppe.json" in said
    for content in (b"", b"\xff\xfe\x00", b"x" * 20_000):
        Path(envelope.path).write_bytes(content)
        said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:2])
        assert said.startswith("Fichier ") and "enveloppe.json" in said
    assert not keyboard.asked


def test_open_sealed_files_that_are_not_there(key, envelope, keyboard):
    for file, shares in (("/nowhere/e.json", key.shares[:2]), (envelope.path, ["/nowhere/p.txt"])):
        said, _screen = refusal("open_sealed", file, shares=shares)
        assert said.startswith("Impossible de lire")


def test_open_sealed_only_on_a_screen(key, envelope, keyboard):
    with pytest.raises(CommandError, match="écran"):
        call_command("open_sealed", envelope.path, shares=key.shares[:2], stdout=io.StringIO())
    assert not keyboard.asked


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Zoé\xa0B.\r\n06 12", "│ Zoé\xa0B.\n│ 06 12"),
        ("\x1b[2J\x9b31m", "│ \\u{1b}[2J\\u{9b}31m"),
        ("a\u202eb\u2066c\u2028d\x00\x07\r", "│ a\\u{202e}b\\u{2066}c\\u{2028}d\\u{0}\\u{7}\\u{d}"),
    ],
)
def test_shown_neutralises_what_a_terminal_would_obey(text, seen):
    assert printable(text) == seen


def test_commands_without_database_nor_settings(tmp_path):
    """The process has no environment: `pnav.offline` is enough. Without a terminal, they say so and stop."""

    def start(*args):
        return subprocess.run(
            [sys.executable, "manage.py", *args, "--settings=pnav.offline"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            start_new_session=True,
        )

    made = start("make_seal_key", "--custodians=2", "--threshold=2", f"--out={tmp_path / 'key'}")
    assert made.returncode == 1 and "Une phrase de passe se tape au clavier" in made.stderr, made.stderr
    opened = start("open_sealed", "x.json", "--shares", "a", "b")
    assert opened.returncode == 1 and "La valeur ne s'affiche que sur un écran" in opened.stderr, opened.stderr


# --- open_sealed --reply ------------------------------------------------------------------------------------------

REQUEST = UUID("5f0b2d11-93a7-4a52-8a52-6a0e4f0e9d0e")


@pytest.fixture
def browser(envelope, key):
    """Return the browser that asked; the envelope says so."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    recipient = Recipient(private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    sealed = seal_text(CLEAR, public_key=key.public_key, context=CONTEXT)
    Path(envelope.path).write_text(Envelope(CONTEXT, sealed, REQUEST, recipient).text)
    return SimpleNamespace(private_key=private_key, recipient=recipient)


def test_reply_opens_in_the_browser_that_asked_and_shows_nothing(key, envelope, browser, keyboard, tmp_path, capfd):
    out = tmp_path / "reponse.json"
    keyboard.lines += PASSPHRASES[:2]
    screen = run("open_sealed", envelope.path, shares=key.shares[:2], reply=str(out))
    assert browser.recipient.fingerprint in screen and str(REQUEST) in screen
    captured = capfd.readouterr()
    for text in (screen, out.read_text(), captured.out, captured.err):
        assert CLEAR not in text and "Zébulon" not in text
    reply = Reply.parse(out.read_text())
    assert unpad_text(SUITE.decrypt(reply.sealed, browser.private_key, info=info(REQUEST))) == CLEAR


def test_reply_to_an_envelope_without_a_way_back(key, envelope, keyboard, tmp_path):
    said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:2], reply=str(tmp_path / "r.json"))
    assert "n'attend pas de réponse" in said and not keyboard.asked
    assert not (tmp_path / "r.json").exists()


def test_reply_never_writes_over_anything(key, envelope, browser, keyboard, tmp_path):
    out = tmp_path / "reponse.json"
    out.write_text("déjà là")
    said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:2], reply=str(out))
    assert "existe déjà" in said and out.read_text() == "déjà là" and not keyboard.asked


def test_reply_where_nothing_can_be_written(key, envelope, browser, keyboard, tmp_path):
    keyboard.lines += PASSPHRASES[:2]
    said, _screen = refusal(
        "open_sealed", envelope.path, shares=key.shares[:2], reply=str(tmp_path / "nowhere" / "r.json")
    )
    assert "Impossible d'écrire" in said


def test_envelope_whose_way_back_was_changed_is_damaged(key, envelope, browser, keyboard, tmp_path):
    path = Path(envelope.path)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    theirs = Recipient(other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    path.write_text(path.read_text().replace(browser.recipient.text, theirs.text))
    said, _screen = refusal("open_sealed", envelope.path, shares=key.shares[:2], reply=str(tmp_path / "r.json"))
    assert "abîmé" in said
