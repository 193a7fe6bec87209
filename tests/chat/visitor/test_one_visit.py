"""Two people use one browser: the page of the first, which stays open, does nothing to the exchange of the second."""

import hashlib
import re
import uuid
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.db import OperationalError
from django.middleware.csrf import CSRF_TOKEN_LENGTH, get_token
from django.test import Client, RequestFactory
from django.urls import reverse

from chat.access import SESSION_KEY
from chat.conversations import resume
from chat.visitor import urls, visit_mark
from pnav.middleware.one_visit import NAME_THEIR_OWN
from pnav.sessions import SessionStore
from reports.session import KEY
from tests.chat.conversations.resume.acts import issue
from tests.chat.sockets import visit
from tests.chat.visitor.visits import PAGE, shown
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

# The address of a drawing names a capture, and takes no form.
NAMES = {f"chat:{one.name}" for one in urls.urlpatterns} - NAME_THEIR_OWN - {"chat:capture_drawing"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([A-Za-z0-9]+)"')
ENDED = "Cette visite a pris fin sur cet appareil"


def token_on(page: str) -> str:
    found = TOKEN.search(page)
    assert found is not None
    return found[1]


@pytest.fixture(autouse=True)
def _quick_hash(monkeypatch):
    monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())


@pytest.fixture
def shared():
    """Return a browser in which a second person has typed their code, the page that the first had left open, and the
    exchange of each."""
    first, second = make.assigned(), make.assigned()
    make.message(second, "pour la seconde seule")
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(first)
    page = shown(client.get(PAGE))
    asks = token_on(client.get(reverse("chat:resume")).text)
    typed = {"code": issue(second), "csrfmiddlewaretoken": asks}
    assert client.post(reverse("chat:resume"), typed).url == PAGE
    assert "pour la seconde seule" in shown(client.get(PAGE))
    return client, page, first, second


def test_form_of_a_page_that_stayed_open_does_nothing_to_another_exchange(shared):
    client, page, _first, second = shared
    before = second.messages.count()
    sent = {"csrfmiddlewaretoken": token_on(page), "client_id": str(uuid.uuid4()), "body": "pour l'agent d'avant"}
    for name in sorted(NAMES):
        answer = client.post(reverse(name), sent)
        assert answer.status_code == 409 and ENDED in shown(answer), name
        assert "pour l'agent" not in shown(answer) and "pour la seconde" not in shown(answer), name
    second.refresh_from_db()
    assert second.is_open and second.messages.count() == before and second.resume_digest is not None


def test_script_of_a_page_that_stayed_open_is_told_that_its_visit_is_over(shared):
    client, page, first, second = shared
    client_id = uuid.uuid4()
    headers = {"X-CSRFToken": re.search(r'data-csrf="(\w+)"', page)[1], "Accept": "application/json"}
    frame = f'{{"type":"post","client_id":"{client_id}","body":"de trop"}}'
    for name in ("chat:frames", "chat:draft", "chat:code", "chat:captures_upload"):
        answer = client.post(reverse(name), frame, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "no_session"}), name
    assert not first.messages.filter(client_id=client_id).exists()
    assert not second.messages.filter(client_id=client_id).exists()


def test_frame_of_news_of_a_page_that_stayed_open_shows_nothing_of_another_exchange(shared):
    client, page, _first, _second = shared
    address = re.search(r'<iframe [^>]*src="([^"]+)"', page)[1]
    news = shown(client.get(address))
    assert "Effacer cette page" in news and "pour la seconde" not in news
    own = re.search(r'<iframe [^>]*src="([^"]+)"', shown(client.get(PAGE)))[1]
    assert own != address
    news = shown(client.get(re.sub(r"apres=\d+", "apres=0", own)))
    assert "pour la seconde seule" in news
    paused = re.search(r'href="(\?[^"]*pause=1[^"]*)"', news)[1]
    assert "pour la seconde seule" in shown(client.get(reverse("chat:news") + paused))


def test_page_of_the_visit_s_own_exchange_acts(shared):
    client, _page, _first, second = shared
    sent = {"csrfmiddlewaretoken": token_on(shown(client.get(PAGE))), "client_id": str(uuid.uuid4()), "body": "à moi"}
    assert client.post(reverse("chat:message"), sent).status_code == 302
    assert second.messages.last().body == "à moi"


def test_page_that_names_nobody_acts_as_before(shared):
    """It is a page of the version before, or a program: the contract of addresses and frames knows no mark."""
    client, _page, _first, second = shared
    request = RequestFactory().get("/")
    request.COOKIES[settings.CSRF_COOKIE_NAME] = client.cookies[settings.CSRF_COOKIE_NAME].value
    request.META["CSRF_COOKIE"] = request.COOKIES[settings.CSRF_COOKIE_NAME]
    sent = {"csrfmiddlewaretoken": get_token(request), "client_id": str(uuid.uuid4()), "body": "sans marque"}
    assert client.post(reverse("chat:message"), sent).status_code == 302
    assert second.messages.last().body == "sans marque"


