"""A summary goes to a unit, with three people in three browsers: sent with agreement, read, answered, closed."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.conversations import actions, resume
from chat.models import Agent, Transmission, UnitAccount
from chat.rules.lifecycle import Author
from chat.rules.referral import State
from locations.models import ReceptionPoint
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser.conftest import THEMES, Axe, LiveSite, PageFactory, in_theme
from tests.browser.staff import sign_in_by_hand
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    an_agent,
    at,
    sign_in,
    somebody_waits,
)
from tests.factories import chat as make
from tests.factories import transmissions as hand

type Work = Callable[..., Any]

PANEL = ".console-dossier:not([hidden]) [id^=transmission-]:not(h3)"
SUMMARY = "Insultes répétées depuis mars, sur deux comptes."
REASON = "Plainte enregistrée. Gardez les captures d'écran."


def a_unit() -> UnitAccount:
    unit = hand.account(hand.station(name="Commissariat de Bondy"))
    enrol_totp(unit.user, SECRET)
    return unit


@pytest.fixture
def unit(at: Work) -> Iterator[UnitAccount]:  # noqa: F811
    made = at(a_unit)
    yield made

    def forget() -> None:
        Transmission.objects.all().delete()
        User.objects.filter(role=Role.UNIT).delete()
        ReceptionPoint.objects.filter(name="Commissariat de Bondy").delete()

    at(forget)


def comes(page: Page, site: LiveSite, key: str, path: str = "/tchat/") -> None:
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site.url}])
    page.goto(site.url + path)


def lines_of(page: Page, head: str) -> int:
    """Return in how many lines the head of this column is drawn."""
    cell = page.locator(".unit-list thead th", has_text=head)
    return cell.evaluate(
        "one => { const text = document.createRange(); text.selectNodeContents(one);"
        " return text.getClientRects().length }"
    )


def looks(page: Page, axe: Axe) -> None:
    """Check that axe finds nothing, and that nothing scrolls sideways."""
    axe(page)
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def once_in_both_themes(axe: Axe, axe_in_both_themes: Axe) -> Axe:
    """Give axe, which asks a page in one theme only when it is looked at again.

    Such a page has other words, and hardly another colour, unless it says so in other badges or alerts, whose colours
    tell what they are.
    """
    seen: set[tuple[str, frozenset[str]]] = set()

    def check(page: Page) -> None:
        coloured = page.locator(".fr-badge:visible, .fr-alert:visible")
        state = urlsplit(page.url).path, frozenset(coloured.evaluate_all("all => all.map((one) => one.className)"))
        (axe if state in seen else axe_in_both_themes)(page)
        seen.add(state)

    return check


@pytest.mark.slow
def test_from_sending_to_closing(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    unit: UnitAccount,
    axe: Axe,
    axe_in_both_themes: Axe,
):
    agent = at(an_agent, public_name="Camille")
    conversation, key = at(somebody_waits, reception_point=unit.point)
    axe, console = once_in_both_themes(axe, axe_in_both_themes), page_factory()
    sign_in(console, live_site, agent)
    console.get_by_role("button", name="Disponible").click()
    expect(console.locator(OPEN_THREAD)).to_be_visible()
    person = page_factory(width=320)
    comes(person, live_site, key)
    expect(person.locator("#follow")).to_be_hidden()

    # The agent uses the keyboard.
    console.locator(f"{PANEL} summary", has_text="Préparer un résumé").focus()
    console.keyboard.press("Enter")
    console.locator(f"{PANEL} textarea[name=summary]").fill(SUMMARY)
    looks(console, axe)
    console.get_by_role("button", name="Montrer à la personne et demander son accord").focus()
    console.keyboard.press("Enter")
    expect(console.locator(PANEL)).to_contain_text("Accord demandé")

    # The person sees it at once, on a small telephone.
    link = person.get_by_role("button", name="Lire et répondre")
    expect(link).to_be_visible()
    expect(person.locator("#messages")).to_contain_text("Rien ne part sans votre accord")
    looks(person, axe)
    person.get_by_label("Votre message").fill("Un texte\nen cours")
    link.click()
    fold = person.locator("summary", has_text="Lire le résumé qui sera envoyé")
    expect(person.get_by_text(SUMMARY)).to_be_hidden()
    fold.focus()
    person.keyboard.press("Enter")
    expect(person.get_by_text(SUMMARY)).to_be_visible()
    looks(person, axe)
    person.get_by_role("button", name="Oui, envoyer ce résumé").click()
    expect(person.get_by_text("Numéro de dossier :")).to_be_visible()
    expect(console.locator(PANEL)).to_contain_text("Transmis")
    person.get_by_role("link", name="Revenir à mon échange").click()
    expect(person.get_by_label("Votre message")).to_have_value("Un texte\nen cours")
    person.reload()
    expect(person.get_by_label("Votre message")).to_have_value("Un texte\nen cours")  # the text stays until it is sent
    person.get_by_role("button", name="Suites").click()
    expect(person.get_by_text("Numéro de dossier :")).to_be_visible()
    person.get_by_role("link", name="Revenir à mon échange").click()

    # Now the unit.
    station = page_factory(width=320)
    sign_in_by_hand(station, live_site, unit.user.username, path="/unite/")
    station.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    number = at(lambda: Transmission.objects.get().file_number)
    looks(station, axe)
    station.emulate_media(media="print")
    expect(station.get_by_role("link", name=number)).to_be_visible()
    expect(station.get_by_role("button", name="Chercher")).to_be_hidden()
    assert lines_of(station, "Urgence") == 1, "a word is broken in two on paper"
    station.emulate_media(media="screen")
    assert lines_of(station, "Urgence") == 1, "a word is broken in two"
    station.get_by_role("link", name=number).click()
    expect(station.get_by_text(SUMMARY)).to_be_hidden()
    looks(station, axe)
    station.get_by_role("button", name="Ouvrir et lire").click()
    expect(station.get_by_text(SUMMARY)).to_be_visible()
    expect(console.locator(PANEL)).to_contain_text("Lu")
    station.get_by_role("button", name="Proposer ce rendez-vous").click()
    expect(station.locator("#jour-error")).to_be_visible()
    looks(station, axe)
    day = timezone.localdate() + timezone.timedelta(days=30)
    station.fill("[name=day]", day.isoformat())
    station.fill("[name=hour]", "09:30")
    station.fill("[name=place]", "Bureau 12, premier étage")
    station.check("[name=checked]", force=True)  # the label covers it
    station.get_by_role("button", name="Proposer ce rendez-vous").click()
    expect(console.locator(PANEL)).to_contain_text("Bureau 12, premier étage")
    person.get_by_role("button", name="Lire et répondre").click()
    fold = person.locator("summary", has_text="Non, refuser ce rendez-vous")
    fold.focus()
    person.keyboard.press("Enter")
    person.get_by_label("Un autre moment (facultatif)").fill("Le mardi, après 17 h")
    looks(person, axe)
    person.get_by_role("button", name="Oui, accepter ce rendez-vous").click()
    expect(person.get_by_label("Un autre moment (facultatif)")).to_be_focused()
    expect(person.get_by_label("Un autre moment (facultatif)")).to_have_value("Le mardi, après 17 h")
    looks(person, axe)
    person.get_by_label("Un autre moment (facultatif)").fill("")
    person.get_by_role("button", name="Oui, accepter ce rendez-vous").click()
    expect(person.get_by_text("Vous ne pouvez plus venir ?")).to_be_visible()
    expect(console.locator(PANEL)).to_contain_text("Rendez-vous accepté")
    person.get_by_role("link", name="Mon rendez-vous").click()
    expect(person.get_by_text("Bureau 12, premier étage")).to_be_visible()
    # The unit's page shows it by itself and keeps the draft; forms in which nobody wrote follow what is shown.
    station.fill("[name=reason]", "Un brouillon")
    station.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(station.locator("#etapes-zone")).to_contain_text("Rendez-vous accepté")
    expect(station.locator("#dossier-annonces")).to_contain_text("Du nouveau dans ce dossier : Rendez-vous accepté")
    expect(station.locator("[name=reason]")).to_have_value("Un brouillon")
    looks(station, axe)
    station.get_by_role("button", name="Clore la transmission").click()
    expect(station.locator("[role=alert]:visible")).to_contain_text("un collègue vient d'agir")
    expect(station.locator("[name=reason]")).to_have_value("Un brouillon")
    seen = station.locator("#clore ~ form [name=seen]").input_value()
    assert int(seen) == 5

    # Somebody writes in the panel meanwhile: what is typed stays, and the panel is read again afterwards.
    console.locator(f"{PANEL} summary", has_text="Préparer un résumé").click()
    area = console.locator(f"{PANEL} textarea[name=summary]")
    area.fill("Un brouillon")
    station.fill("[name=reason]", REASON)
    station.get_by_role("button", name="Clore la transmission").click()
    expect(station.locator(".fr-alert")).to_contain_text("Transmission close")
    expect(console.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("Clos, voici pourquoi")
    expect(area).to_be_focused()
    expect(area).to_have_value("Un brouillon")
    console.locator(f"{OPEN_THREAD} textarea[name=body]").focus()
    expect(console.locator(PANEL)).to_contain_text(REASON)
    expect(area).to_have_value("Un brouillon")

    person.goto(live_site.url + "/tchat/suites/")
    expect(person.get_by_text(REASON)).to_be_visible()
    looks(person, axe)
    console.goto(live_site.url + "/console/transmissions/")
    expect(console.locator("table")).to_contain_text("Clos, voici pourquoi")
    looks(console, axe)
    assert at(lambda: list(Transmission.objects.get().steps.values_list("state", flat=True))) == [
        State.ASKED, State.SENT, State.READ, State.MEETING, State.ACCEPTED, State.CLOSED,
    ]  # fmt: skip
    assert at(lambda: Transmission.objects.get().conversation_id) == conversation.pk


def test_number_of_a_unit_that_has_not_read_is_readable(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    unit: UnitAccount,
):
    """« Appeler » was blue on blue, of which axe says that it cannot tell."""

    def late() -> Agent:
        ReceptionPoint.objects.filter(pk=unit.point_id).update(opening_hours=None)  # it counts day and night
        row = hand.sent(make.assigned(), unit, SUMMARY)
        long_ago = make.long_ago(180)
        Transmission.objects.filter(pk=row.pk).update(sent_at=long_ago, made_at=long_ago)
        return an_agent(role=Role.SUPERVISOR)

    sign_in(page, live_site, at(late))
    page.goto(live_site.url + "/console/tableau/transmissions/")
    call = page.get_by_role("link", name=re.compile("^Appeler"))
    expect(call).to_be_visible()
    for theme in THEMES:
        in_theme(page, theme)
        text, ground = call.evaluate(
            "one => { const it = getComputedStyle(one); return [it.color, it.backgroundColor]; }"
        )
        assert text != ground, theme


@pytest.mark.slow
def test_after_the_end_without_a_script_by_the_code(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    unit: UnitAccount,
    axe: Axe,
):
    """After the end of a discreet visit the five words open the steps, a neutral title, and no message."""

    def ended() -> str:
        agent = make.agent()
        conversation = make.assigned(agent, reception_point=unit.point, discreet=True)
        make.message(conversation, "Un-mot-de-l-echange")
        code = resume.issue_code(conversation_id=conversation.pk).text
        actions.close_conversation(
            conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome="transmitted"
        )
        hand.asked(conversation, unit, SUMMARY)
        return code

    code = at(ended)
    page = page_factory(javascript=False, width=320)
    page.goto(live_site.url + "/tchat/reprendre/")
    page.fill("[name=code]", code)
    page.get_by_role("button", name="Reprendre", exact=True).click()
    page.wait_for_url(re.compile(r"/n/\d{6}/$"))  # an address that says nothing about the page
    expect(page.locator("summary", has_text="Lire le résumé qui sera envoyé")).to_be_visible()
    assert page.title() == "Informations"
    expect(page.get_by_text("Un-mot-de-l-echange")).to_have_count(0)
    page.locator("summary", has_text="Lire le résumé qui sera envoyé").click()
    expect(page.get_by_text(SUMMARY)).to_be_visible()
    page.get_by_role("button", name="Oui, envoyer ce résumé").click()
    expect(page.get_by_text("Numéro de dossier :")).to_be_visible()
    expect(page.get_by_text(SUMMARY)).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    expect(page.get_by_role("button", name="Quitter rapidement").first).to_be_visible()
    page.get_by_role("button", name="Créer un code des suites").click()
    # Shown this once, at the foot of a page that would begin at its top. Orca says no group that its own text names.
    shown = page.locator("div:not([role])[autofocus]", has_text="Code des suites")
    expect(shown).to_be_focused()
    expect(shown.locator(".pnav-chat__code")).to_be_in_viewport(ratio=1)
