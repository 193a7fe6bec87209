"""An error costs no connection, and a refused request is recorded."""

import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, connections
from django.http import Http404
from django.middleware import csrf
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from pnav import addresses
from pnav.accounts import middleware
from pnav.accounts.models import Role
from pnav.errors import bad_request, form_refused, page_not_found, permission_denied, server_error
from pnav.sessions import SessionStore
from tests.accounts.cast import make_user, sign_in
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make
from tests.support.on_screen import TELLING, words_on_screen
from tests.support.reading import spaced
from triage.questionnaire.questions import BY_ID, SAFETY

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = re.compile(r' name="csrfmiddlewaretoken" value="\w+"')  # another one each time


def in_use() -> int:
    """Return how many connections the pool has given out and not got back. It waits for those that are being opened.

    This thread's own is closed first.
    """
    connections.close_all()
    deadline = time.monotonic() + 5
    while True:
        statistics = connection.pool.get_stats()
        out = statistics["pool_size"] - statistics["pool_available"]
        if out == 0 or time.monotonic() > deadline:
            return out
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/nothing-here/", "/point-d-accueil/nothing/", "/tchat/nothing/"])
def test_missing_pages_in_other_threads_give_their_connection_back(path):
    """Django draws these pages where `request_finished` does not reach: a dozen emptied the pool of a process."""

    def ask(_turn: int) -> int:
        from django.core.handlers.exception import response_for_exception
        from django.http import Http404
        from django.test import RequestFactory
        from django.urls import set_urlconf

        set_urlconf(None)
        request = RequestFactory().get(path)
        client = Client()
        request.session = client.session
        return response_for_exception(request, Http404()).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {404}
        assert in_use() == 0


def test_missing_page_is_a_page(client):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "17" in response.text


def test_page_of_a_breakdown_in_english_says_where_to_call_in_english(rf):
    with translation.override("en"):
        page = unescape(server_error(rf.get("/")).text)
    assert "If you are in danger" in page and "Under 18" in page
    assert "En danger" not in page and "appelez" not in page


QUICK_EXIT = re.compile(r'<form id="quick-exit" class="pnav-exit" method="post" action="([^"]*)"')


@pytest.mark.parametrize("table", addresses.tables(), ids=str)
def test_page_of_a_breakdown_has_the_quick_exit_in_each_table(rf, table):
    with addresses.drawn_in(table):
        for answer in (server_error(rf.get("/")), bad_request(rf.get("/"), ValueError())):
            assert QUICK_EXIT.findall(answer.text) == [table.reverse("pages:quit")]
            assert ('<body class="pnav-page pnav-discreet">' in answer.text) is table.is_discreet


@pytest.mark.parametrize("table", addresses.tables(), ids=str)
def test_page_of_a_breakdown_tells_nothing_on_a_watched_screen_and_folds_its_numbers(rf, table):
    """« Idées suicidaires : 3114 » stood there in full, on every failure."""
    with addresses.drawn_in(table):
        drawn = [server_error(rf.get("/")).text, bad_request(rf.get("/"), ValueError()).text]
        drawn.append(render_to_string("visit_over.html"))
    for html in map(unescape, drawn):
        folded, opened = words_on_screen(html), words_on_screen(html, opens_folds=True)
        assert "3114" in spaced(opened).replace(" ", "")
        assert ("3114" in spaced(folded).replace(" ", "")) is not table.is_discreet
        assert not (table.is_discreet and TELLING.search(folded)), folded


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (psycopg.errors.AdminShutdown, 503),
        (psycopg.OperationalError, 503),  # the connection broke
        (psycopg.errors.DeadlockDetected, 500),
        (psycopg.errors.LockNotAvailable, 500),
        (psycopg.errors.QueryCanceled, 500),  # it took longer than a statement may take
    ],
)
def test_statement_that_the_database_ended_is_a_failure_of_ours(rf, cause, status):
    """« Revenez » is for a database that does not answer. An alarm on 500 has to show a deadlock."""
    try:
        raise OperationalError("said-by-the-database") from cause("said-by-the-database")
    except OperationalError:
        answer = server_error(rf.get("/"))
    assert answer.status_code == status and "said-by" not in answer.text


def test_request_that_cannot_be_read_is_to_be_shorter_or_its_file_smaller(rf):
    for path, told, other in (
        ("/tchat/captures/", "choisissez un fichier plus petit", "raccourcissez le texte"),
        ("/tchat/message/", "raccourcissez le texte", "choisissez un fichier plus petit"),
    ):
        page = unescape(bad_request(rf.post(path), ValueError()).text)
        assert told in page and other not in page


