"""What was typed in a form that came too late for its proof is kept sealed, and comes back once the proof was given."""

import html
import re
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from chat.console.forms import ErasureForm, FreezeForm
from common import kept_forms
from pnav.accounts.middleware import KEPT, SENSITIVE
from pnav.accounts.models import Role
from pnav.accounts.second_factor import enrol_totp, record_enrolment
from reports.actions import ask_erasure
from reports.models import ErasureRequest, Freeze, OpeningRequest
from reports.openings.forms import AskForm, RefusalForm, ReplyForm, ReviewForm
from reports.rules.openings import State
from tests.accounts.cast import SECRET, forget_codes, totp_code
from tests.accounts.test_reauthentication import age
from tests.factories import chat as make
from tests.reports.openings.acts import agreed, ask
from tests.reports.openings.conftest import agent, custodians, supervisor  # noqa: F401

pytestmark = pytest.mark.django_db
TYPED = "MARQUE « l'agent n'a pas joint l'autorisation »"


def browser_of(user) -> Client:
    enrol_totp(user, SECRET)
    client = Client()
    client.force_login(user)
    session = client.session
    record_enrolment(user, session)
    session.save()
    return client


def prove(client: Client, way: str):
    """Send the code on the page to which an act led, and return the answer of the page behind it."""
    forget_codes()
    back = client.post(way, {"code": totp_code()})
    assert back.status_code == 302, back.status_code
    return client.get(back.url)


def fields_of(page) -> dict[str, str]:
    """Return what stands in the fields of a page, by their names."""
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', page.text, re.S)
    lines = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page.text)
    lines += [(name, value) for value, name in re.findall(r'<input[^>]*value="([^"]*)"[^>]*name="(\w+)"', page.text)]
    chosen = re.findall(r'<input type="radio"[^>]*name="(\w+)" value="(\w+)" checked', page.text)
    ticked = [(name, "on") for name in re.findall(r'<input type="checkbox"[^>]*name="(\w+)" checked', page.text)]
    return {name: html.unescape(value) for name, value in [*lines, *areas, *ticked, *chosen]}


@pytest.fixture
def asked(agent):  # noqa: F811
    return ask(agent)


def test_reason_sent_too_late_is_back_after_the_proof_and_is_sent(supervisor, asked, caplog):  # noqa: F811
    client = browser_of(supervisor)
    page, act = (reverse(f"openings:{name}", args=[asked.public_id]) for name in ("detail", "refuse"))
    age(client, 16)
    way = client.post(act, {"reason": TYPED})
    assert way.url == f"/compte/2fa/reauthenticate/?next=%2Flevees%2F{asked.public_id}%2F"
    said = client.get(way.url)
    assert "Ce que vous avez écrit vous attend" in html.unescape(said.text) and "MARQUE" not in said.text
    asked.refresh_from_db()
    assert asked.state == State.ASKED, "nothing is done"
    back = prove(client, way.url)
    assert back.wsgi_request.path == page and fields_of(back)["reason"] == TYPED
    assert "relisez ce que vous aviez écrit" in html.unescape(back.text)
    assert fields_of(client.get(page))["reason"] == TYPED, "loading the page again loses nothing"
    assert client.post(act, {"reason": TYPED}, follow=True).status_code == 200
    asked.refresh_from_db()
    assert asked.state == State.REFUSED and kept_forms.KEY not in client.session
    assert "MARQUE" not in caplog.text


def test_what_waits_is_sealed_and_for_whoever_proves_it(supervisor, asked):  # noqa: F811
    client = browser_of(supervisor)
    age(client, 16)
    page = reverse("openings:detail", args=[asked.public_id])
    client.post(reverse("openings:refuse", args=[asked.public_id]), {"reason": TYPED})
    assert client.session[kept_forms.KEY]["values"] == {"reason": TYPED}
    assert not any("MARQUE" in row or "reason" in row for row in Session.objects.values_list("session_data", flat=True))
    assert "MARQUE" not in client.get(page).text, "the cookie alone reads nothing of it"


def test_what_waits_is_for_its_own_form(supervisor, agent, asked):  # noqa: F811
    other = ask(agent, urgent=True)
    client = browser_of(supervisor)
    age(client, 16)
    prove(client, client.post(reverse("openings:refuse", args=[asked.public_id]), {"reason": TYPED}).url)
    assert "MARQUE" not in client.get(reverse("openings:detail", args=[other.public_id])).text
    client.post(reverse("openings:countersign", args=[asked.public_id]))
    assert "MARQUE" not in client.get(reverse("openings:detail", args=[asked.public_id])).text, "no such form now"


