"""A person's whole story, from the first fact to its deletion, in four browsers: a telephone on a bad line, another
device without scripts, an agent, a unit; and a fifth, without a network, checks the copy.

All of it happens on one day, so the copy has no proof of date (`tests/browser/test_own_copy.py` has one). The worker's
functions draw and delete here without its process. At last a backup from before the end (a dump without the wraps, and
a copy of the captures' folder) is restored beside the wraps of that day, and another site is opened with it.
`tests/scenarios/test_restored_backup.py` has a base backup, and what custodians open of it.

With SHOTS=folder a picture of each step is stored there.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pillow_heif
import psycopg
import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from chat.captures import drawing
from chat.conversations import actions
from chat.models import Agent, Capture, Conversation, Transmission, UnitAccount
from chat.retention import deletion, moving
from chat.rules.lifecycle import Author, Outcome
from common.offload import background_jobs, pool
from common.sealed_files.chunks import CHUNK_BYTES
from pnav.accounts.second_factor import enrol_totp
from pnav.demo.services import postgres_programs
from reports import reporter_identity
from reports.models import Report
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import LiveSite, goes_on, running_site
from tests.browser.exchange import in_site
from tests.chat.sockets import visit
from tests.factories import capture_corpus
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import once

PHONE = {"width": 360, "height": 640}
SCREEN = (360, 480)  # of what was captured: a drawing of a few pixels looks like an empty frame in the pictures
SUMMARY = "Insultes répétées sous ses photos, par le même compte."
_shots = count(1)


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{next(_shots):02}-{name}.png"), full_page=True)


def saved(kind: str) -> bytes:
    file, picture = io.BytesIO(), Image.new("RGB", SCREEN, "orange")
    if kind == "heic":
        pillow_heif.from_pillow(picture).save(file)
    else:
        picture.save(file, kind)
    return file.getvalue()


FILES = {
    "profil.jpg": saved("jpeg"),
    "menaces.heic": saved("heic"),
    "message.pdf": capture_corpus.pdf(),
    "insultes.png": make_captures.png(*SCREEN, more=4 * CHUNK_BYTES),
}


def begun() -> tuple[Agent, UnitAccount, Conversation, str]:
    agent = make.agent(public_name="Camille")
    unit = hand.account(hand.station(name="Commissariat de Bondy"))
    for user in (agent.user, unit.user):
        enrol_totp(user, SECRET)
    conversation = make.sealed(make.assigned(agent, reception_point=unit.point))
    # The exchange has a key of its own, as one gets when a signalement is filed.
    moving.give_keys([conversation.report_id])
    moving.move_words(conversation.report_id)
    assert moving.finish_exchange(conversation.report_id) == 0
    assert reporter_identity.key_identity(conversation.report_id) == 3
    conversation.refresh_from_db()
    return agent, unit, conversation, visit(conversation)


def note(page: Page, what: str, day: str) -> None:
    page.get_by_label("Que s'est-il passé ?").fill(what)
    page.get_by_label("Je sais le jour").check(force=True)
    page.get_by_label("Jour", exact=True).fill(day)
    page.get_by_label("Compte ou pseudonyme").fill("@lea")
    page.get_by_role("button", name="Noter", exact=True).click()
    expect(page.get_by_text("C'est noté, pour vous seulement.")).to_be_visible()


def send_over_a_bad_line(page: Page) -> None:
    """Send four files; the answer to one slice is lost, and then the network for a moment."""
    slices = count(1)

    def bad(route) -> None:  # type: ignore[no-untyped-def]
        number = next(slices) if route.request.headers.get("upload-id") else 0
        if number == 3:
            route.fetch()
            route.abort()
        elif number in (5, 6):
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/captures/envoi/", bad)
    files = [{"name": name, "mimeType": "", "buffer": content} for name, content in FILES.items()]
    expect(page.get_by_label("Image ou PDF")).to_have_attribute("multiple", "")  # the script is loaded
    page.get_by_label("Image ou PDF").set_input_files(files)  # type: ignore[arg-type]
    shot(page, "captures-choisies")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator("#captures-list").get_by_text("Privé")).to_have_count(len(FILES))
    assert next(slices) > 8


def drawn() -> set[str]:
    """Draw them all at the first try: beside other work the lowest priority gets no processor for half a minute."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "LOWEST_NICENESS", drawing.LATE_NICENESS)
        patched.setattr(pool, "WALL_SECONDS", drawing.LATE_SECONDS)
        while drawing.draw_next():
            pass
    return {one.words["sha256"] for one in Capture.objects.select_related("conversation")}


def see_all_drawings(page: Page) -> None:
    """Wait until each drawing is shown: its image is asked for only when it comes into sight."""
    drawings = page.locator(".console-capture__image")
    expect(drawings).to_have_count(len(FILES))
    for one in drawings.all():
        one.scroll_into_view_if_needed()
        expect(one).to_have_js_property("complete", True)
        assert one.evaluate("image => image.naturalWidth"), "it could be read"


