"""The promise to a visitor: from the first question to the end of the exchange, without a script and without a name."""

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
from tests.triage.paths import MINOR
from triage import rules
from triage.questions import BY_SLUG

pytestmark = pytest.mark.django_db

ANSWERS = {**MINOR, "facts": "harassment", "repetition": "group", "author": "school"}


@pytest.fixture
def cergy() -> ReceptionPoint:
    commune = places.municipality("Cergy", "95127", ("95000",))
    return places.reception_point("Commissariat de police de Cergy", for_=commune)


def read(response) -> str:
    assert response.status_code == 200
    return unescape(response.text)


def answer_all(client) -> str:
    """Answer question after question, as the pages lead; the address of the result."""
    where = reverse("triage:start")
    for _step in range(len(BY_SLUG) + 1):
        page = client.get(where)
        if "slug" not in page.context:
            return where
        asked = BY_SLUG[page.context["slug"]]
        response = client.post(reverse("triage:question", kwargs={"slug": asked.slug}), {"answer": ANSWERS[asked.id]})
        assert response.status_code == 302
        where = response.url
    raise AssertionError("The questions never end.")


def test_minor_goes_from_the_first_question_to_the_end(client, cergy, django_capture_on_commit_callbacks):
    agent = make.agent(availability=Availability.AWAY, public_name="Camille")
    stranger = make.agent(availability=Availability.AWAY, unit_name="Autre équipe")

    # The chat leads to what must come first: the questions, then the place.
    assert client.get(reverse("chat:conversation"), follow=True).redirect_chain[-1][0] == reverse("triage:start")
    result = answer_all(client)
    assert rules.assess(ANSWERS).opens_chat
    assert reverse("reports:create") in read(client.get(result))
    assert client.get(reverse("reports:create"), follow=True).redirect_chain[-1][0] == reverse("locations:search")
    client.post(reverse("locations:search"), {"q": "95000", "purpose": "echange"})

    form = client.get(reverse("reports:create"))
    filed = client.post(
        reverse("reports:create"),
        {
            "submission_id": form.context["submission_id"],
            "role": "victim",
            "age_band": "under_15",
            "facts": ["insults"],
        },
    )
    assert filed.status_code == 302 and filed.url == reverse("chat:conversation")

    # Waiting: honest, in the person's voice, and already able to write.
    waiting = read(client.get(filed.url))
    assert "Tu es la prochaine personne." in waiting and "Aucun agent n'est disponible" in waiting
    assert 'href="tel:3018"' in waiting
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.force) == (Status.WAITING, Force.POLICE)
    shown = client.get(filed.url).context["client_id"]
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
    page = read(client.get(filed.url))
    assert "Tu parles avec" in page and "Camille, police nationale" in page
    assert "Je suis là. Tu es en sécurité ?" in page

    # The agent ends it; what comes next stays to be read.
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED
    )
    after = read(client.get(filed.url))
    assert "Et maintenant ?" in after and "Tu peux porter plainte, même sans tes parents" in after
    assert "ils ont fait un groupe contre moi" in after

    # Nothing the person typed is kept in clear.
    assert b"groupe contre moi" not in b"".join(bytes(message.sealed_body) for message in conversation.messages.all())
