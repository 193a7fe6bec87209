# ruff: noqa: F811
"""An opening in real browsers: asked, agreed to, answered from the machine without a network, read once."""

import contextlib
import json
import re
import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from chat.rules.lifecycle import Availability
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp
from reports.models import OpeningRequest, Report
from reports.openings import actions as opening_actions
from reports.rules.openings import State
from reports.seal.replies import Recipient, Reply, seal_reply
from reports.seal.sealing import unseal_text
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.test_console import an_agent, at, be_signed_in  # noqa: F401  a fixture
from tests.factories import chat as make
from tests.reports.test_actions import file
from tests.reports.witness import confirm
from tests.support.variables import SEAL_KEY

NAME = "Anaïs Martin \u202eertsulli"  # the name has a mark that reverses the direction of writing


def people():
    """Return an agent with a conversation whose person left a name, a supervisor, two custodians."""
    agent, chief = an_agent(availability=Availability.AVAILABLE, present=True), an_agent(role=Role.SUPERVISOR)
    report = file(uuid.uuid4(), name=NAME)
    conversation = make.assigned(agent)
    waiting, conversation.report = conversation.report, report
    conversation.save()
    waiting.delete()
    custodians = [User.objects.create_user(f"referent-{uuid.uuid4().hex[:6]}", role=Role.CUSTODIAN) for _n in (1, 2, 3)]
    for custodian in custodians:
        enrol_totp(custodian, SECRET)
    return agent, chief, custodians, conversation


@pytest.fixture
def cast(at):
    def forget():
        OpeningRequest.objects.all().delete()
        Report.objects.filter(conversation__isnull=True, freeze__isnull=True).delete()
        User.objects.filter(role=Role.CUSTODIAN).delete()

    yield at(people)
    at(forget)


def ask(page: Page, site: LiveSite, conversation) -> None:
    page.goto(f"{site.url}/console/echange/{conversation.public_id}/levee/")
    page.get_by_text("Nom laissé par la personne", exact=True).click()
    page.get_by_label("Motif", exact=True).fill("Menaces de mort")
    page.get_by_label("Fondement juridique").fill("Code pénal, art. 222-33-2-2")
    page.get_by_label("Référence de l'autorisation du procureur").fill("PARQUET-4711")
    page.get_by_label("Date de l'autorisation").fill("2026-11-20")


def ask_and_send(page: Page, site: LiveSite, conversation) -> None:
    ask(page, site, conversation)
    expect(page.get_by_text("La réponse ne pourra s'ouvrir que dans ce navigateur")).to_be_visible()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Demande envoyée")).to_be_visible()


def agree_and_answer(chief, custodians) -> None:
    """Do what supervisor and custodians do, and the machine without a network."""
    opening = OpeningRequest.objects.get()
    opening_actions.countersign_request(request_id=opening.pk, by=chief.user)
    for custodian in custodians[:2]:
        opening_actions.agree_to_request(request_id=opening.pk, by=custodian)
    envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    text = unseal_text(envelope.sealed, private_key=SEAL_KEY, context=envelope.context)
    reply = Reply(envelope.request, seal_reply(text, recipient=envelope.recipient, request=envelope.request))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=Reply.parse(reply.text))
    confirm(request_id=opening.pk, by=custodians[1])


