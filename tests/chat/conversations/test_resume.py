"""Leaving in a hurry and coming back with a code de reprise: the happenings, then the pages."""

import hashlib
import logging
import threading
import uuid
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import actions, resume
from chat.models import Conversation, EventKind
from chat.rules import resume_words
from chat.rules.lifecycle import Author, Availability, Status
from chat.visitor import resume as visitor_resume
from common.service_settings import definitions
from pnav import addresses
from pnav.sessions import SessionStore
from reports.session import DISCREET, ENDED, GENERATION, KEY
from tests.chat.console.test_conversation import signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

PAGE = "/tchat/"
DISCREET_PAGE = addresses.DISCREET.reverse("chat:conversation")
WRONG = "abeille castor girafe ananas miel"


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def slow_hash():
    """The true hash, for tests that ask for it; the others get a quick one."""
    return resume.slow_hash


@pytest.fixture(autouse=True)
def _quick_hash(request, monkeypatch):
    if "slow_hash" not in request.fixturenames:
        monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())


@pytest.fixture
def as_reporter(settings):
    """A client on the visit that opened this conversation."""

    def make_client(conversation, **options):
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


def shown(response) -> str:
    return unescape(response.text)


def main_of(response) -> str:
    return shown(response).partition("<main")[2].partition("</main")[0]


def issue(conversation) -> str:
    return resume.issue_code(conversation_id=conversation.pk).text


def come_back(text):
    """The conversation that a code as typed opens, or None."""
    return resume.resume_by_code(words=resume_words.read(text).words)


def send(client, text):
    return client.post(reverse("chat:resume"), {"code": text})


def mark_of(client) -> str:
    """The mark of a page that asks for the code, opened by this client."""
    page = client.get(reverse("chat:resume")).text
    return page.split('name="mark" value="')[1].split('"')[0]


# --- leaving and coming back ------------------------------------------------------------------------------------------


def test_park_conversation_tells_the_agent_and_keeps_it_open():
    conversation = make.assigned()
    resume.park_conversation(report=conversation.report)
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    assert "Départ rapide" in conversation.messages.last().body


def test_revive_conversation_abandoned_takes_its_old_place():
    conversation = make.waiting(queued_at=make.long_ago(90))
    place = conversation.queued_at
    Conversation.objects.update(status=Status.ABANDONED)
    revived = resume.revive_conversation(conversation_id=conversation.pk)
    assert revived.status == Status.WAITING and revived.queued_at == place


# --- the code ---------------------------------------------------------------------------------------------------------


def test_code_is_five_different_words_found_as_people_type_them(slow_hash):
    conversation = make.waiting()
    code = issue(conversation)
    words = code.split()
    assert len(set(words)) == resume_words.LENGTH and set(words) <= set(resume_words.WORDS)
    assert come_back("-".join(resume_words.letters(word).upper() for word in words)) == conversation
    assert come_back(code.replace(" ", "")) == conversation
    assert come_back(" ".join(reversed(words))) is None


def test_codes_are_drawn_anew_each_time():
    conversation = make.waiting()
    assert len({issue(conversation) for _turn in range(200)}) == 200


def test_new_code_ends_the_old_one():
    conversation = make.waiting()
    old, new = issue(conversation), issue(conversation)
    assert come_back(old) is None and come_back(new) == conversation


def every_row() -> set[str]:
    """The whole database, as text."""
    rows = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  our own tables
            rows.update(row for (row,) in cursor.fetchall())
    return rows


