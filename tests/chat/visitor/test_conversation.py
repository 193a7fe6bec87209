import json
import re
import uuid
from collections import Counter
from html import unescape

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import reports.session
from chat.conversations import actions, dispatcher
from chat.conversations.actions import Mark
from chat.messages import protocol
from chat.models import Conversation, EventKind, Message
from chat.rules import message_limits
from chat.rules.lifecycle import Author, Status
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from chat.visitor import conversation as visitor_conversation
from chat.visitor import draft_session
from common import rate_limits
from common.texts import cache as text_cache
from pnav.addresses import DISCREET, ORDINARY
from pnav.sessions import stored_key
from reports.models import AgeBand
from reports.session import KEY
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.reports.test_reporter_identity import opened
from tests.support.reading import squeezed
from tests.triage.paths import NOT_IN_DANGER, walk
from triage.rules import assess

pytestmark = pytest.mark.django_db

PAGE = "/tchat/"


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


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


def send(client, body, client_id=None, **extra):
    data = {"client_id": str(client_id or uuid.uuid4()), "body": body}
    return client.post(reverse("chat:message"), data, **extra)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_conversation_without_a_visit_offers_both_ways_in(client):
    page = shown(client.get(PAGE))
    assert re.search(r'href="/orientation/"[^>]*>Commencer</a>', page)
    assert re.search(r'href="/tchat/reprendre/"[^>]*>J\'ai un code</a>', page)
    assert "mise sous scellé dès l’arrivée" in page, "what becomes of the connection's address"


def test_conversation_of_a_visit_that_answers_goes_on_where_it_is(client):
    client.post("/orientation/maintenant/", {"answer": "no"})
    assert client.get(PAGE).url == reverse("reports:create")


def test_conversation_of_a_new_report_opens_once(client):
    filed = make.report()
    session = client.session
    session[KEY] = str(filed.public_id)
    session.save()
    first, second = client.get(PAGE), client.get(PAGE)
    assert first.status_code == second.status_code == 200
    assert Conversation.objects.filter(report=filed).count() == 1
    assert filed.conversation.events.filter(kind=EventKind.OPENED).count() == 1


def test_conversation_of_a_new_report_with_a_free_agent_is_answered_at_once(client, django_capture_on_commit_callbacks):
    make.agent(public_name="Camille")
    filed = make.report()
    session = client.session
    session[KEY] = str(filed.public_id)
    session.save()
    with django_capture_on_commit_callbacks(execute=True):
        client.get(PAGE)
    page = shown(client.get(PAGE))
    assert "Camille, police nationale" in page
    assert 'data-status="active"' in page


def test_waiting_page_with_nobody_on_duty_says_so_and_gives_numbers(as_reporter):
    client = as_reporter(make.waiting())
    page = shown(client.get(PAGE))
    assert "Vous êtes la prochaine personne." in page
    assert "Aucun agent n'est disponible en ce moment." in page
    nobody = page[page.index('id="nobody"') :].split(">")[0]
    assert "hidden" not in nobody
    after_the_box = page[page.index("</textarea>") :].split("<aside")[0]
    assert after_the_box.index('href="tel:3114"') < after_the_box.index('href="tel:17"')


def test_waiting_page_with_everybody_busy_gives_place_and_range(as_reporter):
    answering = make.agent(capacity=1)
    make.assigned(answering)
    make.waiting(queued_at=make.long_ago(10))
    client = as_reporter(make.waiting())
    page = shown(client.get(PAGE))
    assert "Vous êtes en position 2 dans la file." in page
    assert "Attente estimée : entre 35 minutes et 4 heures." in page
    nobody = page[page.index('id="nobody"') :].split(">")[0]
    assert "hidden" in nobody


def test_waiting_page_of_a_minor_says_tu_and_names_3018(as_reporter):
    page = shown(as_reporter(make.waiting(age_band=AgeBand.FROM_15_TO_17)).get(PAGE))
    assert "Quelqu’un va te répondre" in page
    assert 'href="tel:3018"' in page and 'href="tel:119"' in page
    assert "vous répondre" not in page


def test_waiting_page_of_a_relative_of_a_minor_says_vous_and_names_3018(as_reporter):
    page = shown(as_reporter(make.waiting(age_band=AgeBand.UNDER_15, role="relative")).get(PAGE))
    assert "Quelqu’un va vous répondre" in page
    assert 'href="tel:3018"' in page


