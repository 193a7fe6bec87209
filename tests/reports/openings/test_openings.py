"""Opening the seal: who may, in what order, and what is left of it."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from chat.management.commands import run_worker
from chat.retention import deletion
from common.client_address import Connection
from pnav.accounts import reauthentication
from pnav.accounts.models import Role, User
from reports.models import AccessKind, AccessRecord, OpeningField, OpeningRequest, OpeningStep
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds, OtherRequest, ReportGone
from reports.reporter_identity import Arrival, record
from reports.retention import deletion as retention_deletion
from reports.rules.openings import Act, NotAllowed, State
from reports.seal.replies import SUITE, Recipient, Reply, info, seal_reply
from reports.seal.sealing import unpad, unseal
from tests.chat.console.test_conversation import _fast_passwords, signed_in  # noqa: F401  a fixture of the sign-in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.reports.test_actions import file
from tests.reports.witness import confirm
from tests.support.reading import squeezed
from tests.variables import SEAL_KEY

pytestmark = pytest.mark.django_db

GROUNDS = Grounds("Menaces de mort répétées", "Code pénal, art. 222-33-2-2", "PARQUET-4711", "2026-11-24")


@pytest.fixture
def browser():
    return ec.generate_private_key(ec.SECP256R1())


def key_of(browser) -> Recipient:
    return Recipient(browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@pytest.fixture
def agent():
    return make.agent().user


@pytest.fixture
def supervisor():
    return make.agent(role=Role.SUPERVISOR).user


@pytest.fixture
def custodians():
    return [User.objects.create_user(f"referent{n}", role=Role.CUSTODIAN) for n in (1, 2, 3)]


def ask(agent, *, report=None, field=OpeningField.NAME, urgent=False, recipient=None) -> OpeningRequest:
    return opening_actions.ask(
        report=report or file(uuid.uuid4(), name="Anaïs Martin"),
        field=field,
        grounds=GROUNDS,
        is_urgent=urgent,
        recipient=recipient,
        by=agent,
    )


def agreed(agent, supervisor, custodians, **more) -> OpeningRequest:
    """A request that everybody who must has agreed to."""
    opening = ask(agent, **more)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)
    if not opening.is_urgent:
        for custodian in custodians[:2]:
            opening_actions.agree(request_id=opening.pk, by=custodian)
    opening.refresh_from_db()
    assert opening.state == State.AGREED
    return opening


def answered(agent, supervisor, custodians, browser, text="Anaïs Martin", **more) -> OpeningRequest:
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser), **more)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply(text, recipient=key_of(browser), request=opening.public_id))
    opening_actions.answer(request_id=opening.pk, by=custodians[0], reply=reply)
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    return opening


# --- the whole way ----------------------------------------------------------------------------------------------


def test_whole_way_ends_with_one_reading(agent, supervisor, custodians, browser):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[2])
    text = unseal(envelope.sealed, private_key=SEAL_KEY, context=envelope.context)  # on another machine
    assert text == "Anaïs Martin"
    reply = Reply(envelope.request, seal_reply(text, recipient=envelope.recipient, request=envelope.request))
    opening_actions.answer(request_id=opening.pk, by=custodians[2], reply=reply)
    confirm(request_id=opening.pk, by=custodians[0])
    sealed = opening_actions.show(request_id=opening.pk, by=agent)
    assert unpad(SUITE.decrypt(sealed, browser, info=info(opening.public_id))) == "Anaïs Martin"
    opening.refresh_from_db()
    assert (opening.state, opening.sealed_reply) == (State.SHOWN, None)
    with pytest.raises(NotAllowed):
        opening_actions.show(request_id=opening.pk, by=agent)
    acts = [step.act for step in opening.steps.all()]
    assert acts == ["ask", "countersign", "agree", "agree", "take", "answer", "confirm", "show"]
    lines = AccessRecord.objects.filter(kind=AccessKind.OPENING).order_by("number")
    assert [line.detail.split()[1] for line in lines] == [f"{act}," for act in acts]
    assert {line.subject for line in lines} == {str(opening.report_public_id)}


def test_grounds_and_reasons_are_sealed_at_rest(agent, supervisor):
    opening = ask(agent)
    opening_actions.refuse(request_id=opening.pk, by=supervisor, reason="Marque : rien ne le justifie")
    assert opening_actions.grounds_of(opening) == GROUNDS
    assert opening_actions.note_of(opening.steps.get(act=Act.REFUSE)) == "Marque : rien ne le justifie"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, '') FROM reports_openingrequest r")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(s::text, '') FROM reports_openingstep s")
        kept += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(a::text, '') FROM reports_accessrecord a")
        kept += cursor.fetchone()[0]
    for mark in ("Menaces", "PARQUET-4711", "222-33", "Marque"):
        assert mark not in kept and mark.encode().hex() not in kept


def test_rotation_reaches_grounds_and_notes(agent, supervisor, settings, capsys):
    opening = ask(agent)
    opening_actions.refuse(request_id=opening.pk, by=supervisor, reason="Non")
    settings.CONTENT_KEYS = f"new:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=,{settings.CONTENT_KEYS}"
    call_command("rotate_keys")
    settings.CONTENT_KEYS = settings.CONTENT_KEYS.split(",")[0]
    opening.refresh_from_db()
    assert opening_actions.grounds_of(opening) == GROUNDS
    assert opening_actions.note_of(opening.steps.get(act=Act.REFUSE)) == "Non"
    capsys.readouterr()


# --- who may ----------------------------------------------------------------------------------------------------


def test_nobody_agrees_for_somebody_else(agent, supervisor, custodians):
    opening = ask(agent)
    stranger, admin = make.agent().user, User.objects.create_user("chef", role=Role.ADMINISTRATOR)
    for who in (agent, *custodians, stranger, admin):
        with pytest.raises(NotAllowed):
            opening_actions.countersign(request_id=opening.pk, by=who)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)
    for who in (agent, supervisor, stranger, admin):
        with pytest.raises(NotAllowed):
            opening_actions.agree(request_id=opening.pk, by=who)
        with pytest.raises(NotAllowed):
            opening_actions.take_envelope(request_id=opening.pk, by=who)


def test_supervisor_who_asks_does_not_countersign(supervisor, custodians):
    opening = ask(supervisor)
    with pytest.raises(NotAllowed):
        opening_actions.countersign(request_id=opening.pk, by=supervisor)
    opening_actions.countersign(request_id=opening.pk, by=make.agent(role=Role.SUPERVISOR).user)


def test_one_custodian_is_never_enough(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)
    opening_actions.agree(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.agree(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])


@pytest.mark.django_db(transaction=True)
def test_one_custodian_who_clicks_six_times_at_once_agrees_once(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)

    def click(_number):
        try:
            opening_actions.agree(request_id=opening.pk, by=custodians[0])
        except NotAllowed:
            return 0
        return 1

    assert sum(in_threads(6, click)) == 1
    opening.refresh_from_db()
    assert opening.state == State.COUNTERSIGNED


@pytest.mark.django_db(transaction=True)
def test_answer_asked_for_six_times_at_once_is_given_once(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)

    def read(_number):
        try:
            return bool(opening_actions.show(request_id=opening.pk, by=agent))
        except NotAllowed:
            return False

    assert sorted(in_threads(6, read)) == [False] * 5 + [True]


def test_refusal_of_one_custodian_ends_it(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening_actions.refuse(request_id=opening.pk, by=custodians[2], reason="Le document n'est pas le bon")
    for act in (opening_actions.take_envelope, opening_actions.withdraw, opening_actions.shown_here):
        with pytest.raises(NotAllowed):
            act(request_id=opening.pk, by=custodians[0])


def test_withdrawn_answer_is_gone(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)
    opening_actions.withdraw(request_id=opening.pk, by=agent)
    opening.refresh_from_db()
    assert (opening.state, opening.sealed_reply) == (State.WITHDRAWN, None)


def test_answer_to_another_request_is_refused(agent, supervisor, custodians, browser):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    other = uuid.uuid4()
    reply = Reply(other, seal_reply("x", recipient=key_of(browser), request=other))
    with pytest.raises(OtherRequest):
        opening_actions.answer(request_id=opening.pk, by=custodians[0], reply=reply)


def test_request_without_a_browser_is_shown_on_the_spot(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert (envelope.request, envelope.recipient) == (None, None)
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[0])
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening.state == State.SHOWN


def test_each_field_opens_its_own_value(agent, supervisor, custodians):
    report = file(uuid.uuid4(), name="Anaïs", contact="ici", connection=Connection("203.0.113.1", "1"))
    record([Arrival(report.public_id, Connection("203.0.113.2", "2"), timezone.now())])
    opened = []
    for field in OpeningField.values:
        opening = agreed(agent, supervisor, custodians, report=report, field=field)
        envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
        opened.append(unseal(envelope.sealed, private_key=SEAL_KEY, context=envelope.context).split("\n")[0])
    assert opened == ["Anaïs", "ici", "adresse : 203.0.113.1", "adresse : 203.0.113.2"]


def test_deleted_report_leaves_nothing_to_open(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening.report.delete()
    with pytest.raises(ReportGone):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert OpeningRequest.objects.get().report_public_id == opening.report_public_id


def test_browser_keeps_the_keys_of_open_requests_and_no_other(agent, supervisor, custodians, browser):
    assert opening_actions.browser_keys(agent).wanted == ""
    ask(agent, field=OpeningField.CONTACT)  # to be shown on the spot: no key
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    assert opening_actions.browser_keys(agent).wanted == key_of(browser).text
    assert opening_actions.browser_keys(supervisor).wanted == ""
    assert opening_actions.browser_keys(supervisor).owner != opening_actions.browser_keys(agent).owner
    opening_actions.withdraw(request_id=opening.pk, by=agent)
    assert opening_actions.browser_keys(agent).wanted == ""


def test_browser_keeps_the_key_while_the_exchange_waits_for_somebody_again(browser):
    """The agent's line was cut: what is not theirs for a moment comes back, and the answer with it."""
    agent = make.agent()
    conversation = make.assigned(agent)
    report = file(uuid.uuid4())
    waiting, conversation.report = conversation.report, report
    conversation.save()
    waiting.delete()
    opening = ask(agent.user, report=report, recipient=key_of(browser))
    conversation.assigned_to, conversation.assigned_at = None, None
    conversation.status = "waiting"
    conversation.save()
    assert opening_actions.find(agent.user, opening.public_id) is None
    assert opening_actions.browser_keys(agent.user).wanted == key_of(browser).text


