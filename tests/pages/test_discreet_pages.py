"""Every page of a visitor in discreet mode: nothing on screen tells what this site is about.

Folded text is not on screen: the person unfolds it, and folds it again. tests/chat/visitor/test_voices.py has the pages
of an exchange, in each state and for each person, and tests/triage/test_views.py has the answers of the orientation.
"""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from chat.conversations import resume
from chat.conversations.actions import close_conversation
from chat.models import Conversation
from chat.rules.lifecycle import Author
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from locations.models import Municipality
from pnav import addresses
from pnav.addresses import DISCREET, VISITORS
from pnav.pages.models import ContentBlock
from tests.access.table import OF_SCRIPTS
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions as hand
from tests.pages.test_removal_kit import TYPED
from tests.support import begun
from tests.support.on_screen import TELLING, TELLING_IN, spoken_addresses, words_on_screen
from tests.triage.paths import CHAT
from triage.questionnaire.questions import VERSION

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db

PAGES = [
    name
    for namespace in sorted(VISITORS)
    for name in addresses.pages_without_parameter(namespace)
    if name != "pages:components"  # a page for developers
]
# A script asks there: without an exchange, or what it has to POST.
OTHERWISE = {"chat:answers": 401} | dict.fromkeys(OF_SCRIPTS, 405)


def commune() -> Municipality:
    """Create a commune with a unit of each force, so that one has to be chosen for information."""
    town = places.municipality("Arles", "13004", ("13200",), latitude=43.67, longitude=4.63)
    for name in ("Commissariat de police d'Arles", "Gendarmerie - Brigade d'Arles"):
        places.reception_point(name, for_=town, latitude=43.68, longitude=4.63)
    places.partner(municipality=town)
    return town


def told(
    client: Client, telling: re.Pattern[str], where: str, *, data: dict[str, str] | None = None, also: int = 200
) -> list[str]:
    """Return what one page tells somebody who looks at the screen, its frame included; empty for what is no page.

    also: a status that is right for it beside 200.
    """
    ask = client.get if data is None else client.post
    answer = ask(where, data, follow=True)
    assert answer.status_code in {200, also}, (where, answer.status_code)
    if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
        return []
    assert answer.redirect_chain == [] or answer.redirect_chain[-1][0].startswith("/n/")
    assert spoken_addresses(answer.text) == [], where
    words = words_on_screen(answer.text)
    assert len(words) > 100 or answer.wsgi_request.path == DISCREET.reverse("chat:news")
    return [words[max(0, one.start() - 60) : one.end() + 30] for one in telling.finditer(words)]


@pytest.mark.parametrize("language", begun.offered())
@pytest.mark.parametrize("who", ["nobody yet", "with a place", "in an exchange"])
def test_no_page_of_discreet_mode_tells_what_it_is_about(client: Client, who: str, language: str) -> None:
    assert language in TELLING_IN, "Write which of its words tell."
    telling = TELLING_IN[language]
    commune()
    if who == "in an exchange":
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting(discreet=True))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    if who == "with a place":
        client.post(DISCREET.reverse("locations:search"), {"q": "13200", "purpose": "echange"})
    found = {name: told(client, telling, DISCREET.reverse(name), also=OTHERWISE.get(name, 200)) for name in PAGES}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("typed", ["Arles", "13200", "Nulle part", "Bruxelles", "13299 CEDEX", ""])
def test_search_of_places_tells_nothing_in_discreet_mode(client: Client, typed: str) -> None:
    commune()
    places.municipality("Arles", "64999", ("64000",))
    where = DISCREET.reverse("locations:search")
    assert told(client, TELLING, where, data={"q": typed, "purpose": "echange"}) == []
    # A visitor who asks for the units has read them once.
    client.post(where, {"q": typed, "purpose": "contacts"}, follow=True)
    assert told(client, TELLING, DISCREET.reverse("locations:results")) == []


def test_place_is_let_go_of_in_neutral_words(client: Client) -> None:
    commune()
    client.post(DISCREET.reverse("locations:search"), {"q": "13200", "purpose": "echange"})
    page = client.get(DISCREET.reverse("locations:search")).text
    assert "Supprimer ce lieu" in page and "Arles" in words_on_screen(page)
    assert told(client, TELLING, DISCREET.reverse("locations:remove"), data={}) == []
    assert "locations" not in client.session