def test_discreet_pages_never_say_what_they_are(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"), discreet=True)
    make.message(conversation, "Bonjour", Author.AGENT)
    page = shown(as_reporter(conversation).get(PAGE, follow=True))
    assert "<title>Informations</title>" in page
    main = page[page.index('<div class="pnav-chat__main"') : page.index("</main>")]
    assert "police nationale" not in main and "gendarmerie nationale" not in main
    assert "Camille est là." in main and "Interlocuteur" in main
    aside = page[page.index("<aside") : page.index("</aside>")]
    assert "<summary>Numéros utiles</summary>" in aside


def test_active_page_names_who_answers(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    assert "Camille, police nationale est là. L'échange peut commencer." in shown(as_reporter(conversation).get(PAGE))


def test_active_page_shows_the_thread_with_names_and_states(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    first = make.message(conversation, "Ils sont <b>six</b>\ndepuis lundi")
    make.message(conversation, "Je vous écoute", Author.AGENT)
    make.message(conversation, "Merci")
    actions.mark_read([Mark(conversation.pk, Author.AGENT, first.seq)])
    raw = as_reporter(conversation).get(PAGE).text
    assert "Ils sont &lt;b&gt;six&lt;/b&gt;\ndepuis lundi" in raw
    page = unescape(raw)
    assert 'role="log"' in page and 'aria-live="polite"' in page
    log = page[page.index('role="log"') : page.index("<template")]
    assert [name.split("<")[0] for name in log.split('data-part="name">')[1:]] == [
        "Pnav", "Vous", "Camille, police nationale", "Vous",
    ]  # fmt: skip
    assert [state.split("<")[0] for state in log.split('data-part="state">')[1:]] == ["", "Lu", "", "Envoyé"]


def test_closed_page_says_what_comes_next_and_takes_no_message(as_reporter):
    conversation = make.closed()
    client = as_reporter(conversation)
    page = shown(client.get(PAGE))
    assert "L’échange est terminé" in page and "Porter plainte" in page
    assert reverse("locations:my_contacts") in page and reverse("pages:feedback") in page
    assert "chat/page.js" not in page
    before = conversation.messages.count()
    answer = shown(send(client, "Encore une chose"))
    assert "ce message n'a pas été envoyé" in answer and "Encore une chose" in answer
    assert conversation.messages.count() == before


def test_abandoned_conversation_takes_its_place_again(as_reporter):
    conversation = make.waiting()
    Conversation.objects.update(status=Status.ABANDONED)
    page = shown(as_reporter(conversation).get(PAGE))
    assert 'data-status="waiting"' in page
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING


def test_abandoned_conversation_takes_its_place_again_with_a_message(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    for number, write in enumerate(
        (
            lambda: send(client, "je suis encore là"),
            lambda: exchange(client, {"type": "post", "client_id": str(uuid.uuid4()), "body": "moi aussi"}),
            lambda: client.get(reverse("chat:news")),
        )
    ):
        Conversation.objects.update(status=Status.ABANDONED)
        write()
        conversation.refresh_from_db()
        assert (conversation.status, conversation.last_seq) == (Status.WAITING, min(number + 1, 2))


def test_each_page_renews_the_lease(as_reporter):
    conversation = make.waiting()
    Conversation.objects.update(reporter_seen_at=make.long_ago(20))
    as_reporter(conversation).get(PAGE)
    conversation.refresh_from_db()
    assert (timezone.now() - conversation.reporter_seen_at).total_seconds() < 60


def test_pages_show_only_this_visits_conversation(as_reporter, settings):
    agent, stranger = make.agent(), make.agent(unit_name="Autre équipe")
    secret = make.assigned(agent)
    make.message(secret, "un secret")
    assert "un secret" in as_reporter(secret).get(PAGE).text
    assert "un secret" not in as_reporter(make.waiting()).get(PAGE).text
    for who in (agent, stranger):  # neither agent has anything to do on the visitor's pages
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(who)
        assert "un secret" not in client.get(PAGE).text
        assert "un secret" not in client.get(reverse("chat:news")).text
        assert client.post(reverse("chat:frames"), "{}", content_type="application/json").status_code == 401


def test_pages_are_not_kept_by_the_browser(as_reporter):
    client = as_reporter(make.waiting())
    for name in ("chat:conversation", "chat:news", "chat:end", "chat:resume", "chat:code"):
        assert client.get(reverse(name)).headers["Cache-Control"] == "no-store"


# --- messages by the form ---------------------------------------------------------------------------------------------


def test_post_message_comes_back_to_the_end_of_the_thread(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    response = send(client, "  J'ai peur.\r\nIl sait où j'habite.  ")
    assert response.status_code == 302 and response.url == PAGE + "#fin"
    message = conversation.messages.get()
    assert (message.author, message.body) == (Author.REPORTER, "J'ai peur.\nIl sait où j'habite.")


def test_post_message_twice_with_one_client_id_adds_one(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), uuid.uuid4()
    assert send(client, "Bonjour", client_id).status_code == send(client, "Bonjour", client_id).status_code == 302
    assert conversation.messages.count() == 1


def test_post_another_message_in_a_form_brought_back_by_the_browser_loses_nothing(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), uuid.uuid4()
    send(client, "Bonjour", client_id)
    send(client, "Autre chose", client_id)
    assert [message.body for message in conversation.messages.all()] == ["Bonjour", "Autre chose"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("   ", "Le message est vide."),
        ("a" * 4001, "Le message est trop long : 4 000 caractères au plus."),
        ("a\x00b", "Le message contient un caractère qui ne peut pas être gardé."),
    ],
)
def test_post_message_refused_keeps_the_text_and_says_why_beside_it(as_reporter, body, words):
    conversation = make.waiting()
    client_id = uuid.uuid4()
    response = send(as_reporter(conversation), body, client_id)
    page = shown(response)
    assert response.status_code == 200
    assert "<title>Erreur :" in page
    error = page[page.index('id="body-error"') :]
    assert words in error[: error.index("</p>")]
    assert 'aria-invalid="true" autofocus' in page
    assert f">\n{body}</textarea>" in page.replace("\ufffd", "\x00")
    assert str(client_id) in page
    assert conversation.messages.count() == 0


def test_post_message_of_4000_lines_ends_counts_each_once(as_reporter):
    conversation = make.waiting()
    body = "a" + "\r\n" * 3998 + "b"  # a form sends two characters for each end of line
    assert send(as_reporter(conversation), body).status_code == 302
    assert len(conversation.messages.get().body) == 4000


def test_post_message_without_client_id_is_not_sent_and_not_lost(as_reporter):
    conversation = make.waiting()
    page = shown(as_reporter(conversation).post(reverse("chat:message"), {"client_id": "x", "body": "Bonjour"}))
    assert "Le message n'est pas parti." in page and "Bonjour</textarea>" in page
    assert conversation.messages.count() == 0


def test_post_message_without_conversation_leads_to_the_ways_in(client):
    assert send(client, "Bonjour").url == PAGE


def test_post_message_needs_the_token_of_the_page(as_reporter):
    conversation = make.waiting()
    assert send(as_reporter(conversation, enforce_csrf_checks=True), "Bonjour").status_code == 403
    assert conversation.messages.count() == 0


def test_post_too_many_messages_at_once_keeps_the_last_text(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    for number in range(message_limits.UNANSWERED.at_once):
        assert send(client, f"message {number}").status_code == 302
    page = shown(send(client, "un de plus"))
    assert "Trop de messages à la suite." in page and "un de plus</textarea>" in page
    assert conversation.messages.count() == message_limits.UNANSWERED.at_once
    answer = exchange(client, {"type": "post", "client_id": str(uuid.uuid4()), "body": "par la page"}).json()
    assert answer["frames"][0]["code"] == "rate_limited", "one measure for all ways"


def test_post_to_a_full_exchange_says_what_to_do_and_keeps_the_text(as_reporter):
    conversation = make.waiting()
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.REPORTER.characters)
    client = as_reporter(conversation)
    page = shown(send(client, "un de plus"))
    assert "taille maximale" in page and "commencez-en un autre" in page and "un de plus</textarea>" in page
    [answer] = exchange(client, {"type": "post", "client_id": str(uuid.uuid4()), "body": "par la page"}).json()[
        "frames"
    ]
    assert (answer["code"], answer["why"]) == ("closed", "full")
    assert conversation.messages.count() == 0


# --- the frame of browsers without a script ---------------------------------------------------------------------------


def test_news_shows_what_lies_after_and_is_framed_by_ourselves_only(as_reporter):
    conversation = make.assigned()
    make.message(conversation, "avant")
    make.message(conversation, "après", Author.AGENT)
    response = as_reporter(conversation).get(reverse("chat:news"), {"apres": 2, "etat": "active"})
    page = shown(response)
    assert "après" in page and "avant" not in page
    assert '<meta http-equiv="refresh" content="8">' in page
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy and "script-src 'self'" in policy
    conversation.refresh_from_db()
    assert conversation.reporter_read_seq == 3


def test_other_pages_are_framed_by_nobody(as_reporter):
    response = as_reporter(make.waiting()).get(PAGE)
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_news_while_waiting_gives_the_place_and_reloads_slowly(as_reporter):
    page = shown(as_reporter(make.waiting()).get(reverse("chat:news"), {"apres": 0, "etat": "waiting"}))
    assert "Vous êtes la prochaine personne." in page
    assert '<meta http-equiv="refresh" content="15">' in page


def test_news_reloads_until_it_is_told_to_stop(as_reporter):
    client = as_reporter(make.assigned())
    query = {"apres": 1, "etat": "active"}
    assert "?apres=1&etat=active&pause=1" in shown(client.get(reverse("chat:news"), query))
    paused = shown(client.get(reverse("chat:news"), {**query, "pause": "1"}))
    assert "http-equiv" not in paused and 'href="?apres=1&etat=active"' in paused


def test_news_says_that_somebody_came(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    page = shown(as_reporter(conversation).get(reverse("chat:news"), {"apres": 1, "etat": "waiting"}))
    assert "Quelqu’un est là pour vous." in page
    assert "« Actualiser », sous les messages, montre la suite" in page


def test_news_of_a_closed_conversation_stops_reloading(as_reporter):
    page = shown(as_reporter(make.closed()).get(reverse("chat:news"), {"apres": 0, "etat": "active"}))
    assert "L’échange est terminé." in page and "http-equiv" not in page


@pytest.mark.parametrize("after", ["", "-1", "abc", "²", "9" * 40])
def test_news_with_a_nonsense_cursor_shows_everything(as_reporter, after):
    conversation = make.waiting()
    make.message(conversation, "tout est là")
    response = as_reporter(conversation).get(reverse("chat:news"), {"apres": after})
    assert response.status_code == 200 and "tout est là" in response.text


# --- frames over HTTP -------------------------------------------------------------------------------------------------


def exchange(client, frame, **extra):
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return client.post(reverse("chat:frames"), text, content_type="application/json", **extra)


def test_frames_sync_answers_messages_then_state(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    make.message(conversation, "Bonjour")
    response = exchange(as_reporter(conversation), {"type": "sync", "after": 0})
    messages, state = response.json()["frames"]
    assert response.headers["Cache-Control"] == "no-store"
    assert [item["seq"] for item in messages["items"]] == [1, 2]
    assert (state["type"], state["status"], state["interlocutor"]) == ("state", "active", "Camille, police nationale")
    assert state["read_seq"] == 0


def test_frames_state_says_how_far_the_agent_has_read(as_reporter):
    conversation = make.assigned()
    message = make.message(conversation, "Bonjour")
    actions.mark_read([Mark(conversation.pk, Author.AGENT, message.seq)])
    _messages, state = exchange(as_reporter(conversation), {"type": "sync", "after": 0}).json()["frames"]
    assert state["read_seq"] == message.seq


def test_frames_post_twice_is_one_message_acknowledged_twice(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), str(uuid.uuid4())
    frame = {"type": "post", "client_id": client_id, "body": "Bonjour"}
    for _time in range(2):
        (answer,) = exchange(client, frame).json()["frames"]
        assert answer["items"][0]["client_id"] == client_id
    assert conversation.messages.count() == 1


def test_frames_of_another_conversation_are_refused(as_reporter):
    own, other = make.waiting(), make.waiting()
    client_id = str(uuid.uuid4())
    frame = {"type": "post", "conversation": str(other.public_id), "client_id": client_id, "body": "Bonjour"}
    (answer,) = exchange(as_reporter(own), frame).json()["frames"]
    assert (answer["type"], answer["code"], answer["client_id"]) == ("error", protocol.FORBIDDEN, client_id)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", protocol.BAD_FRAME),
        ("[]", protocol.BAD_FRAME),
        ({"type": "unknown"}, protocol.BAD_FRAME),
        ({"type": "post", "client_id": "0" * 36, "body": "x"}, protocol.BAD_FRAME),
        ({"type": "post", "client_id": str(uuid.uuid4()), "body": " "}, protocol.EMPTY),
        ({"type": "post", "client_id": str(uuid.uuid4()), "body": "a" * 4001}, protocol.TOO_LONG),
    ],
)
def test_frames_that_are_bad_get_one_error_and_write_nothing(as_reporter, frame, code):
    response = exchange(as_reporter(make.waiting()), frame)
    (answer,) = response.json()["frames"]
    assert (response.status_code, answer["type"], answer["code"]) == (200, "error", code)
    assert not Message.objects.exists()


def test_frames_post_in_a_closed_conversation_is_refused(as_reporter):
    frame = {"type": "post", "client_id": str(uuid.uuid4()), "body": "Bonjour"}
    (answer,) = exchange(as_reporter(make.closed()), frame).json()["frames"]
    assert answer["code"] == protocol.CLOSED


def test_frames_without_conversation_are_401(client):
    response = exchange(client, {"type": "beat"})
    assert response.status_code == 401 and response.json() == {"error": "no_session"}


def test_frames_need_the_token_of_the_page(as_reporter):
    client = as_reporter(make.waiting(), enforce_csrf_checks=True)
    assert exchange(client, {"type": "beat"}).status_code == 403
    page = client.get(PAGE).text
    token = page[page.index('data-csrf="') + 11 :].split('"')[0]
    assert exchange(client, {"type": "beat"}, headers={"X-CSRFToken": token}).status_code == 200


def test_frames_too_many_at_once_are_to_be_sent_again(as_reporter, monkeypatch):
    monkeypatch.setattr(rate_limits.time, "time", lambda: 3_000_000_000.0)
    client = as_reporter(make.waiting())
    for _time in range(visitor_conversation.FRAMES):
        exchange(client, {"type": "typing"})
    client_id = str(uuid.uuid4())
    (answer,) = exchange(client, {"type": "post", "client_id": client_id, "body": "x"}).json()["frames"]
    assert (answer["code"], answer["client_id"]) == (protocol.RATE_LIMITED, client_id)
    assert not Message.objects.exists()


# --- the end ----------------------------------------------------------------------------------------------------------


def test_end_asks_first_then_closes(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    assert "Terminer l’échange ?" in shown(client.get(reverse("chat:end")))
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    response = client.post(reverse("chat:end"))
    assert response.status_code == 302 and response.url == PAGE
    conversation.refresh_from_db()
    assert (conversation.status, conversation.closed_by) == (Status.CLOSED, Author.REPORTER)
    assert "Et maintenant ?" in shown(client.get(PAGE))


def test_end_while_waiting_leaves_the_queue(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    assert "Quitter la file d’attente ?" in shown(client.get(reverse("chat:end")))
    client.post(reverse("chat:end"))
    assert not Conversation.objects.waiting().exists()


def test_end_of_a_closed_conversation_asks_nothing(as_reporter):
    assert as_reporter(make.closed()).get(reverse("chat:end")).url == PAGE


def test_end_without_conversation_leads_to_the_ways_in(client):
    assert client.post(reverse("chat:end")).url == PAGE


# --- a queue that was left --------------------------------------------------------------------------------------------


def seen_of(page):
    """What of the page is shown: the style sheet hides one of the two ways in which an exchange ends."""
    hidden = "data-if-unanswered" if " data-answered" in page else "data-if-answered"
    page = unescape(re.sub(r' data-words="[^"]*"', "", page))
    return re.sub(rf"<(\w+)[^>]* {hidden}>.*?</\1>", "", page, flags=re.S)


def test_who_leaves_a_queue_in_which_nobody_answered_is_not_thanked_for_having_talked(as_reporter):
    client = as_reporter(make.waiting())
    client.post(reverse("chat:end"))
    page = seen_of(client.get(PAGE).text)
    assert "Vous avez quitté la file d’attente" in page and "Personne ne vous avait encore répondu." in page
    assert "Merci d’avoir parlé" not in page and "Porter plainte" not in page
    for number in ("tel:3018", "tel:116006", "tel:3114"):
        assert number in page


def test_who_ends_an_exchange_that_was_answered_is_thanked(as_reporter):
    conversation = make.waiting()
    make.agent()
    dispatcher.dispatch()
    client = as_reporter(conversation)
    assert " data-answered" in shown(client.get(PAGE))
    client.post(reverse("chat:end"))
    page = seen_of(client.get(PAGE).text)
    assert "Merci d’avoir parlé" in page and "Vous avez quitté la file" not in page


def test_waiting_room_says_why_a_police_officer_answers_and_not_when_somebody_may_see(as_reporter):
    for discreet, said in ((False, True), (True, False)):
        conversation = make.waiting(discreet=discreet)
        client = as_reporter(conversation)
        session = client.session
        answers = next(path for path in walk(NOT_IN_DANGER) if assess(path).opens_chat)
        session["triage"] = {"version": "", "answers": answers}
        session.save()
        page = shown(client.get(PAGE))
        assert ("Pourquoi un policier ou un gendarme" in page) is said
        if said:
            reason = squeezed(str(assess(answers).reasons[0]))
            assert reason[:30] in squeezed(page)
    assert "Pourquoi un policier" not in shown(as_reporter(make.waiting()).get(PAGE)), "who came by code"


# --- found again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("discreet", "words"), [(False, "Revenir à mon échange"), (True, "Revenir où j'en étais")])
def test_open_exchange_is_on_every_other_page(as_reporter, discreet, words):
    conversation = make.waiting(discreet=discreet)
    client = as_reporter(conversation)
    for path in ("/", "/accessibilite/", "/point-d-accueil/", "/avis/", "/nothing/"):
        assert re.search(rf'href="/tchat/#fin">\s*{words}\s*</a>', shown(client.get(path))), path
    assert "pnav-open" not in shown(client.get(PAGE))
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert "pnav-open" not in shown(client.get("/"))


def test_orientation_does_not_begin_again_while_an_exchange_is_open(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    for method, path in (
        ("get", "/orientation/"),
        ("get", "/orientation/maintenant/"),
        ("post", "/orientation/maintenant/"),
    ):
        assert getattr(client, method)(path, {"answer": "no"}).url == PAGE, path
    assert "triage" not in client.session
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert client.get("/orientation/").status_code == 200


def test_open_exchange_costs_no_query_more(as_reporter, client):
    def asked(who):
        with CaptureQueriesContext(connection) as queries:
            who.get("/accessibilite/")
        return len(queries)

    visit = as_reporter(make.waiting())
    asked(visit)
    assert asked(visit) <= 2, "the session, and where the visit stands"
    asked(client)
    assert asked(client) == 0


@pytest.fixture
def database_away(monkeypatch):
    """Nothing can be read, as while PostgreSQL starts again."""

    def fail(_session):
        raise OperationalError("away")

    monkeypatch.setattr(visitor_conversation.access, "as_reporter", fail)


def test_post_message_without_script_database_away_keeps_the_text(client, database_away):
    client_id = str(uuid.uuid4())
    answer = client.post(reverse("chat:message"), {"client_id": client_id, "body": "J'ai <peur>"})
    assert answer.status_code == 503
    page = answer.text
    assert "J&#x27;ai &lt;peur&gt;</textarea>" in page
    assert f'value="{client_id}"' in page
    assert "csrfmiddlewaretoken" in page
    assert "refresh" not in page


def test_news_database_away_tries_again_by_itself(client, database_away):
    answer = client.get(reverse("chat:news"), {"apres": "0", "etat": "active"})
    assert answer.status_code == 503
    assert 'http-equiv="refresh"' in answer.text
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


# --- where somebody comes from ----------------------------------------------------------------------------------------


def test_page_without_a_script_seals_a_connection_for_each_network(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    for address in ("203.0.113.5", "203.0.113.5", "203.0.113.6"):
        assert client.get(reverse("chat:news"), REMOTE_ADDR=address, REMOTE_PORT="4321").status_code == 200
    seen = [text.splitlines()[0] for text in opened(conversation.report, "connection")]
    assert seen == ["adresse : 203.0.113.5", "adresse : 203.0.113.6"]


def test_frame_of_the_waiting_room_is_said_to_show_the_place(as_reporter):
    waiting, active = (
        squeezed(unescape(as_reporter(one).get("/tchat/").text)).split("<noscript><p")[1]
        for one in (make.waiting(), make.assigned())
    )
    assert "La place dans la file et les nouveaux messages se mettent à jour seuls dans ce cadre" in waiting
    assert "Les nouveaux messages arrivent seuls dans ce cadre" in active


# --- a text that goes along -------------------------------------------------------------------------------------------


def leave(client, body, to="/tchat/suites/"):
    return client.post(reverse("chat:draft"), {"body": body, "to": to})


def save(client, body):
    return client.post(reverse("chat:draft"), {"body": body}, headers={"Accept": "application/json"})


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("/tchat/suites/", "/tchat/suites/"),
        ("/tchat/#fin", "/tchat/#fin"),
        ("/parametres-affichage/?next=/tchat/", "/parametres-affichage/?next=/tchat/"),
        *((elsewhere, "/tchat/") for elsewhere in (
            "", "x", "//example.org/", "/\\example.org/", "https://example.org/", "javascript:alert(1)", "/inconnu/",
            "/tchat/\r\nX: 1",
        )),
    ],
)  # fmt: skip
def test_text_goes_along_and_is_back_until_it_is_sent(as_reporter, to, place):
    conversation = make.assigned()
    client = as_reporter(conversation)
    assert leave(client, "Un-mot-garde\nici <b>", to).headers["Location"] == place
    for _reading in range(2):
        assert "Un-mot-garde\nici &lt;b&gt;</textarea>" in client.get(PAGE).text
    assert not conversation.messages.filter(author=Author.REPORTER).exists()
    send(client, "Un-mot-garde\nici <b>")
    assert "Un-mot-garde\nici &lt;b&gt;</textarea>" not in client.get(PAGE).text


def test_blank_text_erases_what_was_kept_and_a_form_without_the_field_does_not(as_reporter):
    client = as_reporter(make.assigned())
    leave(client, "Un-mot-garde")
    client.post(reverse("chat:code"))
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text
    leave(client, "  \n")
    assert "Un-mot-garde</textarea>" not in client.get(PAGE).text


def test_text_is_saved_as_it_is_typed_sealed_and_nowhere_else(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    answer = save(client, "Un-mot-garde")
    assert answer.status_code == 204 and not answer.content
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text
    row = Session.objects.get(pk=stored_key(client.cookies[settings.SESSION_COOKIE_NAME].value))
    assert "Un-mot-garde" not in row.session_data
    with CaptureQueriesContext(connection) as queries:
        save(client, "Un-mot-garde")
    assert not [one for one in queries if one["sql"].startswith("UPDATE")], "nothing changed"
    assert save(client, "").status_code == 204
    assert "Un-mot-garde" not in client.get(PAGE).text


def test_text_that_was_sent_is_not_offered_again(as_reporter):
    """The page sent it over its socket, and was gone before it could say that nothing is being typed any more."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    save(client, "Un-mot-garde \r\n ici")
    make.message(conversation, "Un-mot-garde \n ici")
    assert "ici</textarea>" not in client.get(PAGE).text


def test_saving_without_a_visit_and_too_often(as_reporter, client, monkeypatch):
    assert save(client, "x").status_code == 401
    monkeypatch.setattr("chat.visitor.draft.SAVES", 2)
    visit = as_reporter(make.assigned())
    assert [save(visit, f"mot {n}").status_code for n in range(3)] == [204, 204, 429]
    assert "mot 1</textarea>" in visit.get(PAGE).text


def test_text_of_an_exchange_that_ended_meanwhile_can_be_copied(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    leave(client, "Un-mot-garde")
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    page = shown(client.get(PAGE))
    assert "L'échange a pris fin : ce message n'a pas été envoyé." in page and "Un-mot-garde</textarea>" in page


def test_text_goes_with_the_visit_and_to_no_other_conversation(as_reporter):
    conversation, other = make.assigned(), make.assigned()
    client = as_reporter(conversation)
    leave(client, "Un-mot-garde")
    session = client.session
    session[KEY] = str(other.report.public_id)
    session.save()
    assert "Un-mot-garde" not in client.get(PAGE).text
    assert draft_session.KEY.startswith(reports.session.PREFIX), "forgotten with the visit"


def test_without_a_script_the_frame_leads_to_the_button_that_keeps_the_text(as_reporter):
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    client = as_reporter(conversation)
    page = squeezed(client.get(PAGE).text)
    assert 'id="follow" hidden' in page and 'value="/tchat/suites/">Suites<' in page, "shown by chat-noscript.css"
    hand.asked(conversation, unit)
    news = shown(client.get(reverse("chat:news"), {"apres": 0, "etat": "active"}))
    assert "le bouton sous les messages y mène" in news and 'href="/tchat/suites/"' not in news
    assert 'value="/tchat/suites/">Lire et répondre</button>' in squeezed(client.get(PAGE).text)


def test_read_again_is_a_button_of_the_form_that_holds_the_text(as_reporter):
    page = squeezed(as_reporter(make.assigned()).get(PAGE).text)
    (button,) = re.findall(r"<button[^>]*>Actualiser</button>", page)
    assert 'form="compose"' in button and 'formaction="/tchat/brouillon/"' in button and 'value="/tchat/#fin"' in button


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_why_a_message_did_not_go_is_said_in_the_voice_and_in_the_words_of_the_house(as_reporter):
    client = as_reporter(make.assigned(age_band="under_15"))
    sent = {"client_id": str(uuid.uuid4()), "body": "a\x00b"}
    assert "Réécris-le, puis envoie." in shown(client.post(reverse("chat:message"), sent))
    text_cache.put({"chat.empty": text_cache.Changed.named(tu="Écris un mot, même un seul.")})
    page = shown(client.post(reverse("chat:message"), sent | {"body": " "}))
    assert 'id="body-error">Écris un mot, même un seul.</p>' in page


@pytest.mark.parametrize("discreet", [True, False])
@pytest.mark.parametrize("status", ["waiting", "assigned"])
def test_each_way_out_of_the_page_has_a_button_that_keeps_the_text_without_a_script(as_reporter, status, discreet):
    page = shown(as_reporter(getattr(make, status)(discreet=discreet)).get(PAGE, follow=True))
    table = DISCREET if discreet else ORDINARY
    keeping, ending, code = (table.reverse(f"chat:{name}") for name in ("draft", "end", "code"))
    page = re.sub(r'<template id="left".*?</template>', "", page, flags=re.S)  # of a visit that ended
    page = re.sub(r'<section[^>]* id="suite".*?</section>', "", page, flags=re.S)  # of an exchange that ended
    carried = "".join(re.findall(r'<noscript class="pnav-carried">(.*?)</noscript>', page, flags=re.S))
    buttons = re.findall(r"<button([^>]*)>(.*?)</button>", carried, flags=re.S)
    assert all(
        f'type="submit" form="compose" formaction="{keeping}"' in marks or f'formaction="{code}"' in marks
        for marks, _words in buttons
    )
    place = re.compile(r'(?:value|formaction)="([^"]*)"')
    ways = Counter((place.findall(marks)[-1], words_of(text)) for marks, text in buttons)
    links = re.findall(r'<a [^>]*href="(/[^"]*)"[^>]*>(.*?)</a>', page, flags=re.S)
    end = "Quitter la file d’attente" if status == "waiting" else "Terminer l’échange"
    kept = Counter((to, end if to == ending else words_of(text)) for to, text in links)
    assert ways == kept + Counter([(code, "Créer un code de reprise")])
    assert len(ways) >= 16


def test_code_asked_for_without_a_script_keeps_the_text(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    page = client.post(reverse("chat:code"), {"body": "Un-mot-garde", "client_id": str(uuid.uuid4())}).text
    assert "pnav-chat__code" in page and "Un-mot-garde" not in page
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text


def test_text_is_shown_again_when_the_database_is_away_as_a_code_is_asked_for(client, database_away):
    page = client.post(reverse("chat:code"), {"body": "Un-mot-garde", "client_id": str(uuid.uuid4())})
    assert page.status_code == 503 and "Un-mot-garde</textarea>" in page.text
    assert 'action="/tchat/code/"' in page.text and 'name="to"' not in page.text


@pytest.mark.parametrize("state", ["waiting", "arrived", "closed", "summary"])
def test_no_link_of_the_frame_leaves_the_text_behind(as_reporter, state):
    conversation = make.waiting() if state == "waiting" else make.assigned()
    client = as_reporter(conversation)
    if state == "closed":
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    if state == "summary":
        target = Target(agent=make.agent(public_name="Alex").pk)
        transfer_actions.propose(
            conversation_id=conversation.pk,
            by=conversation.assigned_to,
            target=target,
            reason=Reason.END_OF_DUTY,
            summary="Une rumeur.",
        )
    shown_as = "active" if state == "summary" else "waiting"
    news = shown(client.get(reverse("chat:news"), {"apres": 0, "etat": shown_as}))
    assert "_top" not in news
    assert ("garde le message en cours" in news) is (state != "waiting")
    assert ("Un résumé est à lire" in news) is (state == "summary")


def test_answer_in_the_frame_is_asked_again_there_when_the_database_is_away(client, database_away):
    address = reverse("chat:news") + "?apres=2&etat=active"
    answer = client.post(address, {"client_id": str(uuid.uuid4()), "body": "Non"})
    assert (answer.status_code, answer["X-Frame-Options"]) == (503, "SAMEORIGIN")
    assert f'http-equiv="refresh" content="8; url={address}"' in shown(answer) and "Non" not in shown(answer)


def test_text_to_keep_is_shown_again_when_the_database_is_away(client, database_away):
    answer = leave(client, "Un-mot-garde", "/tchat/suites/")
    assert answer.status_code == 503
    page = answer.text
    assert "Un-mot-garde</textarea>" in page and "refresh" not in page
    assert 'action="/tchat/brouillon/"' in page and 'name="to" value="/tchat/suites/"' in page, "it is not sent"


def test_nothing_to_keep_and_the_database_away_asks_for_the_page_again(client, database_away):
    page = leave(client, "", "/tchat/#fin").text
    assert 'http-equiv="refresh" content="8; url=/tchat/"' in page, "its own address takes forms only"


def test_text_without_a_visit_is_kept_nowhere(client):
    assert leave(client, "Un-mot-garde").status_code == 302
    assert draft_session.KEY not in client.session
