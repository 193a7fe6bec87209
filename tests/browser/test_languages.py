"""Two more languages, switched on only by their translations: one with our letters, one written from the right. Both
are longer than French.

Every address is asked for in both, and every page is looked at in Arabic and in the other direction: nothing scrolls
sideways at 320 px, no text lies over another or outside of the page, and each part names an existing language. Where
words of both directions meet, in the exchange and in the choice of a language, each language is looked at separately,
and axe finds nothing. axe was asked about the other pages in French (test_accessibility, test_orientation, test_places,
test_console): these have the same elements and colours, and an accessible name wherever French has one.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from chat.casework import proposals
from chat.conversations import actions
from chat.models import Agent, Conversation
from chat.referral import actions as referral_actions
from chat.rules.lifecycle import Availability, Outcome
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from common.texts.catalogue import CATALOGUE
from pnav.accounts.middleware import STAFF_AREAS
from pnav.accounts.models import Role
from pnav.pages.models import ContentBlock, HelpNumber, RemovalPlatform
from reports.actions import ask_erasure
from tests.browser.conftest import ROOT, Axe, LiveSite, PageFactory, anew, goes_on, running_site
from tests.browser.exchange import in_site
from tests.browser.test_accessibility import ADDRESSES
from tests.browser.test_console import an_agent, at, be_signed_in, make_available  # noqa: F401  `at`: a fixture
from tests.browser.test_orientation import RESULTS, answer_all, come_in, give_place
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import pseudo_languages
from tests.support.pseudo_languages import LANGUAGES, translated
from tests.triage.paths import CHAT

BOTH = pytest.mark.parametrize("language", [code for code, _name in LANGUAGES])
ARABIC = pytest.mark.parametrize("language", ["ar"])

# Texts that lie over one another, or outside of the page. Left out are those that stay in place while the page moves
# under them, and what only screen readers are given. What scrolls in a box of its own, as a table does, may be wider.
MISPLACED = """() => {
    const width = document.documentElement.clientWidth;
    // Of an element and all around it, asked once: whether it stays in place or is hidden for the eye alone, whether it
    // scrolls in a box of its own, and the boxes that cut it.
    const known = new Map();
    const around = (e) => {
        if (!e) return { stays: false, scrolls: false, frames: [] };
        if (!known.has(e)) {
            const { stays, scrolls, frames } = around(e.parentElement);
            const style = getComputedStyle(e);
            const isHidden = style.clipPath !== "none" || style.clip !== "auto";
            const isBox = e !== document.documentElement && (style.overflowX + style.overflowY) !== "visiblevisible";
            known.set(e, {
                stays: stays || isHidden || ["fixed", "sticky"].includes(style.position),
                scrolls: scrolls || (isBox && style.overflowX !== "visible"),
                frames: isBox ? [...frames, e.getBoundingClientRect()] : frames,
            });
        }
        return known.get(e);
    };
    // What is scrolled out of a box of its own, or cut by it, is not seen: the part that is, or null.
    const seen = (e, box) => {
        let { left, right, top, bottom } = box;
        for (const frame of around(e).frames) {
            [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
            [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
        }
        return right - left > 1 && bottom - top > 1 ? { left, right, top, bottom, height: bottom - top } : null;
    };
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !parent.checkVisibility() || around(parent).stays) continue;
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        for (const box of range.getClientRects()) {
            const part = seen(parent, box);
            if (part) texts.push([part, walker.currentNode]);
        }
    }
    const found = [];
    texts.sort(([one], [other]) => one.top - other.top);  // what begins below a text lies not on it, nor does the rest
    texts.forEach(([box, node], index) => {
        const isOut = box.left < -1 || box.right > width + 1;
        if (isOut && !around(node.parentElement).scrolls) found.push("out: " + node.data.trim().slice(0, 60));
        for (let next = index + 1; next < texts.length && texts[next][0].top < box.bottom; next += 1) {
            const [other, lies] = texts[next];
            const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
            const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
            if (node !== lies && across > 2 && down > Math.min(box.height, other.height) / 2) {
                found.push("on one another: " + node.data.trim().slice(0, 40) + " / " + lies.data.trim().slice(0, 40));
            }
        }
    });
    return found;
}"""


@pytest.fixture(scope="module")
def live_site(
    tmp_path_factory: pytest.TempPathFactory, neutral_site: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[LiveSite]:
    """Give the site with two languages more: their translations, and the contents in them, and nothing else."""
    sources = (ROOT / "pnav" / "locale").glob("*/LC_MESSAGES/django.po")
    locale = pseudo_languages.write(tmp_path_factory.mktemp("locale"), sorted(sources))
    folder = tmp_path_factory.mktemp("site")
    # What these tests do in the site's database is said in these languages too.
    known = override_settings(
        LANGUAGES=[*settings.LANGUAGES, *LANGUAGES], LOCALE_PATHS=[*settings.LOCALE_PATHS, str(locale)]
    )
    site_of = running_site(folder, neutral_site, django_db_blocker, "languages", PSEUDO_LANGUAGES=str(locale))
    with known, site_of as site:
        with site.database():
            for model in (ContentBlock, HelpNumber, RemovalPlatform):
                for row in model.objects.prefetch_related("text_rows"):
                    for part in model.text_fields:
                        for code, _name in LANGUAGES:
                            if own := getattr(row, part):
                                row.text_rows.create(language=code, part=part, text=translated(code, own))
        yield site


@pytest.fixture
def axe(axe: Axe, language: str) -> Axe:
    """Give axe for the language that is written from the right.

    The other one has the same elements, names and colours, of the same translations made the same way.
    """
    return axe if language == "ar" else unasked


def reads_in(page: Page, site: LiveSite, language: str) -> None:
    """Let this visit have chosen the language before."""
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": site.url}])


@pytest.fixture
def reader(page_factory: PageFactory, live_site: LiveSite, language: str) -> Page:
    """Give somebody who reads in this language, on a telephone."""
    page = page_factory(width=320)
    reads_in(page, live_site, language)
    return page


# All in one call, because a page is asked a dozen things: turn it, unfold what unfolds in place, look, then unfold all
# the rest. What is turned or is not looked at any longer is folded and turned back.
SOUND = f"""([inPlace, width, languages, turned, isOver]) => {{
    const root = document.documentElement;
    const was = root.dir;
    if (turned) root.dir = turned;
    const written = [root.lang, getComputedStyle(root).direction];
    const misplaced = {MISPLACED};
    const unfold = (all) => {{ for (const one of all) one.open = true; }};
    const wide = () => document.documentElement.scrollWidth > width ? ["scrolls sideways"] : [];
    // axe is content with a table whose links are reached by keys. What lies beyond the last one needs its box reached.
    const unreached = () => [...document.querySelectorAll(".console-scroll")].filter((one) => one.tabIndex < 0)
        .map((one) => `no key scrolls the table: ${{one.innerText.slice(0, 60)}}`);
    if (inPlace) unfold(document.querySelectorAll(inPlace));
    const named = [...document.querySelectorAll("[lang]")].map((one) => one.lang);
    const unknown = named.filter((one) => !languages.includes(one)).map((one) => `no language: ${{one}}`);
    const found = [...wide(), ...misplaced(), ...unreached(), ...unknown];
    window.unfolded = [...document.querySelectorAll("details:not([open])")];
    unfold(window.unfolded);
    found.push(...wide());
    if (isOver) {{
        for (const one of window.unfolded) one.open = false;
        root.dir = was;
    }}
    return [...written, ...found];
}}"""
FOLD = "() => { for (const one of window.unfolded) one.open = false; }"


def unasked(_page: Page) -> None:
    """Replace axe, where it was asked of the same elements before."""


def is_sound(
    page: Page, axe: Axe, language: str, direction: str, *, turned: str = "", in_place: str = "main details"
) -> None:
    """Check that nothing scrolls sideways but tables that keys scroll, lies on something else or is out of the page.

    language, direction: what the page says of itself. turned: the direction in which it is shown for this look, without
    axe. in_place: what is unfolded for that; everything else that unfolds lies on the page meanwhile, on purpose.
    """
    width = page.viewport_size["width"]  # type: ignore[index]
    known = [code for code, _name in settings.LANGUAGES]
    is_over = axe is unasked
    assert is_over or not turned
    found = page.evaluate(SOUND, [in_place, width, known, turned, is_over])
    assert found == [language, turned or direction], page.url
    if not is_over:
        axe(page)
        page.evaluate(FOLD)


def looked_at(page: Page, language: str, axe: Axe) -> None:
    """Check what must hold of every page in every language.

    A page that is written from the right is checked in the other direction too: a second visit would find the same
    page.
    """
    is_sound(page, axe, language, "rtl" if language == "ar" else "ltr")
    if language == "ar":
        is_sound(page, unasked, language, "rtl", turned="ltr")


@BOTH
def test_page_is_whole_in_a_language_more(
    reader: Page, live_site: LiveSite, axe: Axe, language: str, subtests: pytest.Subtests
):
    """Each address is opened in a visit that begins anew, in one tab: a new one would compile its scripts again."""
    for address in ADDRESSES:
        with subtests.test(address):
            anew(reader, live_site)
            reads_in(reader, live_site, language)
            reader.goto(live_site.url + address)
            look = axe if address == "/parametres-affichage/" else unasked  # where one chooses a language
            looked_at(reader, "fr" if address.startswith(STAFF_AREAS) else language, look)


@ARABIC
def test_orientation_is_whole_to_its_results(
    reader: Page, live_site: LiveSite, language: str, subtests: pytest.Subtests
):
    # Titles of questions that were looked at: the first questions are the same for several situations.
    known: set[str] = set()

    def look_once() -> None:
        title = reader.locator("h1").inner_text()
        if title not in known:
            known.add(title)
            looked_at(reader, language, unasked)

    for result in ("danger", "minor", "scam", "content"):
        with subtests.test(result):
            anew(reader, live_site)
            reads_in(reader, live_site, language)
            answers = dict(RESULTS[result])
            come_in(reader, live_site, answers.pop("who", "adult"))
            for value in answers.values():
                look_once()
                with goes_on(reader):
                    reader.locator(f"#answer-{value}").click()
            looked_at(reader, language, unasked)


@ARABIC
def test_signalement_and_contacts_are_whole(reader: Page, live_site: LiveSite, language: str):
    answer_all(reader, live_site, CHAT)
    give_place(reader, live_site)
    for address in ("/signalement/", "/point-d-accueil/", "/point-d-accueil/mes-contacts/", "/point-d-accueil/choix/"):
        reader.goto(live_site.url + address)
        looked_at(reader, language, unasked)


@BOTH
def test_language_is_in_the_header_and_chosen_in_the_settings(
    page_factory: PageFactory, live_site: LiveSite, language: str
):
    page = page_factory(width=320)
    page.goto(live_site.url + "/")
    own = dict(LANGUAGES)[language]
    assert own in page.locator("header").inner_html()
    page.goto(live_site.url + "/parametres-affichage/")
    page.get_by_label(own).check(force=True)
    with goes_on(page):
        page.locator("main button[type=submit]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("main h1")).to_have_text(translated(language, CATALOGUE["home.title"].origin()))


def test_page_written_from_the_right_begins_at_the_right(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(width=320)
    reads_in(page, live_site, "ar")
    page.goto(live_site.url + "/parametres-affichage/")
    box = page.locator("main h1").evaluate(
        "e => { const range = document.createRange(); range.selectNodeContents(e);"
        " const box = range.getBoundingClientRect(); return [box.left, box.right]; }"
    )
    assert 320 - box[1] < 40, box


@ARABIC
def test_own_name_of_each_language_has_its_own_direction(reader: Page, live_site: LiveSite):
    """The point of each choice stays where the page begins; the name alone is written its own way."""
    reader.goto(live_site.url + "/parametres-affichage/")
    names = reader.locator("[name=language] + label > [lang]")
    shown = names.evaluate_all(
        "all => all.map((one) => [one.lang, ...[one, one.parentElement].map((e) => getComputedStyle(e).direction)])"
    )
    assert shown == [["fr", "ltr", "rtl"], ["en", "ltr", "rtl"], ["eo", "ltr", "rtl"], ["ar", "rtl", "rtl"]]
    edges = names.evaluate_all("all => all.map((one) => Math.round(one.getBoundingClientRect().right))")
    assert len(set(edges)) == 1, "every name begins beside its point"


@ARABIC
def test_check_sees_what_lies_on_another(reader: Page, live_site: LiveSite):
    reader.goto(live_site.url + "/parametres-affichage/")
    assert reader.evaluate(MISPLACED) == []
    title = reader.locator("main h1")
    title.evaluate("e => { e.style.transform = 'translateY(5rem)'; }")
    assert any(one.startswith("on one another") for one in reader.evaluate(MISPLACED))
    title.evaluate("e => { e.style.transform = 'translateX(4rem)'; }")
    assert any(one.startswith("out") for one in reader.evaluate(MISPLACED))


# --- the exchange -----------------------------------------------------------------------------------------------------

SAID = "\u0645\u0631\u062d\u0628\u0627, je m'appelle Samia"  # begins from the right, and goes on from the left


@pytest.fixture
def person(enter: Callable[..., Page], live_site: LiveSite, language: str) -> Callable[[Conversation], Page]:
    """Give `person(conversation)`: the page of the exchange, in this language, on a telephone."""

    def enters(conversation: Conversation) -> Page:
        return enter(conversation, width=320, height=640, before=lambda page: reads_in(page, live_site, language))

    return enters


def begun(language: str) -> tuple[Agent, Conversation]:
    """Create an agent who answers, whose name is French, and a person who writes in two directions at once."""
    agent = make.agent(public_name="Camille")
    conversation = make.assigned(agent, language=language)
    make.message(conversation, SAID)
    make.message(conversation, "https://example.org/" + "une-adresse-qui-ne-se-coupe-pas" * 3)
    make.message(conversation, "Merci. " * 20, "agent")
    return agent, conversation


@ARABIC
@pytest.mark.parametrize("age_band", ["under_15", "adult"])
def test_waiting_is_whole(live_site: LiveSite, person: Any, axe: Axe, language: str, age_band: str):
    conversation = in_site(live_site, lambda: make.waiting(language=language, age_band=age_band))
    page = person(conversation)
    for details in page.locator("main details").all():
        details.evaluate("element => { element.open = true; }")
    page.locator("form[action$='/tchat/code/'] button").first.click()
    expect(page.locator("#code")).not_to_be_empty()
    looked_at(page, language, axe)


@BOTH
def test_exchange_with_an_agent_is_whole_to_its_end(live_site: LiveSite, person: Any, axe: Axe, language: str):
    agent, conversation = in_site(live_site, lambda: begun(language))
    page = person(conversation)
    own, said, system = (
        page.locator(f"#messages > [data-author={author}]").first for author in ("reporter", "agent", "system")
    )
    expect(said).to_be_visible()
    looked_at(page, language, axe)
    # What Pnav says in the thread is in the person's language, and the person's words begin on their own side.
    assert translated(language, " est là. L'échange peut commencer.").strip() in system.inner_text()
    mine, theirs = own.bounding_box(), said.bounding_box()
    assert (mine["x"] < theirs["x"]) == (language == "ar"), "one's own words are at the end of the line"
    written = own.locator("[data-part=body]").evaluate(
        "e => { const range = document.createRange(); range.setStart(e.firstChild, 0); range.setEnd(e.firstChild, 1);"
        " return range.getBoundingClientRect().left - e.getBoundingClientRect().left; }"
    )
    assert written > 20, "the first letter of what begins in Arabic is at the right"

    def asks() -> None:
        proposals.ask_question(
            conversation_id=conversation.pk, text="Vous êtes en sécurité ?", answers=["Oui", "Non"], by=agent.user
        )

    in_site(live_site, asks)
    page.reload()
    looked_at(page, language, axe)
    for path in (
        "terminer/",
        "code/",
        "reprendre/",
        "conservation/",
        "suite/?apres=0&etat=active&pause=1",
        "messages/",
    ):
        page.goto(f"{live_site.url}/tchat/{path}")
        looked_at(page, language, axe)

    def ends() -> None:
        actions.close_conversation(
            conversation_id=conversation.pk, by_author="agent", by=agent.user, outcome=Outcome.ADVISED
        )

    in_site(live_site, ends)
    page.goto(live_site.url + "/tchat/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    looked_at(page, language, axe)


@ARABIC
def test_what_follows_an_exchange_is_whole(live_site: LiveSite, person: Any, axe: Axe, language: str):
    """It is a summary to read before it goes to a unit, the rendezvous that the unit proposes, and its paper."""

    def asked() -> tuple[Any, Any, Conversation]:
        unit = hand.account(hand.station(name="Commissariat de Bondy"))
        _agent, conversation = begun(language)
        conversation.report.reception_point = unit.point
        conversation.report.save()
        return unit, hand.asked(conversation, unit), conversation

    unit, row, conversation = in_site(live_site, asked)
    page = person(conversation)
    follow_up = live_site.url + "/tchat/suites/"
    page.goto(follow_up)
    looked_at(page, language, axe)

    def proposes() -> None:
        referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True)
        row.refresh_from_db()
        referral_actions.mark_read(transmission=row, by=unit.user)
        moment = timezone.now() + timedelta(days=30)
        proposals.propose_appointment(
            conversation_id=conversation.pk, meets_at=moment, by=conversation.assigned_to.user
        )

    in_site(live_site, proposes)
    for address in (follow_up, live_site.url + "/tchat/rendez-vous/", live_site.url + "/tchat/"):
        page.goto(address)
        looked_at(page, language, axe)


@ARABIC
def test_passage_to_a_colleague_is_whole(live_site: LiveSite, person: Any, axe: Axe, language: str):
    def proposed() -> Conversation:
        agent, conversation = begun(language)
        transfer_actions.propose_handover(
            conversation_id=conversation.pk,
            by=agent,
            target=Target(agent=make.agent(public_name="Alex").pk),
            reason=Reason.REQUEST,
            summary="Une rumeur.",
        )
        return conversation

    page = person(in_site(live_site, proposed))
    looked_at(page, language, axe)
    page.goto(live_site.url + "/tchat/passage/")
    looked_at(page, language, axe)
    page.locator("main form[action$='/passage/'] button[type=submit]").click()  # nothing is chosen in the form
    expect(page.locator("main .fr-error-text").first).to_be_visible()
    looked_at(page, language, axe)


# --- those who answer -------------------------------------------------------------------------------------------------

CONSOLE = (
    "",
    "tableau/",
    "historique/",
    "prendre-soin/",
    "aide/",
    "reponses/",
    "transmissions/",
    "effectifs/",
    "conservation/",
)
# The pages of these whose elements no other test asks axe about at this width.
NOT_ASKED_NARROW = ("aide/", "reponses/", "transmissions/", "conservation/")


@ARABIC
def test_console_is_whole_whichever_way_its_reader_and_the_person_write(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Any,  # noqa: F811
    axe: Axe,
    language: str,
    subtests: pytest.Subtests,
):
    """It says that it is in French. Were it written from the right, nothing of it would lie on anything either. Each
    page is loaded once, and shown at both widths in both directions."""
    chief = at(an_agent, role=Role.SUPERVISOR)

    def work() -> Conversation:
        make.waiting(language=language, urgency=2, age_band="under_15")
        conversation = make.assigned(make_available(chief), language=language)
        make.message(conversation, SAID)
        make.message(conversation, "Bonjour", "agent")
        hand.sent(conversation, hand.account())
        ask_erasure(report_id=conversation.report_id)
        Agent.objects.filter(pk=chief.pk).update(availability=Availability.AWAY)
        return conversation

    conversation = at(work)
    page = page_factory(width=320)
    reads_in(page, live_site, language)
    be_signed_in(page, live_site, chief)
    for path in (f"echange/{conversation.public_id}/", *CONSOLE):
        with subtests.test(path):
            page.set_viewport_size({"width": 320, "height": 800})
            page.goto(f"{live_site.url}/console/{path}")
            look = axe if path in NOT_ASKED_NARROW or path.startswith("echange/") else unasked
            is_sound(page, look, "fr", "ltr", in_place="")
            for width, direction in ((1280, "ltr"), (1280, "rtl"), (320, "rtl")):
                page.set_viewport_size({"width": width, "height": 800})
                is_sound(page, unasked, "fr", "ltr", turned=direction, in_place="")