def test_only_a_slow_hash_is_kept(slow_hash, as_reporter, caplog):
    """No word of the code is anywhere in the database, the session of the visit included, nor in a log."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    before = every_row()  # the pages' own words are there: « du lundi au vendredi »
    with caplog.at_level(logging.DEBUG):
        code = code_on_page(client.post(reverse("chat:code")))
        send(Client(), code)
        send(Client(), f"{code} {code.split()[0]}xx")
    dump = "\n".join(every_row() - before)
    assert str(conversation.public_id) in dump
    conversation.refresh_from_db()
    digest = bytes(conversation.resume_digest)
    assert digest == slow_hash(code.split()) and digest.hex() in dump and len(digest) == 32
    pieces = [code, code.replace(" ", ""), resume_words.letters(code), *code.split()]
    for piece in pieces:
        for form in (piece, piece.encode().hex()):
            assert form not in dump and form not in caplog.text


def test_slow_hash_fills_memory_and_needs_the_secret_key(slow_hash, monkeypatch, settings):
    asked = {}
    true_scrypt = hashlib.scrypt

    def scrypt(secret, **parameters):
        asked.update(parameters)
        return true_scrypt(secret, **parameters)

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    first = slow_hash(WRONG.split())
    assert 128 * asked["n"] * asked["r"] == 32 * 2**20 and asked["p"] == 3  # RFC 7914, section 2
    settings.SECRET_KEY = "another secret, which is also long enough to be accepted"
    assert slow_hash(WRONG.split()) != first


def test_slow_hash_is_bounded_and_a_flood_is_refused_at_once(slow_hash, monkeypatch):
    """Of twenty at once, never more than two run, four are served, and the others hold no thread."""
    running, most, gate = [0], [0], threading.Event()
    lock = threading.Lock()
    refused = []

    def open_gate():
        """Those that were refused did not wait for the others; on a busy machine those are perhaps not there yet."""
        if len(refused) == 20 - resume.HASHES_IN_ALL and most[0] >= resume.HASHES_AT_ONCE:
            gate.set()

    def scrypt(secret, **parameters):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            open_gate()
        gate.wait(10)
        with lock:
            running[0] -= 1
        return b"x" * 32

    def attempt(index):
        try:
            slow_hash(WRONG.split())
        except resume.Busy:
            with lock:
                refused.append(index)
                open_gate()

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    in_threads(20, attempt)
    assert len(refused) == 20 - resume.HASHES_IN_ALL
    assert most[0] == resume.HASHES_AT_ONCE
    monkeypatch.undo()
    assert len(slow_hash(WRONG.split())) == 32  # every place was given back


def test_code_works_until_its_date(settings):
    settings.RESUME_HOURS = 2
    conversation = make.waiting()
    issued = resume.issue_code(conversation_id=conversation.pk)
    left = issued.until - timezone.now()
    assert timedelta(hours=2) - timedelta(minutes=1) <= left <= timedelta(hours=2)
    assert come_back(issued.text) == conversation
    Conversation.objects.update(resume_until=timezone.now() - timedelta(seconds=1))
    assert come_back(issued.text) is None


def test_purge_erases_the_hash_of_an_expired_code_only():
    over, running = make.waiting(), make.waiting()
    for conversation in (over, running):
        issue(conversation)
    Conversation.objects.filter(pk=over.pk).update(resume_until=timezone.now() - timedelta(seconds=1))
    call_command("retention", plan=True, stdout=StringIO())
    over.refresh_from_db()
    assert over.resume_digest is not None
    call_command("retention", verbosity=0)
    over.refresh_from_db()
    running.refresh_from_db()
    assert over.resume_digest is None and over.resume_until is None
    assert running.resume_digest is not None


def test_annulled_code_opens_nothing_and_leaves_no_hash():
    conversation = make.waiting()
    code = issue(conversation)
    resume.void_code(conversation_id=conversation.pk)
    assert come_back(code) is None
    conversation.refresh_from_db()
    assert conversation.resume_digest is None


@pytest.mark.parametrize("side", [Author.REPORTER, Author.AGENT])
def test_code_ends_with_the_conversation_whoever_closes_it(side):
    conversation = make.assigned()
    code = issue(conversation)
    by = conversation.assigned_to.user if side == Author.AGENT else None
    actions.close_conversation(conversation_id=conversation.pk, by_author=side, by=by)
    assert come_back(code) is None
    conversation.refresh_from_db()
    assert conversation.resume_digest is None
    with pytest.raises(resume.ExchangeOver):
        issue(conversation)


def test_database_keeps_no_code_of_a_closed_conversation():
    conversation = make.closed()
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.filter(pk=conversation.pk).update(
            resume_digest=b"x", resume_issued_at=timezone.now(), resume_until=timezone.now()
        )


def test_code_asked_for_earlier_does_not_replace_a_later_one(monkeypatch):
    """Two requests at once, the first hashed last: the page shown is the second's, and so is the code that works."""
    conversation = make.waiting()
    true_hash = resume.slow_hash
    later = []

    def slow_hash(words):
        if not later:
            later.append("")  # the second request comes while the first is hashed
            later[0] = issue(conversation)
        return true_hash(words)

    monkeypatch.setattr(resume, "slow_hash", slow_hash)
    with pytest.raises(resume.Replaced):
        issue(conversation)
    assert come_back(later[0]) == conversation