def test_page_that_is_refused_is_not_folded(client: Client) -> None:
    """Whoever has to correct something sees what."""
    where = DISCREET.reverse("pages:feedback")
    assert "<details" in client.get(where).text and '<details class="pnav-more" open>' not in client.get(where).text
    assert '<details class="pnav-more" open>' in client.post(where, {}).text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("chat:copy", {}),
        ("chat:copy_proof", {}),
        ("chat:message", {"body": ""}),
        ("chat:resume", {"code": "un"}),
        ("chat:facts", {"act": "note", "what": ""}),
        ("pages:feedback", {}),
        ("pages:removal_request", {"platform": ""}),
        ("locations:search", {"q": ""}),
    ],
)
def test_title_of_a_refused_form_says_that_it_is_an_error(client: Client, name: str, data: dict[str, str]) -> None:
    """A screen reader says the title first, and it was the same before and after."""
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting(discreet=True))
    page = client.post(DISCREET.reverse(name), data, follow=True).text
    title = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
    assert [unescape(words).replace("\xa0", " ") for words in title] == ["Erreur : Informations"]


# --- addresses, which stay in the history ----------------------------------------------------------------------------


def test_sections_are_folds_and_no_link_leads_to_one(client: Client) -> None:
    """A link to a section would stay in the history, « #loi-couple », and open the fold when the page is read again."""
    assert spoken_addresses('<a href="#loi-couple"><button formaction="/n/482137/?fait=3">') == [
        *("#loi-couple", "/n/482137/?fait=3"),
    ], "the test sees them"
    for page in ContentBlock.Page.values[1:]:
        sections = ContentBlock.objects.filter(page=page)
        html = client.get(DISCREET.reverse(f"pages:{page}")).text
        assert html.count('<details class="pnav-more guide__fold">') == len(sections) > 2
        assert not [one.slug for one in sections if f'"{one.slug}"' in html or f"#{one.slug}" in html]
        assert f'href="#{sections[0].slug}"' in client.get(reverse(f"pages:{page}")).text


def test_links_in_texts_lose_their_section(client: Client) -> None:
    text = "[Preuves](/loi/#loi-demarches), [Ici](#loi), [3018](tel:3018)"
    block = ContentBlock.objects.filter(page="home")[0]
    ContentBlock.objects.filter(pk=block.pk).update(body=text)
    assert 'href="/loi/#loi-demarches"' in client.get("/").text and 'href="#loi"' in client.get("/").text
    html = client.get(DISCREET.reverse("pages:home")).text
    assert f'<a href="{DISCREET.reverse("pages:law")}">Preuves</a>, Ici, <a href="tel:3018">3018</a>' in html


# --- what a form asked for (docs/adr/0117) ----------------------------------------------------------------------------

REMOVAL = {"platform": "instagram", "who": "adult"}
# Every template that is folded in discreet mode, and the acts whose answer it is: the page, the form, and a word of it.
ACTS: dict[str, list[tuple[str, dict[str, str], str]]] = {
    "locations/my_contacts.html": [
        ("locations:search", {"q": "13300", "purpose": "contacts"}, "Téléphone"),
        ("locations:choose", {"q": "13200", "purpose": "contacts", "service": "first"}, "Téléphone"),
    ],
    "locations/select.html": [
        ("locations:search", {"q": "13200", "purpose": "contacts"}, "Gendarmerie - Brigade d'Arles"),
        ("locations:choose", {"q": "13200", "purpose": "contacts"}, "Gendarmerie - Brigade d'Arles"),
    ],
    "chat/follow_up.html": [
        ("chat:follow_up", {"answer": "yes"}, "Numéro de dossier"),
        ("chat:follow_up", {}, "Choisir « oui » ou « non »"),
        ("chat:follow_up", {"read": ""}, "Commissariat de Bondy"),
        ("chat:follow_up_meeting", {}, "Choisir « oui » ou « non »"),
        ("chat:follow_up_removal", {}, "Faire retirer"),
        ("chat:follow_up_removal_answer", {}, "Choisir « oui » ou « non »"),
        ("chat:resume", {"code": "of suites"}, "Numéro de dossier"),
        ("chat:follow_up_code", {"code": "new"}, "Numéro de dossier"),
    ],
    "chat/slip.html": [("chat:slip", {}, "Aucun rendez-vous")],
    "pages/feedback.html": [("pages:feedback", {}, "Votre avis est anonyme")],
    "pages/removal_kit.html": [
        ("pages:removal_request", {"platform": ""}, "Qui est concerné"),
        ("pages:removal_request", REMOVAL, "Écrire le texte"),
        ("pages:removal_request", REMOVAL | {"step": "other"}, "Qui est concerné"),
        ("pages:removal_request", REMOVAL | {"step": "write"}, "Écrire le texte"),
        ("pages:removal_request", REMOVAL | {"step": "write", **TYPED}, "exemple.fr/deux"),
    ],
}
# The other templates are read, and answer no form.
READ = {
    *("pages/home.html", "pages/figures.html", "pages/legal.html", "pages/accessibility.html"),
    *("pages/card.html", "pages/privacy.html", "pages/guide.html", "pages/quit.html"),
}