def say_safe(client):
    return client.post(reverse("triage:question", args=[BY_ID[SAFETY].slug]), {"answer": "no"})


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (psycopg.errors.ReadOnlySqlTransaction, 503),
        (psycopg.errors.AdminShutdown, 503),
        (psycopg.errors.QueryCanceled, 500),
    ],
)
def test_session_that_the_database_does_not_keep_is_a_failure_of_ours(monkeypatch, caplog, cause, status):
    """An answer of the orientation writes nothing else, and nothing that was typed is too long for it."""
    client, execute = Client(raise_request_exception=False), psycopg.Cursor.execute
    client.post("/", {"door": "adult", "q": ""})
    failed = []

    def fail(self, query, *args, **kwargs):
        if str(query).startswith('UPDATE "django_session"'):
            failed.append(query)
            raise cause("said-by-the-database")
        return execute(self, query, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", fail)
        answer = say_safe(client)
    page = unescape(answer.text)
    assert failed and answer.status_code == status and "Une panne de notre côté" in page
    assert ("the database does not answer" in caplog.text) is (status == 503)
    assert "trop long" not in page and "said-by" not in page
    assert say_safe(client).status_code == 302


def test_session_that_ended_meanwhile_is_said_to_be_over(monkeypatch):
    """It was ended in another tab while this answer was on its way; what was sent is not the cause."""
    client, save = Client(), SessionStore.save
    client.post("/", {"door": "adult", "q": ""})

    def late(self, must_create=False):
        Session.objects.all().delete()
        save(self, must_create)

    with monkeypatch.context() as patched:
        patched.setattr(SessionStore, "save", late)
        answer = say_safe(client)
    page = unescape(answer.text)
    assert answer.status_code == 400 and "Cette visite a pris fin" in page
    assert "n'est pas en cause" in page and "trop long" not in page
    assert f'href="{reverse("pages:home")}"' in page and f'href="{reverse("chat:resume")}"' in page
    assert say_safe(client).status_code == 302


def test_session_of_staff_that_ended_meanwhile_leads_to_the_sign_in(client, monkeypatch):
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make.agent())
    save, standing_of = SessionStore.save, middleware.standing_of

    def changes(user, session):
        session.modified = True
        return standing_of(user, session)

    def late(self, must_create=False):
        Session.objects.all().delete()
        save(self, must_create)

    with monkeypatch.context() as patched:
        patched.setattr(SessionStore, "save", late)
        patched.setattr(middleware, "standing_of", changes)
        answer = client.get("/console/")
    page = unescape(answer.text)
    assert answer.status_code == 400 and staff_frame(page) and '<h1 class="fr-h3">Votre session a pris fin' in page
    assert 'class="fr-btn" href="/compte/login/"' in page and "Se déconnecter" not in page
    assert "visite" not in page and "code" not in page


def staff_frame(page: str) -> bool:
    return 'class="console-top"' in page and "Parler à quelqu'un" not in page and "Quitter ce site" not in page


@pytest.mark.parametrize(
    ("role", "address", "status", "room"),
    [
        (Role.CUSTODIAN, "/admin/accounts/user/", 403, "/levees/"),
        (Role.ADMINISTRATOR, "/console/", 403, "/admin/"),
        (Role.ADMINISTRATOR, "/admin/rien/du/tout/", 404, "/admin/"),
        (Role.PSYCHOLOGIST, "/ecoute/rien/", 404, "/ecoute/"),
        (Role.UNIT, "/compte/rien/", 404, "/unite/"),
    ],
)
def test_who_works_here_is_answered_in_the_frame_of_staff(client, role, address, status, room):
    make_user("camille", role, totp=True)
    sign_in(client, "camille")
    answer = client.get(address)
    page = unescape(answer.text)
    assert (answer.status_code, staff_frame(page)) == (status, True)
    assert f'<a class="fr-btn" href="{room}">' in page and "camille, " in page and "Se déconnecter" in page


def test_nobody_is_signed_in_at_a_missing_page_of_the_account(client):
    page = unescape(client.get("/compte/rien/").text)
    assert staff_frame(page) and "Se déconnecter" not in page and 'href="/compte/login/"' in page


def test_visitors_keep_their_frame(client):
    page = unescape(client.get("/tchat/rien/").text)
    assert not staff_frame(page) and "Parler à quelqu'un" in page


def test_what_is_somebody_else_s_looks_like_what_does_not_exist(client):
    conversation = make.assigned(make.agent())
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make.agent(unit_name="Ailleurs"))
    theirs, none = (
        TOKEN.sub("", client.get(f"/console/echange/{public_id}/").text)
        for public_id in (conversation.public_id, uuid.uuid4())
    )
    assert staff_frame(unescape(theirs)) and theirs == none


@pytest.mark.parametrize("view", [page_not_found, permission_denied])
def test_page_of_staff_asks_the_database_for_nobody(rf, told, view):
    """The error may come from the database, so the page leaves out what the request does not know yet."""

    def fail():
        raise OperationalError("away")

    request = rf.get("/console/rien/")
    request.session, request.user, request.resolver_match = {}, SimpleLazyObject(fail), None
    page = unescape(view(request, Http404("said-by-the-view")).text)
    assert staff_frame(page) and "said-by-the-view" not in page and told() == []