def end(conversation: Conversation, agent: Agent) -> None:
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.TRANSMITTED
    )


def pages_wait(seconds: float) -> None:
    """Have pages of the site's process wait this long for a document before they say that it is late."""
    background_jobs.PATIENCE_SECONDS = seconds


def dumped(live_site: LiveSite, folder: Path) -> None:
    """Make a backup of the content as docs/operations.md has one made of a dump: its wraps left out; and the chunks."""
    command = [postgres_programs() / "pg_dump", "--format=custom", "--exclude-table-data=data_keys_wrappedkey"]
    subprocess.run([*command, f"--file={folder / 'dump'}", live_site.environment["DATABASE_URL"]], check=True)
    shutil.copytree(settings.CAPTURES_DIR, folder / "captures")


@contextmanager
def restored(live_site: LiveSite, folder: Path, neutral_site: str) -> Iterator[LiveSite]:
    """Start a site on the backup, beside the wraps that there are today."""
    with once.database(f"restored_{os.getpid()}") as address:
        command = [postgres_programs() / "pg_restore", "--clean", "--if-exists", f"--dbname={address}", folder / "dump"]
        subprocess.run(command, check=True)
        with psycopg.connect(live_site.environment["DATABASE_URL"]) as today, psycopg.connect(address) as old:
            wraps = today.execute("SELECT id, wrapped, made_on FROM data_keys_wrappedkey").fetchall()
            old.cursor().executemany(
                "INSERT INTO data_keys_wrappedkey (id, wrapped, made_on) VALUES (%s, %s, %s)", wraps
            )
            (facts,) = old.execute("SELECT count(*) FROM chat_journalfact").fetchone() or (0,)
            assert facts >= 3, "the rows came back"
        shutil.copytree(folder / "captures", settings.CAPTURES_DIR, dirs_exist_ok=True)
        with running_site(folder, neutral_site, live_site.blocker, "restored", DATABASE_URL=address) as site:
            yield site


def forgotten(conversation: Conversation) -> None:
    """Delete it as the worker does when the term has come."""
    deletion.forget(timezone.now() + timedelta(days=4_000))
    assert not Report.objects.filter(pk=conversation.report_id).exists()
    assert not Capture.objects.exists()


