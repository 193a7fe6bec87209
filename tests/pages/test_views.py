import re
import threading
from html import unescape
from unittest.mock import Mock
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings as project
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import resume
from chat.models import EventKind
from locations.models import DataEdition
from locations.session import Choice
from pnav.pages import quick_exit, waiting_time
from pnav.pages.frame import editions
from pnav.pages.models import FEEDBACK_MAX_LENGTH, ContentBlock, Feedback, HelpNumber
from reports.models import RetentionRule
from tests.chat.sockets import visit as visit_of
from tests.factories import chat as make_chat
from tests.factories import locations as make_place
from triage.questionnaire.questions import VERSION

pytestmark = pytest.mark.django_db

PAGES = [
    "home",
    "quit",
    "feedback",
    "feedback_thanks",
    "accessibility",
    "legal",
    "privacy",
    "figures",
    "display_settings",
]


def text_of(response) -> str:
    """Return what a person reads: tags dropped, blanks as single spaces."""
    content = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", content.replace("<br>", " ")))).replace("\u00a0", " ")


@pytest.mark.parametrize("name", [*PAGES, "components"])
def test_page_renders(client: Client, name: str):
    response = client.get(reverse(f"pages:{name}"))
    assert response.status_code == 200
    assert response.text.count("<h1") == 1
    assert re.search(r"<title>[^<]+ – Pnav</title>", response.text)


@pytest.mark.parametrize("name", PAGES)
def test_page_frame(client: Client, name: str):
    response = client.get(reverse(f"pages:{name}"))
    page = response.text
    for address in ("tel:17", "tel:112", "sms:114"):
        assert f'href="{address}"' in page
    for text in ("Quitter rapidement", "Paramètres d'affichage", "Point d'accueil", "Aidez-nous à améliorer ce service",
                 "Accessibilité : non conforme", "Mentions légales", "Données personnelles", "Licence Ouverte",
                 "site de démonstration"):  # fmt: skip
        assert text.lower() in text_of(response).lower(), text
    assert '<html lang="fr"' in page
    assert "interactive-widget=resizes-content" in page, "a phone's keyboard covers neither the exit nor the numbers"
    assert re.search(r'rel="apple-touch-icon" href="[^"]*pnav/touch-icon\.', page)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_not_stored_and_keeps_to_the_policy(client: Client, name: str):
    response = client.get(reverse(f"pages:{name}"))
    assert response.headers["Cache-Control"] == "no-store"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy
    page = response.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page), "no script in the page"
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page), "no style and no handler in an attribute"


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_nothing_from_elsewhere(client: Client, name: str):
    page = client.get(reverse(f"pages:{name}")).text
    # These name the page itself, and load nothing.
    page = re.sub(r'<link rel="(?:canonical|alternate)"[^>]*>', "", page)
    loaded = re.findall(r"<(?:link|script|img|iframe|source|use)\b[^>]*\b(?:href|src)=\"([^\"]+)\"", page)
    assert len(loaded) >= 5
    assert all(not urlsplit(address).netloc for address in loaded), loaded


def test_visiting_pages_opens_no_session(client: Client):
    for name in PAGES:
        client.get(reverse(f"pages:{name}"))
    assert project.SESSION_COOKIE_NAME not in client.cookies
    assert Session.objects.count() == 0


