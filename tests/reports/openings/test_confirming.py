"""A custodian confirms only the answer whose fingerprint they read."""

import pytest
from django.urls import reverse

from reports.models import OpeningRequest
from reports.openings import actions as opening_actions
from reports.openings.actions import OtherReply
from reports.rules.openings import State
from reports.seal.replies import Reply, seal_reply
from tests.chat.console.agents import signed_in
from tests.reports.openings.acts import agreed, key_of

pytestmark = pytest.mark.django_db


def reply_to(opening, browser, text="Anaïs Martin") -> Reply:
    return Reply(opening.public_id, seal_reply(text, recipient=key_of(browser), request=opening.public_id))


@pytest.fixture
def brought(agent, supervisor, custodians, browser) -> OpeningRequest:
    """Return a request to which one custodian brought an answer; the others are to confirm it."""
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply_to(opening, browser))
    opening.refresh_from_db()
    return opening


def test_answer_that_was_read_is_confirmed(brought, custodians):
    read = opening_actions.reply_fingerprint(brought)
    done = opening_actions.confirm_answer(request_id=brought.pk, by=custodians[1], fingerprint=read)
    assert done.state == State.ANSWERED


@pytest.mark.parametrize("posted", ["", "0000", "é\0"])
def test_answer_is_not_confirmed_unread(brought, custodians, posted):
    with pytest.raises(OtherReply):
        opening_actions.confirm_answer(request_id=brought.pk, by=custodians[1], fingerprint=posted)
    brought.refresh_from_db()
    assert brought.state == State.BROUGHT


def test_value_shown_on_the_spot_is_not_confirmed_for_an_answer(agent, supervisor, custodians, brought):
    """It is the same the other way round: what was read was an answer, and a showing is what is told."""
    read = opening_actions.reply_fingerprint(brought)
    shown = agreed(agent, supervisor, custodians)
    opening_actions.take_envelope(request_id=shown.pk, by=custodians[0])
    opening_actions.shown_here(request_id=shown.pk, by=custodians[0])
    with pytest.raises(OtherReply):
        opening_actions.confirm_answer(request_id=shown.pk, by=custodians[1], fingerprint=read)
    assert opening_actions.confirm_answer(request_id=shown.pk, by=custodians[1], fingerprint="").state == State.SHOWN


def test_answer_exchanged_after_it_was_read_is_refused_in_words(brought, custodians, browser):
    """Somebody with the database puts another answer under the eyes of the custodian who is about to confirm."""
    client = signed_in(custodians[1])
    page = client.get(reverse("openings:detail", args=[brought.public_id])).text
    read = opening_actions.reply_fingerprint(brought)
    assert f'name="fingerprint" value="{read}"' in page
    exchanged = reply_to(brought, browser, "Innocent")
    OpeningRequest.objects.filter(pk=brought.pk).update(sealed_reply=exchanged.sealed)
    url = reverse("openings:confirm", args=[brought.public_id])
    page = client.post(url, {"fingerprint": read}, follow=True).text
    assert "Rien n&#x27;est confirmé : la réponse n&#x27;est plus celle dont vous avez lu l&#x27;empreinte" in page
    assert exchanged.fingerprint in page and read not in page
    brought.refresh_from_db()
    assert brought.state == State.BROUGHT