@pytest.mark.slow
def test_from_the_first_fact_to_the_forgetting(
    live_site, page_factory, nobody_on_duty, browser: Browser, tmp_path: Path, neutral_site: str
) -> None:
    agent, unit, conversation, key = in_site(live_site, begun)

    # A telephone: three facts, four captures, a code. Then the telephone is lost.
    phone = page_factory(**PHONE)
    phone.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    phone.goto(live_site.url + "/tchat/faits/")
    for day in (12, 13, 20):
        note(phone, f"Des insultes sous ma photo, encore ({day})", f"2026-03-{day}")
    shot(phone, "faits")
    phone.goto(live_site.url + "/tchat/captures/")
    shot(phone, "captures-question")
    phone.get_by_label("Non", exact=True).check(force=True)
    phone.get_by_role("button", name="Continuer").click()
    send_over_a_bad_line(phone)
    for name in FILES:
        expect(phone.locator("#captures-list").get_by_text(name)).to_be_visible()
    shot(phone, "captures-recues")
    assert in_site(live_site, drawn) == {hashlib.sha256(one).hexdigest() for one in FILES.values()}
    phone.goto(live_site.url + "/tchat/")
    phone.get_by_role("button", name="Créer un code de reprise").click()
    expect(phone.locator("#code")).not_to_be_empty()
    code = phone.locator("#code").text_content() or ""
    shot(phone, "code")
    phone.context.close()

    # Another device, without scripts, uses the code, and everything is shown.
    person = page_factory(**PHONE, javascript=False)
    person.goto(live_site.url + "/tchat/reprendre/")
    person.get_by_label("Code de reprise").fill(code)
    with goes_on(person):
        person.get_by_role("button", name="Reprendre", exact=True).click()
    for part, told in (("faits", ": 3."), ("captures", ": 4.")):
        person.goto(f"{live_site.url}/tchat/{part}/")
        person.get_by_role("button", name="Tout montrer").click()
        expect(person.get_by_text("Montré à votre interlocuteur")).to_contain_text(told)
        shot(person, f"{part}-montres")

    # The agent sees that the person came back, looks at the pictures, and asks whether they may go to the unit.
    console = page_factory(width=1280)
    staff.sign_in(console, live_site, agent.user, f"/console/echange/{conversation.public_id}/")
    expect(console.locator(f"#faits-{conversation.public_id}")).to_contain_text("Une même personne recommence")
    shot(console, "console-chronologie")
    console.get_by_role("link", name="4 captures montrées par la personne").click()
    see_all_drawings(console)
    shot(console, "console-captures")
    console.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    panel = console.locator(".console-dossier:not([hidden]) [id^=transmission-]:not(h3)")
    panel.locator("summary", has_text="Préparer un résumé").click()
    panel.locator("textarea[name=summary]").fill(SUMMARY)
    panel.get_by_role("button", name="Montrer à la personne et demander son accord").click()
    expect(panel).to_contain_text("Accord demandé")
    person.goto(live_site.url + "/tchat/suites/")
    expect(person.get_by_text("Les faits montrés vont avec ce résumé (3)")).to_be_visible()
    expect(person.get_by_text(re.compile(r"captures .* vont avec ce résumé.* \(4\)"))).to_be_visible()
    shot(person, "accord")
    person.get_by_role("button", name="Oui, envoyer ce résumé").click()
    expect(person.get_by_text("Numéro de dossier :")).to_be_visible()

    # The unit opens the summary, then one original, with a motive.
    station = page_factory(width=1280)
    staff.sign_in(station, live_site, unit.user, "/unite/")
    station.get_by_role("link", name=in_site(live_site, lambda: Transmission.objects.get().file_number)).click()
    station.get_by_role("button", name="Ouvrir et lire").click()
    expect(station.get_by_text(SUMMARY)).to_be_visible()
    expect(station.get_by_role("img", name="Par compte")).to_be_visible()
    shot(station, "unite-faits")
    station.get_by_role("link", name="Captures").click()
    see_all_drawings(station)
    station.get_by_label("Pourquoi ouvrir l'original").last.select_option("complaint")
    shot(station, "unite-captures")
    with station.expect_download() as original:
        station.get_by_role("button", name="Ouvrir l'original").last.click()
    got = Path(original.value.path()).read_bytes()
    assert hashlib.sha256(got).hexdigest() in {hashlib.sha256(one).hexdigest() for one in FILES.values()}

    # The person's own copy is intact, and then has one altered byte, on a machine without a network.
    person.goto(live_site.url + "/tchat/copie/")
    person.get_by_label("Oui", exact=False).first.check(force=True)
    shot(person, "ma-copie")
    # On a busy machine it takes longer than a page waits. `test_own_copy.py` has what the page says then.
    usual = background_jobs.PATIENCE_SECONDS
    live_site.do(pages_wait, 60.0)
    with person.expect_download(timeout=70_000) as copy:
        person.get_by_role("button", name="Enregistrer ma copie").click(no_wait_after=True)
    live_site.do(pages_wait, usual)
    whole = Path(copy.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        found.extract("verifier.html", tmp_path)
        place = found.getinfo("copie.pdf").header_offset + 2_000
    disk = browser.new_context(offline=True, viewport={"width": 360, "height": 640})
    checker = disk.new_page()
    checker.goto((tmp_path / "verifier.html").as_uri())
    for name, content in (("copie.zip", whole), ("alteree.zip", whole[:place] + b"#?!" + whole[place + 3 :])):
        (tmp_path / name).write_bytes(content)
        checker.get_by_label("Fichier à vérifier").set_input_files(tmp_path / name)
        told = "Tout n'a pas pu être vérifié" if content is whole else "Cette copie a été modifiée"
        expect(checker.get_by_role("status")).to_contain_text(told)
        shot(checker, f"verifier-{name.removesuffix('.zip')}")
    disk.close()

    # After a backup, the exchange ends and its term passes: its rows are deleted, and the visit shows nothing of it.
    backup = tmp_path / "backup"
    backup.mkdir()
    dumped(live_site, backup)
    kept = {page: page.context.cookies() for page in (person, console, station)}
    in_site(live_site, lambda: end(conversation, agent))
    in_site(live_site, lambda: forgotten(conversation))
    for part in ("faits", "captures", "copie"):
        answer = person.goto(f"{live_site.url}/tchat/{part}/")
        assert answer is not None and answer.status == 200
        assert "insultes.png" not in person.content() and "Des insultes sous ma photo" not in person.content()
    shot(person, "efface")

    # The old backup is restored beside today's wraps: its visits are let in, and nothing opens.
    places = {
        person: ("personne", ["/tchat/", "/tchat/faits/", "/tchat/captures/", "/tchat/suites/"]),
        console: ("agent", [f"/console/echange/{conversation.public_id}/"]),
        station: ("unite", [urlsplit(station.url).path.removesuffix("captures/")]),
    }
    with restored(live_site, backup, neutral_site) as old:
        for before, (who, paths) in places.items():
            # Not from the factory, whose pages may only use their own site.
            size = PHONE if who == "personne" else {"width": 1280, "height": 800}
            page = browser.new_context(locale="fr-FR", viewport=size).new_page()  # type: ignore[arg-type]
            page.context.add_cookies([{**cookie, "domain": "127.0.0.1"} for cookie in kept[before]])  # type: ignore[list-item]
            for path in paths:
                answer = page.goto(f"{old.url}{path}")
                assert answer is not None and answer.status == 200 and urlsplit(page.url).path == path, page.url
                shown = page.content()
                assert not [word for word in ("Des insultes", SUMMARY, "insultes.png", "@lea") if word in shown], path
                shot(page, f"restaure-{who}-{path.strip('/').split('/')[-1][:8]}")
            page.context.close()