def test_what_waits_ends(supervisor, asked, monkeypatch):  # noqa: F811
    client = browser_of(supervisor)
    age(client, 16)
    prove(client, client.post(reverse("openings:refuse", args=[asked.public_id]), {"reason": TYPED}).url)
    later = time.time() + kept_forms.KEPT_SECONDS + 1
    monkeypatch.setattr(kept_forms.time, "time", lambda: later)
    assert "MARQUE" not in client.get(reverse("openings:detail", args=[asked.public_id])).text
    assert kept_forms.KEY not in client.session


def test_form_of_another_site_leaves_nothing_in_ours(supervisor, asked, told):  # noqa: F811
    owner = browser_of(supervisor)
    client = Client(enforce_csrf_checks=True)
    client.cookies = owner.cookies
    age(client, 16)
    forged = client.post(reverse("openings:refuse", args=[asked.public_id]), {"reason": TYPED})
    assert forged.status_code == 403 and kept_forms.KEY not in client.session
    assert told("form_refused")


def test_too_much_is_not_kept_whole(supervisor, asked):  # noqa: F811
    client = browser_of(supervisor)
    age(client, 16)
    client.post(reverse("openings:refuse", args=[asked.public_id]), {"reason": "x" * 100_000, "other": TYPED})
    kept = client.session[kept_forms.KEY]["values"]
    assert kept == {"reason": "x" * kept_forms.VALUE_MAX}


def test_one_form_is_kept_up_to_a_bound_and_its_short_fields_whole(client):
    typed = {"motive": "é" * 100_000, "authority": "Parquet de Lille", "until": "🙂" * 4000}
    request = RequestFactory().post("/", typed)
    request.session = client.session
    kept_forms.keep_form(request, form="console:freeze", of="x", fields=("motive", "reference", "authority", "until"))
    kept = request.session[kept_forms.KEY]["values"]
    assert kept["authority"] == typed["authority"] and kept["until"] == typed["until"]
    assert sum(map(len, kept.values())) == kept_forms.FORM_MAX and kept["motive"]


def test_every_form_of_a_sensitive_act_loses_nothing():
    """Each field that is typed or chosen is kept; the browser's key is made anew by its script."""
    forms = {
        "console:ask_opening": AskForm, "console:freeze": FreezeForm, "console:erasure": ErasureForm,
        "openings:refuse": RefusalForm, "openings:answer": ReplyForm, "openings:review": ReviewForm,
    }  # fmt: skip
    assert set(KEPT) == set(forms) <= set(SENSITIVE)
    assert {name: set(fields) for name, fields in KEPT.items()} == {
        name: set(form.base_fields) - {"recipient"} for name, form in forms.items()
    }


def test_grounds_of_an_opening_wait_too():
    own = make.agent()
    conversation = make.sealed(make.assigned(own))
    url = f"/console/echange/{conversation.public_id}/levee/"
    client = browser_of(own.user)
    age(client, 61)
    typed = {
        "field": "contact", "is_urgent": "on", "motive": TYPED, "legal_ground": "Texte",
        "prosecutor_reference": "P-1", "prosecutor_on": "2026-11-20",
    }  # fmt: skip
    back = prove(client, client.post(url, typed | {"recipient": "x"}).url)
    assert back.wsgi_request.path == url
    assert {name: value for name, value in fields_of(back).items() if name in typed} == typed
    assert not OpeningRequest.objects.exists()


def test_freeze_and_answer_to_an_erasure_wait_too():
    chief = make.agent(role=Role.SUPERVISOR)
    conversation = make.closed(chief)
    ask_erasure(report_id=conversation.report_id)
    client = browser_of(chief.user)
    until = f"{timezone.localdate() + timedelta(days=60):%Y-%m-%d}"
    for act, typed in {
        "gel": {"motive": TYPED, "reference": "2026/1", "authority": "parquet", "until": until},
        "effacement": {"answer": "refuse", "motive": TYPED},
    }.items():
        age(client, 16)
        url = f"/console/conservation/{conversation.public_id}/{act}/"
        back = prove(client, client.post(url, typed).url)
        assert back.wsgi_request.path == url
        assert {name: value for name, value in fields_of(back).items() if name in typed} == typed
    assert not Freeze.objects.exists() and ErasureRequest.objects.get().answered_at is None


def test_reply_and_review_wait_too(agent, supervisor, custodians):  # noqa: F811
    opening = agreed(agent, supervisor, custodians)
    client = browser_of(custodians[2])
    age(client, 16)
    client.post(reverse("openings:review", args=[opening.public_id]), {"conclusion": TYPED, "prosecutor_on": "hier"})
    assert client.session[kept_forms.KEY]["values"] == {"conclusion": TYPED, "prosecutor_on": "hier"}
    client.post(reverse("openings:answer", args=[opening.public_id]), {"reply": TYPED})
    assert client.session[kept_forms.KEY]["values"] == {"reply": TYPED}, "one form at a time"
