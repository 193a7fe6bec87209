"""Every page that speaks to somebody, outside of an exchange, as each person reads it: *vous* or *tu*, on the device
where they answered and on another, where the visit holds their report and no answers.

The pages of the exchange: tests/chat/visitor/test_voices.py.
"""

import re
from html import unescape

import pytest
from django.conf import settings
from django.test import Client

from chat.models import Conversation
from pnav import addresses
from pnav.addresses import ORDINARY
from tests.chat.sockets import visit
from tests.chat.visitor.test_voices import FAMILIAR, FORMAL, OF_A_VICTIM, OF_MINORS, PEOPLE, around
from tests.factories import chat as make
from tests.support.on_screen import words_on_screen
from triage.questionnaire.questions import VERSION

pytestmark = pytest.mark.django_db

# Pages that anybody is sent to, written once: what the law says, to whom one may write, what the site has to publish.
# Who is meant stands in their title (« Tu as moins de 18 ans ? », « Vous aidez quelqu'un dans votre métier »).
TO_ANYBODY = {
    "pages:accessibility", "pages:card", "pages:components", "pages:figures", "pages:law", "pages:legal",
    "pages:minors", "pages:minors_simple", "pages:numbers", "pages:privacy", "pages:professionals", "pages:removal",
}  # fmt: skip
PAGES = [
    name
    for namespace in ("locations", "pages", "triage")
    for name in addresses.pages_without_parameter(namespace)
    if name not in TO_ANYBODY
]


def browser(conversation: Conversation, answers: dict[str, str]) -> Client:
    """On the visit that opened this conversation. answers: none on another device than where they were given."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    if answers:
        session = client.session
        session["triage"] = {"version": VERSION, "answers": answers}
        session.save()
    return client


@pytest.mark.parametrize("has_answered_here", [True, False])
@pytest.mark.parametrize("who", PEOPLE)
def test_each_page_speaks_to_who_reads_it(who: str, has_answered_here: bool) -> None:
    client = browser(make.waiting(**PEOPLE[who]), PEOPLE[who]["answers"] if has_answered_here else {})
    wrong = FORMAL if who in OF_MINORS else FAMILIAR
    for name in PAGES:
        answer = client.get(ORDINARY.reverse(name), follow=True)
        assert answer.status_code in {200, 405}, name
        html = unescape(answer.text)
        if answer.status_code == 200:
            words = words_on_screen(html[html.index("<main") : html.index("</main>")])
            if name == "pages:home":  # the part for minors says *tu* to everybody
                words = re.sub(r"Tu as moins de 18 ans \?.*", "", words)
            assert [(name, around(words, one)) for one in wrong.finditer(words)] == []
            if "role" in PEOPLE[who]:
                assert [(name, around(words, one)) for one in OF_A_VICTIM.finditer(words)] == []


def test_refused_opinion_of_a_minor_is_said_in_tu() -> None:
    client = browser(make.waiting(**PEOPLE["minor"]), {})
    html = unescape(client.post(ORDINARY.reverse("pages:feedback"), {"text": "x" * 1001}).text)
    for words in ("Ce service t'a-t-il aidé", "Dis-nous si le service t'a aidé", "Ton texte est trop long"):
        assert words in html
