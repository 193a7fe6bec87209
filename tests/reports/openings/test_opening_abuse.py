"""What a hostile review found in disclosures, and what must hold against it."""

import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.urls import reverse
from django.utils import timezone

from chat.retention import deletion
from common.client_address import Connection
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from pnav.accounts.models import Role
from reports.models import AccessRecord, OpeningField, OpeningRequest
from reports.openings import actions as opening_actions
from reports.reporter_identity import Arrival, record
from reports.retention import deletion as retention_deletion
from reports.rules.openings import Act, NotAllowed, State
from reports.seal.replies import Reply, seal_reply
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.reports.openings.acts import GROUNDS, agreed, answered, ask, key_of
from tests.reports.test_actions import file
from tests.reports.witness import confirm
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


# --- what a hostile eye found -----------------------------------------------------------------------------------


def test_one_authorisation_opens_one_value_however_often_it_is_taken(agent, supervisor, custodians):
    report = file(uuid.uuid4(), connection=Connection("198.51.100.0", "1"))
    opening = agreed(agent, supervisor, custodians, report=report, field=OpeningField.LAST_CONNECTION)
    taken = set()
    for number in range(1, 4):
        record([Arrival(report.public_id, Connection(f"198.51.100.{number}", "1"), timezone.now())])
        taken.add(opening_actions.take_envelope(request_id=opening.pk, by=custodians[0]).sealed)
    assert len(taken) == 1


def test_envelope_whose_key_cannot_be_read_is_not_handed_out_and_is_told(agent, supervisor, custodians):
    report = file(uuid.uuid4(), name="Anaïs")
    opening = agreed(agent, supervisor, custodians, report=report)
    wrapped = WrappedKey.objects.get(pk=report.data_key)
    data_keys.erase([report.data_key])
    client = signed_in(custodians[0])
    address = reverse("openings:envelope", args=[opening.public_id])
    assert "la clé de cet échange ne répond pas" in client.post(address, follow=True).content.decode()
    assert not opening.steps.filter(act=Act.TAKE).exists(), "nothing was taken"
    wrapped.save(force_insert=True)
    data_keys.forget_all()
    assert client.post(address).headers["Content-Type"] == "application/json"


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
    with pytest.raises(NotAllowed):  # no envelope is left
        opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=forged)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=forged)
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.show_answer(request_id=opening.pk, by=agent)


def test_another_role_is_no_second_person(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    supervisor.role = Role.CUSTODIAN
    supervisor.save()
    with pytest.raises(NotAllowed):
        opening_actions.agree_to_request(request_id=opening.pk, by=supervisor)
    agent.role = Role.CUSTODIAN
    agent.save()
    with pytest.raises(NotAllowed):
        opening_actions.agree_to_request(request_id=opening.pk, by=agent)


def test_agreement_of_who_left_counts_no_more(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[0])
    custodians[0].is_active = False
    custodians[0].save()
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening.state == State.COUNTERSIGNED
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[2])
    opening.refresh_from_db()
    assert opening.state == State.AGREED


def test_agreement_of_who_left_opens_nothing_later_either(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    custodians[0].is_active = False
    custodians[0].save()
    with pytest.raises(NotAllowed):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[1])
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[2])
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
    assert opening_actions.find_request(mine.user, opening.public_id) is None
    # The agent who answers now may ask to take it over, and reads nothing of it before a supervisor said yes
    # (test_passing_on).
    assert opening_actions.acts_of(theirs.user, opening) == {Act.CLAIM}
    assert GROUNDS.motive not in signed_in(theirs.user).get(reverse("openings:detail", args=[opening.public_id])).text
    for user in (mine.user, theirs.user):
        with pytest.raises(NotAllowed):
            opening_actions.show_answer(request_id=opening.pk, by=user)


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
    # In a danger, the second request did not wait for the first.
    assert ask(agent, report=report, urgent=True) != ask(agent, report=report)