# --- imminent danger --------------------------------------------------------------------------------------------


def test_imminent_danger_is_two_people_then_a_review_that_stays_red(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    assert not opening_actions.standing_of(opening).owes_review
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening_actions.standing_of(opening).owes_review
    assert opening in opening_actions.waiting_for(custodians[2])
    assert opening in opening_actions.late(timezone.now() + timedelta(hours=1))
    for who in (agent, supervisor, *custodians[:2]):  # who asked, who allowed, who opened
        with pytest.raises(NotAllowed):
            opening_actions.review(request_id=opening.pk, by=who, text="Tout va bien")
    opening_actions.review(request_id=opening.pk, by=custodians[2], text="Vie sauvée")
    opening.refresh_from_db()
    assert not opening_actions.standing_of(opening).owes_review
    assert opening not in opening_actions.waiting_for(custodians[2])


@pytest.mark.django_db(transaction=True)
def test_acts_of_an_opening_begin_a_transaction_of_their_own(agent, supervisor, custodians, browser):
    """Where no test holds one around them, as on a site: each locks the request."""
    opening = answered(agent, supervisor, custodians, browser)
    assert opening_actions.show(request_id=opening.pk, by=agent)
    refused, withdrawn = ask(agent), ask(agent)
    opening_actions.refuse(request_id=refused.pk, by=supervisor, reason="Sans fondement")
    opening_actions.withdraw(request_id=withdrawn.pk, by=agent)
    urgent = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=urgent.pk, by=custodians[0])
    opening_actions.shown_here(request_id=urgent.pk, by=custodians[0])
    confirm(request_id=urgent.pk, by=custodians[1])
    opening_actions.review(request_id=urgent.pk, by=custodians[2], text="Vie sauvée")
    states = OpeningRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [State.SHOWN, State.REFUSED, State.WITHDRAWN, State.SHOWN]
    assert opening_actions.expire(now=timezone.now() + timedelta(days=60)) == 0