def test_missing_page_keeps_the_lease_of_an_agent_alone(client):
    """An agent who reads that a page is missing still answers people (docs/adr/0049)."""
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make.agent())
    assert 'id="presence"' in client.get("/console/rien/").text
    client.cookies.clear()
    make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    page = client.get("/levees/rien/").text
    assert staff_frame(unescape(page)) and 'id="presence"' not in page


def test_expired_form_of_staff_keeps_their_frame(client):
    make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    client.handler.enforce_csrf_checks = True
    answer = client.post("/levees/registre/", {})
    page = unescape(answer.text)
    assert (answer.status_code, staff_frame(page)) == (403, True)
    assert "La page a expiré" in page and 'href="/levees/"' in page


def test_refused_role_is_noted(client, told):
    user = make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    assert client.get("/admin/accounts/user/?q=secret").status_code == 403
    assert told("page_refused") == [f"page_refused account={user.pk} status=403 route=admin/accounts/user/"]


def test_conversation_of_somebody_else_is_noted_without_its_id(client, told, caplog):
    """The page says that it does not exist, and somebody who tries many is noticed all the same."""
    conversation = make.assigned(make.agent())
    stranger = make.agent(unit_name="Ailleurs")
    curious = stranger.user
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(stranger)
    addresses = [f"/console/echange/{public_id}/" for public_id in (conversation.public_id, uuid.uuid4())]
    assert [client.get(address).status_code for address in addresses] == [404, 404]
    line = f"page_refused account={curious.pk} status=404 route=console/echange/<uuid:public_id>/"
    assert told("page_refused") == [line, line]
    assert str(conversation.public_id) not in caplog.text


def test_visitors_and_addresses_of_nobody_leave_no_line(client, told):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    for address in ("/console/rien/", "/orientation/rien/", "/rien/"):
        assert client.get(address).status_code == 404
    assert Client().get("/orientation/rien/").status_code == 404
    assert told("page_refused") == []


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (csrf.REASON_BAD_ORIGIN % "https://typed.example", "origin"),
        (csrf.REASON_NO_REFERER, "referer"),
        (csrf.REASON_BAD_REFERER % "https://typed.example", "referer"),
        (csrf.REASON_NO_CSRF_COOKIE, "no_cookie"),
        (csrf.REASON_CSRF_TOKEN_MISSING, "token"),
        ("CSRF token from POST has incorrect length.", "token"),
    ],
)
def test_refused_form_says_why_in_a_word_of_ours(rf, told, reason, why):
    request = rf.post("/avis/")
    request.session = Client().session
    assert form_refused(request, reason).status_code == 403
    assert told() == [f"form_refused why={why}"]


def test_form_from_elsewhere_is_noted(told):
    """The page is ours, and the line of the log repeats nothing of what was sent."""
    answer = Client(enforce_csrf_checks=True).post(
        "/avis/", {"rating": "yes", "text": "MARQUE"}, headers={"origin": "https://typed.example"}
    )
    assert answer.status_code == 403 and "La page a expiré" in answer.text
    assert told() == ["form_refused why=origin"]


@pytest.fixture
def left():
    """Return the browser of somebody who waits, and the token that an open page of theirs has."""
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    return client, re.search(r'data-csrf="(\w+)"', client.get("/tchat/").text).group(1)


@pytest.mark.parametrize("path", ["trames/", "captures/envoi/", "brouillon/", "signalement/", "code/"])
def test_script_is_told_that_its_visit_is_over_also_where_its_token_went_with_it(left, told, path):
    """A quick exit in another tab deletes both cookies. The answer was a page, which the script took for a bad line."""
    client, token = left
    client.cookies.clear()
    answer = client.post(f"/tchat/{path}", "{}", content_type="application/json", headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json()) == (401, {"error": "no_session"})
    assert told("form_refused") == ["form_refused why=no_cookie"]
    assert client.post(f"/tchat/{path}", {"csrfmiddlewaretoken": token}).status_code == 403, "a form has no script"


def test_script_is_not_told_that_a_visit_is_over_which_is_not(left):
    client, token = left
    script = {"content_type": "application/json", "headers": {"X-CSRFToken": token}}
    del client.cookies[settings.CSRF_COOKIE_NAME]
    assert client.post("/tchat/trames/", "{}", **script).status_code == 403
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make.agent())
    assert client.post("/console/trames/", "{}", **script).status_code == 403, "staff have their own page"
    client.cookies.clear()
    script["headers"]["Origin"] = "https://elsewhere.example"
    assert client.post("/tchat/trames/", "{}", **script).status_code == 403