def test_page_of_an_exchange_whose_code_was_typed_beside_it_still_acts(client):
    """It is one exchange, and one browser."""
    conversation = make.assigned()
    client.handler.enforce_csrf_checks = True
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    page = shown(client.get(PAGE))
    client.post(reverse("chat:resume"), {"code": issue(conversation), "csrfmiddlewaretoken": token_on(page)})
    sent = {"csrfmiddlewaretoken": token_on(page), "client_id": str(uuid.uuid4()), "body": "toujours là"}
    assert client.post(reverse("chat:message"), sent).status_code == 302
    assert conversation.messages.last().body == "toujours là"


def test_suites_that_a_code_opened_are_told_apart():
    mine, own = {SESSION_KEY: [1, "x"]}, {SESSION_KEY: [1, "x"], KEY: "a"}
    other, later = {SESSION_KEY: [2, "x"]}, {SESSION_KEY: [1, "y"]}
    for session, is_other in ((mine, False), (later, False), (other, True), (own, True), ({}, False)):
        request = RequestFactory().get("/")
        request.session = mine
        token = visit_mark.token_of(request)
        request.session = session
        assert visit_mark.is_of_another(request, token) is is_other


def test_token_with_a_mark_is_one_of_django_s_and_tells_nothing():
    """A process of the version before takes it, and no part of it is the same on two pages."""
    request = RequestFactory().get("/")
    request.session = {KEY: str(uuid.uuid4())}
    tokens = [visit_mark.token_of(request) for _each in range(200)]
    assert {len(token) for token in tokens} == {CSRF_TOKEN_LENGTH}
    assert all(len({token[at] for token in tokens}) > 20 for at in range(CSRF_TOKEN_LENGTH))
    assert request.session[KEY][:8] not in "".join(tokens)


def test_lost_database_is_answered_by_the_view_which_gives_the_text_back(shared, monkeypatch):
    def away(_any):
        raise OperationalError("away")

    client, page, _first, _second = shared
    monkeypatch.setattr(visit_mark, "_whose", away)
    monkeypatch.setattr("chat.visitor.conversation.present_reporter", away)
    sent = {"csrfmiddlewaretoken": token_on(page), "client_id": str(uuid.uuid4()), "body": "à garder"}
    answer = client.post(reverse("chat:message"), sent)
    assert answer.status_code == 503 and "à garder" in shown(answer)
    monkeypatch.undo()
    again = sent | {"csrfmiddlewaretoken": token_on(shown(answer))}
    assert client.post(reverse("chat:message"), again).status_code == 409


@pytest.fixture
def refused(monkeypatch):
    """Return what sends the form of an open page after its cookie has changed and while nothing can be read. The page
    that says so cannot be drawn then."""

    def send(client, sent, **headers):
        client.cookies[settings.CSRF_COOKIE_NAME] = "b" * 32
        client.raise_request_exception = False
        with monkeypatch.context() as away:
            away.setattr("pnav.sessions.fetch_first_rows", Mock(side_effect=OperationalError("away")))
            answer = client.post(reverse("chat:message"), sent, headers=headers)
        assert answer.status_code == 503
        return shown(answer)

    return send


def test_form_whose_token_was_refused_is_given_back_with_one_that_is_taken(refused):
    conversation = make.assigned()
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    token = token_on(shown(client.get(PAGE)))
    sent = {"csrfmiddlewaretoken": token, "client_id": str(uuid.uuid4()), "body": "à garder"}
    page = refused(client, sent)
    assert "à garder" in page
    assert client.post(reverse("chat:message"), sent | {"csrfmiddlewaretoken": token_on(page)}).status_code == 302
    assert conversation.messages.last().body == "à garder"


def test_form_whose_token_was_refused_still_says_whose_it_is(shared, refused):
    client, page, _first, second = shared
    sent = {"csrfmiddlewaretoken": token_on(page), "client_id": str(uuid.uuid4()), "body": "à la première"}
    again = sent | {"csrfmiddlewaretoken": token_on(refused(client, sent))}
    assert client.post(reverse("chat:message"), again).status_code == 409
    assert not second.messages.filter(client_id=sent["client_id"]).exists()


@pytest.mark.parametrize("token", ["", "é" * 64, "a" * 64])
def test_form_whose_token_is_none_of_ours_is_given_back_with_one_that_is_taken(refused, token):
    conversation = make.assigned()
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    sent = {"csrfmiddlewaretoken": token, "client_id": str(uuid.uuid4()), "body": "à garder"}
    client.cookies[settings.CSRF_COOKIE_NAME] = "b" * 32
    again = sent | {"csrfmiddlewaretoken": token_on(refused(client, sent))}
    assert client.post(reverse("chat:message"), again).status_code == 302


def test_form_of_another_site_is_not_given_back(refused):
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.assigned())
    sent = {"client_id": str(uuid.uuid4()), "body": "tapé ailleurs"}
    page = refused(client, sent, origin="https://typed.example")
    assert "tapé ailleurs" not in page and TOKEN.search(page) is None


def test_session_without_anything_marks_nothing():
    request = RequestFactory().get("/")
    request.session = SessionStore()
    assert visit_mark.in_address(request) == "" and len(visit_mark.token_of(request)) == CSRF_TOKEN_LENGTH