def test_review_is_owed_when_the_envelope_left_and_the_rest_did_not_follow(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert opening_actions.expire(now=timezone.now() + timedelta(days=1)) == 1
    opening.refresh_from_db()
    assert opening.state == State.EXPIRED
    assert opening_actions.standing_of(opening).owes_review


# --- terms ------------------------------------------------------------------------------------------------------


def test_worker_ends_what_has_passed_its_term(agent, supervisor, custodians, browser, caplog):
    unread = answered(agent, supervisor, custodians, browser)
    forgotten, fresh = ask(agent), ask(agent)
    OpeningRequest.objects.filter(pk=unread.pk).update(moved_at=timezone.now() - timedelta(minutes=61))
    OpeningRequest.objects.filter(pk=forgotten.pk).update(asked_at=timezone.now() - timedelta(days=15))
    OpeningRequest.objects.filter(pk=fresh.pk).update(moved_at=timezone.now() - timedelta(days=2))
    with pytest.raises(NotAllowed):  # before the worker came
        opening_actions.countersign(request_id=forgotten.pk, by=supervisor)
    run_worker.Command()._remind()
    states = [OpeningRequest.objects.get(pk=one.pk).state for one in (unread, forgotten, fresh)]
    assert states == [State.EXPIRED, State.EXPIRED, State.ASKED]
    assert OpeningRequest.objects.get(pk=unread.pk).sealed_reply is None
    assert "openings_late count=1 urgent=0" in caplog.text


def test_answer_is_kept_in_no_other_state(agent):
    opening = ask(agent)
    with pytest.raises(IntegrityError, match="opening_reply_only_until_read"), transaction.atomic():
        OpeningRequest.objects.filter(pk=opening.pk).update(sealed_reply=b"x")


# --- the pages --------------------------------------------------------------------------------------------------


def test_agent_asks_from_the_conversation(browser):
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    client = signed_in(agent.user)
    url = f"/console/echange/{conversation.public_id}/levee/"
    data = {
        "field": "name", "motive": "Menaces", "legal_ground": "Texte", "prosecutor_reference": "P-1",
        "prosecutor_on": "2026-11-20", "recipient": key_of(browser).text,
    }  # fmt: skip
    for missing, said in {
        "field": "une seule chose par demande", "motive": "pourquoi il faut ouvrir",
        "legal_ground": "sur lequel se fonde",
        "prosecutor_reference": "référence de l&#x27;autorisation", "prosecutor_on": "date de l&#x27;autorisation",
    }.items():  # fmt: skip
        response = client.post(url, {name: value for name, value in data.items() if name != missing})
        assert response.status_code == 200 and said in response.text
        assert missing == "motive" or "Menaces" in response.text  # nothing is lost
    assert not OpeningRequest.objects.exists()
    assert "dans l&#x27;avenir" in client.post(url, {**data, "prosecutor_on": "2999-01-01"}).text
    response = client.post(url, data)
    opening = OpeningRequest.objects.get()
    assert response.headers["Location"] == reverse("openings:detail", args=[opening.public_id])
    page = client.get(response.headers["Location"]).text
    assert key_of(browser).fingerprint in page and "Menaces" in page
    assert (
        f"/console/echange/{conversation.public_id}/levee/"
        in client.get(f"/console/echange/{conversation.public_id}/").text
    )


def test_imminent_danger_is_asked_without_an_authorisation():
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    data = {"field": "name", "motive": "Il est devant la porte", "legal_ground": "Texte", "is_urgent": "on"}
    signed_in(agent.user).post(f"/console/echange/{conversation.public_id}/levee/", data)
    assert OpeningRequest.objects.get().is_urgent


def test_another_agent_cannot_ask_nor_see(agent, custodians):
    conversation = make.assigned(make.agent())
    opening = ask(agent)
    stranger = signed_in(make.agent(unit_name="Ailleurs").user)
    assert stranger.get(f"/console/echange/{conversation.public_id}/levee/").status_code == 404
    assert stranger.get(reverse("openings:detail", args=[opening.public_id])).status_code == 404
    assert stranger.post(reverse("openings:show", args=[opening.public_id])).status_code == 404
    assert "Anonymat" not in stranger.get(reverse("openings:index")).text


def test_administrator_sees_the_register_and_no_request(agent):
    opening = ask(agent)
    client = signed_in(User.objects.create_user("chef", role=Role.ADMINISTRATOR))
    assert client.get(reverse("openings:detail", args=[opening.public_id])).status_code == 404
    assert client.get(reverse("openings:index")).status_code == 403
    page = client.get(reverse("openings:register")).text
    assert str(opening.public_id) in page and "Menaces" not in page and "PARQUET" not in page


def test_pages_of_everybody_through_the_whole_way(agent, supervisor, custodians, browser):
    opening = ask(agent, recipient=key_of(browser))
    asker, chief, one, two = map(signed_in, (agent, supervisor, *custodians[:2]))

    def page(client):
        return client.get(reverse("openings:detail", args=[opening.public_id])).text

    def do(client, act, **data):
        response = client.post(reverse(f"openings:{act}", args=[opening.public_id]), data, follow=True)
        assert response.status_code == 200
        return response

    assert "Contresigner" not in page(asker) and "Contresigner" in page(chief)
    assert "Contresigner" not in page(one)
    refused = do(chief, "refuse").text
    assert "indiquez" in refused.lower()  # a reason is asked for
    assert 'role="alert" tabindex="-1" autofocus' in refused and 'href="#id_reason"' in refused
    do(chief, "countersign")
    assert "a changé entre-temps" in do(chief, "countersign").text
    do(one, "agree")
    assert "Donner mon accord" not in page(one) and "Donner mon accord" in page(two)
    do(two, "agree")
    envelope = do(one, "envelope")
    assert envelope.headers["Content-Disposition"].startswith("attachment")
    assert set(json.loads(envelope.content)) >= {"sealed", "recipient", "request"}
    assert "n&#x27;est pas un fichier de réponse" in do(one, "answer", reply="{}").text
    reply = Reply(opening.public_id, seal_reply("", recipient=key_of(browser), request=opening.public_id))
    assert "doit maintenant la confirmer" in do(one, "answer", reply=reply.text).text
    assert "Afficher maintenant" not in page(asker) and reply.fingerprint in page(two)
    assert "une heure pour lire" in do(two, "confirm", fingerprint=reply.fingerprint).text
    assert "Afficher maintenant" in page(asker) and "Afficher maintenant" not in page(chief)
    assert chief.post(reverse("openings:show", args=[opening.public_id])).status_code == 409
    shown = asker.post(reverse("openings:show", args=[opening.public_id]))
    assert shown.json()["sealed"] and shown.headers["Cache-Control"] == "no-store"
    assert asker.post(reverse("openings:show", args=[opening.public_id])).status_code == 409


def test_screens_and_answers_are_the_same_whether_there_is_something_or_not(agent, supervisor, custodians, browser):
    """Of the same size, and with as many queries, at every step and for everybody."""
    people = {user: signed_in(user) for user in (agent, supervisor, *custodians)}
    seen = []
    for name in ("Anaïs Martin", ""):
        opening = ask(agent, report=file(uuid.uuid4(), name=name), recipient=key_of(browser))
        sizes = []

        def do(user, act, opening=opening, sizes=sizes, **data):
            with CaptureQueriesContext(connection) as queries:
                response = people[user].post(reverse(f"openings:{act}", args=[opening.public_id]), data)
            sizes.append((act, response.status_code, len(queries)))
            for each, client in people.items():
                with CaptureQueriesContext(connection) as queries:
                    page = client.get(reverse("openings:detail", args=[opening.public_id]))
                sizes.append((each.username, page.status_code, len(page.content), len(queries)))
            return response

        do(supervisor, "countersign")
        do(custodians[0], "agree")
        do(custodians[1], "agree")
        envelope = json.loads(do(custodians[0], "envelope").content)
        sizes.append({field: len(str(value)) for field, value in envelope.items() if field != "version"})
        reply = Reply(opening.public_id, seal_reply(name, recipient=key_of(browser), request=opening.public_id))
        do(custodians[1], "answer", reply=reply.text)
        do(custodians[0], "confirm", fingerprint=reply.fingerprint)
        sizes.append(len(do(agent, "show").content))
        seen.append(sizes)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 7 * 6 + 2


def test_list_says_what_waits_and_what_is_over(agent, supervisor):
    opening = ask(agent)
    client = signed_in(agent)
    assert "en attente depuis" in client.get(reverse("openings:index")).text
    opening_actions.refuse(request_id=opening.pk, by=supervisor, reason="Non")
    page = client.get(reverse("openings:index")).text
    assert "finie depuis" in page and "en attente" not in page


def test_register_for_a_spreadsheet_runs_no_formula(custodians, supervisor):
    evil = make.agent().user
    evil.username = "=HYPERLINK(1)"
    evil.save()
    ask(evil)
    response = signed_in(custodians[0]).get(reverse("openings:register_csv"))
    rows = list(csv.reader(io.StringIO(response.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[1][5] == "'=HYPERLINK(1)" and len(rows) == 2
    # The file is all that its reader has: the hours' zone stands in it.
    assert [head for head in rows[0] if "(UTC)" in head] == ["Demandée le (UTC)", "Depuis le (UTC)", "Examen (UTC)"]
    assert AccessRecord.objects.filter(kind=AccessKind.EXPORT, detail="csv").exists()


def test_register_on_paper_is_tagged(custodians, agent):
    ask(agent)
    response = signed_in(custodians[0]).get(reverse("openings:register_pdf"))
    assert response.content.startswith(b"%PDF-1.7") and b"/StructTreeRoot" in response.content
    assert AccessRecord.objects.filter(kind=AccessKind.EXPORT, detail="pdf").exists()


@pytest.mark.parametrize("url", ["register", "register_csv", "register_pdf"])
def test_register_is_for_control_only(agent, supervisor, url):
    for user in (agent, supervisor):
        assert signed_in(user).get(reverse(f"openings:{url}")).status_code == 403


def test_console_says_how_many_wait(agent, supervisor):
    ask(agent, urgent=True)
    page = squeezed(signed_in(supervisor).get("/console/").text)
    assert re.search(r'data-openings="1".*1&nbsp;urgent<span', page)
    assert OpeningStep.objects.count() == 1


def test_console_says_late_of_what_is_late_and_nothing_of_what_is_not(agent, supervisor):
    request = ask(agent)
    client = signed_in(supervisor)
    page = squeezed(client.get("/console/").text)
    assert re.search(r'data-openings="1".*1<span class="fr-sr-only">à traiter</span></span>', page)
    OpeningRequest.objects.filter(pk=request.pk).update(moved_at=timezone.now() - timedelta(hours=25))
    assert re.search(r'data-openings="1".*1&nbsp;en retard<span', squeezed(client.get("/console/").text))
    # What the console's script asks for again says it too, and the list says when it ends by itself.
    assert "en retard" in client.get("/console/passages/?partie=offres").text
    term = timezone.localtime(opening_actions.term_of(request))
    assert f"Sans suite, fin le {date_format(term, 'j F Y')}" in client.get(reverse("openings:index")).text


def test_list_shows_what_still_waits_before_what_is_over(agent, supervisor, custodians):
    first = ask(agent)
    opening_actions.countersign(request_id=first.pk, by=supervisor)
    later = ask(agent)
    opening_actions.withdraw(request_id=later.pk, by=agent)
    page = signed_in(supervisor).get(reverse("openings:index")).text
    assert page.index(str(first.public_id)) < page.index(str(later.public_id))


def test_custodian_signs_in_to_their_own_room(custodians, rf):
    from pnav.accounts.adapters import AccountAdapter

    request = rf.get("/")
    request.user = custodians[0]
    assert AccountAdapter(request).get_login_redirect_url(request) == "/levees/"
    client = signed_in(custodians[0])
    assert client.get("/levees/").status_code == 200
    assert client.get("/console/").status_code == 403


ACTS = ["countersign", "agree", "refuse", "withdraw", "envelope", "answer", "shown_here", "confirm", "show", "review"]


@pytest.mark.parametrize("act", ACTS)
def test_act_asks_again_who_it_is_when_the_last_proof_is_old(agent, supervisor, custodians, browser, act, monkeypatch):
    opening = answered(agent, supervisor, custodians, browser)
    for user in (agent, supervisor, custodians[0]):
        client = signed_in(user)
        monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
        response = client.post(reverse(f"openings:{act}", args=[opening.public_id]))
        assert response.status_code == 302 and response.headers["Location"].startswith("/compte/")
        assert response.headers["Location"].endswith(f"?next=%2Flevees%2F{opening.public_id}%2F"), "a page, not the act"
        monkeypatch.undo()
    opening.refresh_from_db()
    assert opening.state == State.ANSWERED


def test_page_that_asks_for_an_opening_asks_again_and_its_form_loses_nothing(monkeypatch):
    agent = make.agent()
    url = f"/console/echange/{make.assigned(agent).public_id}/levee/"
    client = signed_in(agent.user)
    monkeypatch.setattr(reauthentication, "OPENS_SECONDS", 0)
    monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
    assert client.get(url).headers["Location"].startswith("/compte/")
    assert "Menaces" in client.post(url, {"motive": "Menaces"}).text, "an hour is left to write"
    monkeypatch.setattr(reauthentication, "LONG_SUBMITS_SECONDS", 0)
    assert client.post(url, {"motive": "Menaces"}).headers["Location"].startswith("/compte/")
    assert not OpeningRequest.objects.exists()


# --- what a hostile eye found -----------------------------------------------------------------------------------


def test_one_authorisation_opens_one_value_however_often_it_is_taken(agent, supervisor, custodians):
    report = file(uuid.uuid4(), connection=Connection("198.51.100.0", "1"))
    opening = agreed(agent, supervisor, custodians, report=report, field=OpeningField.LAST_CONNECTION)
    taken = set()
    for number in range(1, 4):
        record([Arrival(report.public_id, Connection(f"198.51.100.{number}", "1"), timezone.now())])
        taken.add(opening_actions.take_envelope(request_id=opening.pk, by=custodians[0]).sealed)
    assert len(taken) == 1


AGREED_TO = ["report", "report_public_id", "field", "version", "is_urgent", "recipient", "asked_by"]


@pytest.mark.parametrize("column", AGREED_TO)
def test_what_people_agreed_to_cannot_be_swapped_under_their_hands(agent, supervisor, custodians, browser, column):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    other = file(uuid.uuid4(), contact="ailleurs")
    theirs = other.sealed_values.get(field="contact")
    values = {
        "report": {"report": other, "report_public_id": other.public_id},
        "report_public_id": {"report_public_id": other.public_id},
        "field": {"field": "contact"},
        "version": {"version": theirs.version},
        "is_urgent": {"is_urgent": True},
        "recipient": {"recipient": key_of(ec.generate_private_key(ec.SECP256R1())).raw},
        "asked_by": {"asked_by": make.agent().user},
    }[column]
    OpeningRequest.objects.filter(pk=opening.pk).update(**values)
    with pytest.raises(opening_actions.Altered):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    client = signed_in(custodians[0])
    assert "N'y donnez pas suite" in client.get(reverse("openings:detail", args=[opening.public_id])).text
    response = client.post(reverse("openings:envelope", args=[opening.public_id]), follow=True)
    assert "n&#x27;est plus celle qui a été accordée" in response.text


def test_one_custodian_alone_names_nobody(agent, supervisor, custodians, browser):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    forged = Reply(opening.public_id, seal_reply("Innocent", recipient=key_of(browser), request=opening.public_id))
    with pytest.raises(NotAllowed):  # no envelope left
        opening_actions.answer(request_id=opening.pk, by=custodians[0], reply=forged)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.answer(request_id=opening.pk, by=custodians[0], reply=forged)
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.show(request_id=opening.pk, by=agent)


def test_another_role_is_no_second_person(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)
    supervisor.role = Role.CUSTODIAN
    supervisor.save()
    with pytest.raises(NotAllowed):
        opening_actions.agree(request_id=opening.pk, by=supervisor)
    agent.role = Role.CUSTODIAN
    agent.save()
    with pytest.raises(NotAllowed):
        opening_actions.agree(request_id=opening.pk, by=agent)


def test_agreement_of_who_left_counts_no_more(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign(request_id=opening.pk, by=supervisor)
    opening_actions.agree(request_id=opening.pk, by=custodians[0])
    custodians[0].is_active = False
    custodians[0].save()
    opening_actions.agree(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening.state == State.COUNTERSIGNED
    opening_actions.agree(request_id=opening.pk, by=custodians[2])
    opening.refresh_from_db()
    assert opening.state == State.AGREED


def test_agreement_of_who_left_opens_nothing_later_either(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    custodians[0].is_active = False
    custodians[0].save()
    with pytest.raises(NotAllowed):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[1])
    opening_actions.agree(request_id=opening.pk, by=custodians[2])
    assert opening_actions.take_envelope(request_id=opening.pk, by=custodians[1]).sealed


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_asker_who_became_something_else_reads_nothing(agent, supervisor, custodians, browser, role):
    opening = answered(agent, supervisor, custodians, browser)
    agent.role = role
    agent.save()
    client = signed_in(agent)
    assert client.get(reverse("openings:detail", args=[opening.public_id])).status_code == 404
    assert client.post(reverse("openings:show", args=[opening.public_id])).status_code == 404


def test_asker_whose_exchange_went_to_somebody_else_reads_nothing(supervisor, custodians, browser):
    mine, theirs = make.agent(), make.agent()
    conversation = make.assigned(mine)
    report = file(uuid.uuid4(), name="Anaïs")
    waiting, conversation.report = conversation.report, report
    conversation.save()
    waiting.delete()
    opening = answered(mine.user, supervisor, custodians, browser, report=report)
    conversation.assigned_to = theirs
    conversation.save()
    for user in (mine.user, theirs.user):
        assert opening_actions.find(user, opening.public_id) is None
    with pytest.raises(NotAllowed):
        opening_actions.show(request_id=opening.pk, by=mine.user)


def test_whoever_did_not_ask_leaves_a_line_when_they_read_why(agent, custodians):
    opening = ask(agent)
    before = AccessRecord.objects.count()
    signed_in(agent).get(reverse("openings:detail", args=[opening.public_id]))
    assert AccessRecord.objects.count() == before
    signed_in(custodians[2]).get(reverse("openings:detail", args=[opening.public_id]))
    line = AccessRecord.objects.latest("number")
    assert (line.account_id, line.subject) == (custodians[2].pk, str(opening.report_public_id))
    assert " read, name " in line.detail


def test_asking_twice_with_a_double_click_is_one_request(agent):
    report = file(uuid.uuid4())
    assert ask(agent, report=report) == ask(agent, report=report)
    assert ask(agent, report=report, urgent=True) != ask(agent, report=report)  # danger did not wait for the first one


def test_report_older_than_the_seal_says_so():
    agent = make.agent()
    conversation = make.assigned(agent)
    data = {"field": "name", "motive": "Menaces", "legal_ground": "Texte", "is_urgent": "on"}
    response = signed_in(agent.user).post(f"/console/echange/{conversation.public_id}/levee/", data)
    assert "plus ancien que le scellé" in response.text and "Menaces" in response.text


def test_reading_on_the_spot_after_the_term_is_still_told(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.expire(now=timezone.now() + timedelta(days=15))
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    assert opening.steps.filter(act=Act.SHOW_HERE).exists()


def test_answer_that_expired_unconfirmed_is_no_witness_of_a_showing(agent, supervisor, custodians, browser):
    """One said that there was an answer, which is erased; another says that the value was shown: one witness each."""
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply("Anaïs", recipient=key_of(browser), request=opening.public_id))
    opening_actions.answer(request_id=opening.pk, by=custodians[0], reply=reply)
    opening_actions.expire(now=timezone.now() + timedelta(days=15))
    assert opening_actions.shown_here(request_id=opening.pk, by=custodians[1]).state == State.BROUGHT
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[1])
    assert confirm(request_id=opening.pk, by=custodians[0]).state == State.SHOWN, "who was there says so anew"


def test_answer_that_nobody_read_in_time_is_no_showing(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)
    opening_actions.expire(now=timezone.now() + timedelta(days=15))
    assert opening_actions.shown_here(request_id=opening.pk, by=custodians[2]).state == State.BROUGHT
    opening_actions.expire(now=timezone.now() + timedelta(days=30))
    opening.refresh_from_db()
    assert opening.state == State.EXPIRED


def test_grounds_go_with_the_report_and_the_request_stays(agent, supervisor):
    conversation = make.closed(make.agent())
    report = file(uuid.uuid4())
    old, conversation.report = conversation.report, report
    conversation.save()
    old.delete()
    opening = ask(conversation.assigned_to.user, report=report)
    opening_actions.refuse(request_id=opening.pk, by=supervisor, reason="Non")
    deletion.forget(timezone.now() + timedelta(days=3 * 365))
    opening.refresh_from_db()
    assert (opening.report, opening_actions.grounds_of(opening), opening.state) == (None, None, State.REFUSED)
    assert not opening.steps.filter(sealed_note__isnull=False).exists()


def test_request_whose_review_is_owed_is_never_forgotten(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.expire(now=timezone.now() + timedelta(days=1))
    retention_deletion.forget(timezone.now() + timedelta(days=20 * 365))
    assert OpeningRequest.objects.filter(pk=opening.pk).exists()