@pytest.mark.django_db(transaction=True)
def test_two_come_back_at_once_and_are_one_visit(slow_hash):
    conversation = make.assigned()
    words = issue(conversation).split()
    mark = resume.new_mark()
    found = in_threads(2, lambda _index: resume.resume_by_code(words=words, mark=mark))
    assert [one.report.visit_generation for one in found] == [1, 1]
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 1
    [event] = conversation.events.filter(kind=EventKind.RESUMED, detail__startswith="code")
    assert mark not in event.detail
    assert sum("Retour avec le code" in message.body for message in conversation.messages.all()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["the same", "another"])
def test_double_click_stays_and_another_device_takes_the_place(page, slow_hash, settings):
    """Two requests in real threads. One page sent twice is one visit; of two pages, one device follows the exchange."""
    conversation = make.waiting()
    code = issue(conversation)
    first, second = Client(), Client()
    mark = mark_of(first)
    marks = [mark, mark if page == "the same" else mark_of(second)]
    clients = [first, second]  # a double click: two requests without the cookie that the first answer brings
    answers = in_threads(
        2, lambda index: clients[index].post(reverse("chat:resume"), {"code": code, "mark": marks[index]}).status_code
    )
    assert answers == [302, 302]
    inside = ['data-status="waiting"' in shown(client.get(PAGE)) for client in clients]
    assert inside.count(True) == (2 if page == "the same" else 1)
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == (1 if page == "the same" else 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_code_used_while_the_exchange_ends_opens_nothing_afterwards(turn):
    """Whichever comes first, a closed conversation has no code, and who came back after the end got nothing."""
    conversation = make.assigned()
    words = issue(conversation).split()

    def work(index):
        if index:
            return resume.resume_by_code(words=words)
        return actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)

    _closed, found = in_threads(2, work)
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED and conversation.resume_digest is None
    bodies = [message.body for message in conversation.messages.order_by("seq")]
    if found is not None:  # then it was before the end
        assert bodies.index(next(body for body in bodies if "Retour" in body)) < len(bodies) - 1
    assert resume.resume_by_code(words=words) is None


# --- the page of the code ---------------------------------------------------------------------------------------------


def code_on_page(response) -> str:
    page = unescape(response.text)
    return page[page.index('pnav-chat__code" lang="fr">') + 27 :].split("<")[0]


def test_code_is_shown_once_with_its_end_and_brings_back_from_another_device(as_reporter):
    conversation = make.waiting()
    make.message(conversation, "ma place est gardée")
    client = as_reporter(conversation)
    response = client.post(reverse("chat:code"))
    page, code = shown(response), code_on_page(response)
    conversation.refresh_from_db()
    until = timezone.localtime(conversation.resume_until)
    assert f"{until:%Y} à {until:%H:%M} (heure de Paris)." in page and "Il fonctionne jusqu'au" in page
    assert response.headers["Cache-Control"] == "no-store"
    assert all(cookie["max-age"] == "" and cookie["expires"] == "" for cookie in response.cookies.values())
    page = shown(client.get(reverse("chat:code")))  # later, the date only
    assert code not in page and "Un code fonctionne jusqu'au" in page and "Annuler ce code" in page
    page = squeezed(shown(client.get(PAGE)))
    assert "Créer un nouveau code</button>" in page and "Date de fin, annulation" in page
    elsewhere = Client()
    response = send(elsewhere, code.upper().replace(" ", "-"))
    assert response.status_code == 302 and response.url == PAGE
    assert "ma place est gardée" in elsewhere.get(PAGE).text


