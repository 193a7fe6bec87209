"""Every page of a visitor in discreet mode: nothing that stands on the screen tells what this site is about.

What is folded is not on the screen: the person unfolds it, and folds it again. The pages of an exchange, in each of its
states and for each person, are in tests/chat/visitor/test_voices.py; the answers of the orientation in
tests/triage/test_views.py.
"""

import re

import pytest
from django.conf import settings
from django.test import Client

from locations.models import Municipality
from pnav import addresses
from pnav.addresses import DISCREET, VISITORS
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.pages.test_removal_kit import TYPED
from tests.support.on_screen import TELLING, words_on_screen

pytestmark = pytest.mark.django_db

IN_ENGLISH = re.compile(
    r"police|gendarm|cyber|harass|threat|insult|victim|witness|complaint|prosecutor|suicid|violen|intimate|illegal|scam|"
    r"blackmail|reception point|to die|dying",
    re.IGNORECASE,
)
PAGES = [
    name
    for namespace in sorted(VISITORS)
    for name in addresses.pages_without_parameter(namespace)
    if name != "pages:components"  # for who works on the pages
]
OTHERWISE = {"chat:answers": 401}  # a script asks there, without an exchange


def commune() -> Municipality:
    """With a unit of each force, so that one has to be chosen for information."""
    town = places.municipality("Arles", "13004", ("13200",), latitude=43.67, longitude=4.63)
    for name in ("Commissariat de police d'Arles", "Gendarmerie - Brigade d'Arles"):
        places.reception_point(name, for_=town, latitude=43.68, longitude=4.63)
    places.partner(municipality=town)
    return town


def told(
    client: Client, telling: re.Pattern[str], where: str, *, data: dict[str, str] | None = None, also: int = 200
) -> list[str]:
    """What one page tells somebody who looks at the screen, its frame included; empty for what is no page.

    also: a status that is right for it beside 200, and 405 for what takes forms only.
    """
    ask = client.get if data is None else client.post
    answer = ask(where, data, follow=True)
    assert answer.status_code in {200, 405, also}, (where, answer.status_code)
    if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
        return []
    assert answer.redirect_chain == [] or answer.redirect_chain[-1][0].startswith("/n/")
    words = words_on_screen(answer.text)
    assert len(words) > 100 or answer.wsgi_request.path == DISCREET.reverse("chat:news")
    return [words[max(0, one.start() - 60) : one.end() + 30] for one in telling.finditer(words)]


@pytest.mark.parametrize(("language", "telling"), [("fr", TELLING), ("en", IN_ENGLISH)])
@pytest.mark.parametrize("who", ["nobody yet", "with a place", "in an exchange"])
def test_no_page_of_discreet_mode_tells_what_it_is_about(
    client: Client, who: str, language: str, telling: re.Pattern[str]
) -> None:
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
    for purpose in ("echange", "contacts"):
        where = DISCREET.reverse("locations:search")
        assert told(client, TELLING, where, data={"q": typed, "purpose": purpose}) == []


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


def test_what_a_press_asked_for_is_not_folded(client: Client) -> None:
    """The texts of a removal request, and the thanks for an opinion, whose words tell nothing."""
    asked = {"platform": "instagram", "who": "adult", "step": "write", **TYPED}
    page = client.post(DISCREET.reverse("pages:removal_request"), asked).text
    assert '<details class="pnav-more" open>' in page and 'id="textes"' in page
    assert "exemple.fr/deux" in words_on_screen(page)
    where = DISCREET.reverse("pages:feedback_thanks")
    assert "Merci pour votre avis" in words_on_screen(client.get(where).text)
    assert told(client, TELLING, where) == []


def test_home_page_keeps_its_doors_on_the_screen(client: Client) -> None:
    html = client.get(DISCREET.reverse("pages:home")).text
    assert "J'ai moins de 18 ans" in words_on_screen(html) and html.count('id="portes"') == 1
    assert "policier" in html and "policier" not in words_on_screen(html)