FACTS = {
    "name": "plateforme numérique des signalements et d'accompagnement des victimes",
    "who": "victime, témoin, proche ou professionnel",
    "minor or adult": "mineure ou majeure",
    "free": "gratuit",
    "hours": "24 heures sur 24 et 7 jours sur 7",
    "devices": "un ordinateur, une tablette ou un téléphone",
    "one interlocutor": "Un seul interlocuteur",
    "duration": "55 minutes",
    "postal code": "Personne ne vérifie que c'est",
    "zone": "police ou de la gendarmerie, qui répond d'abord",
    "steps": "J'entre dans le service",
    "step 2": "Je donne mon code postal",
    "step 3": "J'échange par tchat",
    "anonymity": "L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les "
    "plus graves.",
    "not an emergency": "Ce n'est pas un numéro d'urgence",
    "article": "222-33-2-2",
    "penalty": "3 ans d'emprisonnement et 45 000 € d'amende",
    "channels": "courriel, réseaux sociaux, forums, jeux en ligne",
    "pseudonym": "pseudonyme",
    "crowd": "chaque membre d'un groupe agit une seule fois",
    "repetition": "une personne recommence",
    "raid": "raid numérique",
    "effect": "vos conditions de vie se dégradent",
    "dignity": "votre dignité est atteinte",
    "public or private": "en public comme en privé",
    "minors report": "Tu peux signaler",
    "minors complain": "porter plainte, même sans adulte, dans un commissariat ou une gendarmerie",
    "de-referencing": "Sans réponse après 1 mois, adressez-vous à la CNIL",
    "form 1": "intimidations, des insultes, des moqueries ou des menaces, en ligne ou au téléphone",
    "form 2": "rumeurs",
    "form 3": "compte piraté, une identité numérique volée",
    "form 4": "contre un camarade de classe",
    "form 5": "sans qu'on demande d'argent",
    "form 6": "cyberviolences dans le couple",
    "gesture 1": "Bloquez les comptes des auteurs",
    "gesture 2": "Verrouillez vos comptes",
    "gesture 3": "paramètres de confidentialité",
    "gesture 4": "captures d'écran avant que les messages disparaissent",
    "gesture 5": "Parlez-en à quelqu'un de proche",
    "out, scam": "fausse boutique, messagerie piratée, argent exigé",
    "out, illicit": "apologie du terrorisme, incitation à la haine raciale",
    "out, attack": "rançongiciel, piratage, virus, faux ordre de virement",
    "17 Cyber": "17 Cyber",
    "care, complaint": "déposer plainte",
    "care, justice": "services de la justice",
    "care, association": "association d'aide aux victimes",
    "care, psychologist": "psychologue",
    "care, rights": "informe sur vos droits",
    "good to know": "Bon à savoir",
    "history": "votre navigateur garde un historique",
    "updated on": "Informations mises à jour le 9 décembre 2025",
    "place": "Ma ville ou mon code postal",
    "door, adult": "J'ai 18 ans ou plus",
    "door, minor": "J'ai moins de 18 ans",
    "door, helper": "J'aide quelqu'un",
    "wait": "Attente maintenant",
    "sample": "Vous avez bien fait d'écrire.",
    "penalties": "En ligne : 2 ans, 30 000 €",
    "3018": "7j/7 de 9h à 23h",
}


@pytest.mark.parametrize("fact", FACTS)
def test_home_states_fact(client: Client, fact: str):
    assert FACTS[fact] in text_of(client.get("/"))


@pytest.mark.parametrize("number", ["17", "112", "114", "3018", "119", "3114", "116006", "3919", "0805805817"])
def test_home_number_can_be_dialled(client: Client, number: str):
    assert re.search(rf'href="(tel|sms):{number}"', client.get("/").text)


def test_home_does_not_state_doubts(client: Client):
    page = text_of(client.get("/"))
    for row in [*HelpNumber.objects.exclude(doubt=""), *ContentBlock.objects.exclude(doubt="")]:
        assert row.doubt not in page


def test_home_promises_nothing_that_no_path_keeps(client: Client):
    """The other force may answer, an exchange may pass to another agent, and nothing is « direct »."""
    page = text_of(client.get("/"))
    for promise in ("parlez-en directement", "sert seulement", "interlocuteur pour tout l'échange", "même personne"):
        assert promise not in page, promise


def test_home_takes_two_queries(client: Client, django_assert_num_queries):
    editions.current()  # the footer's sources are cached for a minute
    waiting_time.in_words()  # this is cached for a while, too
    with django_assert_num_queries(2):
        client.get("/")


def test_home_leads_to_safety_first_and_to_places(client: Client):
    page = client.get("/").text
    assert page.count('name="door"') == 4  # three choices, and that of the section for minors
    assert f'href="{reverse("locations:search")}' in page
    answer = client.post("/", {"door": "minor"})
    assert answer.headers["Location"] == reverse("triage:question", args=["maintenant"])
    assert "Avant tout, es-tu en sécurité" in client.get(answer.headers["Location"]).text


def test_home_keeps_the_place_that_one_search_tells(client: Client):
    make_place.municipality("Arles", "13004", ("13200",))
    client.post("/", {"door": "adult", "q": "arles"})
    assert client.session["locations"]["postal_code"] == "13200"
    assert 'value="13200 Arles"' in client.get("/").text