@pytest.mark.pages_beside
def test_value_opens_once_in_the_browser_that_asked_and_in_no_other(
    live_site: LiveSite,
    page: Page,
    page_factory: PageFactory,
    at,
    cast,
    axe: Axe,
) -> None:
    agent, chief, custodians, conversation = cast
    be_signed_in(page, live_site, agent)
    ask(page, live_site, conversation)
    expect(page.get_by_text("La réponse ne pourra s'ouvrir que dans ce navigateur")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Demande envoyée")).to_be_visible()
    expect(page.locator("code")).to_have_text(re.compile(r"^[0-9a-f]{4}( [0-9a-f]{4}){7}$"))
    detail = page.url
    # Signing out meanwhile loses nothing.
    page.goto(f"{live_site.url}/compte/logout/")
    page.locator("main form button").first.click()
    page.wait_for_url("**/login/**")
    at(agree_and_answer, chief, custodians)
    be_signed_in(page, live_site, agent)

    elsewhere = page_factory()  # the same session, in a browser without the key
    elsewhere.context.add_cookies(page.context.cookies())
    elsewhere.goto(detail)
    elsewhere.get_by_role("button", name="Afficher maintenant").click()
    expect(elsewhere.get_by_text("Rien n'a été lu ni effacé")).to_be_visible()
    assert at(lambda: OpeningRequest.objects.get().state) == State.ANSWERED

    page.goto(detail)
    beside = page.context.new_page()
    beside.goto(detail)
    axe(page)
    page.get_by_role("button", name="Afficher maintenant").click()
    value = page.locator("[data-opening-value]")
    expect(value).to_have_text("Anaïs Martin \\u{202e}ertsulli")
    expect(value).to_be_focused()
    assert at(lambda: OpeningRequest.objects.get().state) == State.SHOWN
    beside.get_by_role("button", name="Afficher maintenant").click()
    expect(beside.locator("[data-opening-said]")).to_contain_text("La réponse n'est plus là")
    expect(beside.get_by_role("button", name="Afficher maintenant")).to_have_count(0)
    beside.close()
    # The page no longer says what was true before, and nothing moves under the finger that clears the screen.
    expect(page.get_by_role("button", name="Retirer ma demande")).to_have_count(0)
    assert "Sans suite" not in page.content()
    before = page.locator("[data-opening-state]").inner_text()
    page.get_by_role("button", name="Effacer de l'écran").click()
    expect(value).to_be_hidden()
    assert "Anaïs" not in page.content()
    axe(page)
    page.reload()
    expect(page.locator(".fr-badge").first).to_have_text(before, ignore_case=True)
    expect(page.get_by_role("button", name="Afficher maintenant")).to_have_count(0)


@pytest.mark.pages_beside
def test_request_is_written_beside_the_console_which_is_told_of_the_answer(
    live_site: LiveSite, page: Page, at, cast
) -> None:
    """An agent whose console is gone for a minute loses the exchange, and grounds take longer to write. An answer is
    there for an hour, and a console stays open for longer."""
    agent, chief, custodians, conversation = cast
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Lever l'anonymat").click()
    expect(opened.value.get_by_role("heading", name="Demander une levée d'anonymat")).to_be_visible()
    expect(page).to_have_url(re.compile("/console/echange/"))
    ask_and_send(opened.value, live_site, conversation)
    opened.value.close()
    expect(page.locator("[data-openings]")).to_have_attribute("data-openings", "0")
    at(agree_and_answer, chief, custodians)
    expect(page.locator("[data-openings]")).to_have_attribute("data-openings", "1")
    expect(page.locator("#annonces")).to_contain_text("Une levée d'anonymat attend de vous")


# --- an answer that gets lost -----------------------------------------------------------------------------------------


def ready_to_read(page: Page, site: LiveSite, at, cast) -> str:
    """Return the page of a request whose answer is there, before it is read; its address."""
    agent, chief, custodians, conversation = cast
    be_signed_in(page, site, agent)
    ask_and_send(page, site, conversation)
    at(agree_and_answer, chief, custodians)
    page.reload()
    return page.url


def test_answer_lost_on_its_way_is_not_given_again(live_site: LiveSite, page: Page, at, cast, axe: Axe) -> None:
    ready_to_read(page, live_site, at, cast)

    def lose(route: Route) -> None:
        route.fetch()  # the site answers, and the line breaks before the answer arrives
        route.abort()

    page.route("**/lire/", lose)
    page.get_by_role("button", name="Afficher maintenant").click()
    expect(page.locator("[data-opening-said]")).to_contain_text("elle ne se lit pas une seconde fois")
    expect(page.get_by_role("button", name="Afficher maintenant")).to_have_count(0)
    expect(page.locator("[data-opening-value]")).to_be_hidden()
    assert at(lambda: OpeningRequest.objects.get().state) == State.SHOWN
    axe(page)
    page.reload()  # somebody who comes back later is told as well
    expect(page.get_by_text("Si rien ne s'est affiché")).to_be_visible()
    assert keys_in(page) == []


def test_reading_that_never_arrived_is_begun_again(
    live_site: LiveSite, page: Page, page_factory: PageFactory, at, cast, subtests: pytest.Subtests
) -> None:
    ready_to_read(page, live_site, at, cast)
    show, said = page.get_by_role("button", name="Afficher maintenant"), page.locator("[data-opening-said]")
    with subtests.test("without a script there is no button that does nothing"):
        bare = page_factory(javascript=False)
        bare.context.add_cookies(page.context.cookies())
        bare.goto(page.url)
        expect(bare.get_by_text("Il faut JavaScript et un navigateur à jour")).to_be_visible()
        expect(bare.get_by_role("button", name="Afficher maintenant")).to_have_count(0)
        expect(show).to_be_visible()
        expect(page.get_by_text("Il faut JavaScript")).to_have_count(0)
    with subtests.test("without a line the page says what to do then"):
        page.context.set_offline(True)
        show.click()
        expect(said).to_contain_text("Quand elle revient, rechargez cette page")
        page.context.set_offline(False)
        page.reload()
    with subtests.test("what never arrived was not read"):
        page.route("**/lire/", lambda route: route.abort())
        show.click()
        expect(said).to_contain_text("Rien n'a été lu ni effacé : recommencez.")
        page.unroute("**/lire/")
        show.click()
        expect(page.locator("[data-opening-value]")).to_have_text("Anaïs Martin \\u{202e}ertsulli")
        expect(said).to_be_hidden()


def test_answer_for_another_key_is_said_to_be_gone(live_site: LiveSite, page: Page, at, cast) -> None:
    ready_to_read(page, live_site, at, cast)

    def damage() -> None:
        opening = OpeningRequest.objects.get()
        sealed = bytes(opening.sealed_reply or b"")
        opening.sealed_reply = sealed[:-1] + bytes([sealed[-1] ^ 1])
        opening.save()

    at(damage)
    page.get_by_role("button", name="Afficher maintenant").click()
    expect(page.locator("[data-opening-said]")).to_contain_text("La réponse est arrivée et ne s'ouvre pas")
    expect(page.get_by_role("button", name="Afficher maintenant")).to_have_count(0)


# --- keys of a browser ------------------------------------------------------------------------------------------------

KEYS = """(change) => new Promise((resolve) => {
  const opening = indexedDB.open("pnav-levees");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("keys", "readwrite"), found = [];
    const walk = transaction.objectStore("keys").openCursor();
    walk.onsuccess = () => {
      const at = walk.result;
      if (!at) return;
      found.push(at.key);
      if (change) at.update({ ...at.value, ...change });
      at.continue();
    };
    transaction.oncomplete = () => { opening.result.close(); resolve(found); };
  };
})"""


def keys_in(page: Page, **change: object) -> list[str]:
    """Return the public halves of the keys that this browser keeps, all of them changed so if anything is said."""
    found: list[str] = page.evaluate(KEYS, change or None)
    return found


def test_key_goes_when_its_request_is_over_and_none_is_made_for_a_look(
    live_site: LiveSite, page: Page, at, cast
) -> None:
    agent, chief, _custodians, conversation = cast
    be_signed_in(page, live_site, agent)
    ask(page, live_site, conversation)
    expect(page.get_by_text("La réponse ne pourra s'ouvrir que dans ce navigateur")).to_be_visible()
    assert keys_in(page) == [], "a form that was only filled in"
    page.get_by_label("Motif", exact=True).fill("")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Rien n'est encore envoyé")).to_be_visible()
    page.get_by_label("Motif", exact=True).fill("Menaces de mort")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Demande envoyée")).to_be_visible()
    [key] = keys_in(page)
    assert at(lambda: Recipient(bytes(OpeningRequest.objects.get().recipient)).text) == key
    page.goto(live_site.url + "/levees/")
    expect(page.get_by_role("heading", name="Levées d'anonymat")).to_be_visible()
    assert keys_in(page) == [key], "its request is open"
    at(lambda: opening_actions.refuse_request(request_id=OpeningRequest.objects.get().pk, by=chief.user, reason="Non"))
    page.reload()
    page.wait_for_function(f"async () => (await ({KEYS})()).length === 0")


def test_keys_of_others_at_this_post_stay_for_as_long_as_a_request_can_last(
    live_site: LiveSite, page: Page, at, cast
) -> None:
    ready_to_read(page, live_site, at, cast)
    [key] = keys_in(page, owner="somebody else", sent=True)
    at(lambda: OpeningRequest.objects.all().delete())  # nobody whom this page knows waits for the key
    page.goto(live_site.url + "/levees/")
    expect(page.get_by_role("heading", name="Levées d'anonymat")).to_be_visible()
    page.reload()
    assert keys_in(page, made=0) == [key]
    page.reload()
    page.wait_for_function(f"async () => (await ({KEYS})()).length === 0")


def test_key_of_before_still_opens(live_site: LiveSite, page: Page, at, cast) -> None:
    """It was kept by the version that wrote keys alone, without whose they are."""
    agent, chief, custodians, conversation = cast
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/compte/2fa/")  # a page that uses no keys
    recipient = page.evaluate("""async () => {
      const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
      const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
      const name = btoa(String.fromCharCode(...raw));
      await new Promise((resolve) => {
        const opening = indexedDB.open("pnav-levees", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("keys", "readwrite");
          transaction.objectStore("keys").put(pair.privateKey, name);
          transaction.oncomplete = () => { opening.result.close(); resolve(); };
        };
      });
      return name;
    }""")
    grounds = opening_actions.Grounds("Menaces", "Code pénal", "PARQUET-4711", "2026-11-20")
    opening = at(
        lambda: opening_actions.ask_opening(
            report=conversation.report,
            field="name",
            grounds=grounds,
            is_urgent=False,
            recipient=Recipient.parse(recipient),
            by=agent.user,
        )
    )
    at(agree_and_answer, chief, custodians)
    page.goto(f"{live_site.url}/levees/{opening.public_id}/")
    page.get_by_role("button", name="Afficher maintenant").click()
    expect(page.locator("[data-opening-value]")).to_have_text("Anaïs Martin \\u{202e}ertsulli")


def test_nothing_left_is_said_in_words(live_site: LiveSite, page: Page, at, cast) -> None:
    agent, chief, custodians, conversation = cast
    be_signed_in(page, live_site, agent)
    ask(page, live_site, conversation)
    page.get_by_text("Moyen de la joindre", exact=True).click()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Demande envoyée")).to_be_visible()
    at(agree_and_answer, chief, custodians)
    page.reload()
    page.get_by_role("button", name="Afficher maintenant").click()
    expect(page.get_by_text("La personne n'a rien laissé ici.")).to_be_visible()
    expect(page.locator("[data-opening-value]")).to_be_hidden()
    wipe = page.get_by_role("button", name="Effacer de l'écran")
    expect(wipe).to_be_focused()
    wipe.click()
    expect(page.get_by_text("Effacé de l'écran.")).to_be_visible()
    expect(page.get_by_text("La personne n'a rien laissé ici.")).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False])