def test_asking_otherwise_while_one_waits_loses_nothing_that_was_typed(browser):
    """The first request stays as it is, with its grounds and its browser's key, and the page says that it waits."""
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    client, address = signed_in(agent.user), f"/console/echange/{conversation.public_id}/levee/"
    data = {"field": "name", "motive": "Menaces", "legal_ground": "Texte", "is_urgent": "on"}
    first = client.post(address, data)
    opening = OpeningRequest.objects.get()
    assert client.post(address, data).headers["Location"] == first.headers["Location"], "the same, pressed twice"
    assert "Demande envoyée" in client.get(first.headers["Location"]).text
    for changed in ({"motive": "Il est devant la porte"}, {"recipient": key_of(browser).text}):
        answer = client.post(address, {**data, **changed})
        page = squeezed(answer.text.replace("&#x27;", "'"))
        assert answer.status_code == 200 and "Une demande attend déjà. Pour la changer, retirez-la d'abord." in page
        assert changed.get("motive", "Menaces") in page and reverse("openings:detail", args=[opening.public_id]) in page
        assert "Demande envoyée" not in page
    kept = OpeningRequest.objects.get()
    assert opening_actions.grounds_of(kept).motive == "Menaces" and bytes(kept.recipient) == b""
    opening_actions.withdraw_request(request_id=opening.pk, by=agent.user)
    client.post(address, {**data, "motive": "Il est devant la porte"})
    assert opening_actions.grounds_of(OpeningRequest.objects.latest("pk")).motive == "Il est devant la porte"


def test_report_older_than_the_seal_says_so():
    agent = make.agent()
    conversation = make.assigned(agent)
    data = {"field": "name", "motive": "Menaces", "legal_ground": "Texte", "is_urgent": "on"}
    response = signed_in(agent.user).post(f"/console/echange/{conversation.public_id}/levee/", data)
    assert "plus ancien que le scellé" in response.text and "Menaces" in response.text


def test_reading_on_the_spot_after_the_term_is_still_told(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.expire_requests(now=timezone.now() + timedelta(days=15))
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    assert opening.steps.filter(act=Act.SHOW_HERE).exists()


def test_answer_that_expired_unconfirmed_is_no_witness_of_a_showing(agent, supervisor, custodians, browser):
    """One said that there was an answer, which is erased; another says that the value was shown: one witness each."""
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply("Anaïs", recipient=key_of(browser), request=opening.public_id))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply)
    opening_actions.expire_requests(now=timezone.now() + timedelta(days=15))
    assert opening_actions.shown_here(request_id=opening.pk, by=custodians[1]).state == State.BROUGHT
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[1])
    assert confirm(request_id=opening.pk, by=custodians[0]).state == State.SHOWN, "who was there says so anew"


def test_answer_that_nobody_read_in_time_is_no_showing(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)
    opening_actions.expire_requests(now=timezone.now() + timedelta(days=15))
    assert opening_actions.shown_here(request_id=opening.pk, by=custodians[2]).state == State.BROUGHT
    opening_actions.expire_requests(now=timezone.now() + timedelta(days=30))
    opening.refresh_from_db()
    assert opening.state == State.EXPIRED


def test_grounds_go_with_the_report_and_the_request_stays(agent, supervisor):
    conversation = make.closed(make.agent())
    report = file(uuid.uuid4())
    old, conversation.report = conversation.report, report
    conversation.save()
    old.delete()
    opening = ask(conversation.assigned_to.user, report=report)
    opening_actions.refuse_request(request_id=opening.pk, by=supervisor, reason="Non")
    deletion.forget(timezone.now() + timedelta(days=3 * 365))
    opening.refresh_from_db()
    assert (opening.report, opening_actions.grounds_of(opening), opening.state) == (None, None, State.REFUSED)
    assert not opening.steps.filter(sealed_note__isnull=False).exists()


def test_request_whose_review_is_owed_is_never_forgotten(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.expire_requests(now=timezone.now() + timedelta(days=1))
    retention_deletion.forget(timezone.now() + timedelta(days=20 * 365))
    assert OpeningRequest.objects.filter(pk=opening.pk).exists()
