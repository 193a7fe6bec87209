"""Attacks on the pages: forged requests, borrowed sessions, scripts in texts, noise in forms, and the time of an
answer.
"""

import hashlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from contextlib import nullcontext, suppress
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.db import connection
from django.template import Template
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.casework import replies
from chat.conversations import resume
from chat.models import Aside, Conversation, Message, TransmissionStep
from chat.rules import resume_words
from chat.wellbeing import debriefs
from common import slow_hashes
from pnav.accounts.models import Role
from pnav.logs import Discreet, DiscreetJson
from pnav.pages.models import Feedback
from reports.models import ErasureRequest, Freeze, OpeningField, OpeningStep
from reports.openings import actions as opening_actions
from tests.access.people import signed_in
from tests.access.table import ROUTES
from tests.access.test_routes import path_of
from tests.accounts.cast import PASSWORD, make_user, totp_code
from tests.chat.sockets import visit
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.factories import triage as questionnaires
from tests.support.uncounted import _nothing_is_counted  # noqa: F401  the limits have their own tests

pytestmark = pytest.mark.django_db


def browser(key: str = "", **more: object) -> Client:
    client = Client(**more)
    if key:
        client.cookies[site.SESSION_COOKIE_NAME] = key
    return client


@pytest.fixture
def situation():
    """Return a conversation, the session keys of both parties."""
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    return conversation, visit(conversation), signed_in(agent.user)


# --- forged requests --------------------------------------------------------------------------------------------------

# Leaving has to work from an old page (pages.views.quit_site says why), and nobody gains anything by forging it.
WITHOUT_TOKEN = {"pages:quit"}


def where_of(conversation: Conversation) -> dict[str, Any]:
    """Return values for the addresses, with an opening that its agent asked for; `account`: the unit's."""
    grounds = opening_actions.Grounds(motive="essai", legal_ground="essai")
    by = conversation.assigned_to.user
    opening = opening_actions.ask_opening(
        report=conversation.report, field=OpeningField.NAME, grounds=grounds, is_urgent=True, recipient=None, by=by
    )
    aside = Aside.objects.create(
        conversation=conversation, asked_by=conversation.assigned_to, asked_at=timezone.now(), is_for_all=True
    )
    aside.parts.create(agent=conversation.assigned_to)
    reply = replies.save_own(agent=conversation.assigned_to, title="Réponse", vous="Bonjour", tu="")
    debrief = debriefs.ask_for_talk(agent=conversation.assigned_to, words="")
    account = hand.account()
    sent = hand.sent(conversation, account)
    return {
        "transmission_id": sent.public_id, "account": account, "page": 1,
        "capture_id": make_captures.seen(conversation).public_id,
        "public_id": conversation.public_id, "opening_id": opening.public_id,
        "aside_id": aside.public_id, "reply_id": reply.public_id, "debrief_id": debrief.public_id,
        "pk": 1, "id": 1, "number": questionnaires.draft().number, "content_type_id": 1, "rows": {},
    }  # fmt: skip


GOOD = "a" * 32
NO_TOKEN = ("", GOOD, None)
# The token, the cookie and the origin of requests that come from no form of ours.
FORGED = [
    ("b" * 32, GOOD, None),
    (GOOD, "", None),
    ("é" * 32, GOOD, None),
    (GOOD, GOOD, "https://evil.example"),
    (GOOD, GOOD, "null"),
    ("a" * 31, GOOD, None),
]