@pytest.mark.parametrize("typed", ["nulle part", "x" * 200, "\x00", ""])
def test_home_goes_on_without_a_place_that_it_knows(client: Client, typed: str):
    answer = client.post("/", {"door": "adult", "q": typed})
    assert answer.headers["Location"] == reverse("triage:question", args=["maintenant"])
    assert "postal_code" not in client.session.get("locations", {})


def test_home_says_how_long_one_waits_now(client: Client):
    assert "Attente maintenant : durée inconnue, la file est ouverte" in text_of(client.get("/"))
    make_chat.agent(capacity=2)
    waiting_time.forget()
    assert "Attente maintenant : moins de 2 minutes" in text_of(client.get("/"))
    for _person in range(2):
        make_chat.waiting()
    waiting_time.forget()
    assert re.search(r"Attente maintenant : entre \d+ et \d+ minutes", text_of(client.get("/")))


def test_home_anchors_exist(client: Client):
    page = client.get("/").text
    for anchor in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{anchor}"' in page, anchor


def test_home_contents_belong_to_administrators(client: Client):
    ContentBlock.objects.filter(slug="service").update(body="Un autre texte.")
    assert "Un autre texte." in text_of(client.get("/"))


def test_home_in_english(client: Client):
    page = client.get("/en/").text
    assert '<html lang="en"' in page
    assert "What the law says" in page


def test_demo_notice_may_be_absent(client: Client, settings):
    settings.DEMO_NOTICE = False
    page = client.get("/").text
    assert "Site de démonstration" not in page
    assert 'class="fr-logo"' in page


def test_demo_wears_no_mark_of_the_state(client: Client):
    assert 'class="fr-logo"' not in client.get("/").text


# --- a screen that somebody may see


def test_discreet_page_says_nothing_at_a_glance(client: Client):
    session = client.session
    session["triage"] = {"version": VERSION, "answers": {"danger": "screen"}}
    session.save()
    page = client.get("/accessibilite/", follow=True).text
    assert "<title>Informations</title>" in page
    assert "favicon-discreet" in page and "touch-icon-discreet" in page and "pnav-discreet" in page
    header = text_of(client.get("/accessibilite/", follow=True)).partition("Déclaration")[0]
    assert "Pnav" not in header and "cyberharcèlement" not in header.lower()
    assert "Quitter rapidement" in header


# --- the footer


def test_legal_notice_names_the_editions(client: Client):
    DataEdition.objects.create(
        source="cog", title="Code officiel", publisher="Insee", edition="2025", licence="LO", loaded_at=timezone.now()
    )
    editions.forget()
    assert "Code officiel (Insee, LO) : 2025" in text_of(client.get("/mentions-legales/"))
    editions.forget()


def test_menu_shows_the_point_d_accueil(client: Client, monkeypatch):
    choice = Choice(postal_code="35000", municipality=None, reception_point=None, is_nearest=False)
    monkeypatch.setattr("pnav.pages.frame.context.current_choice", lambda _request: choice)
    assert "Point d'accueil 35000" in text_of(client.get("/"))


def test_robots_leaves_the_rooms_alone(client: Client):
    text = client.get("/robots.txt").text
    assert "Disallow: /console/" in text and "Disallow: /admin/" in text
    assert "/tchat" not in text


def test_gallery_shows_every_component(client: Client, monkeypatch):
    shown, draw = set(), Template._render

    def noted(template: Template, context: Context) -> str:
        shown.add(template.name)
        return draw(template, context)

    monkeypatch.setattr(Template, "_render", noted)
    client.get("/composants/")
    existing = {f"components/{path.name}" for path in (project.BASE_DIR / "templates" / "components").glob("*.html")}
    assert existing <= shown, existing - shown


# --- quick exit


def start_visit(client: Client) -> None:
    session = client.session
    session["anything"] = "kept"
    session.save()


def test_quit_post_forgets_the_visit_and_leaves(settings):
    client = Client(enforce_csrf_checks=True)
    start_visit(client)
    assert Session.objects.count() == 1
    response = client.post("/quitter/")
    assert response.status_code == 303
    assert response.headers["Location"] == settings.QUICK_EXIT_URL
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert Session.objects.count() == 0


