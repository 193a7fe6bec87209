"""« Ma copie » on a telephone: locked with words, then opened and checked from a disk without a network. An altered
byte is reported, and so is a copy that was rewritten with its digests, because of its proofs of date.
"""

import io
import json
import random
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from chat.models import Conversation
from chat.personal_copy import archive, lock, pages, parts
from chat.personal_copy.archive import File
from common.offload import background_jobs, pool
from common.sealed_files.spool import Spool
from reports.models import AccessRecord
from reports.rules.date_proofs import Proof
from tests.browser.exchange import in_site
from tests.factories import chat as make
from tests.reports.rules import proof_corpus as corpus
from tests.support.archives import pack


def talking() -> Conversation:
    conversation = make.assigned()
    make.message(conversation, "Bonsoir, on m'insulte chaque soir.")
    return conversation


@pytest.mark.slow
def test_copy_is_taken_and_checks_itself_offline(
    live_site, enter, browser: Browser, tmp_path: Path, axe_in_both_themes
) -> None:
    person = enter(in_site(live_site, talking), width=320, height=640)
    person.get_by_role("link", name="Ma copie").click()
    expect(person.get_by_role("heading", name="Ma copie")).to_be_visible()
    assert person.evaluate("document.documentElement.scrollWidth") <= 320
    axe_in_both_themes(person)
    person.get_by_label("Non, ou je ne sais pas").check(force=True)
    person.get_by_role("button", name="Enregistrer ma copie").click()
    expect(person.get_by_role("alert")).to_contain_text("Prenez-le plutôt sur le vôtre")
    words = person.get_by_label("Ces mots").input_value()
    person.get_by_label("Fermer la copie par des mots").check(force=True)
    with person.expect_download() as given:
        person.get_by_role("button", name="Enregistrer ici quand même").click()
    assert given.value.suggested_filename.startswith("documents-")
    given.value.save_as(tmp_path / "documents.html")

    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640}, accept_downloads=True)
    page = disk.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "documents.html").as_uri())
    page.get_by_label("Les mots").fill("ce ne sont pas ces mots")
    page.get_by_role("button", name="Ouvrir").click()
    expect(page.get_by_role("status")).to_have_text("Ces mots n'ouvrent pas ces documents.")
    page.get_by_label("Les mots").fill(f"  {words.upper()}")
    page.get_by_role("button", name="Ouvrir").click()
    with page.expect_download() as opened:
        page.get_by_role("link", name="Enregistrer documents-").click()
    opened.value.save_as(tmp_path / "copie.zip")
    whole = (tmp_path / "copie.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        found.extract("verifier.html", tmp_path)
        place = found.getinfo("copie.pdf").header_offset + 2_000

    page.goto((tmp_path / "verifier.html").as_uri())
    page.get_by_label("Fichier à vérifier").set_input_files(tmp_path / "copie.zip")
    # Nothing of this day has a proof yet, so only the copy itself says that it is intact.
    expect(page.get_by_role("status")).to_contain_text("Tout n'a pas pu être vérifié")
    expect(page.get_by_role("status")).to_have_attribute("data-state", "partly")
    axe_in_both_themes(page)
    altered = tmp_path / "altered.zip"
    altered.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    page.get_by_label("Fichier à vérifier").set_input_files(altered)
    expect(page.get_by_role("status")).to_contain_text("Cette copie a été modifiée")
    expect(page.get_by_role("listitem").first).to_contain_text("copie.pdf : modifié")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    disk.close()


def _hold_papers() -> None:
    """Leave no time for a document in the site's process, and have its pages wait for half a second."""
    background_jobs.PATIENCE_SECONDS = 0.5
    pool._running.acquire()


def _let_papers_go() -> None:
    background_jobs.PATIENCE_SECONDS = 8.0
    pool._running.release()


@pytest.mark.slow
@pytest.mark.parametrize("javascript", [True, False])
def test_copy_of_a_slow_machine_is_late_and_is_saved(live_site, enter, axe_in_both_themes, javascript: bool) -> None:
    """With a script it is saved by itself, also after the line was cut. Without one, the same press saves it."""
    person = enter(in_site(live_site, talking), width=320, height=640, javascript=javascript)
    person.goto(live_site.url + "/tchat/copie/")
    person.get_by_label("Oui").check(force=True)
    live_site.do(_hold_papers)
    try:
        person.get_by_role("button", name="Enregistrer ma copie").click()
        told = person.get_by_role("status").filter(has_text="Votre copie se prépare")
        expect(told).to_be_visible()
        expect(person.get_by_text("Laissez cette page ouverte")).to_be_visible(visible=javascript)
        expect(person.get_by_text("rien ne recommence")).to_be_visible(visible=not javascript)
        assert person.evaluate("document.documentElement.scrollWidth") <= 320
        person.get_by_role("button", name="Enregistrer", exact=True).click()
        expect(told).to_be_visible()
        if javascript:
            axe_in_both_themes(person)
            person.context.set_offline(True)
            person.wait_for_timeout(5_000)  # one request, which reaches nobody
            person.context.set_offline(False)
            with person.expect_response(lambda answer: answer.status == 204):
                pass
    finally:
        live_site.do(_let_papers_go)
    with person.expect_download() as given:
        if not javascript:
            person.get_by_role("button", name="Enregistrer", exact=True).click()
    assert given.value.suggested_filename.startswith("documents-")
    if javascript:
        expect(person.get_by_role("status").filter(has_text="C'est prêt")).to_be_visible()


def _be_patient() -> None:
    background_jobs.PATIENCE_SECONDS = 60.0


def _leave_no_room() -> None:
    background_jobs.AT_MOST = 0


def _make_room() -> None:
    background_jobs.AT_MOST = 6


def _copies() -> int:
    """Return how many copies the register knows; nothing is ever deleted from it."""
    return AccessRecord.objects.filter(kind="copy").count()


def _ask_for_copy(live_site, enter) -> Page:
    person: Page = enter(in_site(live_site, talking), width=320, height=640)
    person.goto(live_site.url + "/tchat/copie/")
    person.get_by_label("Oui").check(force=True)
    return person


@pytest.mark.slow
def test_press_beside_the_script_takes_one_copy_and_not_two(live_site, enter) -> None:
    """The press waits until it is made, its file is saved, and the page stays."""
    before = in_site(live_site, _copies)
    person = _ask_for_copy(live_site, enter)
    given: list[Download] = []
    person.on("download", lambda one: given.append(one))
    live_site.do(_hold_papers)
    try:
        person.get_by_role("button", name="Enregistrer ma copie").click()
        expect(person.get_by_text("Laissez cette page ouverte")).to_be_visible()
        live_site.do(_be_patient)
        with person.expect_request(lambda request: request.url.endswith("/tchat/copie/")):
            person.get_by_role("button", name="Enregistrer", exact=True).click(no_wait_after=True)
        with person.expect_response(lambda answer: answer.status == 204):
            pass
    finally:
        live_site.do(_let_papers_go)
    expect(person.get_by_text("C'est prêt")).to_be_visible()
    person.wait_for_timeout(10_000)
    assert len(given) == 1
    assert in_site(live_site, _copies) == before + 1


@pytest.mark.slow
def test_copy_for_which_there_is_no_room_is_not_said_to_be_ready(live_site, enter) -> None:
    """It is asked for less and less often, and is saved by itself once there is room."""
    person = _ask_for_copy(live_site, enter)
    asked: list[str] = []
    person.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    live_site.do(_leave_no_room)
    try:
        person.get_by_role("button", name="Enregistrer ma copie").click()
        for _second in range(15):
            person.wait_for_timeout(1_000)
            expect(person.get_by_text("C'est prêt")).to_be_hidden()
            expect(person.get_by_text("Votre copie se prépare")).to_be_visible()
    finally:
        live_site.do(_make_room)
    assert len([url for url in asked if url.endswith("/tchat/copie/")]) <= 2, "a page each four seconds is too many"
    with person.expect_download() as given:
        pass
    assert given.value.suggested_filename.startswith("documents-")


@pytest.mark.slow
def test_copy_closed_beside_its_page_is_opened_piece_by_piece(live_site, browser: Browser, tmp_path: Path) -> None:
    """The copy has thirty megabytes, more than is put into a page; the words and the file are given to the page of the
    copy.
    """
    words, clear = "cheval bleu pomme ete nuage", random.Random(17).randbytes(30_000_000)

    def closed() -> None:
        made = lock.close_in_pieces([clear[:1000], clear[1000:]], len(clear), lock.make_key(words, who=""))
        page = pages.draw_locked_apart(made, name="documents-2026-11-28.zip", familiar=False)
        (tmp_path / pages.OPENER).write_bytes(page)
        with (tmp_path / pages.APART).open("wb") as file:
            file.writelines(made.pieces)

    in_site(live_site, closed)
    whole = (tmp_path / pages.APART).read_bytes()
    (tmp_path / "altered.bin").write_bytes(whole[:20_000_000] + bytes([whole[20_000_000] ^ 1]) + whole[20_000_001:])
    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640}, accept_downloads=True)
    page = disk.new_page()
    page.goto((tmp_path / pages.OPENER).as_uri())
    expect(page.get_by_text("Décompressez-le d'abord")).to_be_visible()
    verdict = page.get_by_role("status")
    for name, typed, told in (
        (pages.APART, "d'autres mots que ceux-ci", "Ces mots n'ouvrent pas ces documents."),
        ("altered.bin", words, "Ce fichier n'est pas celui de cette page, ou il a été modifié ou coupé."),
        (pages.OPENER, words, "Ce fichier n'est pas celui de cette page, ou il a été modifié ou coupé."),
        (pages.APART, words, "C'est ouvert."),
    ):
        page.get_by_label("Fichier à ouvrir").set_input_files(tmp_path / name)
        page.get_by_label("Les mots").fill(typed)
        page.get_by_role("button", name="Ouvrir", exact=True).click()
        expect(verdict).to_have_text(told, timeout=20_000)
    with page.expect_download() as opened:
        page.get_by_role("link", name="Enregistrer documents-2026-11-28.zip").click()
    opened.value.save_as(tmp_path / "opened.zip")
    assert (tmp_path / "opened.zip").read_bytes() == clear
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    disk.close()