def test_every_form_refuses_a_request_without_its_token(situation, tried):
    """It comes from our own page without a token, with another one, and from a foreign page with the right one.

    An address can only be left out whole (`csrf_exempt`), which a request without a token finds: each address is asked
    by one. The other kinds are told apart by Django before the address is looked at, and take turns.
    """
    conversation, mine, theirs = situation
    chief = signed_in(make_user("chef", Role.ADMINISTRATOR))
    listener = signed_in(make_user("ecoute", Role.PSYCHOLOGIST))
    names = [name for name, route in ROUTES.items() if "POST" in route.methods and name not in WITHOUT_TOKEN]
    where = where_of(conversation)
    unit = signed_in(where["account"].user)
    for number, name in enumerate(names):
        path = path_of(name, where, ROUTES[name])
        key = chief if path.startswith("/admin/") else theirs if path.startswith("/console/") else mine
        if path.startswith(("/compte/", "/levees/")):
            key = theirs
        if path.startswith("/ecoute/"):
            key = listener
        if path.startswith("/unite/"):
            key = unit
        for token, cookie, origin in (NO_TOKEN, FORGED[number % len(FORGED)]):
            client = browser(key, enforce_csrf_checks=True)
            if cookie:
                client.cookies[site.CSRF_COOKIE_NAME] = cookie
            headers = {"origin": origin} if origin else {}
            answer = client.post(path, {"csrfmiddlewaretoken": token, "body": "x"}, headers=headers)
            assert answer.status_code == 403, (name, token, origin, answer.status_code)
            tried("forged requests", 1)
    assert Message.objects.exclude(author="system").count() == 0
    assert Conversation.objects.get().closed_at is None


AS_A_FORM = "?confirm=on&outcome=advised&urgency=2&body=x&availability=away&capacity=1&rating=yes"


def test_no_get_changes_what_others_see(situation, tried):
    """A picture on a foreign page can ask for any address with the cookies of whoever looks at it, and with a query
    that says what a form would. (Without a query: tests/access/test_routes.py.)"""
    conversation, mine, theirs = situation
    where = where_of(conversation)
    unit = signed_in(where["account"].user)
    before = Conversation.objects.values("status", "urgency", "outcome", "resume_digest", "last_seq").get()
    for name in ROUTES:
        path = path_of(name, where, ROUTES[name])
        staff = theirs if path.startswith(("/console/", "/compte/", "/levees/")) else mine
        reader = unit if path.startswith("/unite/") else staff
        for key in (mine, theirs, unit):
            # A page is drawn for whoever reads it. The view that it runs for the others reads the query all the same.
            is_drawn = nullcontext() if key == reader else patch.object(Template, "render", lambda _self, _context: "")
            with is_drawn:
                browser(key).get(path + AS_A_FORM)
            tried("requests by GET that change nothing", 1)
    assert Conversation.objects.values("status", "urgency", "outcome", "resume_digest", "last_seq").get() == before
    assert not (Feedback.objects.exists() or Freeze.objects.exists() or ErasureRequest.objects.exists())
    assert OpeningStep.objects.count() == 1
    assert [one.state for one in TransmissionStep.objects.all()] == ["asked", "sent"], "looking is not « lu »"


# --- borrowed sessions ------------------------------------------------------------------------------------------------


def test_session_given_to_somebody_is_not_the_one_they_sign_in_with(tried):
    """Fixation: the aggressor plants a cookie that they know, the agent signs in with it."""
    user = make.agent().user
    user.set_password(PASSWORD)
    user.save()
    known = browser()
    known.get("/orientation/")
    known.post("/orientation/maintenant/", {"answer": "no"})
    planted = known.session.session_key
    for key in (planted, "a" * 32, "", "x"):
        agent = browser(key)
        agent.post("/compte/login/", {"login": user.username, "password": PASSWORD})
        assert agent.session.session_key not in {key, None}
        assert browser(key).get("/compte/password/change/").status_code == 302
        tried("sessions planted", 1)


def test_session_given_to_a_visitor_is_not_the_one_they_come_back_with(tried):
    """The same with a code de reprise: whoever knew the key of the visit knows nothing more."""
    conversation = make.waiting()
    make.message(conversation, "Ce que je n'ai dit à personne")
    code = resume.issue_code(conversation_id=conversation.pk).text
    planter = browser()
    planter.get("/orientation/")
    planter.post("/orientation/maintenant/", {"answer": "no"})
    planted = planter.session.session_key
    victim = browser(planted)
    assert victim.post("/tchat/reprendre/", {"code": code}).status_code == 302
    assert "dit à personne" in unescape(victim.get("/tchat/").content.decode())
    assert opens_nothing(browser(planted))
    assert not Session.objects.filter(session_key=planted).exists()
    tried("sessions planted", 1)


