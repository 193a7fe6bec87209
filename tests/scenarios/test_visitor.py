"""The promise to a visitor: from the home page to the end of the exchange without scripts and without a name."""

from html import unescape

import pytest
from django.urls import reverse

from chat import access
from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author, Availability, Outcome, Status
from locations.models import Force, ReceptionPoint
from tests.factories import chat as make
from tests.factories import locations as places
from tests.triage.paths import MINOR_CHAT
from triage.questionnaire.questions import BY_ID

pytestmark = pytest.mark.django_db


@pytest.fixture
def cergy() -> ReceptionPoint:
    commune = places.municipality("Cergy", "95127", ("95000",))
    return places.reception_point("Commissariat de police de Cergy", for_=commune)


def read(response) -> str:
    assert response.status_code == 200
    return unescape(response.text)


def answer_all(client, where: str) -> str:
    """Answer question after question, as the pages lead; the address where they end."""
    for question in ("danger", "facts"):
        page = client.get(where)
        assert (
            page.context["slug"] == BY_ID[question].slug and "es-tu en sécurité" in read(page)
        ) or question == "facts"
        where = client.post(where, {"answer": MINOR_CHAT[question]}).url
    return where


def test_minor_goes_from_the_home_page_to_the_end(client, cergy, django_capture_on_commit_callbacks):
    agent = make.agent(availability=Availability.AWAY, public_name="Camille")
    stranger = make.agent(availability=Availability.AWAY, unit_name="Autre équipe")

    # From the home page, with a place that is typed, over safety and what happens, to the queue.
    door = client.post(reverse("pages:home"), {"door": "minor", "q": "95000"})
    filed_at = answer_all(client, door.url)
    assert filed_at == reverse("chat:conversation")

    # The waiting room tells the truth in the person's voice, and one can already write.
    waiting = read(client.get(filed_at))
    assert "Tu es la prochaine personne." in waiting and "Aucun agent n'est disponible" in waiting
    assert 'href="tel:3018"' in waiting
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.force) == (Status.WAITING, Force.POLICE)
    shown = client.get(filed_at).context["client_id"]
    client.post(reverse("chat:message"), {"client_id": shown, "body": "ils ont fait un groupe contre moi"})

    # Somebody comes, and reads what was written before.
    with django_capture_on_commit_callbacks(execute=True):
        actions.set_availability(agent_id=agent.pk, availability=Availability.AVAILABLE)
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent
    own = access.as_assigned_agent(agent, conversation.public_id)
    assert own is not None and own.messages.first().body == "ils ont fait un groupe contre moi"
    assert access.as_assigned_agent(stranger, conversation.public_id) is None
    make.message(conversation, "Je suis là. Tu es en sécurité ?", Author.AGENT)
    page = read(client.get(filed_at))
    assert "Tu parles avec" in page and "Camille, police nationale" in page
    assert "Je suis là. Tu es en sécurité ?" in page

    # The agent ends it, and what comes next can still be read.
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED
    )
    after = read(client.get(filed_at))
    assert "Et maintenant ?" in after and "Tu peux porter plainte, même sans tes parents" in after
    assert "ils ont fait un groupe contre moi" in after

    # Nothing that the person typed is stored in clear.
    assert b"groupe contre moi" not in b"".join(bytes(message.sealed_body) for message in conversation.messages.all())
