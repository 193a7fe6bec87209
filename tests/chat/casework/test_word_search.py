"""Words are found in the messages of the exchanges that an agent holds now, and in nothing else."""

import logging
import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from chat.casework import closing, word_search
from chat.messages import transcript
from chat.models import Message
from chat.rules.lifecycle import Author
from common.data_keys import keys as data_keys
from common.texts import folded
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

PAGE = "/console/mots/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make.agent(capacity=5)


@pytest.fixture
def console(agent):
    return signed_in(agent.user)


def held_by(agent, *texts):
    conversation = make.assigned(agent)
    for text in texts:
        say(conversation, text)
    conversation.refresh_from_db()
    return conversation


def say(conversation, text, author=Author.REPORTER):
    return make.message(conversation, author=author, body=text)


def found(client, words):
    """Return the exchange and the number of each message that is found, in their order."""
    html = client.post(PAGE, {"mots": words}).text
    return re.findall(r'data-found data-conversation="([^"]*)" data-seq="(\d+)"', html)


def test_words_are_found_in_all_that_one_holds_newest_first(agent, console):
    first = held_by(agent, "Il m'a menacée devant le lycée", "autre chose")
    second = held_by(agent, "des MENACES au lycee", "encore rien")
    assert [key for key, _seq in found(console, "lycée menace")] == [str(second.public_id), str(first.public_id)]
    assert found(console, "lycée devant") == [(str(first.public_id), str(first.last_seq - 1))]
    assert found(console, "jamais dit") == []


def test_those_of_others_are_not_looked_at(agent, console, monkeypatch):
    held_by(make.agent(unit_name="Ailleurs"), "un mot secret")
    waiting = make.waiting()
    say(waiting, "un mot secret")
    assert found(console, "secret") == []
    held_by(agent, "un autre mot")
    read = []
    whole = transcript.read_newest_first
    monkeypatch.setattr(transcript, "read_newest_first", lambda one, **how: read.append(one.pk) or whole(one, **how))
    assert found(console, "secret") == []
    assert read == list(agent.conversations.values_list("pk", flat=True)), "nothing else is decrypted"


def test_what_has_ended_is_not_looked_at(agent, console):
    conversation = held_by(agent, "un mot secret")
    assert len(found(console, "secret")) == 1
    closing.close_conversation(conversation_id=conversation.pk, outcome="advised", by=agent.user, points={})
    assert found(console, "secret") == []


def test_a_result_says_which_exchange_who_wrote_and_the_words_around(agent, console):
    conversation = held_by(agent, "avant " * 30 + "il a publié <b>ma photo</b> ici " + "après " * 60)
    say(conversation, "Gardez la photo.", Author.AGENT)
    html = unescape(squeezed(console.post(PAGE, {"mots": "PHOTO"}).text))
    handle = re.search(r'<span class="console-number" data-slot="number" data-colour="(\w+)"\s*>(\d+)</span>', html)
    assert handle is not None and handle[2] == "1"
    assert re.search(r"data-found-name>\w[^<]* · ", html)
    assert re.findall(r"data-found-who>([^<]*),<time", html) == ["Agent", str(Author.REPORTER.label)]
    assert "Gardez la<mark>photo</mark>." in html
    around = re.search(r"data-found-words>(…[^/]*<b>ma<mark>photo</mark></b>[^/]*…)</p>", html)
    assert around is not None and len(around[1]) < 300
    assert "<b>ma" not in console.post(PAGE, {"mots": "photo"}).text, "what a person wrote is no markup"


def test_nothing_that_was_looked_for_is_in_an_address_a_log_or_the_register(agent, console, caplog):
    held_by(agent, "un motsecret ici")
    with caplog.at_level(logging.DEBUG):
        answer = console.post(PAGE, {"mots": "motsecret"})
    assert len(re.findall("data-found ", answer.text)) == 1
    assert "motsecret" not in caplog.text
    line = AccessRecord.objects.get()
    assert (line.kind, line.detail, line.subject) == (AccessKind.SEARCH, "words of exchanges that are held", "")
    assert not [one for one in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text) if "motsecret" in one]
    assert "motsecret" not in "".join(f"{name}{value}" for name, value in answer.headers.items())


def test_words_in_an_address_are_not_looked_for(agent, console):
    held_by(agent, "un mot ici")
    assert "data-found" not in console.get(PAGE, {"mots": "mot"}).text
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "Écrivez un mot"),
        ("   ", "Écrivez un mot"),
        ("é", "au moins deux lettres"),
        ("x" * 101, "100"),
        ("a b c d e f g h i", "Huit mots au plus"),
        ("a\x00b", "nul"),
    ],
)
def test_bad_words_get_their_error_beside_the_field_and_nothing_is_read(agent, console, typed, error):
    held_by(agent, "un mot ici")
    html = unescape(console.post(PAGE, {"mots": typed}).text)
    assert error in html and 'aria-invalid="true"' in html
    assert "data-found" not in html and not AccessRecord.objects.exists()