def opens_nothing(client: Client) -> bool:
    """Return whether this browser has no exchange: it is shown the ways in, and no box to write in."""
    page = client.get("/tchat/").text
    return "Commencer</a>" in page and "<textarea" not in page and 'id="messages"' not in page


def test_cookies_made_by_hand_open_nothing(situation, tried):
    conversation, mine, _theirs = situation
    row = Session.objects.first().session_key
    guesses = [
        row,
        mine[:-1],
        mine.upper(),
        mine + "a",
        f"{mine}=",
        str(conversation.public_id),
        "'",
        "é",
        "../" * 5,
        "a" * 5000,
        "%00",
        "null",
        "0",
        "{}",
        mine[::-1],
    ]
    for guess in guesses:
        assert opens_nothing(browser(guess)), guess
        tried("sessions guessed", 1)


# --- scripts in texts -------------------------------------------------------------------------------------------------

SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</template><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7|add:7 }}{% debug %}",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "\\u003cscript\\u003e",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=//evil.example>x</a>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<form action=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>",
    "\u2028<script>",
    "<\x00script>",
    '" onmouseover=alert(1) x="',
    "' autofocus onfocus=alert(1) '",
]


# All of these in one text: whatever a page writes around it, one of them breaks out when it is not escaped. A page
# takes a text for an address only if it begins like one, so addresses are tried alone.
TOGETHER = "".join(script for script in SCRIPTS if "\x00" not in script)
ADDRESS = "javascript:alert(1)"
# This breaks out too, with fewer characters than the shortest field accepts. A longer text is refused, and not drawn
# again.
SHORT = "\"'></textarea></title><script>alert(1)</script>"


