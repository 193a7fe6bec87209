"""What open pages are told when a conversation is passed on: there is no new frame, and nobody keeps what is no longer
theirs.
"""

import pytest

from chat.rules.lifecycle import Author
from chat.rules.transfer import Answer, Reason, Target
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from pnav.accounts.models import Role
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


def situation():
    camille = make.agent(public_name="Camille", unit_name="Ici")
    alex = make.agent(public_name="Alex", unit_name="Ailleurs")
    conversation = make.assigned(camille)
    return conversation, camille, alex, visit(conversation), signed_in(camille), signed_in(alex)


def offered(conversation, camille, alex):
    one = transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=camille,
        target=Target(agent=alex.pk),
        reason=Reason.END_OF_DUTY,
        summary="Une rumeur.",
    )
    transfer_actions.answer_summary(handover_id=one.pk, conversation_id=conversation.pk, answer=Answer.AGREED)
    return one


async def test_accepting_moves_both_consoles_and_tells_the_person():
    conversation, camille, alex, person_key, camille_key, alex_key = await in_db(situation)
    async with (
        Line("/ws/conversation/", person_key) as person,
        Line("/ws/console/", camille_key) as first,
        Line("/ws/console/", alex_key) as second,
    ):
        await person.send(type="sync", after=0)
        await person.until("state")
        await first.until("assigned")
        one = await in_db(offered, conversation, camille, alex)
        await person.until(
            lambda frame: any("relire" in item["body"] or "relu" in item["body"] for item in items(frame))
        )
        await in_db(transfer_actions.accept_handover, handover_id=one.pk, conversation_id=conversation.pk, by=alex)
        gone = await first.until("released")
        assert (gone["conversation"], gone["reason"]) == (str(conversation.public_id), "released")
        assert (await second.until("assigned"))["conversation"] == str(conversation.public_id)
        told = await person.until(lambda frame: frame["type"] == "state" and "Alex" in (frame["interlocutor"] or ""))
        assert told["status"] == "active"
        await second.post("Bonsoir, je prends la suite.", conversation.public_id)
        await person.hears("Bonsoir, je prends la suite.")
        await first.send(type="post", client_id="0b0e9d3e-0000-4000-8000-000000000001", body="Encore moi",
                         conversation=str(conversation.public_id))  # fmt: skip
        assert (await first.until("error"))["code"] == "forbidden"


def items(frame):
    return frame.get("items", []) if frame["type"] == "messages" else []


async def test_supervisor_is_seen_at_once_by_both_and_a_whisper_by_nobody_there():
    conversation, _camille, _alex, person_key, camille_key, _alex_key = await in_db(situation)
    dominique = await in_db(lambda: make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici"))
    async with Line("/ws/conversation/", person_key) as person, Line("/ws/console/", camille_key) as agent:
        await person.send(type="sync", after=0)
        await person.until("state")
        await agent.until("assigned")
        await agent.send(type="sync", after=0, conversation=str(conversation.public_id))
        await in_db(intervention.whisper, conversation_id=conversation.pk, by=dominique, text="Pense au 3018.")
        assert await agent.until("asides") == {"type": "asides"}  # the page reads it at once
        await in_db(intervention.join, conversation_id=conversation.pk, by=dominique, motive="essai")
        for line in (person, agent):
            frame = await line.until(lambda frame: any("rejoint l'échange" in item["body"] for item in items(frame)))
            assert not any("3018" in item["body"] for item in frame["items"])
            assert frame["items"][-1]["author"] == Author.SYSTEM
