"""This module takes the pictures of the guides from a real site with the people of the sandbox (`make screenshots`).

It starts a demonstration of its own (on another port, in an empty folder that is deleted afterwards), signs in with its
accounts, answers the people of the scripts, and writes `docs/images/*.png`. To add a picture, call `shoot` on the page,
and mention the picture in the guide. What does not appear within PATIENCE_MS fails the command.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pnav.demo.code import totp_code
from pnav.demo.services import Postgres, free_port

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 860
COLOURS = 128  # how many colours a picture has; enough for a page, and a third of the bytes
SEED, SPEED = 7, 6
START_SECONDS = 300
PATIENCE_MS = 60_000
MOST_SECONDS = 900
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHEET = """nom;prenom;courriel;identifiant;role;unite;force;nom_affiche
Martin;Alice;a.martin@exemple.fr;;agent;Police nationale – équipe de démonstration;police;Alice
Le Goff;Benoît;;;superviseur;Gendarmerie nationale – équipe de démonstration;gendarmerie;Benoît
Petit;Chloé;;;agent;Brigade inconnue;gendarmerie;Chloé
"""


@contextmanager
def demonstration() -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Run a site on a free port; yield the content of its `demo.json`, and the environment for its commands.

    Afterwards the site is stopped and its data are deleted.
    """
    state = Path(tempfile.mkdtemp(prefix="pnav-images-"))
    passed = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DATA"}}
    environment = {**passed, "PORT": str(free_port()), "DEMO_STATE": str(state)}
    site = subprocess.Popen([sys.executable, "-m", "pnav.demo.run"], cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (state / "demo.json").exists():
            if site.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Le site de démonstration n'a pas démarré.")
            time.sleep(0.5)
        yield json.loads((state / "demo.json").read_text()), environment
    finally:
        site.send_signal(signal.SIGINT)
        try:
            site.wait(60)
        except subprocess.TimeoutExpired:
            site.kill()
            site.wait()
        servers = Postgres(state)
        if servers.as_root:
            shutil.rmtree(servers.home, ignore_errors=True)
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def sandbox(environment: dict[str, str], *names: str) -> Iterator[None]:
    """Let the people of these scripts come; they leave at the end of the block."""
    options = ["--only", ",".join(names), "--seed", str(SEED), "--speed", str(SPEED), "--minutes", "10"]
    people = subprocess.Popen([sys.executable, "-m", "pnav.demo.sandbox", *options], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        people.send_signal(signal.SIGINT)
        try:
            people.wait(60)
        except subprocess.TimeoutExpired:
            people.kill()
            people.wait()


def fill_past(environment: dict[str, str]) -> None:
    """Write a month of past exchanges, for the charts of the board."""
    options = ["--past", "month", "--seed", str(SEED)]
    subprocess.run([sys.executable, "-m", "pnav.demo.sandbox", *options], cwd=ROOT, env=environment, check=True)


class Studio:
    """Opens pages of the site in a browser, signs in with its accounts, and saves pictures."""

    def __init__(self, browser: Browser, demo: dict[str, Any]) -> None:
        self.browser, self.base = browser, demo["base_url"]
        self.accounts = {account["username"]: account for account in demo["accounts"]}
        IMAGES.mkdir(parents=True, exist_ok=True)

    def page(self) -> Page:
        context = self.browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
            locale="fr-FR",
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()

    def sign_in(self, username: str, *, shoots: bool = False) -> Page:
        """Sign in with the password and the current code. shoots: save a picture of each step."""
        account, page = self.accounts[username], self.page()
        page.goto(self.base + "/compte/login/")
        page.locator("#password-form [name=login]").fill(username)
        if shoots:
            self.shoot(page, "connexion")
        page.locator("#password-form [name=password]").fill(account["password"])
        page.locator("#password-form button[type=submit]").click()
        page.wait_for_url("**/compte/2fa/authenticate/**")
        if shoots:
            self.shoot(page, "deuxieme-etape")
        left = 30 - time.time() % 30
        if left < 5:
            time.sleep(left)
        page.locator("[name=code]").fill(totp_code(account["totp_secret"], time.time()))
        page.get_by_role("button", name="Se connecter", exact=True).click()
        page.wait_for_url(lambda url: "/2fa/authenticate/" not in url)
        return page

    def shoot(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Save docs/images/<name>.png: what is on the screen, or the whole page."""
        page.evaluate("document.fonts.ready.then(() => document.activeElement && document.activeElement.blur())")
        with Image.open(io.BytesIO(page.screenshot(full_page=whole))) as picture:
            few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(IMAGES / f"{name}.png", optimize=True)


# --- the agent --------------------------------------------------------------------------------------------------------


def answer(page: Page, place: str, text: str) -> None:
    """Open the conversation that shows this place, and write there."""
    page.locator("#liste .console-entry", has_text=place).locator("a").click()
    thread = page.locator(".console-thread:not([hidden])")
    expect(thread).to_contain_text(place)
    thread.locator("textarea[name=body]").fill(text)
    thread.get_by_role("button", name="Envoyer").click()
    expect(thread.locator("[data-log]")).to_contain_text(text)


def agent_pictures(studio: Studio, environment: dict[str, str]) -> None:
    page = studio.sign_in("police1", shoots=True)
    page.goto(studio.base + "/console/")
    page.locator("#disponibilite-plus summary").click()
    page.locator("#capacite").select_option("4")  # one of the three below is grave, and takes two places
    page.locator("#disponibilite").get_by_role("button", name="Disponible", exact=True).click()
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
    studio.shoot(page, "console-vide")
    with sandbox(environment, "calme", "mineur", "urgent", "agressif"):
        for place in ("Lille", "Nantes", "Saint-Denis"):
            expect(page.locator("#liste")).to_contain_text(place)
        expect(page.locator("#attente")).to_contain_text("Toulouse")  # the fourth waits, because no place is left
        studio.shoot(page, "console-arrivees")
        answer(page, "Saint-Denis", "Je suis là. Appelez le 17, ou écrivez au 114 par SMS. Quelle est votre adresse ?")
        answer(page, "Lille", "Bonjour, je m’appelle Camille. Êtes-vous en sécurité, là où vous êtes ?")
        thread = page.locator(".console-thread:not([hidden])")
        expect(thread.locator("[data-log]")).to_contain_text("je suis en sécurité")
        answer(page, "Lille", "Avez-vous gardé des preuves : des captures d’écran, avec la date ?")
        expect(thread.locator("[data-log]")).to_contain_text("Il faut la date dessus")
        studio.shoot(page, "console-echange")
        thread.locator("summary", has_text="Réponses prêtes").click()
        studio.shoot(page, "console-reponses")
        thread.locator("summary", has_text="Réponses prêtes").click()
        thread.locator("summary", has_text="Terminer").click()
        studio.shoot(page, "console-terminer")
        chief = studio.sign_in("superviseur")
        chief.goto(studio.base + "/console/tableau/")
        expect(chief.locator("#tableau")).to_contain_text("Camille")
        studio.shoot(chief, "tableau-de-service")


# --- the administrator ------------------------------------------------------------------------------------------------


def administration_pictures(studio: Studio) -> None:
    page = studio.sign_in("admin")
    page.goto(studio.base + "/admin/")
    studio.shoot(page, "administration")
    page.goto(studio.base + "/admin/accounts/user/importer/")
    page.locator("#sheet").set_input_files(
        {"name": "agents.csv", "mimeType": "text/csv", "buffer": SHEET.encode("utf-8-sig")}
    )
    page.locator("form[enctype] [type=submit]").click()
    expect(page.locator("#content table")).to_contain_text("Brigade inconnue")
    studio.shoot(page, "import-apercu")
    page.goto(studio.base + "/admin/pages/contentblock/")
    page.locator("#result_list tbody th a").first.click()
    with page.context.expect_page() as opened:
        page.locator("button[name=_preview][value=fr]").click()
    opened.value.wait_for_load_state()
    studio.shoot(opened.value, "apercu-contenu")
    page.locator("[name=_save]").click()  # this writes a line of the register
    page.wait_for_url("**/admin/pages/contentblock/")
    page.goto(studio.base + "/admin/reports/retentionrule/")
    studio.shoot(page, "regles-de-conservation")
    page.goto(studio.base + "/admin/reports/houserule/")
    studio.shoot(page, "regles-du-service")
    page.goto(studio.base + "/admin/sentences/changedsentence/")
    page.locator("#content table tbody th a").first.click()
    page.wait_for_url("**/change/**")
    studio.shoot(page, "phrase-de-pnav")
    page.goto(studio.base + "/admin/triage/questionnaireversion/add/")
    page.fill("[name=note]", "Des mots plus simples")
    page.locator("[name=_save]").click()
    page.wait_for_url("**/change/")
    studio.shoot(page, "questionnaire")
    page.goto(studio.base + "/admin/reports/accessrecord/")
    studio.shoot(page, "registre")


def main() -> int:
    """Take all pictures. Returns 0; anything that fails raises."""

    def too_long(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"Plus de {MOST_SECONDS} secondes.")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(MOST_SECONDS)
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with demonstration() as (demo, environment), sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        # Chromium does not start its sandbox as root. It opens only our own pages.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        studio = Studio(browser, demo)
        fill_past(environment)
        agent_pictures(studio, environment)
        administration_pictures(studio)
        browser.close()
    pictures = sorted(IMAGES.glob("*.png"))
    weight = sum(picture.stat().st_size for picture in pictures)
    print(f"{len(pictures)} images, {weight // 1000} ko, dans {IMAGES.relative_to(ROOT)}.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