class Page(HTMLParser):
    """What a browser would run or load from a page: scripts without a source, handlers, addresses that lead out."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        is_data = given.get("type") == "application/json"
        if tag == "script" and not is_data and not given.get("src", "").startswith("/static/"):
            self.found.append("a script of somebody else")
        # Pages without a script load themselves again, from their own address.
        loads_again = tag == "meta" and given.get("http-equiv") == "refresh" and "evil" not in given.get("content", "")
        if tag in {"base", "object", "embed"} or (tag == "meta" and "http-equiv" in given and not loads_again):
            self.found.append(tag)
        for name, value in given.items():
            leads_out = name in {"href", "src", "action"} and re.match(r"(https?:)?//evil\.example", value.strip())
            if name.startswith("on") or name == "srcdoc" or leads_out:
                self.found.append(f"{tag} {name}")
            if value.strip().lower().startswith("javascript:") and name in {"href", "src", "action", "formaction"}:
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data):
        self.texts.append(data)


def test_page_sees_a_script():
    """The check can fail: each of these, unescaped, is found, save those that are no markup."""
    harmless = {
        "javascript:alert(1)",
        "{{ 7|add:7 }}{% debug %}",
        "<!--",
        "]]>",
        "&lt;script&gt;",
        "\\u003cscript\\u003e",
    }
    for script in SCRIPTS:
        if script not in harmless and not script.startswith(("<\x00", "<style", "\u2028", "</t")):
            assert Page(f"<p title=\"{script}\" class='{script}'>{script}</p>").found, script
    for around in ("<p>{}</p>", '<p title="{}">', "<p title='{}'>", "<textarea>{}</textarea>", "<title>{}</title>"):
        assert Page(around.replace("{}", TOGETHER)).found, around
        assert Page(around.replace("{}", SHORT)).found, around
    assert Page(f'<a href="{ADDRESS}">x</a>').found


def test_scripts_in_messages_are_texts_for_everybody(situation, tried):
    """They are written by the person for the agent, and the other way round, on each page that shows a message."""
    conversation, mine, theirs = situation
    kept = [script for script in SCRIPTS if "\x00" not in script]
    for script in kept:
        for author in ("reporter", "agent"):
            make.message(conversation, script, author=author)
    page = f"/console/echange/{conversation.public_id}/"
    for key, path in [
        (mine, "/tchat/"),
        (mine, "/tchat/suite/?apres=0"),
        (theirs, page),
        (theirs, page + "?partie=echange"),
        (theirs, "/console/"),
        (theirs, "/console/presence/"),
    ]:
        answer = browser(key).get(path)
        read = Page(answer.content.decode())
        assert read.found == [], path
        if path != "/console/" and "presence" not in path:
            assert "<script>alert(1)</script>" in "".join(read.texts), path
        tried("scripts in texts, pages", len(kept))
    frame = {"type": "sync", "conversation": str(conversation.public_id), "after": 0}
    answer = browser(theirs).post("/console/trames/", json.dumps(frame), content_type="application/json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


REFLECTED = [
    ("POST", "/point-d-accueil/", "q"),
    ("POST", "/point-d-accueil/", "purpose"),
    ("GET", "/point-d-accueil/", "q"),
    ("GET", "/point-d-accueil/", "pour"),
    ("POST", "/point-d-accueil/choisir/", "q"),
    ("POST", "/avis/", "text"),
    ("POST", "/avis/", "rating"),
    ("POST", "/tchat/reprendre/", "code"),
    ("POST", "/parametres-affichage/", "next"),
    ("GET", "/parametres-affichage/", "next"),
    ("POST", "/parametres-affichage/", "theme"),
    ("POST", "/compte/login/", "login"),
    ("GET", "/compte/login/", "next"),
    ("GET", "/rien/", "q"),
    ("POST", "/orientation/maintenant/", "answer"),
    ("POST", "/tchat/message/", "body"),
    ("POST", "/tchat/message/", "client_id"),
    ("GET", "/tchat/suite/", "apres"),
    ("POST", "/console/disponibilite/", "availability"),
    ("POST", "/console/disponibilite/", "capacity"),
    ("GET", "/console/", "partie"),
    ("GET", "/admin/chat/unit/", "q"),
    ("POST", "/admin/chat/unit/add/", "name"),
]


IN_TURN = 3


def test_scripts_that_come_back_are_texts(situation, tried):
    """Each field of these is sent all of them at once, what is short and breaks out as well, and some of them alone:
    others than the field before it."""
    _conversation, mine, theirs = situation
    chief = signed_in(make_user("chef", Role.ADMINISTRATOR))
    for number, (method, path, name) in enumerate(REFLECTED):
        key = theirs if path.startswith("/console") else chief if path.startswith("/admin") else mine
        alone = [SCRIPTS[(IN_TURN * number + place) % len(SCRIPTS)] for place in range(IN_TURN)]
        for script in dict.fromkeys([TOGETHER, SHORT, ADDRESS, *alone]):
            client = browser("" if path.startswith("/compte") else key)
            data = {name: script}
            if path == "/avis/":  # both are refused, so the page shows again what was sent
                data = {"rating": "neither", "page": "other", "text": "x"} | data
            answer = getattr(client, method.lower())(path, data, follow=True)
            assert answer.status_code < 500, (path, name, script)
            found = Page(answer.content.decode()).found
            if path.startswith("/admin"):  # Django's own scripts have a source too
                found = [one for one in found if one != "a script of somebody else"]
            assert found == [], (path, name, script)
            tried("scripts in texts, fields", 1)


def test_addresses_to_come_back_to_stay_here(tried):
    """`next` leads nowhere else."""
    user = make_user("camille", totp=True)
    outside = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http:evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "\thttps://evil.example",
        "https:/evil.example",
        "/%09/evil.example",
        "/.evil.example/../..//evil.example",
    ]
    for where in outside:
        client = browser()
        client.post(f"/compte/login/?next={where}", {"login": user.username, "password": PASSWORD, "next": where})
        answers = [client.post("/compte/2fa/authenticate/", {"code": totp_code()})]
        answers.append(browser().post("/parametres-affichage/", {"theme": "dark", "language": "fr", "next": where}))
        for answer in answers:
            target = answer.headers.get("Location", "/")
            assert re.match(r"/(?![/\\\\])", target), (where, target)
        tried("addresses that lead out", 2)


# --- noise ------------------------------------------------------------------------------------------------------------

NOISE = st.text(max_size=60) | st.sampled_from(
    [
        "\x00",
        "\ud83d",
        "é" * 5000,
        "-1",
        "9" * 30,
        "1e9",
        "NaN",
        "[]",
        "{}",
        "null",
        "on",
        "\u202e",
        "%s",
        "{0}",
        "' OR 1=1--",
    ]
)
FORMS = {
    "/point-d-accueil/": ("q", "purpose"),
    "/point-d-accueil/suggestions/": ("q",),
    "/point-d-accueil/choisir/": ("postal_code", "municipality", "reception_point", "choice", "q", "purpose"),
    "/avis/": ("rating", "page", "text"),
    "/parametres-affichage/": ("theme", "language", "next"),
    "/orientation/maintenant/": ("answer",),
    "/signalement/": ("submission_id", "role", "age_band", "facts", "platforms", "since", "expectations"),
    "/tchat/message/": ("client_id", "body"),
    "/tchat/signalement/": ("facts", "platforms", "since", "expectations", "name", "contact", "body"),
    "/tchat/lieu/": ("shown",),
    "/tchat/faits/": (
        "act",
        "fact_id",
        "edits",
        "what",
        "precision",
        "day",
        "hour",
        "platform",
        "account",
        "link",
        "seen_by",
        "fact",
    ),
    "/tchat/captures/": ("act", "minor", "address", "fact_id", "capture_id", "one"),
    "/tchat/reprendre/": ("code",),
    "/compte/login/": ("login", "password"),
    "/console/disponibilite/": ("availability", "pause_reason", "capacity", "echange"),
    "/console/echange/…/": ("client_id", "body"),
    "/console/echange/…/urgence/": ("urgency", "reason", "explanation"),
    "/console/echange/…/retour/": ("minutes",),
    "/console/echange/…/note/": ("body", "replaces"),
    "/console/echange/…/question/": ("colleague", "body"),
    "/console/reponses/": ("title", "vous", "tu"),
    "/console/echange/…/terminer/": ("outcome", "confirm", "summary", "told", "point_danger"),
    "/console/echange/…/fiche/": ("version", "online", "evidence", "dates", "links", "notes", "autosave"),
    "/console/echange/…/propositions/": (
        "act",
        "question",
        "answer_1",
        "answer_2",
        "partner",
        "day",
        "hour",
        "checked",
        "said",
        "asked",
    ),
    "/console/echange/…/procedure/": ("situation", "step", "end"),
    "/console/echange/…/document/": ("motive",),
    "/console/mes-echanges/": ("since", "until", "facts", "outcome", "urgency", "proposed"),
    "/admin/chat/unit/add/": ("name", "force"),
    "/admin/chat/unit/": ("action", "_selected_action", "select_across", "index"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | NOISE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NOISE, inner, max_size=4),
    max_leaves=8,
)
FRAME = st.fixed_dictionaries(
    {"type": st.sampled_from(["post", "sync", "read", "typing", "beat"]) | JSON},
    optional=dict.fromkeys(("client_id", "body", "conversation", "after", "seq", "extra"), JSON),
)
QUICK = settings(
    max_examples=75, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def test_noise_in_forms_is_never_a_failure(situation, tried):
    """Whatever is in a field, or in an answer not ours, there is no 500, and the conversation is unchanged."""
    conversation, mine, theirs = situation
    chief = signed_in(make_user("chef", Role.ADMINISTRATOR))
    count = 0

    @QUICK
    @given(st.data())
    def attack(data) -> None:
        nonlocal count
        path = data.draw(st.sampled_from(list(FORMS)))
        fields = {name: data.draw(NOISE | st.lists(NOISE, max_size=3)) for name in FORMS[path]}
        if path.endswith("terminer/"):
            fields.pop("confirm")  # sending it would be a valid form
        key = chief if path.startswith("/admin") else theirs if path.startswith("/console") else mine
        client = browser("" if path.startswith("/compte") else key, raise_request_exception=False)
        where = path.replace("…", str(conversation.public_id))
        body = "&".join(f"{name}={_coded(one)}" for name, value in fields.items() for one in _each(value))
        for query in (where, f"{where}?{body[:1500]}"):
            answer = client.post(query, body.encode(), content_type="application/x-www-form-urlencoded")
            assert answer.status_code < 500, (path, fields)
            count += 1

    attack()
    conversation.refresh_from_db()
    assert conversation.status == "active"
    tried("forms with noise", count)


def _each(value):
    return value if isinstance(value, list) else [value]


def _coded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def test_noise_in_frames_is_answered_by_a_frame(situation, tried):
    conversation, mine, theirs = situation
    count = 0

    @QUICK
    @given(FRAME, st.booleans(), st.booleans())
    def attack(frame, is_agent, is_named) -> None:
        nonlocal count
        if is_named:
            frame["conversation"] = str(conversation.public_id)
        path, key = ("/console/trames/", theirs) if is_agent else ("/tchat/trames/", mine)
        answer = browser(key).post(
            path, json.dumps(frame).encode("utf-8", "surrogatepass"), content_type="application/json"
        )
        assert answer.status_code == 200, frame
        assert isinstance(answer.json()["frames"], list)
        count += 1

    attack()
    tried("frames with noise", count)


# --- what the log and the clock tell ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text", "json"])
def test_nobody_writes_lines_into_the_log(situation, tried, kind):
    """A line that was typed looks like one of ours, or moves the cursor of whoever reads the log."""
    _conversation, mine, _theirs = situation
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    formatters = site.LOGGING["formatters"]
    handler.setFormatter(Discreet(formatters["text"]["format"]) if kind == "text" else DiscreetJson())
    forged = "x\r\n2026-01-01 00:00:00 ERROR pnav forged\x1b[2J"
    loggers = [logging.getLogger(name) for name in ("", "django", "django.request", "django.security")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        client = browser(mine, raise_request_exception=False)
        for path in (
            f"/{_coded(forged)}",
            f"/orientation/{_coded(forged)}/",
            f"/?q={_coded(forged)}",
            f"/tchat/suite/?apres={_coded(forged)}",
        ):
            client.get(path)
        for path, names in FORMS.items():
            client.post(path.replace("…", str(uuid.uuid4())), dict.fromkeys(names, forged))
            tried("lines forged for the log", len(names))
        client.get("/", headers={"user-agent": forged, "referer": forged, "x-forwarded-for": forged})
        client.get("/", headers={"host": "x\nforged"})
        client.post("/tchat/trames/", forged, content_type="application/json")
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    assert "forged" not in out.getvalue() and "\x1b" not in out.getvalue()


def seconds_in_line() -> float:
    """Return for how long those who work on an answer here have been ready and waited for a processor, until now.

    These are this thread, those that compute hashes, which all others of the machine go before, and the process of
    PostgreSQL. They work one after the other, so what they waited is a part of what the answer took.
    """
    paths = [Path("/proc/thread-self/schedstat")]
    for thread in threading.enumerate():
        if thread.name.startswith("hash_"):
            paths.append(Path(f"/proc/self/task/{thread.native_id}/schedstat"))
    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.info.backend_pid}")
    with suppress(OSError):  # it runs elsewhere
        if server.joinpath("comm").read_text().startswith("postgres"):
            paths.append(server / "schedstat")
    return sum(int(path.read_text().split()[1]) for path in paths) / 1e9


def seconds_of(ask) -> float:
    """Return how long an answer takes on a still machine: by the clock, without the turns of others meanwhile."""
    began, waited = time.perf_counter(), seconds_in_line()
    ask()
    return time.perf_counter() - began - (seconds_in_line() - waited)


def are_alike(one, other, times: int) -> bool:
    """Return whether two answers take about as long: by the shortest of turns that alternate.

    What else a busy machine does makes turns longer and none shorter, so it is given three tries.
    """
    first, second = [], []
    for _try in range(3):
        for _turn in range(times):
            first.append(seconds_of(one))
            second.append(seconds_of(other))
        quick, slow = sorted((min(first), min(second)))
        if slow < quick * 1.5 + 0.003:
            return True
    return False


def test_clock_tells_no_account(settings, tried):
    """An unknown name takes as long as a wrong password: both hash a password with what production uses."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = make_user("camille", totp=True)

    def sign_in(name: str):
        return lambda: browser().post("/compte/login/", {"login": name, "password": "une phrase au hasard"})

    assert are_alike(sign_in(user.username), sign_in("personne"), times=2)
    tried("answers timed", 4)


