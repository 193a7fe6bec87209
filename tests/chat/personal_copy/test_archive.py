"""The archive: its digests, its name, and each byte of it that was changed. The script in the browser finds
the same.
"""

import base64
import hashlib
import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest

from chat.personal_copy import archive, lock
from chat.personal_copy.archive import File, TooLarge, name_of
from reports.rules import copies
from tests.js.test_twins import drawn
from tests.support.archives import pack

AT = datetime(2026, 11, 28, 7, 5, 8, tzinfo=UTC)
FILES = [File("copie.pdf", b"%PDF " + bytes(range(256))), File("copie.json", b'{"a": "' + b"x" * 400 + b'"}')]
CHECK = (
    "await Promise.all(given.map((one) => script.checkArchive("
    "new Blob([Uint8Array.from(atob(one), (sign) => sign.charCodeAt(0))]),"
    f" '{archive.DIGESTS}', '{archive.COMMENT}').then((one) => one.files).catch((error) => String(error))))"
)


def checked(*zips: bytes):
    """Return what the browser's half says of each of these."""
    return drawn("copy/archive.js", CHECK, [base64.b64encode(one).decode() for one in zips])


def test_archive_unpacks_and_checks_itself_by_the_ordinary_tool(tmp_path):
    with zipfile.ZipFile(io.BytesIO(pack(FILES, AT))) as found:
        assert found.testzip() is None and found.namelist() == ["copie.pdf", "copie.json", archive.DIGESTS]
        assert found.read("copie.json") == FILES[1].content and found.infolist()[0].date_time == (2026, 11, 28, 7, 5, 8)
        digest = hashlib.sha256(found.read(archive.DIGESTS)).hexdigest()
        assert found.comment.decode() == archive.COMMENT + digest
        found.extractall(tmp_path)
    subprocess.run(["sha256sum", "--check", "--strict", archive.DIGESTS], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "copie.json").write_bytes(b"{}")
    done = subprocess.run(["sha256sum", "--check", archive.DIGESTS], cwd=tmp_path, check=False, capture_output=True)
    assert done.returncode == 1


def test_name_says_nothing_of_what_it_holds():
    assert name_of(AT, "zip") == "documents-2026-11-28.zip"


@pytest.mark.parametrize("name", ["../copie", "/copie", "Copie.pdf", "con:", "a b", "a//b", ""])
def test_name_in_an_archive_is_plain(name):
    with pytest.raises(ValueError, match="plain name"):
        pack([File(name, b"")], AT)


def test_size_is_bounded(monkeypatch):
    monkeypatch.setattr(archive, "BYTES_AT_MOST", 300)
    with pytest.raises(TooLarge):
        pack(FILES, AT)


def test_every_changed_byte_of_a_file_is_named_by_the_browser():
    whole = pack(FILES, AT)
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        entries = found.infolist()
    places = {}
    for entry in entries:
        begin = entry.header_offset + 30 + len(entry.filename)
        places |= dict.fromkeys(range(begin, begin + entry.compress_size), entry.filename)
    tried = {at: whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :] for at in places}
    (untouched, *answers) = checked(whole, *tried.values())
    assert {one["state"] for one in untouched} == {"ok"} and len(untouched) == 3
    for at, answer in zip(tried, answers, strict=True):
        wrong = {one["name"] for one in answer if one["state"] != "ok"}
        assert places[at] in wrong, at
        if places[at] != archive.DIGESTS:
            assert wrong == {places[at]}, at


def test_what_was_added_taken_away_or_cut_is_said():
    whole = pack(FILES, AT)
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        listed, comment = found.read(archive.DIGESTS), found.comment

    def packed(*files: File, note=comment):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as other:
            other.comment = note
            for one in (*files, File(archive.DIGESTS, listed)):
                other.writestr(one.name, one.content)
        return made.getvalue()

    added, missing, no_copy, cut, nothing, again = checked(
        packed(*FILES, File("autre.txt", b"")),
        packed(FILES[0]),
        packed(*FILES, note=b""),
        whole[:-1],
        b"",
        packed(*FILES),
    )
    assert {one["name"]: one["state"] for one in added}["autre.txt"] == "added"
    assert {one["name"]: one["state"] for one in missing}["copie.json"] == "missing"
    assert {one["state"] for one in again} == {"ok"}
    assert [isinstance(one, str) for one in (no_copy, cut, nothing)] == [True] * 3


HELD = """
await (async () => {
  const whole = new Blob([Uint8Array.from(atob(given[0]), (sign) => sign.charCodeAt(0))]);
  let most = 0;
  const watched = (blob) => ({
    size: blob.size,
    slice: (...range) => watched(blob.slice(...range)),
    stream: () => blob.stream(),
    arrayBuffer: () => { most = Math.max(most, blob.size); return blob.arrayBuffer(); },
  });
  const found = await script.checkArchive(watched(whole), given[1], given[2]);
  return [found.files.map((one) => one.state), most, whole.size, [...found.contents.keys()]];
})()
"""


