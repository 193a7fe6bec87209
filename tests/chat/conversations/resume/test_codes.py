"""The code de reprise: it is made, shown once, stored only as a slow hash, and it ends."""

import hashlib
import logging
import re
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import actions, resume
from chat.models import Agent, Conversation, EventKind
from chat.rules import resume_words
from chat.rules.lifecycle import Author, Status
from common.service_settings import definitions
from reports.models import AgeBand
from tests.chat.conversations.resume.acts import PAGE, WRONG, code_on_page, issue, mark_of, send, shown
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


def come_back(text):
    """Return the conversation that a code as typed opens, or None."""
    return resume.resume_by_code(words=resume_words.read(text).words)


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
    """Return the whole database, as text."""
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
    before = every_row()  # the words of the pages contain some already: « du lundi au vendredi »
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
    """Of twenty that come at once, never more than two run, four are served, and the others hold no thread."""
    running, most, gate = [0], [0], threading.Event()
    lock = threading.Lock()
    refused = []

    def open_gate():
        """Open the gate once those that were refused have come back without waiting for the others.

        On a busy machine those are perhaps not there yet.
        """
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
    assert len(slow_hash(WRONG.split())) == 32  # every place for hashing was given back


def test_return_to_what_is_over_takes_nobody_from_an_agent(django_capture_on_commit_callbacks):
    """The agent is gone; who is in an exchange with them is for the worker to see, or for that person's own return."""
    over = make.closed()
    other = make.assigned(over.assigned_to)
    Agent.objects.update(seen_at=make.long_ago(60))
    with django_capture_on_commit_callbacks(execute=True):
        resume.resume_conversation(conversation_id=over.pk)
    other.refresh_from_db()
    assert other.assigned_to == over.assigned_to


def test_return_is_whole_or_not_at_all(monkeypatch):
    """The former device is not sent away by a return that failed."""
    conversation = make.assigned()

    def fails(*_args, **_fields):
        raise RuntimeError("the line")

    monkeypatch.setattr(resume, "say_line", fails)
    with pytest.raises(RuntimeError, match="the line"):
        resume.resume_conversation(conversation_id=conversation.pk)
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 0
    assert not conversation.events.filter(kind=EventKind.RESUMED).exists()


def test_code_ends_with_a_whole_minute():
    conversation = make.waiting()
    code = resume.issue_code(conversation_id=conversation.pk)
    conversation.refresh_from_db()
    assert conversation.resume_until == code.until == code.until.replace(second=0, microsecond=0)


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
    """Two requests come at once, the first is hashed last: the page shown is the second's, and so is the code that
    works.
    """
    conversation = make.waiting()
    true_hash = resume.slow_hash
    later = []

    def slow_hash(words):
        if not later:
            later.append("")  # the second request comes while the first one is hashed
            later[0] = issue(conversation)
        return true_hash(words)

    monkeypatch.setattr(resume, "slow_hash", slow_hash)
    with pytest.raises(resume.Replaced):
        issue(conversation)
    assert come_back(later[0]) == conversation


@pytest.mark.parametrize("why", ["replaced", "not_made"])
def test_page_is_told_whether_the_code_that_it_shows_works_no_more(as_reporter, monkeypatch, why):
    def refuse(**_asked):
        raise resume.Replaced if why == "replaced" else resume.Busy

    client = as_reporter(make.waiting())
    monkeypatch.setattr(resume, "issue_code", refuse)
    answer = client.post(reverse("chat:code"), headers={"accept": "application/json"})
    assert answer.status_code == (409 if why == "replaced" else 503)
    assert answer.json()["error"] == why and answer.json()["detail"].endswith(".")


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
    """Two requests run in real threads. One page sent twice is one visit; of two pages, one device follows the
    exchange.
    """
    conversation = make.waiting()
    code = issue(conversation)
    first, second = Client(), Client()
    mark = mark_of(first)
    marks = [mark, mark if page == "the same" else mark_of(second)]
    clients = [first, second]  # a double click: two requests without the cookie that the first answer sets
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
    if found is not None:  # otherwise the code was used before the end
        assert bodies.index(next(body for body in bodies if "Retour" in body)) < len(bodies) - 1
    assert resume.resume_by_code(words=words) is None


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
    page = shown(client.get(reverse("chat:code")))  # later, the page shows only the date
    assert code not in page and "Un code fonctionne jusqu'au" in page and "Annuler ce code" in page
    page = squeezed(shown(client.get(PAGE)))
    assert "Créer un nouveau code</button>" in page and "Voir la date de fin, ou annuler le code" in page
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


def test_who_leaves_with_a_code_is_told_until_when_and_when_to_be_back(as_reporter, set_rule):
    set_rule(definitions.PLACE_WITH_CODE, 45)
    make.assigned(make.agent(capacity=1))
    for familiar, told in ((False, "votre place est gardée jusqu'à"), (True, "ta place est gardée jusqu'à")):
        age = AgeBand.UNDER_15 if familiar else AgeBand.ADULT
        page = squeezed(shown(as_reporter(make.waiting(age_band=age)).post(reverse("chat:code"))))
        comes = "Reviens" if familiar else "Revenez"
        kept = re.search(rf"{told} (\d+) h (\d\d)\. {comes} vers (\d+) h (\d\d)\.", page)
        assert kept, page
        until, back = (60 * int(kept[at]) + int(kept[at + 1]) for at in (1, 3))
        now = timezone.localtime()
        assert abs((until - 60 * now.hour - now.minute) % (24 * 60) - 45) <= 1
        assert (until - back) % (24 * 60) <= 45, "nobody is told to come back after their place was given"


def test_code_annulled_by_the_person(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    code = code_on_page(client.post(reverse("chat:code")))
    assert client.get(reverse("chat:code_annul")).url == reverse("chat:code")
    page = shown(client.post(reverse("chat:code_annul"), follow=True))
    assert "Aucun code ne fonctionne pour le moment." in page
    assert "Ces mots n'ouvrent aucun échange." in shown(send(Client(), code))


def test_code_after_the_end_says_so(as_reporter):
    client = as_reporter(make.closed())
    assert "L'échange est terminé : son code de reprise n'en ouvre plus les messages." in shown(
        client.get(reverse("chat:code"))
    )
    response = client.post(reverse("chat:code"))
    assert response.status_code == 409 and 'lang="fr">' not in shown(response).replace('<html lang="fr"', "")
    response = client.post(reverse("chat:code"), headers={"Accept": "application/json"})
    assert response.status_code == 409 and "terminé" in response.json()["detail"]


def test_code_asked_for_too_often_waits_and_the_last_one_stays(as_reporter, set_rule, one_window):
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


def test_codes_whose_time_is_over_are_found_by_an_index():
    """Each hour they are looked for among all exchanges, of which few have a code."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Conversation.objects.filter(resume_until__lte=timezone.now()).explain()
    assert "conversation_code_ends" in plan, plan