def test_clock_tells_no_code(true_scrypt, tried):
    """A code that is none, one that was annulled and one that has expired take one hash, and get the same answer."""
    annulled, expired = make.waiting(), make.waiting()
    codes = {}
    for conversation in (annulled, expired):
        codes[conversation.pk] = resume.issue_code(conversation_id=conversation.pk).text
    resume.void_code(conversation_id=annulled.pk)
    past = make.long_ago(60)
    Conversation.objects.filter(pk=expired.pk).update(resume_issued_at=past, resume_until=past)
    none = " ".join(resume_words.WORDS[:5])

    def come_back(code: str):
        return lambda: browser().post("/tchat/reprendre/", {"code": code})

    pages = [come_back(code)().content.decode() for code in (none, codes[annulled.pk], codes[expired.pk])]
    bare = [re.sub(r'value="[^"]*"|>[^<]*</textarea>', "", page) for page in pages]
    assert bare[0] == bare[1] == bare[2]
    assert are_alike(come_back(none), come_back(codes[annulled.pk]), times=2)
    assert are_alike(come_back(none), come_back(codes[expired.pk]), times=2)
    tried("answers timed", 8)


def test_clock_would_tell():
    """The comparison can fail, on a busy machine as well: several times the work is seen."""
    assert not are_alike(lambda: time.sleep(0.01), lambda: time.sleep(0.08), times=3)
    assert not are_alike(lambda: compute(0.01), lambda: compute(0.08), times=3)


def compute(seconds: float) -> None:
    """Take so much of a processor in a thread of hashes."""

    def work() -> None:
        ends_at = time.thread_time() + seconds
        while time.thread_time() < ends_at:
            hashlib.sha256(b"x" * 10_000).digest()

    slow_hashes.compute(work)


def test_turns_of_others_are_not_counted():
    """Two share one processor: the clock goes on for both, and nothing is told by that."""
    compute(0)  # the thread that computes exists from now on
    hashing = [one.native_id for one in threading.enumerate() if one.name.startswith("hash_")]
    cores = os.sched_getaffinity(0)
    code = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout
            other.stdout.readline()
            os.setpriority(os.PRIO_PROCESS, other.pid, os.getpriority(os.PRIO_PROCESS, hashing[0]))
            for one in (*hashing, other.pid):
                os.sched_setaffinity(one, {min(cores)})
            began = time.perf_counter()
            seconds = seconds_of(lambda: compute(0.06))
            assert seconds < 0.1 and time.perf_counter() - began > seconds + 0.03
        finally:
            other.kill()
            for one in hashing:
                os.sched_setaffinity(one, cores)