def test_every_folded_page_is_known() -> None:
    """Whoever adds one decides whether it answers a form."""
    folded = {
        str(one.relative_to(ROOT / "templates"))
        for one in (ROOT / "templates").rglob("*.html")
        if '{% extends "information.html" %}' in one.read_text()
    }
    assert folded == READ | ACTS.keys() and not READ & ACTS.keys()


@pytest.mark.parametrize(
    ("template", "page", "form", "word"),
    [(template, *act) for template, acts in ACTS.items() for act in acts],
)
def test_what_a_form_asked_for_is_open_and_folded_again_on_the_next_page(
    client: Client, template: str, page: str, form: dict[str, str], word: str
) -> None:
    commune()
    alone = places.municipality("Salon", "13103", ("13300",))
    places.reception_point("Commissariat de Salon", for_=alone)
    form = dict(form)
    if page.startswith("chat:"):
        form |= follow(client, form)
    if form.get("service"):
        shown = client.post(DISCREET.reverse("locations:search"), {"q": "13200", "purpose": "contacts"}, follow=True)
        form["service"] = re.findall(r'name="service"[^>]* value="([^"]+)"', shown.text)[0]
    answer = client.post(DISCREET.reverse(page), form, follow=True)
    assert template in [one.name for one in answer.templates]
    assert word in words_on_screen(answer.text), words_on_screen(answer.text)
    again = answer.redirect_chain[-1][0] if answer.redirect_chain else answer.wsgi_request.path
    if "?" not in again and "removal_request" not in page:  # the form begins again with its first question
        assert word not in words_on_screen(client.get(again).text)


def test_ways_within_an_open_fold_lead_to_an_open_page(client: Client) -> None:
    """As links they led to a closed fold: one press more, as if nothing had happened."""
    commune()
    search = DISCREET.reverse("locations:search")
    found = client.post(search, {"q": "13200", "purpose": "contacts"}, follow=True)
    service = re.findall(r'name="service"[^>]* value="([^"]+)"', found.text)[0]
    chosen = {"q": "13200", "purpose": "contacts", "service": service}
    page = client.post(DISCREET.reverse("locations:choose"), chosen, follow=True).text
    form = page.partition(f'action="{search}" id="both-units"')[2].partition("</form>")[0]
    typed = dict(re.findall(r'name="(q|purpose)" value="([^"]+)"', form))
    assert 'form="both-units">Voir les deux' in page and typed == {"q": "13200", "purpose": "contacts"}
    assert "Gendarmerie - Brigade d'Arles" in words_on_screen(client.post(search, typed, follow=True).text)

    kit = client.post(DISCREET.reverse("pages:removal_request"), REMOVAL).text
    assert 'name="step" value="other">Choisir un autre site</button>' in kit

    follow(client, {})
    suites = client.get(DISCREET.reverse("chat:follow_up") + "?encore").text
    what_then = DISCREET.reverse("pages:removal")
    form = suites.partition(f'action="{what_then}">')[2].partition("</form>")[0]
    assert "Le site refuse, ou ne répond pas</button>" in form and "csrfmiddlewaretoken" in form
    asked = dict(re.findall(r'name="(section)" value="([^"]+)"', form))
    opened = words_on_screen(client.post(what_then, asked).text)
    assert "Contestez auprès du site" in opened and "Si l'image est la vôtre" not in opened
    assert "Contestez auprès du site" not in words_on_screen(client.get(what_then).text)
    slip = client.post(DISCREET.reverse("chat:slip") + "?suites").text
    assert 'name="read">Revenir aux suites</button>' in slip


