"""The answer « come back in a moment »: what it says, what it gives back, and what it costs."""

import base64
import hashlib
import re
from html import unescape
from urllib.parse import urlencode

import pytest

from common.texts import cache as text_cache
from common.texts.cache import Changed
from pnav.addresses import DISCREET
from pnav.server import busy

FORM = b"application/x-www-form-urlencoded"


def ask(path="/", method="GET", body=b"", cookie="", content_type=FORM):
    headers = [(b"content-type", content_type)] if body else []
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    scope = {"method": method, "path": path, "query_string": b"", "headers": headers}
    answered, content = busy.answer(scope, body)
    return {name.decode(): value.decode() for name, value in answered}, content.decode()


@pytest.fixture(autouse=True)
def _forms_of_this_test():
    busy._forms[:] = [0.0, 0]
    busy._pages.drawn = None


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/tchat/suite/", "GET"), ("/tchat/message/", "POST")])
def test_says_whom_to_call_and_when_to_come_back(path, method):
    headers, page = ask(path, method)
    for number in ("17", "112", "114", "119"):
        assert re.search(rf">{number}</a>", page), number
    assert headers["Retry-After"] == "5" and headers["Cache-Control"] == "no-store"
    assert headers["Content-Language"] == "fr" and '<html lang="fr">' in page
    assert int(headers["Content-Length"]) == len(page.encode()) < 6000
    assert "\ue000" not in page


def test_asks_for_no_file_and_runs_nothing():
    headers, page = ask()
    assert not re.search(r"<(script|link|img|iframe)\b|\bsrc=|\bstyle=", page)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy and "unsafe" not in policy


EXIT = re.compile(
    r'<form class="(exit[ a-z]*)" method="post" action="([^"]*)">\s*<button type="submit">([^<]*)</button>\s*</form>'
)


@pytest.mark.parametrize(
    ("path", "method", "body", "where", "words"),
    [
        ("/", "GET", b"", "/quitter/", "Quitter rapidement"),
        ("/compte/login/", "POST", b"a=b", "/quitter/", "Quitter rapidement"),
        ("/tchat/message/", "POST", b"body=x", "/quitter/", "Quitter rapidement"),
        ("/en/tchat/", "GET", b"", "/en/quitter/", "Leave quickly"),
        (DISCREET.reverse("chat:message"), "POST", b"body=x", DISCREET.reverse("pages:quit"), "Quitter rapidement"),
    ],
)
def test_quick_exit_is_on_the_page_and_its_policy_lets_it_lead_away(settings, path, method, body, where, words):
    headers, page = ask(path, method, body)
    is_discreet = where.startswith("/n/")
    assert EXIT.findall(page) == [("exit quiet" if is_discreet else "exit", where, words)], "red, where nobody watches"
    (forms,) = re.findall("form-action ([^;]*)", headers["Content-Security-Policy"])
    assert forms.split() == ["'self'", settings.QUICK_EXIT_URL.removesuffix("/")]


def test_quick_exit_is_on_the_page_of_what_was_too_large_and_not_twice_beside_a_frame():
    assert EXIT.search(busy.too_large("/tchat/message/", b"")[1].decode())
    assert not EXIT.search(ask("/tchat/suite/")[1])


def test_english_for_who_chose_it(settings):
    headers, page = ask(cookie=f"{settings.LANGUAGE_COOKIE_NAME}=en")
    assert headers["Content-Language"] == "en" and "Many requests right now" in page
    assert ask(cookie=f"{settings.LANGUAGE_COOKIE_NAME}=xx")[0]["Content-Language"] == "fr"


def test_frame_of_messages_asks_again_by_itself_and_may_be_shown_there():
    headers, page = ask("/tchat/suite/")
    assert '<meta http-equiv="refresh" content="5">' in page
    assert headers["X-Frame-Options"] == "SAMEORIGIN" and "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    headers, page = ask("/tchat/")
    assert "http-equiv" not in page
    assert headers["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in headers["Content-Security-Policy"]


TEXT = 'Bonjour <b>&\n"moi" \' é 😀 \ue000fields\ue000'


def fields_of(page):
    hidden = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', page, re.DOTALL)
    text = re.search(r"<textarea [^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    return [(unescape(name), unescape(value)) for name, value in hidden], text and unescape(text[1])


def test_message_comes_back_ready_to_be_sent():
    sent = [("csrfmiddlewaretoken", "t" * 64), ("client_id", '"><script>'), ("body", TEXT)]
    _headers, page = ask("/tchat/message/", "POST", urlencode(sent).encode())
    hidden, text = fields_of(page)
    assert (hidden, text) == (sent[:2], TEXT)
    assert 'action="/tchat/message/"' in page and "<script>" not in page and "<b>" not in page


def test_form_without_a_message_comes_back_whole():
    sent = [("answer", "a"), ("answer", "b"), ("note", TEXT), ("empty", "")]
    _headers, page = ask("/signalement/", "POST", urlencode(sent).encode())
    assert fields_of(page) == (sent, None)
    assert "<button" in page and "textarea" not in page.partition("</style>")[2]


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/compte/login/", urlencode({"login": "a", "password": "secret"}).encode(), FORM),
        ("/admin/accounts/user/add/", urlencode({"username": "secret"}).encode(), FORM),
        ("/tchat/message/", b"body=" + b"a" * busy.FORM_BYTES, FORM),
        ("/tchat/message/", b"&".join(b"secret=1" for _each in range(busy.FIELDS_AT_MOST + 1)), FORM),
        ("/tchat/message/", b"\xff\xfe", FORM),
        ("/tchat/trames/", b'{"type": "post", "body": "secret"}', b"application/json"),
    ],
)
def test_what_is_not_given_back_is_said_to_be_sent_again_by_a_reload(path, body, content_type):
    _headers, page = ask(path, "POST", body, content_type=content_type)
    assert (
        "secret" not in page and "<form" not in EXIT.sub("", page) and "recharger cette page envoie de nouveau" in page
    )


def test_forms_are_given_back_a_few_times_a_second():
    body = urlencode({"body": "text"}).encode()
    given = ["<textarea" in ask("/tchat/message/", "POST", body)[1] for _each in range(3 * busy.FORMS_A_SECOND)]
    assert busy.FORMS_A_SECOND <= sum(given) <= 2 * busy.FORMS_A_SECOND, "the second may have changed meanwhile"


def test_asks_no_database_and_draws_nothing_anew(monkeypatch):
    busy.prepare()
    monkeypatch.setattr(busy, "render_to_string", None)
    for _each in range(10):
        ask()
        ask("/tchat/message/", "POST", urlencode({"body": "text"}).encode())


def test_changed_sentence_is_said_soon():
    ask()
    text_cache.set_changed({"busy.title": Changed.named(vous="Un instant")})
    for _turn in range(500):
        if "Un instant" in ask()[1]:
            return
        busy._pages._drawing.acquire(timeout=1)
        busy._pages._drawing.release()
    raise AssertionError
