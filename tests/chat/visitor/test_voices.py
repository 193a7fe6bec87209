"""Every page of the exchange as each person reads it: in words for this person, and in neutral ones in
discreet mode.
"""

import re
from collections.abc import Callable, Container, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.casework import proposals
from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author
from pnav.addresses import DISCREET, ORDINARY
from reports.models import AgeBand
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.on_screen import TELLING, spoken_addresses, words_on_screen
from triage.questionnaire.questions import VERSION

pytestmark = pytest.mark.django_db

FORMAL = re.compile(r"\b(vous|votre|vos)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(tu|te|toi|ton|ta|tes)\b|\bt['’]", re.IGNORECASE)
# Words for the person to whom it happens.
OF_A_VICTIM = re.compile(r"(vous pouvez|tu peux) porter plainte|Victime\b|\bvous bloquer\b", re.IGNORECASE)
SAFE = {"danger": "no"}
PEOPLE: dict[str, dict[str, Any]] = {
    "adult": {"age_band": AgeBand.ADULT, "answers": SAFE | {"who": "adult"}},
    "minor": {**AgeBand.as_stored(AgeBand.UNDER_18), "answers": SAFE | {"who": "minor"}},
    "witness": {
        "role": "witness", "age_band": AgeBand.ADULT,
        "answers": SAFE | {"who": "helper", "helped": "witness_adult"},
    },
    "relative": {
        "role": "relative", "age_band": AgeBand.UNDER_15,
        "answers": SAFE | {"who": "helper", "helped": "relative_under_15"},
    },
    "professional": {
        "role": "professional", "age_band": AgeBand.FROM_15_TO_17,
        "answers": SAFE | {"who": "helper", "helped": "professional_15_17"},
    },
    "minor who helps": {
        "role": "relative", "age_band": AgeBand.ADULT,
        "answers": SAFE | {"who": "helper", "helped": "relative_adult", "own_age": "minor"},
    },
}  # fmt: skip
OF_MINORS = {"minor", "minor who helps"}
PAGES = (
    "chat:conversation", "chat:messages", "chat:code", "chat:follow_up", "chat:slip", "chat:end", "chat:keeping",
    "chat:facts", "chat:captures", "chat:copy", "chat:resume", "chat:handover", "reports:create", "locations:search",
)  # fmt: skip
# What people wrote: messages of the person and of who answers, but no line of Pnav, and summaries.
OF_PEOPLE = re.compile(
    r"""(?s)(<li class="pnav-message" data-author="(?:reporter|agent)"(?:(?!</li>).)*?)"""
    r"""<p class="pnav-message__body".*?</p>|<p class="pnav-told".*?</p>"""
)
# On the page of captures, what each answer to its question shows, and what is not shown before.
BY_ANSWER = {"": 'id="capture-question"', "no": 'id="capture-send"', "yes": 'id="capture-address"'}


def waiting(**fields: Any) -> Conversation:
    return make.waiting(**fields)


def active(**fields: Any) -> Conversation:
    """Create one with a summary that waits for a yes, and an appointment."""
    unit = hand.account()
    conversation = make.assigned(make.agent(public_name="Camille"), reception_point=unit.point, **fields)
    hand.asked(conversation, unit)
    agent = conversation.assigned_to
    assert agent is not None
    proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=2), by=agent.user
    )
    conversation.refresh_from_db()
    return conversation


def ended(**fields: Any) -> Conversation:
    return make.closed(make.agent(public_name="Camille"), **fields)


def left(**fields: Any) -> Conversation:
    """Create one that ended before anybody had answered."""
    conversation = make.waiting(**fields)
    return actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)


def read(client: Client, name: str, *, discreet: bool, known: Container[str] = ()) -> str:
    """Return the page, whole, after the ways that it leads on by; nothing when it leads to one that is known.

    Nothing but the page's own words: not the frame.
    """
    answer = client.get((DISCREET if discreet else ORDINARY).reverse(name))
    while answer.status_code == 302:
        if answer.headers["Location"] in known:
            return ""
        answer = client.get(answer.headers["Location"])
    assert answer.status_code == 200, name
    html = unescape(answer.text)
    # People have their own reasons to write « vous » or « tu », so only what Pnav says is checked, in the thread too.
    html = re.sub(OF_PEOPLE, r"\1", html)
    return html[html.index("<main") : html.index("</main>")]


def pages(client: Client, *, discreet: bool) -> Iterator[tuple[str, str]]:
    """Yield each page of the exchange, by its name; that of captures with its question, and after each answer to it.

    What leads to one of these is not drawn a second time, but at the end, with whatever it says of why it led there.
    """
    known: set[str] = set()
    names = DISCREET if discreet else ORDINARY
    address = names.reverse("chat:captures")
    for name in PAGES:
        if name != "chat:captures":
            if main := read(client, name, discreet=discreet, known=known):
                known.add(names.reverse(name))
                yield name, main
            continue
        for answer, holds in BY_ANSWER.items():
            if answer:
                assert client.post(address, {"act": "answer", "minor": answer}).status_code == 302
            main = read(client, name, discreet=discreet)
            assert holds in main
            yield f"{name}, {answer}", main
    yield "what led here", read(client, PAGES[0], discreet=discreet)