def follow(client: Client, form: dict[str, str]) -> dict[str, str]:
    """Make an exchange with something to follow, and return what its forms send. Whoever agrees finds a summary that
    waits, and whoever comes by a code one that went."""
    conversation, unit = make.assigned(discreet=True), hand.account()
    row = hand.sent(conversation, unit) if "code" in form else hand.asked(conversation, unit)
    if "code" not in form:
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return {"transmission": str(row.public_id)}
    code = resume.issue_code(conversation_id=conversation.pk).text
    agent = conversation.assigned_to
    assert agent is not None
    close_conversation(conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome="transmitted")
    if form["code"] == "new":
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    return {"code": code}


def test_thanks_for_an_opinion_are_not_folded(client: Client) -> None:
    """Their words tell nothing."""
    where = DISCREET.reverse("pages:feedback_thanks")
    assert "Merci pour votre avis" in words_on_screen(client.get(where).text)
    assert told(client, TELLING, where) == []


def test_home_page_keeps_its_doors_on_the_screen(client: Client) -> None:
    html = client.get(DISCREET.reverse("pages:home")).text
    assert "J'ai moins de 18 ans" in words_on_screen(html) and html.count('id="portes"') == 1
    assert "policier" in html and "policier" not in words_on_screen(html)


# --- what is folded is there all the same -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stands", "told"),
    [
        ("chat:conversation", make.waiting, "Pourquoi un policier ou un gendarme ?"),
        ("chat:conversation", make.waiting, "Ce tchat n'est pas un numéro d'urgence."),
        ("chat:conversation", make.assigned, "Ce tchat n'est pas un numéro d'urgence."),
        ("chat:copy", make.assigned, "Un petit fichier montre qu'un message, un fait ou une capture existait"),
        ("chat:copy", make.assigned, "Le nom et le contact donnés restent sous scellés"),
        ("chat:receipt", make.assigned, "Il reste vérifiable 6 ans"),
        ("chat:receipt", make.assigned, "Un signalement a été déposé le"),
    ],
)
def test_explanations_are_folded_and_not_left_out(
    client: Client, name: str, stands: Callable[..., Conversation], told: str
) -> None:
    """Whoever is watched needs them as much as anybody (docs/adr/0111)."""
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(stands(discreet=True))
    session = client.session
    session["triage"] = {"version": VERSION, "answers": {**CHAT, "danger": "screen"}}
    session.save()
    where = DISCREET.reverse(name)
    answer = client.post(where) if name == "chat:receipt" else client.get(where)
    html = unescape(answer.text)
    assert told in words_on_screen(html, opens_folds=True) and told not in words_on_screen(html)
    assert [one.group() for one in TELLING.finditer(words_on_screen(html))] == []


def test_foot_of_a_page_names_every_page_of_information_in_a_fold(client: Client) -> None:
    html = unescape(client.get(DISCREET.reverse("pages:feedback")).text)
    foot = html[html.index("<footer") : html.index("</footer>")]
    for name in ("minors", "professionals", "law", "removal", "numbers"):
        assert foot.count(f'href="{DISCREET.reverse(f"pages:{name}")}"') == 1, name
    folded, opened = words_on_screen(foot), words_on_screen(foot, opens_folds=True)
    assert "Autres pages" in folded and "Les numéros utiles" in opened and "Les numéros utiles" not in folded
    assert "Ministère" not in opened and "Ministère" in unescape(client.get(reverse("pages:feedback")).text)


def test_what_is_said_aloud_and_shown_by_a_mouse_is_read_by_these_tests() -> None:
    html = '<img alt="Police"><a href="#" aria-label="Gendarmerie">1</a><details><a title="Plainte">2</a></details>'
    assert words_on_screen(html) == "Police Gendarmerie 1"


def test_summary_of_an_agent_is_folded_until_it_is_answered(client: Client) -> None:
    """It stood there twice: as it is, and in the field that corrects it."""
    agent, colleague = make.agent(), make.agent(public_name="Dominique")
    conversation = make.assigned(agent, discreet=True)
    words = "Menacée par son ex depuis mars."
    transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=agent,
        target=Target(agent=colleague.pk),
        reason=Reason.END_OF_DUTY,
        summary=words,
    )
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    where = DISCREET.reverse("chat:handover")
    html = unescape(client.get(where).text)
    assert words not in words_on_screen(html) and words_on_screen(html, opens_folds=True).count(words) == 2
    assert words_on_screen(unescape(client.post(where, {}).text)).count(words) == 2, "a refusal is open (ADR 0117)"