def test_code_is_never_made_by_itself(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    page = squeezed(shown(client.get(PAGE)))
    assert "Créer un code de reprise</button>" in page and 'id="code-replaces" hidden' in page
    page = shown(client.get(reverse("chat:code")))
    assert "Aucun code ne fonctionne pour le moment." in page and "Annuler" not in page
    conversation.refresh_from_db()
    assert conversation.resume_digest is None


def test_code_asked_by_the_script_stays_on_its_page(as_reporter):
    conversation = make.waiting()
    response = as_reporter(conversation).post(reverse("chat:code"), headers={"Accept": "application/json"})
    assert come_back(response.json()["code"]) == conversation
    assert "(heure de Paris)" in response.json()["until"]
    assert response.headers["Cache-Control"] == "no-store"


def test_code_annulled_by_the_person(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    code = code_on_page(client.post(reverse("chat:code")))
    assert client.get(reverse("chat:code_annul")).status_code == 405
    page = shown(client.post(reverse("chat:code_annul"), follow=True))
    assert "Aucun code ne fonctionne pour le moment." in page
    assert "Ces mots n'ouvrent aucun échange." in shown(send(Client(), code))


def test_code_after_the_end_says_so(as_reporter):
    client = as_reporter(make.closed())
    assert "L’échange est terminé : son code de reprise ne fonctionne plus." in shown(client.get(reverse("chat:code")))
    response = client.post(reverse("chat:code"))
    assert response.status_code == 409 and 'lang="fr">' not in shown(response).replace('<html lang="fr"', "")
    response = client.post(reverse("chat:code"), headers={"Accept": "application/json"})
    assert response.status_code == 409 and "terminé" in response.json()["detail"]


def test_code_asked_for_too_often_waits_and_the_last_one_stays(as_reporter, set_rule):
    set_rule(definitions.CODES_MOST, 2)
    client = as_reporter(make.waiting())
    codes = [code_on_page(client.post(reverse("chat:code"))) for _time in range(2)]
    code = codes[-1]
    response = client.post(reverse("chat:code"))
    assert response.status_code == 429 and "dans dix minutes" in shown(response)
    assert send(Client(), code).url == PAGE


def test_code_when_the_process_is_busy(as_reporter, monkeypatch):
    def busy(words):
        raise resume.Busy

    monkeypatch.setattr(resume, "slow_hash", busy)
    response = as_reporter(make.waiting()).post(reverse("chat:code"))
    assert response.status_code == 503 and "dans quelques secondes" in shown(response)
    response = send(Client(), WRONG)
    assert response.status_code == 503 and "dans quelques secondes" in shown(response) and WRONG in shown(response)


def test_code_without_conversation_leads_to_the_way_back(client):
    assert client.post(reverse("chat:code")).url == reverse("chat:resume")
    assert client.post(reverse("chat:code_annul")).url == reverse("chat:resume")
    assert client.post(reverse("chat:code"), headers={"Accept": "application/json"}).status_code == 401


def test_code_is_told_in_the_voice_of_a_minor_and_in_english(as_reporter):
    client = as_reporter(make.waiting(age_band="under_15"))
    assert "Note ces cinq mots maintenant" in shown(client.post(reverse("chat:code")))
    assert "ton code de reprise" in shown(client.get(reverse("chat:resume"))).lower()
    client.cookies["django_language"] = "en"
    page = shown(client.post(reverse("chat:code")))
    assert "Write down these five words now" in page and "(Paris time)" in page and "Cancel this code" in page
    assert "Five French words, in order." in shown(client.get(reverse("chat:resume"), follow=True))


# --- the page of the way back -----------------------------------------------------------------------------------------


def test_resume_of_an_abandoned_conversation_puts_it_in_the_queue_again(client):
    conversation = make.waiting()
    code = issue(conversation)
    Conversation.objects.update(status=Status.ABANDONED)
    send(client, code)
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING
    assert conversation.events.filter(kind=EventKind.RESUMED).exists()


def test_resume_gives_the_visit_a_new_key(client, settings):
    client.get(reverse("triage:start"))
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    send(client, issue(make.waiting()))
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_resume_says_which_word_is_not_in_the_list_and_keeps_the_words(client):
    response = send(client, "Abeille castor giraffe ananas tructruc")
    page = shown(response)
    assert response.status_code == 200 and "<title>Erreur :" in page
    assert "« giraffe » n'est pas dans notre liste de mots. Peut-être « girafe » ?" in page
    assert "« tructruc » n'est pas dans notre liste de mots. À vérifier sur le papier." in page
    assert "Abeille castor giraffe ananas tructruc</textarea>" in page
    assert 'aria-invalid="true"' in page and 'aria-describedby="code-error"' in page


@pytest.mark.parametrize(("typed", "count"), [("abeille castor", 2), (f"{WRONG} orange", 6)])
def test_resume_says_how_many_words_are_missing(client, typed, count):
    assert f"Un code a cinq mots ; ici, il y en a {count}." in shown(send(client, typed))


@pytest.mark.parametrize(
    "typed", ["é\x00è", "x" * 5000, "<script>alert(1)</script>", "🐝", "7K2M-9QXT-4B8D", "{0} %s %(x)s"]
)
def test_resume_with_nonsense_is_answered_calmly(client, typed):
    response = send(client, typed)
    assert response.status_code == 200 and "<title>Erreur :" in response.text and "<script>alert" not in response.text
    assert "Commencer</a>" in client.get(PAGE).text, "nothing was opened"


@pytest.mark.parametrize("why", ["never", "expired", "annulled", "replaced", "ended"])
def test_resume_tells_a_guesser_nothing(client, why):
    """Whatever became of a code, the page is the same to the letter, but for the words typed."""
    conversation = make.assigned()
    code = issue(conversation)
    if why == "never":
        code = WRONG
    elif why == "expired":
        Conversation.objects.update(resume_until=timezone.now() - timedelta(seconds=1))
    elif why == "annulled":
        resume.void_code(conversation_id=conversation.pk)
    elif why == "replaced":
        issue(conversation)
    else:
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    response = send(client, code)
    page = shown(response)
    assert response.status_code == 200
    assert page.count("Ces mots n'ouvrent aucun échange. Leur ordre compte. Un code ne fonctionne plus quand") == 1
    assert page.count('<p class="fr-error-text">') == 1 and f"{code}</textarea>" in page


def test_resume_without_a_code_asks_for_it(client):
    assert "Écrire ici les cinq mots" in shown(send(client, ""))


def test_resume_keeps_nothing_on_the_device(client):
    """The field is not remembered by the browser, and cookies end with it."""
    page = shown(client.get(reverse("chat:resume")))
    field = page[page.index("<textarea") :].split(">")[0]
    assert 'autocomplete="off"' in field and 'spellcheck="false"' in field
    response = send(client, issue(make.waiting()))
    assert response.cookies and all(
        cookie["max-age"] == "" and cookie["expires"] == "" for cookie in response.cookies.values()
    )


def test_resume_after_too_many_tries_of_a_network_waits():
    code = issue(make.waiting())
    for _time in range(definitions.TRIES_MOST.default):
        assert "n'ouvrent aucun" in shown(send(Client(), WRONG))  # without cookies: a new visit each time
    response = send(Client(), code)
    assert response.status_code == 429
    assert "Trop d'essais pour le moment. Un nouvel essai sera possible dans dix minutes." in shown(response)
    assert code in shown(response)
    assert "tel:3018" in main_of(response) and "sms:114" in main_of(response)  # other help meanwhile
    assert send(Client(REMOTE_ADDR="192.0.2.7"), code).url == PAGE  # others are not concerned


def test_resume_wrong_words_are_no_emergency():
    assert "tel:3018" not in main_of(send(Client(), WRONG))


def test_resume_one_network_cannot_keep_everybody_out():
    code = issue(make.waiting())
    for _time in range(definitions.TRIES_MOST.default * 3):
        send(Client(), WRONG)
    assert send(Client(REMOTE_ADDR="192.0.2.7"), code).url == PAGE


def test_resume_with_a_right_code_is_never_refused_for_what_others_try(monkeypatch, caplog):
    """However many try, from however many networks, and whatever this network tried before, within its own number."""
    monkeypatch.setattr(visitor_resume, "MANY_TRIES", 40)
    code, other = issue(make.waiting()), issue(make.waiting())
    crowd = [Client(REMOTE_ADDR=f"192.0.{number}.2") for number in range(60)]
    assert {send(one, WRONG).status_code for one in crowd for _try in range(4)} == {200}
    assert send(Client(REMOTE_ADDR="198.51.100.7"), code).url == PAGE
    assert send(crowd[0], other).url == PAGE
    assert "limit=resume_all" in caplog.text, "whoever runs the service is told that somebody guesses"


@pytest.mark.parametrize(("networks", "limit"), [("2001:db8:0:{:x}00::1", 120), ("2001:db8:0:ff{:02x}::1", 40)])
def test_resume_one_subscriber_with_many_networks_cannot_keep_everybody_out(networks, limit):
    """A /48 holds 65,536 of the networks that are counted one by one, a /56 holds 256."""
    code = issue(make.waiting())
    answers = [
        send(Client(REMOTE_ADDR=networks.format(net)), WRONG).status_code for net in range(16) for _try in range(11)
    ]
    assert answers.count(200) == limit and answers[limit:] == [429] * (len(answers) - limit)
    assert send(Client(REMOTE_ADDR="2001:db8:1::1"), code).url == PAGE


def test_resume_a_slip_is_no_try(client):
    code = issue(make.waiting())
    for _time in range(definitions.TRIES_MOST.default + 1):
        assert "notre liste" in shown(send(client, WRONG.replace("girafe", "giraffe")))
    assert send(client, code).url == PAGE


def test_resume_ends_the_visit_of_the_device_left_behind(as_reporter):
    conversation = make.assigned()
    left_behind = as_reporter(conversation)
    code = code_on_page(left_behind.post(reverse("chat:code")))
    here = Client()
    send(here, code)
    make.message(conversation, "pour moi seule")
    assert "pour moi seule" in shown(here.get(PAGE))
    assert "pour moi seule" not in shown(left_behind.get(PAGE, follow=True))
    assert "Retour avec le code de reprise" in shown(here.get(PAGE))


ANSWERS = {"version": "1", "answers": {"role": "victim", "age": "under_15"}, "chat_anyway": False}


@pytest.fixture
def left(as_reporter):
    """A client whose visit, with its answers, was ended by its code on another device."""
    conversation = make.assigned(discreet=True)
    make.message(conversation, "pour moi seule")
    client = as_reporter(conversation)
    session = client.session
    session.update({"triage": ANSWERS, DISCREET: True})
    session.save()
    send(Client(), issue(conversation))
    return client


@pytest.mark.parametrize("first", ["/tchat/", "/signalement/", "/orientation/", "/", "/tchat/code/", "/tchat/suite/"])
def test_visit_left_behind_is_forgotten_by_the_first_page_it_asks_for(left, first, settings):
    before = left.cookies[settings.SESSION_COOKIE_NAME].value
    page = shown(left.get(first, follow=True))
    assert "pour moi seule" not in page and "Moins de 15 ans" not in page
    assert not SessionStore().exists(before)
    assert set(left.session.keys()) == {ENDED, DISCREET}
    page = shown(left.get(PAGE, follow=True))
    assert "Cette visite a pris fin sur cet appareil" in page and "Reprendre avec un code" in page
    assert "<title>Informations</title>" in page  # titles stay neutral


def test_visit_left_behind_answers_forms_and_frames(left):
    assert left.post(reverse("chat:frames"), "{}", content_type="application/json").status_code == 401
    assert left.post(reverse("chat:code"), headers={"Accept": "application/json"}).status_code == 401
    for name in ("chat:message", "chat:end", "chat:code", "chat:code_annul"):
        assert "Cette visite a pris fin" in shown(left.post(reverse(name), {"body": "x"}, follow=True)), name
    assert Conversation.objects.get().resume_digest is not None


def test_visit_left_behind_comes_back_with_its_code(left):
    left.get(PAGE)
    code = issue(Conversation.objects.get())
    assert send(left, code).url == DISCREET_PAGE
    assert "pour moi seule" in shown(left.get(DISCREET_PAGE))
    assert ENDED not in left.session


def test_visit_that_begins_anew_after_another_ended_is_led_on(left):
    left.get(PAGE)
    left.post("/orientation/maintenant/", {"answer": "no"})
    assert left.session["triage"]["answers"] == {"danger": "no"}
    assert left.get(PAGE).url == DISCREET_PAGE
    assert left.get(DISCREET_PAGE).url == addresses.DISCREET.reverse("reports:create")


def test_visit_left_behind_signs_no_agent_out():
    agent, conversation = make.agent(), make.assigned()
    client = signed_in(agent.user)
    session = client.session
    report = conversation.report
    session.update({KEY: str(report.public_id), GENERATION: report.visit_generation, "triage": ANSWERS})
    session.save()
    assert client.get("/console/").status_code == 200
    send(Client(), issue(conversation))
    assert client.get("/console/").status_code == 200
    assert not {KEY, GENERATION, "triage"} & set(client.session.keys())


def test_visit_without_a_report_keeps_its_answers(client):
    session = client.session
    session["triage"] = ANSWERS
    session.save()
    client.get("/orientation/")
    assert client.session["triage"] == ANSWERS
    assert client.get(PAGE).url == reverse("reports:create")


def test_visit_goes_on_when_the_database_cannot_say_whether_it_was_left(as_reporter, monkeypatch):
    """The page has its own answer to a database that is away: what was typed comes back in its field."""
    client = as_reporter(make.assigned())

    def away(request):
        raise OperationalError

    monkeypatch.setattr("chat.access.read_visit", away)
    monkeypatch.setattr("chat.visitor.conversation._present", away)
    response = client.post(reverse("chat:message"), {"body": "à garder", "client_id": str(uuid.uuid4())})
    assert response.status_code == 503 and "à garder" in shown(response)


def test_resume_twice_at_once_is_one(client, settings):
    """The second click comes with the cookie that the first made void."""
    conversation = make.waiting()
    code = issue(conversation)
    session = client.session
    session["x"] = 1
    session.save()
    mark, cookie = mark_of(client), client.cookies[settings.SESSION_COOKIE_NAME].value
    for _click in range(2):
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        assert client.post(reverse("chat:resume"), {"code": code, "mark": mark}).url == PAGE
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 1
    assert 'data-status="waiting"' in shown(client.get(PAGE))


@pytest.mark.parametrize("mark", ["another page", "no mark", "an invented one"])
def test_resume_on_a_second_device_at_once_ends_the_first(mark):
    conversation = make.assigned()
    code = issue(conversation)
    first, second = Client(), Client()
    first.post(reverse("chat:resume"), {"code": code, "mark": mark_of(first)})
    typed = {"another page": mark_of(second), "no mark": "", "an invented one": "code\x00" + "x" * 500}[mark]
    assert second.post(reverse("chat:resume"), {"code": code, "mark": typed}).url == PAGE
    make.message(conversation, "pour moi seule")
    assert "pour moi seule" in shown(second.get(PAGE))
    assert "pour moi seule" not in shown(first.get(PAGE, follow=True))
    assert first.post(reverse("chat:frames"), "{}", content_type="application/json").status_code == 401


def test_resume_from_the_first_page_again_after_another_device_is_a_new_return():
    conversation = make.waiting()
    code = issue(conversation)
    first, second = Client(), Client()
    mark = mark_of(first)
    for client, sent in ((first, mark), (second, mark_of(second)), (first, mark)):
        client.post(reverse("chat:resume"), {"code": code, "mark": sent})
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 3
    assert second.post(reverse("chat:frames"), "{}", content_type="application/json").status_code == 401


def test_resume_from_the_same_page_later_is_a_new_return(client, monkeypatch):
    monkeypatch.setattr(resume, "RESUME_GRACE", timedelta(0))
    conversation = make.waiting()
    code, mark = issue(conversation), mark_of(client)
    for _time in range(2):
        client.post(reverse("chat:resume"), {"code": code, "mark": mark})
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 2


def test_person_who_left_in_a_hurry_comes_back_to_the_same_agent(as_reporter):
    agent = make.agent(availability=Availability.AVAILABLE)
    conversation = make.assigned(agent)
    client = as_reporter(conversation)
    code = code_on_page(client.post(reverse("chat:code")))
    resume.park_conversation(report=conversation.report)
    elsewhere = Client()
    send(elsewhere, code)
    page = shown(elsewhere.get(PAGE))
    assert 'data-status="active"' in page and agent.interlocutor in page
