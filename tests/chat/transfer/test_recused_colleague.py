"""Questions to colleagues never go to whoever passed this exchange on because they know somebody concerned."""

import re
from html import unescape

import pytest

from chat.casework import colleague_questions
from chat.conversations import dispatcher
from chat.models import Aside, AsidePart
from chat.rules.transfer import Reason
from tests.chat.console.agents import page_of, signed_in
from tests.chat.transfer.acts import accept, answer, cold, propose
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def to_the_agent(conversation, camille, alex):
    cold(conversation, camille, reason=Reason.IMPARTIALITY, agent=alex.pk)


def to_the_unit(conversation, camille, alex):
    cold(conversation, camille, reason=Reason.IMPARTIALITY, unit=alex.unit_id)
    assert dispatcher.dispatch() == 1


def with_a_summary(conversation, camille, alex):
    one = propose(conversation, camille, reason=Reason.IMPARTIALITY, agent=alex.pk)
    answer(one)
    accept(one, alex)


RECUSALS = pytest.mark.parametrize("recuse", [to_the_agent, to_the_unit, with_a_summary])


def console_of(agent):
    """Return the browser of this agent, signed in once."""
    if "console" not in vars(agent):
        agent.console = signed_in(agent.user)
    return agent.console


def ask(agent, conversation, colleague=""):
    data = {"body": "Comment fait-on ?", "colleague": str(colleague)}
    return unescape(console_of(agent).post(page_of(conversation) + "question/", data, follow=True).text)


@RECUSALS
def test_question_does_not_go_to_a_colleague_who_knows_somebody_concerned(conversation, camille, alex, recuse):
    recuse(conversation, camille, alex)
    page = unescape(console_of(alex).get(page_of(conversation)).text)
    choices = re.search(r'<select[^>]*id="collegue-.*?</select>', page, re.DOTALL).group()
    assert f'value="{camille.pk}"' not in choices and "Personne d'autre n'est disponible" in choices
    assert "Aucun collègue n'est disponible" in ask(alex, conversation)
    assert "n'est plus disponible" in ask(alex, conversation, camille.pk)
    with pytest.raises(colleague_questions.NobodyThere):
        colleague_questions.ask_colleagues(
            conversation_id=conversation.pk, body="Et vous ?", of=[camille.pk], by=alex.user
        )
    assert not Aside.objects.exists()


@RECUSALS
def test_question_to_all_goes_to_the_others_alone(conversation, camille, alex, recuse):
    recuse(conversation, camille, alex)
    sacha = make.agent(public_name="Sacha")
    ask(alex, conversation)
    assert set(AsidePart.objects.values_list("agent", flat=True)) == {alex.pk, sacha.pk}
    assert colleague_questions.open_questions(camille) == []


def test_they_are_asked_about_other_exchanges(conversation, camille, alex):
    to_the_agent(conversation, camille, alex)
    ask(alex, make.assigned(alex), camille.pk)
    assert [one.title for one in colleague_questions.open_questions(camille)] == ["Question de Alex"]


@pytest.mark.parametrize("is_for_all", [True, False])
def test_question_of_before_is_not_read_again_by_who_knows_somebody_concerned(camille, alex, is_for_all):
    """Alex asked Camille, passed the exchange on to her, and has it back."""
    sacha = make.agent(public_name="Sacha") if is_for_all else None
    conversation = make.assigned(alex)
    ask(alex, conversation, "" if is_for_all else camille.pk)
    aside = Aside.objects.get()
    assert len(colleague_questions.open_questions(camille)) == 1
    cold(conversation, alex, agent=camille.pk)
    cold(conversation, camille, reason=Reason.IMPARTIALITY, agent=alex.pk)
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex
    assert colleague_questions.open_questions(camille) == []
    theirs = console_of(camille).post(f"/console/aparte/{aside.public_id}/", {"body": "Une réponse"})
    assert theirs.status_code == 404 and aside.messages.count() == 1
    assert len(colleague_questions.open_questions(alex)) == is_for_all, "one that nobody else reads is over"
    if sacha:
        assert len(colleague_questions.open_questions(sacha)) == 1