def test_archive_is_never_whole_in_the_browser():
    files = [*FILES, *(File(f"captures/capture-{number}.pdf", bytes([number]) * 200_000) for number in range(8))]
    given = [base64.b64encode(pack(files, AT)).decode(), archive.DIGESTS, archive.COMMENT]
    states, most, size, kept = drawn("copy/archive.js", HELD, given)
    assert set(states) == {"ok"} and len(states) == len(files) + 1
    assert size > 1_600_000 and most == 200_000, "one file at a time"
    assert kept == ["copie.json"], "of the others nothing is kept but their digests"


def test_file_that_says_to_be_larger_than_any_of_ours_is_not_unpacked():
    whole = bytearray(pack(FILES, AT))
    central = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"copie.json"))
    sizes = whole.index(b"PK\x07\x08", whole.index(b"copie.json"))
    for place in (central + 24, sizes + 12):
        whole[place : place + 4] = (65 * 1024 * 1024).to_bytes(4, "little")
    (answer,) = checked(bytes(whole))
    assert {one["name"]: one["state"] for one in answer}["copie.json"] == "changed"


def written(path, *files, listed=None):
    with zipfile.ZipFile(path, "w") as other:
        for one in (*files, *([] if listed is None else [File(archive.DIGESTS, listed)])):
            other.writestr(one.name, one.content)
    return path


def test_archive_is_judged_alike_by_the_command(tmp_path):
    path = tmp_path / "copie.zip"
    path.write_bytes(pack(FILES, AT))
    listed = archive.digests_of(FILES)
    assert copies.judge(path) == (listed, {})
    assert hashlib.sha256(listed).hexdigest() == archive.digest_of_list(FILES)
    changed, more = File("copie.pdf", b"%PDF other"), File("autre.txt", b"")
    assert copies.judge(written(path, changed, FILES[1], listed=listed))[1] == {"copie.pdf": "changed"}
    assert copies.judge(written(path, FILES[0], more, listed=listed))[1] == {
        "copie.json": "missing", "autre.txt": "added",
    }  # fmt: skip
    broken = bytearray(pack(FILES, AT))
    broken[40 + 10] ^= 1  # a byte of the first file
    path.write_bytes(broken)
    assert copies.judge(path)[1] == {"copie.pdf": "changed"}


def test_what_is_no_archive_is_refused_by_the_command(tmp_path, monkeypatch):
    path = tmp_path / "copie.zip"
    for content in (b"", b"PK", b"%PDF-", pack(FILES, AT)[:-200]):
        path.write_bytes(content)
        with pytest.raises(copies.NotAnArchive):
            copies.judge(path)
    with pytest.raises(copies.NotAnArchive):
        copies.judge(written(path, *FILES))
    path.write_bytes(pack(FILES, AT))
    monkeypatch.setattr(copies, "BYTES_MOST", 300)
    with pytest.raises(copies.NotAnArchive):
        copies.judge(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_archive_packed_as_none_of_ours_is_refused_by_the_command(tmp_path, method):
    """It is whole or damaged, and read as the page does, which reads no other method: it must not end in a library's
    error.
    """
    path = tmp_path / "copie.zip"
    with zipfile.ZipFile(path, "w", method) as other:
        for one in (*FILES, File(archive.DIGESTS, archive.digests_of(FILES))):
            other.writestr(one.name, one.content)
    damaged = bytearray(path.read_bytes())
    # This byte says how the file was packed (LZMA), or that a block begins (bzip2).
    damaged[30 + len(FILES[0].name) + 4] = 0xFF
    for content in (path.read_bytes(), bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(copies.NotAnArchive):
            copies.judge(path)


def test_name_that_is_no_text_is_refused_by_the_command(tmp_path):
    path = written(tmp_path / "copie.zip", File("copié.pdf", b"%PDF"), listed=b"")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))
    with pytest.raises(copies.NotAnArchive):
        copies.judge(path)


# --- closed by words ----------------------------------------------------------------------------------------------


WORDS = ["Été à l'Œuvre", "  cheval  BLEU-vert ", "ﬁn ı ß 12", "Ωmega 🙂 naïve"]


def test_words_are_read_alike_in_the_browser():
    assert drawn("copy/locked.js", "given.map(script.normalizeWords)", WORDS) == [
        lock.normalize_words(one) for one in WORDS
    ]