@pytest.fixture
def comes(as_reporter: Callable[[Conversation], Client]) -> Callable[..., Client]:
    """Return the browser of somebody who came by the orientation on this device."""

    def browser(conversation: Conversation, who: str, *, discreet: bool = False) -> Client:
        client = as_reporter(conversation)
        session = client.session
        answers = PEOPLE[who]["answers"] | ({"danger": "screen"} if discreet else {})
        session["triage"] = {"version": VERSION, "answers": answers}
        session.save()
        return client

    return browser


@pytest.mark.parametrize("stands", [waiting, active, ended, left])
@pytest.mark.parametrize("who", PEOPLE)
def test_each_page_of_the_exchange_speaks_to_who_reads_it(
    comes: Callable[..., Client], who: str, stands: Callable[..., Conversation]
) -> None:
    client = comes(stands(**PEOPLE[who]), who)
    for name, main in pages(client, discreet=False):
        # Labels that are contracts, and labels of buttons, address nobody: « Mon rendez-vous ».
        words = re.sub(r"(?i)rendez-vous", "", main)
        wrong = FORMAL if who in OF_MINORS else FAMILIAR
        found = [(name, around(words, one)) for one in wrong.finditer(words)]
        assert found == []
        if "role" in PEOPLE[who] and name != "reports:create":
            assert [(name, around(words, one)) for one in OF_A_VICTIM.finditer(words)] == []


@pytest.mark.parametrize("who", PEOPLE)
def test_who_helps_at_work_reads_their_own_duties_once_it_has_ended(comes: Callable[..., Client], who: str) -> None:
    main = read(comes(ended(**PEOPLE[who]), who), "chat:conversation", discreet=False)
    assert ("CRIP" in main and 'href="/professionnels/"' in main) == (who == "professional")
    assert ("Témoigner, accompagner" in main) == (who in {"witness", "relative", "minor who helps"})
    # They read what they must do beside what they may do, and of a report as well as a complaint.
    if who == "professional":
        told = ("Agent public", "vous pouvez prévenir la cellule", "Un signalement n'est pas une plainte")
        assert [words for words in told if words not in main] == []
        assert re.search(r'danger\simmédiat\s:\s<a href="tel:17">', main)


@pytest.mark.parametrize("stands", [waiting, active, ended, left])
@pytest.mark.parametrize("who", PEOPLE)
def test_in_discreet_mode_nothing_on_the_screen_tells_what_it_is_about(
    comes: Callable[..., Client], who: str, stands: Callable[..., Conversation]
) -> None:
    client = comes(stands(**PEOPLE[who], discreet=True), who, discreet=True)
    for name, main in pages(client, discreet=True):
        words = words_on_screen(main)
        assert [(name, around(words, one)) for one in TELLING.finditer(words)] == []
        assert spoken_addresses(main) == [], name


def around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 60) : found.end() + 30].split())


def test_who_waits_is_told_what_becomes_of_their_address_in_discreet_mode_too(
    as_reporter: Callable[[Conversation], Client],
) -> None:
    for who in ("adult", "minor"):
        page = read(as_reporter(make.waiting(**PEOPLE[who], discreet=True)), "chat:conversation", discreet=True)
        assert "connexion est gardée chiffrée" in words_on_screen(page) and "scellé dès l'arrivée" not in page


def test_signalement_is_touched_in_neutral_words_and_kept_as_it_is(
    as_reporter: Callable[[Conversation], Client],
) -> None:
    conversation = make.waiting(**PEOPLE["adult"], discreet=True)
    client = as_reporter(conversation)
    page = read(client, "chat:conversation", discreet=True)
    assert "Des messages" in page and "Intimidations" not in page and "Pour moi" in page
    client.post(DISCREET.reverse("chat:report"), {"facts": ["insults"], "expectations": ["complaint"]})
    conversation.report.refresh_from_db()
    assert (conversation.report.facts, conversation.report.expectations) == (["insults"], ["complaint"])


@pytest.mark.parametrize("who", sorted(OF_MINORS))
def test_minor_is_said_tu_on_another_device(as_reporter: Callable[[Conversation], Client], who: str) -> None:
    """There the session has no answers: those of the report say it."""
    client = as_reporter(make.waiting(**PEOPLE[who]))
    assert "triage" not in client.session
    assert "Quelqu'un va te répondre" in read(client, "chat:conversation", discreet=False)
    assert "Ton signalement est déjà envoyé" in read(client, "reports:create", discreet=False)