def test_custodian_at_320(
    live_site: LiveSite, page_factory: PageFactory, at, cast, axe_in_both_themes: Axe, javascript: bool
) -> None:
    agent, chief, custodians, conversation = cast
    # (Axe waits for timers, which a page without scripts does not have.)
    look = axe_in_both_themes if javascript else lambda _page: None
    opening = at(
        lambda: opening_actions.ask_opening(
            report=conversation.report,
            field="contact",
            grounds=opening_actions.Grounds("Danger", "Texte"),
            is_urgent=True,
            recipient=None,
            by=agent.user,
        )
    )
    at(opening_actions.countersign_request, request_id=opening.pk, by=chief.user)
    page = page_factory(javascript=javascript, width=320, theme="dark")
    staff.sign_in(page, live_site, custodians[0], "/levees/")
    look(page)
    page.get_by_role("link", name="Moyen de la joindre").click()
    look(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # A fact of one line takes one line: what breaks the lines of the template is not shown.
    seal = page.locator(".pnav-opening__facts dd", has_text="À donner dans l'examen")
    assert seal.evaluate("one => one.offsetHeight < 2 * parseFloat(getComputedStyle(one).lineHeight)")
    with page.expect_download() as download:
        page.get_by_role("button", name="Retirer l'enveloppe").click()
    assert json.loads(download.value.path().read_text())["field"] == "contact"
    page.get_by_role("link", name="L'enveloppe est retirée").click()
    expect(page.get_by_role("heading", name="Réponse montrée sur place")).to_be_focused()
    look(page)
    page.get_by_role("button", name="Noter qu'elle a été montrée").click()
    expect(page.get_by_text("Un autre référent présent doit maintenant le confirmer")).to_be_visible()
    expect(page.get_by_text("Examen à faire").first).to_be_visible()
    at(confirm, request_id=opening.pk, by=custodians[1])
    page.context.clear_cookies()
    staff.sign_in(page, live_site, custodians[2], "/levees/")  # a custodian who had no part in it
    page.get_by_role("link", name="Moyen de la joindre").click()
    page.get_by_role("button", name="Enregistrer l'examen").click()
    expect(page.get_by_text("Écrivez votre conclusion.").first).to_be_visible()
    look(page)
    with contextlib.suppress(FileNotFoundError):
        download.value.delete()