def visit_with_choices() -> Client:
    """Return a browser with all our cookies."""
    client = Client(enforce_csrf_checks=True)
    page = client.get("/parametres-affichage/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]  # type: ignore[index]
    client.post("/parametres-affichage/", {"theme": "dark", "language": "en", "csrfmiddlewaretoken": token})
    start_visit(client)
    assert set(client.cookies) == {"sessionid", "csrftoken", "theme", "django_language"}
    return client


def gone(response) -> set[str]:
    """Return the cookies that an answer takes away."""
    return {name for name, cookie in response.cookies.items() if cookie["max-age"] == 0}


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_quit_takes_away_every_cookie_of_ours(headers):
    response = visit_with_choices().post("/quitter/", headers=headers)
    assert gone(response) == {"sessionid", "csrftoken", "theme", "django_language"}


def test_quit_takes_away_choices_without_a_visit(client: Client):
    client.cookies["theme"] = "dark"
    assert gone(client.post("/quitter/")) == {"theme"}


def test_quit_asked_by_another_site_without_cookies_sets_none(client: Client):
    """It is what a form of another site sends: SameSite=Lax keeps our cookies back, and the answer must leave them."""
    response = client.post("/quitter/", headers={"Origin": "https://exemple.fr"})
    assert response.status_code == 303
    assert not response.cookies


@pytest.mark.parametrize("site", ["cross-site", "same-site", "of-a-later-browser"])
def test_quit_asked_by_another_site_does_nothing(site):
    client = visit_with_choices()
    response = client.post("/quitter/", headers={"Sec-Fetch-Site": site})
    assert response.status_code == 303
    assert not response.cookies and "Clear-Site-Data" not in response.headers
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_quit_takes_away_the_cookies_while_the_database_is_away(monkeypatch, caplog):
    def away(_session_key):
        raise OperationalError

    monkeypatch.setattr("pnav.pages.quick_exit._end_visit", away)
    client = visit_with_choices()
    key = client.cookies["sessionid"].value
    response = client.post("/quitter/")
    assert response.status_code == 303
    assert gone(response) == {"sessionid", "csrftoken", "theme", "django_language"}
    assert "will be forgotten later" in caplog.text and key not in caplog.text


def test_quit_asks_the_database_for_nothing_in_the_thread_of_the_page(django_assert_num_queries, monkeypatch):
    """Whatever it asks could wait: the work is handed over, and waited for no longer than a moment."""
    client = visit_with_choices()
    monkeypatch.setattr("pnav.pages.quick_exit.THREAD", Mock())
    monkeypatch.setattr("pnav.pages.quick_exit.PATIENCE_SECONDS", 0)
    with django_assert_num_queries(0):
        assert client.post("/quitter/").status_code == 303


def test_quit_above_what_may_wait_leaves_too(monkeypatch, caplog):
    monkeypatch.setattr("pnav.pages.quick_exit._places", threading.BoundedSemaphore(1))
    monkeypatch.setattr("pnav.pages.quick_exit.PATIENCE_SECONDS", 0)
    monkeypatch.setattr("pnav.pages.quick_exit.THREAD", never := Mock())
    for _each in range(3):
        assert gone(visit_with_choices().post("/quitter/")) >= {"sessionid"}
    assert never.submit.call_count == 1
    assert "ends by its own date" in caplog.text


# --- an exit that had no network: the cookie of the press comes with the next request


def test_press_that_never_arrived_is_an_exit_at_the_next_request_whatever_it_asks():
    conversation = make_chat.assigned()
    make_chat.message(conversation, "pour moi seule")
    client = visit_with_choices()
    client.cookies["sessionid"] = visit_of(conversation)
    assert "pour moi seule" in client.get("/tchat/", follow=True).text
    client.cookies["left"] = "1"
    response = client.get("/tchat/")
    assert "pour moi seule" not in response.text
    assert gone(response) == {"sessionid", "csrftoken", "theme", "django_language", "left"}
    assert conversation.events.filter(kind=EventKind.PARKED).count() == 1
    assert "pour moi seule" not in client.get("/tchat/", follow=True).text


@pytest.mark.parametrize("path", ["/tchat/trames/", "/tchat/brouillon/"])
def test_press_that_never_arrived_ends_the_page_of_another_tab(path):
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = visit_of(make_chat.assigned())
    token = re.search(r'data-csrf="(\w+)"', client.get("/tchat/").text)[1]  # type: ignore[index]
    client.cookies["left"] = "1"
    response = client.post(path, "{}", content_type="application/json", headers={"X-CSRFToken": token})
    assert response.status_code == 401 and "left" in gone(response)


def test_visit_that_begins_after_a_press_that_never_arrived_stays():
    """Also where the very request that begins it brought the press."""
    client = Client()
    start_visit(client)
    client.cookies["left"] = "1"
    code = resume.issue_code(conversation_id=(conversation := make_chat.assigned()).pk).text
    response = client.post("/tchat/reprendre/", {"code": code})
    assert gone(response) == {"left"} and response.cookies["sessionid"].value
    del client.cookies["left"]
    page = client.get("/tchat/")
    assert 'data-status="active"' in page.text and not gone(page)
    assert not conversation.events.filter(kind=EventKind.PARKED).exists()


def test_press_that_never_arrived_waits_for_no_database(monkeypatch):
    monkeypatch.setattr("pnav.pages.quick_exit.THREAD", Mock())
    monkeypatch.setattr("pnav.pages.quick_exit.PATIENCE_SECONDS", 0)
    client = Client()
    client.cookies["sessionid"] = visit_of(make_chat.assigned())
    client.cookies["left"] = "1"
    response = client.get("/tchat/", follow=True)
    assert 'id="chat"' not in response.text
    assert not client.cookies["sessionid"].value and not client.cookies["left"].value


@pytest.fixture
def late_places(monkeypatch) -> None:
    """Free all places of exits that a later request brings, and leave those of other tests alone."""
    for name in ("_page_places", "_socket_places"):
        monkeypatch.setattr(quick_exit, name, threading.BoundedSemaphore(quick_exit.LATE_AT_MOST))


def left(rf) -> HttpRequest:
    """Return a request as any stranger can send it."""
    request = rf.get("/")
    request.COOKIES = {"sessionid": "x" * 32, "left": "1"}
    return request


@pytest.mark.usefixtures("late_places")
def test_cookies_that_a_stranger_invents_take_no_place_of_a_press(rf, monkeypatch):
    """Nor do those that come by sockets, which no lane bounds, take the places of pages."""
    monkeypatch.setattr(quick_exit, "THREAD", never := Mock())
    monkeypatch.setattr(quick_exit, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(quick_exit, "_places", threading.BoundedSemaphore(1))
    bound = quick_exit.LATE_AT_MOST
    for _each in range(bound + 10):
        quick_exit.finish_by_socket("x" * 32)
    assert never.submit.call_count == bound <= 50
    for _each in range(bound + 10):
        request = left(rf)
        assert quick_exit.finish(request) == {"sessionid", "left"} and not request.COOKIES
    assert never.submit.call_count == 2 * bound
    visit_with_choices().post("/quitter/")
    assert never.submit.call_count == 2 * bound + 1


def test_place_of_an_exit_that_a_later_request_brings_is_given_back(rf, monkeypatch):
    for name in ("_page_places", "_socket_places"):
        monkeypatch.setattr(quick_exit, name, threading.BoundedSemaphore(1))
    for _each in range(2):
        for finish in (quick_exit.finish_by_socket, lambda key: quick_exit.finish(with_session(left(rf), key))):
            finish(visit_with_choices().cookies["sessionid"].value)
            assert not Session.objects.exists()


def with_session(request: HttpRequest, key: str) -> HttpRequest:
    request.COOKIES["sessionid"] = key
    return request


def test_press_that_arrives_is_answered_as_an_exit_and_takes_its_cookie_away():
    client = visit_with_choices()
    client.cookies["left"] = "1"
    response = client.post("/quitter/")
    assert response.status_code == 303 and "left" in gone(response) and not Session.objects.exists()


def test_quit_navigation_does_not_wait_for_the_cache(client: Client):
    response = client.post("/quitter/", headers={"Sec-Fetch-Mode": "navigate"})
    assert "Clear-Site-Data" not in response.headers


def test_quit_get_forgets_nothing_and_is_honest(client: Client):
    start_visit(client)
    response = client.get("/quitter/")
    assert Session.objects.count() == 1
    for text in (
        "l'historique : le nom de ce site y reste",
        "navigation privée",
        "trois fois en cinq secondes",
        "n'efface rien. avec javascript, l'effacement se fait quand ce navigateur demande de nouveau une page",
        "les onglets d'autres sites. les autres onglets de ce site aussi, dans un navigateur ancien",
    ):
        assert text in text_of(response).lower()


# --- feedback


def test_feedback_is_kept(client: Client):
    response = client.post("/avis/", {"rating": "partly", "page": "chat", "text": "Trop long"})
    assert response.status_code == 302 and response.url == "/avis/merci/"
    opinion = Feedback.objects.get()
    assert (opinion.rating, opinion.page, opinion.text) == ("partly", "chat", "Trop long")


def test_feedback_text_is_optional(client: Client):
    client.post("/avis/", {"rating": "yes", "page": "other"})
    assert Feedback.objects.count() == 1


def test_feedback_error_keeps_what_was_typed(client: Client):
    text = "mot <b> " * 200
    response = client.post("/avis/", {"page": "chat", "text": text})
    page = response.text
    assert Feedback.objects.count() == 0
    assert "<title>Erreur" in page
    assert "choisissez une réponse" in page
    assert "mot &lt;b&gt; mot" in page
    assert re.search(r'value="chat" checked', page)
    assert f"{len(text.strip())} caractères, pour {FEEDBACK_MAX_LENGTH} au plus" in page
    assert 'aria-describedby="id_text-error' in page and 'id="id_text-error"' in page
    assert "autofocus" in page


OPINION = {"rating": "yes", "page": "other", "text": "Merci beaucoup"}


@pytest.fixture
def own_counters(settings, one_window) -> None:
    """Use counters of its own, so that opinions of other tests do not count."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"feedback-{uuid4().hex}"}}


def test_feedback_of_one_visit_has_a_limit_wherever_it_comes_from(client: Client, own_counters):
    start_visit(client)
    sent = [client.post("/avis/", OPINION, REMOTE_ADDR=f"198.51.100.{number}") for number in range(6)]
    assert [response.status_code for response in sent] == [302] * 5 + [429]
    assert "tel:119" in sent[-1].text and "tel:119" not in client.get("/avis/").text
    assert Feedback.objects.count() == 5
    assert "vous pourrez recommencer dans une heure" in text_of(sent[-1])
    assert "Merci beaucoup</textarea>" in sent[-1].text


def test_feedback_of_one_network_has_a_limit_whatever_the_visits(own_counters):
    statuses = [Client().post("/avis/", OPINION, REMOTE_ADDR=f"2001:db8::{number}").status_code for number in range(21)]
    assert statuses == [302] * 20 + [429]
    assert Client().post("/avis/", OPINION, REMOTE_ADDR="2001:db8:0:1::1").status_code == 302


def test_feedback_of_one_household_has_a_limit_whatever_its_lines(own_counters):
    """Each opinion comes from a fresh /64: the /56 of a household gives twice as many, and no more."""
    lines = [f"2001:db8:0:ff{number:02x}::1" for number in range(42)]
    statuses = [Client().post("/avis/", OPINION, REMOTE_ADDR=line).status_code for line in lines]
    assert statuses == [302] * 40 + [429] * 2
    assert Client().post("/avis/", OPINION, REMOTE_ADDR="2001:db8:0:100::1").status_code == 302


def test_feedback_with_an_error_does_not_count(client: Client, own_counters):
    start_visit(client)
    for _ in range(6):
        client.post("/avis/", {"page": "chat"})
    assert client.post("/avis/", OPINION).status_code == 302


def test_feedback_is_kept_while_redis_is_away(client: Client, settings, tmp_path):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}
    start_visit(client)
    assert [client.post("/avis/", OPINION).status_code for _ in range(6)] == [302] * 6


def test_feedback_warns_about_personal_data(client: Client):
    assert "N'écrivez ni nom, ni adresse" in text_of(client.get("/avis/"))


# --- display settings


def test_display_settings_theme_and_language(client: Client):
    response = client.post("/parametres-affichage/", {"theme": "dark", "language": "en", "next": "/avis/"})
    assert response.status_code == 302 and response.url == "/en/avis/"
    page = client.get("/en/avis/").text
    assert '<html lang="en" data-fr-scheme="dark" data-fr-theme="dark">' in page


def test_display_settings_system_is_the_default(client: Client):
    assert '<html lang="fr" data-fr-scheme="system">' in client.get("/").text


def test_display_settings_unknown_theme_in_cookie(client: Client):
    client.cookies["theme"] = '"><script>'
    assert 'data-fr-scheme="system"' in client.get("/").text


@pytest.mark.parametrize("target", ["https://exemple.fr/", "//exemple.fr", "javascript:alert(1)", ""])
def test_display_settings_never_leads_elsewhere(client: Client, target: str):
    response = client.post("/parametres-affichage/", {"theme": "light", "language": "fr", "next": target})
    assert response.url == "/"


def test_display_settings_error(client: Client):
    page = client.post("/parametres-affichage/", {"theme": "rose", "language": "fr"}).text
    assert "<title>Erreur" in page and "Choisissez un thème de la liste." in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ("Choisis un thème.", "Choisis une langue.")),
        ({"theme": "rose", "language": "xx"}, ("Choisis un thème de la liste.", "Choisis une langue de la liste.")),
    ],
)
def test_display_settings_say_tu_to_a_minor(client: Client, given: dict[str, str], said: tuple[str, ...]):
    client.post("/", {"door": "minor"})
    page = text_of(client.post("/parametres-affichage/", given))
    assert all(sentence in page for sentence in said) and "Choisissez" not in page


# --- pages that say what the law asks


def test_accessibility_statement(client: Client):
    text = text_of(client.get("/accessibilite/"))
    for part in ("non conforme", "aucun audit", "Ce qui peut manquer", "Nous écrire", "Défenseur des droits"):
        assert part in text


def test_accessibility_statement_names_the_kit_whose_fields_no_browser_completes(client: Client):
    """The form asks so on purpose (docs/adr/0080), which RGAA 11.13 would not have."""
    assert re.search(r'<form method="post" action="[^"]*" autocomplete="off"', client.get("/retrait/").text)
    text = text_of(client.get("/accessibilite/"))
    assert "Critère non respecté volontairement" in text and "critère 11.13 du RGAA" in text


def test_privacy_page(client: Client):
    RetentionRule.objects.update_or_create(kind="exchange", defaults={"days": 100, "grace_days": 23, "digest_days": 0})
    text = text_of(client.get("/donnees-personnelles/"))
    for part in ("décret n° 2022-337", "2021-133", "123 jours", "Aucune adresse IP", "police nationale",
                 "gendarmerie nationale", "CNIL", "données sensibles"):  # fmt: skip
        assert part.lower() in text.lower(), part


def test_legal_page_names_the_publisher(client: Client, settings):
    settings.PUBLISHER = "Ministère d'essai"
    assert "Ministère d'essai" in text_of(client.get("/mentions-legales/"))


# --- pages that lead nowhere, and on


def test_404_has_a_way_on(client: Client):
    response = client.get("/rien/")
    assert response.status_code == 404
    page = response.text
    assert f'href="{reverse("triage:start")}"' in page and 'href="tel:17"' in page and 'href="/"' in page


def test_403_csrf_explains():
    response = Client(enforce_csrf_checks=True).post("/avis/", {"rating": "yes"})
    assert response.status_code == 403
    assert "La page a expiré" in text_of(response)
    assert reverse("triage:start") in response.text


def test_500_needs_no_database(client: Client, django_assert_num_queries, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("pnav.pages.information.ContentBlock", None)
    with django_assert_num_queries(0):
        response = client.get("/")
    assert response.status_code == 500
    assert 'href="tel:17"' in response.text and "Ce n'est pas votre faute" in text_of(response)


@pytest.mark.parametrize(
    ("where", "neutral"),
    [
        ("/favicon.ico", "favicon-discreet"),
        ("/apple-touch-icon.png", "touch-icon-discreet"),
        ("/apple-touch-icon-precomposed.png", "touch-icon-discreet"),
    ],
)
def test_icon_that_is_asked_for_at_the_root_is_the_neutral_one(client, where, neutral):
    response = client.get(where)
    assert response.status_code == 302 and neutral in response.url