def a_copy() -> dict[str, Any]:
    """Return what « copie.json » says of the message whose day two authorities signed (`proof_corpus`)."""
    item = json.loads(corpus.ITEM)
    message = {name: item[name] for name in ("number", "author", "text")}
    return {
        "exchange": {"id": item["exchange"]},
        "messages": [{**message, "sent_at": "2026-11-20T11:00:00.123456+01:00"}],
        "facts": [],
    }


def packed(copy: dict[str, Any], proofs: bytes, *more: File) -> bytes:
    """Return an archive whose digests all fit, whatever is in it: whoever rewrites a copy rewrites them too."""
    files = [File("copie.json", json.dumps(copy).encode()), File("preuves.json", proofs), *more]
    return pack(files, datetime(2026, 11, 28, 7, 5, tzinfo=UTC))


@pytest.mark.slow
def proofs_file(proof: Proof) -> bytes:
    """Return the « preuves.json » of a copy with this proof."""
    (found,) = parts.keep_proofs(Spool(), iter([proof]))
    return found.part.read()


def test_copy_that_was_rewritten_with_its_digests_is_caught_by_its_proofs(
    live_site, browser: Browser, tmp_path: Path
) -> None:
    checker = in_site(live_site, lambda: pages.draw_checker(familiar=False))
    (tmp_path / "verifier.html").write_bytes(checker)
    signed, unsigned = proofs_file(corpus.proof()), proofs_file(replace(corpus.proof(), stamps=()))
    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640})
    page = disk.new_page()
    page.goto((tmp_path / "verifier.html").as_uri())
    lines, verdict = page.get_by_role("listitem"), page.get_by_role("status")

    def check(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        page.get_by_label("Fichier à vérifier").set_input_files(tmp_path / name)

    def expect_partly(told: str) -> None:
        """Expect the verdict to say it first, and not in green."""
        expect(verdict).to_contain_text(f"Tout n'a pas pu être vérifié. {told}")
        expect(verdict).to_have_attribute("data-state", "partly")

    # Nothing is wrong, and yet nobody guarantees the list of files: it could have been rewritten where there is no
    # proof.
    unbound = "Les messages, faits et captures sont datés ; le reste (PDF, autres fichiers, autres lignes) ne l'est pas"
    rewritten = {**a_copy(), "hands": [{"who": "Personne", "did": "a tout lu"}]}
    for name, copy in (("hands.zip", rewritten), ("whole.zip", a_copy())):
        check(name, packed(copy, signed))
        expect_partly(unbound)
        expect(lines).to_have_count(4)
    expect(lines.last).to_have_text("Preuves de date : 1, du 2026-11-20 au 2026-11-20.")

    for name, value in (("text", "Rien du tout"), ("sent_at", "2026-11-19T11:00:00.123456+01:00")):
        rewritten = a_copy()
        rewritten["messages"][0][name] = value
        check(f"{name}.zip", packed(rewritten, signed))
        told = "Cette copie a été modifiée. Fichiers en cause : 0. Preuves de date en cause : 1."
        expect(verdict).to_have_text(told)
        expect(verdict).to_have_attribute("data-state", "changed")
        expect(lines.first).to_have_text("Preuve de date qui ne tient pas : message-12")
        expect(lines.filter(has_text="Preuves de date :")).to_have_count(0)
        check("between.zip", packed(a_copy(), signed))
        expect_partly(unbound)

    check("unread.zip", packed(a_copy(), b"{"))
    expect(lines.first).to_have_text("Preuve de date qui ne tient pas : preuves.json")
    expect(verdict).to_contain_text("Preuves de date en cause : 1.")
    expect(lines.filter(has_text="Preuves de date :")).to_have_count(0)

    check("unsigned.zip", packed(a_copy(), unsigned))
    expect_partly("Éléments sans preuve de date signée : 1. Fichiers conformes à la liste de cette copie : 3.")
    expect(lines.last).to_have_text("Preuves qu'aucune autorité n'a encore signées : 1.")

    # Somebody who rewrites an element removes its proof, together with all the others.
    rewritten = a_copy()
    rewritten["messages"][0]["text"] = "Rien du tout"
    for name, copy in (("stripped.zip", a_copy()), ("rewritten.zip", rewritten)):
        check(name, packed(copy, b'{"stamps": {}, "proofs": []}'))
        expect_partly("Éléments sans preuve de date signée : 1.")
        expect(lines.filter(has_text="Messages, faits et captures sans preuve de date : 1.")).to_have_count(1)
        expect(lines.last).to_have_text("Sans preuve de date : message-12")
        expect(lines.filter(has_text="Preuves de date :")).to_have_count(0)
        check("between.zip", packed(a_copy(), signed))
        expect_partly(unbound)

    # Proofs are named in the words of the page, which are others in discreet mode.
    noted = {**a_copy(), "messages": [], "facts": [{"number": 2, "id": "a"}], "captures": [{"number": 3, "id": "b"}]}
    named = {False: ["fait-2", "capture-3"], True: ["note-2", "document-3"]}
    for discreet, names in named.items():
        (tmp_path / "autre.html").write_bytes(
            in_site(live_site, lambda: pages.draw_checker(familiar=False, discreet=discreet))  # noqa: B023  done at once
        )
        page.goto((tmp_path / "autre.html").as_uri())
        check("noted.zip", packed(noted, b'{"stamps": {}, "proofs": []}'))
        expect(lines.filter(has_text=re.compile(r"^Sans preuve de date\s:"))).to_have_text(
            [f"Sans preuve de date : {one}" for one in names]
        )
    page.goto((tmp_path / "verifier.html").as_uri())

    # Or only that one. A later message has its own proof, and proofs are made in the order of messages.
    rewritten = a_copy()
    rewritten["messages"].insert(0, {"number": 11, "author": "agent", "text": "Jamais dit", "sent_at": "2026-11-20"})
    check("one.zip", packed(rewritten, signed))
    expect_partly("Éléments sans preuve de date signée : 1.")
    missing = "Preuve de date qui manque, alors qu'un message plus récent a la sienne : message-11"
    expect(lines.first).to_have_text(missing)
    expect(lines.first).to_have_attribute("data-state", "missing")

    # A picture that is not the one of its capture, or belongs to none.
    shown = File("captures/capture-1.png", b"other")
    capture = {"id": "x", "number": 1, "file": shown.name, "sha256": "0" * 64}
    for name, copy in (("other.zip", {**a_copy(), "captures": [capture]}), ("more.zip", a_copy())):
        check(name, packed(copy, signed, shown))
        expect(verdict).to_have_text("Cette copie a été modifiée. Fichiers en cause : 1.")
        expect(lines.first).to_have_text("captures/capture-1.png : modifié")
        check("between.zip", packed(a_copy(), signed))
        expect_partly(unbound)

    # An archive without a copy has nobody who guarantees it: papers alone, or one whose « copie.json » was removed.
    check("paper.zip", pack([File("copie.pdf", b"%PDF-")], datetime(2026, 11, 28, 7, 5, tzinfo=UTC)))
    expect_partly("Aucune preuve de date n'est jointe. Fichiers conformes à la liste de cette copie : 2.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    disk.close()


@pytest.mark.slow
def test_proof_of_one_element_is_checked_without_a_copy(live_site, browser: Browser, tmp_path: Path) -> None:
    """The page shows that element, on which day it existed, and who signed it. An altered word is told."""
    (tmp_path / "verifier.html").write_bytes(in_site(live_site, lambda: pages.draw_checker(familiar=False)))
    proof = corpus.proof().as_json()
    (tmp_path / "preuve.json").write_text(proof)
    (tmp_path / "alteree.json").write_text(proof.replace("2026-11-20T10", "2026-11-19T10", 1))
    (tmp_path / "image.png").write_bytes(b"another file")
    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640})
    page = disk.new_page()
    page.goto((tmp_path / "verifier.html").as_uri())
    lines, verdict = page.get_by_role("listitem"), page.get_by_role("status")
    for names, told, state in (
        (["preuve.json"], "Cette preuve tient : ce qui suit existait le 2026-11-20 au plus tard.", "ok"),
        (["alteree.json"], "Cette preuve ne tient pas", "changed"),
        (["preuve.json", "image.png"], "n'est pas celle de ce fichier", "changed"),
        (["preuve.json"], "Cette preuve tient", "ok"),
    ):
        page.get_by_label("Fichier à vérifier").set_input_files([tmp_path / name for name in names])
        expect(verdict).to_contain_text(told)
        expect(verdict).to_have_attribute("data-state", state)
        expect(lines.filter(has_text="Signé par")).to_have_count(2 if state == "ok" else 0)
    expect(lines.nth(1)).to_have_text("La personne")
    expect(lines.nth(2)).to_contain_text("Il m'a écrit « t'es finie »")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    disk.close()


