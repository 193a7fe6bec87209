"""The orientation and the signalement in a real browser: axe, the keyboard, no JavaScript, 320 pixels."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from locations.models import Force, Municipality, PostalCode, ReceptionPoint
from pnav.sessions import SessionStore
from tests.browser.conftest import Axe, LiveSite, PageFactory, anew, goes_on
from tests.triage.paths import ADULT, CHAT, HELPER, MINOR, WITNESS
from triage.questionnaire.questions import BY_ID, BY_SLUG
from triage.questionnaire.results import BUILT_IN

RESULTS = {
    "danger": {"danger": "yes"},
    "suicide": {"danger": "suicidal"},
    "minor": {"who": "minor", "danger": "suicidal"},
    "insult": {**CHAT, "repetition": "once"},
    "scam": {**ADULT, "facts": "device", "scam": "scam"},
    "blackmail": {**ADULT, "facts": "image", "image_money": "yes"},
    "organisation": {**ADULT, "facts": "device", "scam": "organisation"},
    "content": {**WITNESS, "facts": "content", "content_kind": "public"},
    "sms": {**ADULT, "facts": "device", "scam": "sms"},
}

# Every question, with the answers that lead to it. Those of the first screens are put to an adult, to a minor and to
# somebody who helps, each in their own words.
ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    ("danger", {}),
    ("danger", {"who": "minor"}),
    ("danger", {"who": "helper"}),
    ("who", {"danger": "no"}),
    ("helped", HELPER),
    ("facts", ADULT),
    ("facts", MINOR),
    ("facts", WITNESS),
    ("repetition", {**ADULT, "facts": "harassment"}),
    ("image_money", {**WITNESS, "facts": "image"}),
    ("account_purpose", {**MINOR, "facts": "account"}),
    ("demand", {**ADULT, "facts": "money"}),
    ("content_kind", {**WITNESS, "facts": "content"}),
    ("scam", {**ADULT, "facts": "device"}),
)


def come_in(page: Page, live_site: LiveSite, who: str = "adult") -> None:
    page.goto(live_site.url + "/")
    with goes_on(page):
        page.locator(f".home-doors button[value={who}]").click()


def answer_all(page: Page, live_site: LiveSite, answers: dict[str, str]) -> None:
    """Come in and answer as a person does: each answer is one press."""
    come_in(page, live_site, answers.get("who", "adult"))
    for question, value in answers.items():
        if question == "who":
            continue
        with goes_on(page):
            page.locator(f"#answer-{value}").click()
        assert BY_ID[question].slug not in page.url, page.content()[-6000:]


def has_answered(
    page: Page, live_site: LiveSite, answers: dict[str, str], address: str = "/orientation/resultat/"
) -> None:
    """Begin a visit anew with these answers, before their result or another page of the orientation."""
    anew(page, live_site)
    with live_site.database():
        session = SessionStore()
        session["triage"] = {"version": BUILT_IN.version, "answers": {"who": "adult", **answers}}
        session.save()
    key = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_site.url}
    page.context.add_cookies([key])  # type: ignore[list-item]
    page.goto(live_site.url + address)


def give_place(page: Page, live_site: LiveSite) -> None:
    """Put a point d'accueil into the visit of this page, as the search of a place does."""
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    with live_site.database():
        commune, _created = Municipality.objects.get_or_create(
            insee_code="95127",
            defaults={
                "name": "Cergy",
                "department_code": "95",
                "department_name": "Val-d'Oise",
                "department_search": "val d oise",
                "region_code": "11",
                "region_name": "Île-de-France",
                "zone": "metro",
            },
        )
        PostalCode.objects.get_or_create(code="95000", municipality=commune)
        unit, _created = ReceptionPoint.objects.get_or_create(
            key="orientation", defaults={"name": "Commissariat de police de Cergy", "force": Force.POLICE}
        )
        session = SessionStore(session_key=key)
        session["locations"] = {"postal_code": "95000", "unit": unit.pk}
        session.save()


