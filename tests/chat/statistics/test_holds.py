"""« Je reviens dans 5 minutes » in figures."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.casework import holds
from chat.conversations import actions
from chat.models import Hold
from chat.rules.lifecycle import Author
from chat.statistics import holds as hold_statistics
from chat.statistics.holds import Figures, Made
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make

NOW = timezone.now()
UNTIL = NOW - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("made", "counted"),
    [
        (Made(UNTIL, UNTIL, False, False), (1, 0)),
        (Made(UNTIL, UNTIL + timedelta(seconds=1), False, False), (0, 1)),
        (Made(UNTIL, None, False, False), (0, 1)),
        (Made(NOW + timedelta(minutes=1), None, False, False), (0, 0)),  # it still runs
        (Made(UNTIL, UNTIL, True, False), (0, 0)),  # it was replaced in time, and the other one counts
        (Made(UNTIL, NOW, True, False), (0, 1)),  # it was replaced too late
        (Made(UNTIL, None, False, True), (0, 0)),  # there is nobody to come back to
    ],
)
def test_count(made, counted):
    assert hold_statistics.count([made], NOW) == counted


@pytest.mark.django_db
def test_figures_of_the_last_day(django_assert_num_queries):
    agent = make.agent(capacity=9)

    def promised(minutes=5, ago=0):
        conversation = make.assigned(agent)
        type(conversation).objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(ago + 1))
        hold = holds.promise_return(conversation_id=conversation.pk, minutes=minutes, by=agent.user)
        held_at = make.long_ago(ago)
        Hold.objects.filter(pk=hold.pk).update(held_at=held_at, until=held_at + timedelta(minutes=minutes))
        conversation.refresh_from_db()
        return conversation

    make.message(promised(), "Me voilà", author=Author.AGENT)  # kept, because the agent wrote
    holds.lift_hold(conversation_id=promised().pk, by=agent.user)  # kept, because the agent said so
    make.message(promised(ago=30), "Enfin", author=Author.AGENT)  # kept late
    promised(ago=20)  # late, and the agent is not back yet
    promised()  # it still runs
    again = promised()
    holds.promise_return(conversation_id=again.pk, minutes=10, by=agent.user)  # one promise that runs, and not two
    over = promised()
    actions.close_conversation(conversation_id=over.pk, by_author=Author.REPORTER)  # ended in time
    promised(ago=60 * 25)  # yesterday's: not in the figures of the day, but over all the same
    with django_assert_num_queries(2):
        found = hold_statistics.figures(timezone.now())
    assert found == Figures(running=4, over=2, kept=2, late=2)


@pytest.mark.django_db
def test_board_says_them():
    supervisor = make.agent(role=Role.SUPERVISOR)
    conversation = make.assigned(make.agent())
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=conversation.assigned_to.user)
    page = signed_in(supervisor.user).get("/console/tableau/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Retours promis" in text and "<dt>En cours</dt><dd>1</dd>" in text and "Tenus en 24 h" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ago", "later", "found"),
    [
        (0, 0, Figures(running=1, over=0, kept=0, late=0)),  # the reply alone was sent
        (0, 1, Figures(running=0, over=0, kept=1, late=0)),  # then a message: back in time
        (3, 0, Figures(running=0, over=0, kept=1, late=0)),  # the reply was emptied, and the agent is back in time
        (30, 0, Figures(running=0, over=0, kept=0, late=1)),  # the first message came too late to be that reply
        (30, 1, Figures(running=0, over=0, kept=0, late=1)),
    ],
)
def test_the_reply_of_a_macro_is_not_the_agent_who_is_back(ago, later, found):
    agent = make.agent()
    conversation = make.assigned(agent)
    type(conversation).objects.update(assigned_at=make.long_ago(ago + 1))
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user, spares_reply=True)
    held_at = make.long_ago(ago)
    Hold.objects.update(held_at=held_at, until=held_at + timedelta(minutes=5))
    conversation.refresh_from_db()
    make.thread(conversation, ["Je relis."] * (1 + later), Author.AGENT)
    assert hold_statistics.figures(timezone.now()) == found