@pytest.mark.slow
def test_altered_pdf_is_said_by_the_proof_of_the_copy_although_its_list_was_made_again(
    live_site, browser: Browser, tmp_path: Path, axe_in_both_themes
) -> None:
    (tmp_path / "verifier.html").write_bytes(in_site(live_site, lambda: pages.draw_checker(familiar=False)))
    signed = proofs_file(corpus.proof())
    at = datetime(2026, 11, 28, 7, 5, tzinfo=UTC)

    def files(paper: bytes) -> list[File]:
        copy = json.dumps(a_copy()).encode()
        return [File("copie.pdf", paper), File("copie.json", copy), File("preuves.json", signed)]

    given = files(b"%PDF-1.7 as it was given")
    line = corpus.line_item(f"copy, sha256 {archive.digest_of_list(given)}")
    (tmp_path / "preuve.json").write_text(corpus.proof(line).as_json())
    (tmp_path / "unsigned.json").write_text(replace(corpus.proof(line), stamps=()).as_json())
    (tmp_path / "given.zip").write_bytes(pack(given, at))
    (tmp_path / "given").write_bytes(pack(given, at))  # the file has lost its extension
    (tmp_path / "given.html").write_bytes(b"<!doctype html>")  # the page of a copy that words close
    (tmp_path / "altered.zip").write_bytes(pack(files(b"%PDF-1.7 rewritten"), at))
    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640})
    page = disk.new_page()
    page.goto((tmp_path / "verifier.html").as_uri())
    lines, verdict = page.get_by_role("listitem"), page.get_by_role("status")

    def check(*names: str) -> None:
        page.get_by_label("Fichier à vérifier").set_input_files([tmp_path / name for name in names])

    check("given.zip", "preuve.json")
    since = "Rien n'a changé depuis que cette copie a été donnée, le 2026-11-20 au plus tard"
    whole = f"{since} : 4 fichiers vérifiés, PDF compris."
    expect(verdict).to_have_text(whole)
    expect(verdict).to_have_attribute("data-state", "ok")
    expect(lines.first).to_have_text("preuve.json : preuve de date de cette copie")
    for one in corpus.proof(line).stamps:  # anybody may sign: the reader compares whose signature it is
        told = f"Signé par {one.authority}. Empreinte du certificat, à comparer avec celle que cette autorité publie :"
        expect(lines.filter(has_text=f"{told} {one.as_values()['fingerprint']}")).to_have_count(1)
    axe_in_both_themes(page)
    check("given.html", "preuve.json")
    expect(verdict).to_have_text("Ce fichier n'est pas une copie, ou il est abîmé.")
    check("given", "preuve.json")
    expect(verdict).to_have_text(whole)
    check("altered.zip", "preuve.json")
    expect(verdict).to_have_text("Cette copie a été modifiée. Fichiers en cause : 0. Preuves de date en cause : 1.")
    expect(lines.first).to_have_text("preuve.json : cette preuve ne tient pas, ou n'est pas celle de cette copie")
    # Without the proof nobody can tell one from the other, so neither is called intact.
    for name in ("given.zip", "altered.zip"):
        check(name)
        expect(verdict).to_contain_text("le reste (PDF, autres fichiers, autres lignes) ne l'est pas")
        expect(verdict).to_have_attribute("data-state", "partly")
        check("given.zip", "preuve.json")
        expect(verdict).to_have_text(whole)
    check("unsigned.json", "given.zip")
    expect(verdict).to_contain_text("le reste (PDF, autres fichiers, autres lignes) ne l'est pas")
    expect(lines.first).to_have_text("unsigned.json : preuve de cette copie, qu'aucune autorité n'a encore signée")
    expect(lines.filter(has_text="Signé par")).to_have_count(0)
    # With two copies, one verdict would name neither. A second proof would be taken for the copy, or for nothing.
    for chosen in (
        ("given.zip", "altered.zip"),
        ("given.zip", "altered.zip", "preuve.json"),
        ("given.zip", "preuve.json", "unsigned.json"),
        ("preuve.json",),
    ):
        check(*chosen)
        expect(verdict).to_have_text(
            "Rien n'a été vérifié : choisissez une seule copie, avec au plus sa preuve de date."
        )
        expect(verdict).to_have_attribute("data-state", "broken")
        expect(lines).to_have_count(0)
        check("given.zip", "preuve.json")
        expect(verdict).to_have_text(whole)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    disk.close()