def has_no_sideways_scroll(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_questions_are_accessible(
    live_site: LiveSite, page_factory: PageFactory, axe_in_both_themes: Axe, subtests: pytest.Subtests
) -> None:
    page = page_factory(width=320)
    seen = set()
    for question, answers in ASKED:
        with subtests.test(question, answers=answers):
            has_answered(page, live_site, answers, f"/orientation/{BY_ID[question].slug}/")
            seen.add(BY_SLUG[page.url.rstrip("/").rpartition("/")[2]].id)
            axe_in_both_themes(page)
            assert has_no_sideways_scroll(page)
    assert seen == set(BY_ID)


def test_missing_answer_is_said_and_no_answer_is_painted(
    live_site: LiveSite, page_factory: PageFactory, axe: Axe
) -> None:
    page = page_factory(width=320)
    come_in(page, live_site)
    with page.expect_navigation():  # the address stays the same
        page.evaluate("document.querySelector('main form').submit()")
    expect(page).to_have_title(re.compile(r"^Erreur\s: "))
    expect(page.locator("#question-error")).to_be_focused()
    axe(page)


def test_results_are_accessible(
    live_site: LiveSite, page_factory: PageFactory, axe_in_both_themes: Axe, subtests: pytest.Subtests
) -> None:
    """Answers are in the visit already: the ways to them are walked by the journeys (tests/browser/test_journeys.py)
    and, question by question, in tests/triage."""
    page = page_factory(width=320)
    for result, answers in RESULTS.items():
        with subtests.test(result):
            has_answered(page, live_site, answers)
            assert page.locator("main .pnav-triage__door").count() == 1
            page.locator("details.pnav-triage__answers summary").click()
            axe_in_both_themes(page)
            assert has_no_sideways_scroll(page)


def test_report_form_is_accessible(live_site: LiveSite, page_factory: PageFactory, axe_in_both_themes: Axe) -> None:
    page = page_factory(width=320)
    answer_all(page, live_site, CHAT)
    give_place(page, live_site)
    page.goto(live_site.url + "/signalement/")
    for summary in page.locator("details.pnav-said summary").all():
        summary.click()
    axe_in_both_themes(page)
    assert has_no_sideways_scroll(page)
    page.evaluate("document.querySelector('[name=since]').value = 'nonsense'")
    page.locator("[name=since]").first.check(force=True)
    page.get_by_role("button", name="Entrer dans le tchat").click()
    expect(page.locator("#errors")).to_be_focused()
    axe_in_both_themes(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_way_back_through_the_questions(live_site: LiveSite, page_factory: PageFactory, javascript: bool) -> None:
    page = page_factory(javascript=javascript, width=320)
    answer_all(page, live_site, RESULTS["blackmail"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Ne payez pas, ne répondez plus, gardez les preuves")
    page.go_back()
    expect(page.locator("#answer-yes")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.locator("#answer-yes")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Précédent").click()
    expect(page.locator("#answer-image")).to_have_attribute("aria-current", "true")


def test_talking_at_once_asks_nothing_more_than_the_place(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(javascript=False, width=320)
    come_in(page, live_site, "minor")
    with goes_on(page):
        page.locator("#answer-no").click()
    with goes_on(page):
        page.get_by_role("button", name="Parler tout de suite").click()
    expect(page.get_by_text("Pour échanger avec un gendarme ou un policier")).to_be_visible()


def test_targets_are_large_enough_for_a_thumb(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(width=320)
    answer_all(page, live_site, RESULTS["scam"])
    page.locator("details.pnav-triage__answers summary").click()
    for where in ("", "/orientation/faits/", "/orientation/maintenant/"):
        if where:
            page.goto(live_site.url + where)
        # What is not shown has no height.
        heights = page.locator("main a, main button, main summary").evaluate_all(
            "all => all.map((one) => [one.innerText, one.getBoundingClientRect().height])"
        )
        assert heights and [text for text, height in heights if height < 44] == []


def test_quick_exit_hides_no_answer_with_focus(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(width=320, height=568)
    answer_all(page, live_site, ADULT)
    page.locator("#answer-harassment").focus()
    hidden = """() => {
        const exit = document.querySelector('.pnav-exit').getBoundingClientRect();
        const on = document.activeElement.getBoundingClientRect();
        return on.bottom + 4 > exit.top && on.top < exit.bottom;
    }"""
    for _answer in range(8):
        page.keyboard.press("Tab")
        assert not page.evaluate(hidden)