def test_copy_that_words_close_is_opened_by_them_in_the_browser_and_by_no_others(monkeypatch):
    monkeypatch.setattr(lock, "ROUNDS", 1_000)
    monkeypatch.setattr(lock.pool, "run", lambda _module, asked, **_who: lock.work(asked))
    locked = lock.close([b"des ", b"", b"documents"], 13, lock.make_key("Cheval, bleu : pomme d'été", who=""))
    closed = b"".join(locked.pieces)
    assert b"documents" not in closed and len(closed) == locked.length
    content = base64.b64encode(closed).decode()
    sealed = {"salt": locked.salt, "nonce": locked.nonce, "rounds": 1_000, "content": content}
    opened = (
        "await Promise.all(given[1].map(async (one) => {"
        " const found = await script.openLocked(given[0], given[0].content, one);"
        " return found && new TextDecoder().decode(found); }))"
    )
    typed = ["cheval bleu pomme d ete", "CHEVAL bleu, pomme d’été", "cheval bleu pomme", ""]
    assert drawn("copy/locked.js", opened, [sealed, typed]) == ["des documents", "des documents", None, None]


OPEN_APART = (
    "await Promise.all(given[1].map(async ([bytes, words]) => {"
    " const file = new Blob([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))]);"
    " const found = await script.openApart(given[0], file, words);"
    " return typeof found === 'string' ? found : await found.text(); }))"
)


@pytest.mark.parametrize("size", [1, 999, 1_000, 1_001, 2_000, 3_500])
def test_copy_that_is_closed_in_pieces_opens_and_no_piece_is_altered_moved_repeated_left_out_or_cut(monkeypatch, size):
    monkeypatch.setattr(lock, "ROUNDS", 1_000)
    monkeypatch.setattr(lock, "PIECE_BYTES", 1_000)
    monkeypatch.setattr(lock.pool, "run", lambda _module, asked, **_who: lock.work(asked))
    clear = bytes(65 + number // 1_000 for number in range(size))
    words, given = "Cheval, bleu : pomme d'été", iter([clear[:7], b"", clear[7:]])
    closed = lock.close_in_pieces(given, size, lock.make_key(words, who=""))
    pieces = list(closed.pieces)
    whole = b"".join(pieces)
    assert len(whole) == closed.length and max(map(len, pieces)) <= 1_016
    assert size < 7 or clear[:7] not in whole, "a single sign may stand there by chance"
    last = bytes([whole[-1] ^ 1])
    bad = [whole[:-1] + last, whole[:-1], whole + b"x", b"", whole[:-17], whole + pieces[-1]]
    if len(pieces) > 1:
        bad += [whole[1_016:], whole[: -len(pieces[-1])], whole[1_016:] + pieces[0]]
    if len(pieces) > 2:
        bad += [b"".join([pieces[0], pieces[0], *pieces[2:]]), b"".join([pieces[1], pieces[0], *pieces[2:]])]
    sealed = {"salt": closed.salt, "prefix": closed.prefix, "size": size, "piece": 1_000, "rounds": 1_000}
    tried = [(whole, "cheval bleu pomme d ete"), (whole, "cheval bleu pomme"), *((one, words) for one in bad)]
    answers = drawn("copy/locked.js", OPEN_APART, [sealed, [(base64.b64encode(b).decode(), w) for b, w in tried]])
    assert answers[:2] == [clear.decode(), "wrong"]
    assert set(answers[2:]) <= {"wrong", "changed"}, "nothing of it came out"


def test_what_has_another_size_than_it_said_is_not_closed(monkeypatch):
    monkeypatch.setattr(lock.pool, "run", lambda *_asked, **_who: (None, bytes(32)))
    for size in (4, 6):
        with pytest.raises(ValueError, match="another size"):
            list(lock.close_in_pieces([b"12345"], size, lock.make_key("des mots", who="")).pieces)
        with pytest.raises(ValueError, match="another size"):
            list(lock.close([b"12345"], size, lock.make_key("des mots", who="")).pieces)


def test_key_is_made_by_a_child_process():
    found, key = lock.pool.run("chat.personal_copy.lock", {"words": "cheval bleu", "salt": "00" * 16})
    expected = hashlib.pbkdf2_hmac("sha256", b"cheval bleu", bytes(16), lock.ROUNDS, 32)
    assert found is None and key == expected


def test_files_that_a_version_before_left_in_redis_are_given():
    """It kept them as one value: a head of JSON in a line, then their bytes."""
    contents = {"copie.json": b'{"a":\n1}', "copie.pdf": b"%PDF\n", "vide.txt": b""}
    head = {"about": {"number": 2}, "files": [[name, len(content)] for name, content in contents.items()]}
    files, about = archive.split(json.dumps(head).encode() + b"\n" + b"".join(contents.values()))
    assert about == {"number": 2} and {one.name: b"".join(one.pieces) for one in files} == contents
    assert [one.sha256 for one in files] == [hashlib.sha256(content).hexdigest() for content in contents.values()]