def test_too_many_searches_wait(agent, console, monkeypatch, one_window):
    monkeypatch.setattr(word_search, "TRIES", 2)
    held_by(agent, "un mot ici")
    assert [len(found(console, "mot")) for _each in range(2)] == [1, 1]
    answer = console.post(PAGE, {"mots": "mot"})
    assert answer.status_code == 429 and "data-found" not in answer.text
    assert "Attendez un instant" in unescape(answer.text) and 'value="mot"' in answer.text
    assert AccessRecord.objects.count() == 2


def test_no_more_is_decrypted_than_was_promised(agent, monkeypatch):
    monkeypatch.setattr(word_search, "MESSAGES_AT_MOST", 6)
    held = [held_by(agent, *[f"mot {number}" for number in range(5)]) for _each in range(2)]
    opened = []
    whole = Message.opened.__func__
    monkeypatch.setattr(
        Message, "opened", classmethod(lambda cls, *a, **how: opened.append(1) or whole(cls, *a, **how))
    )
    result = word_search.search_words(held, folded.words_of("mot"))
    assert len(opened) == 6 == result.looked_at and result.is_partial
    last = held[0].last_seq
    assert {one.seq for one in result.found} == {last - 2, last - 1, last}, "the last ones of each"
    monkeypatch.setattr(word_search, "SECONDS_AT_MOST", -1)
    late = word_search.search_words(held, folded.words_of("mot"))
    assert late.found == [] and late.is_partial


def test_time_bounds_the_search_of_one_exchange(agent, monkeypatch):
    """It was asked once an exchange, so who held a single one waited however long it took."""
    conversation = held_by(agent, *[f"mot {number}" for number in range(5)])
    moments = iter([0.0, 0.0, 0.5, 2.0])  # the beginning, the exchange, its last message, the one before
    monkeypatch.setattr(word_search, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    result = word_search.search_words([conversation], folded.words_of("mot"))
    last = conversation.last_seq
    assert [one.seq for one in result.found] == [last, last - 1] and result.is_partial and result.looked_at == 2


def test_more_than_are_shown_is_said(agent, console, monkeypatch):
    monkeypatch.setattr(word_search, "SHOWN", 2)
    cut = []
    whole = word_search.excerpt_of
    monkeypatch.setattr(word_search, "excerpt_of", lambda shown, words: cut.append(shown) or whole(shown, words))
    held_by(agent, "mot 1", "mot 2", "mot 3")
    html = unescape(console.post(PAGE, {"mots": "mot"}).text)
    assert html.count("data-found ") == 2 and "Seuls les plus récents" in html
    assert cut == ["mot 3", "mot 2"], "an excerpt takes a step for each character"


def test_one_press_leads_to_the_message_on_the_screen_or_on_its_page(agent, console, monkeypatch):
    conversation = held_by(agent, "le premier", *[f"mot {number}" for number in range(6)])
    (_key, seq), *_others = found(console, "premier")
    address = f"/console/echange/{conversation.public_id}/?message={seq}"
    shown = console.get(address)
    assert shown.status_code == 200
    marked = r'<div class="console-message" id="message-cherche" tabindex="-1"[^>]*data-seq="(\d+)"'
    aimed = re.findall(marked, shown.text)
    assert aimed == [seq]
    monkeypatch.setattr(transcript, "PIECE_MESSAGES", 3)
    away = console.get(address)
    assert away.status_code == 302 and away.url.endswith("#message-cherche")
    assert urlsplit(away.url).path.endswith("/messages/") and parse_qs(urlsplit(away.url).query)["message"] == [seq]
    page = console.get(away.url).text
    assert page.count('id="message-cherche"') == 1 and "le premier" in page


@pytest.mark.parametrize("number", ["0", "999", "-1", "x", ""])
def test_number_of_no_message_shows_the_exchange(agent, console, number):
    conversation = held_by(agent, "le premier")
    page = console.get(f"/console/echange/{conversation.public_id}/?message={number}")
    assert page.status_code == 200 and "message-cherche" not in page.text


def test_message_that_cannot_be_opened_keeps_no_other_from_being_found(agent, console):
    conversation = held_by(agent, "mot perdu", "mot trouvé")
    last = conversation.last_seq
    Message.objects.filter(conversation=conversation, seq=last - 1).update(sealed_body=b"broken")
    data_keys.forget_all()
    assert [seq for _key, seq in found(console, "mot")] == [str(last)]


def test_one_who_holds_nobody_is_told_so(console):
    assert "Vous ne tenez aucun échange" in unescape(console.post(PAGE, {"mots": "mot"}).text)
