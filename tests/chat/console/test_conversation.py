"""The pages of the console: who may enter, presence, what an agent writes, the end, and the board."""

import json
import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertRedirects

from chat import token_bucket
from chat.casework import emergencies, urgency
from chat.console.conversation import LAST_OPEN
from chat.conversations import actions, dispatcher, pauses, phone_calls
from chat.journal import actions as journal
from chat.journal.facts import Told
from chat.journal.queries import count_facts
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.rules import reply_template
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability, Outcome, PauseOrder, Status, idle_reason
from chat.supervision import pausing
from pnav.accounts.models import Role, User
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def hidden_client_id(html: str) -> str:
    return re.search(r'name="client_id" value="([^"]+)"', html).group(1)


# --- who may enter ------------------------------------------------------------------------------------------------


@pytest.fixture
def situation():
    """Return a conversation, its agent, and an agent of another unit."""
    agent = make.agent()
    stranger = make.agent(unit_name="Ailleurs")
    return make.assigned(agent), agent, stranger


def addresses(conversation) -> list[tuple[str, str]]:
    page = page_of(conversation)
    return [("get", page), ("post", page), ("post", page + "terminer/"), ("post", page + "urgence/")]


def test_conversation_its_agent_reads_it(situation):
    conversation, agent, _stranger = situation
    make.message(conversation, "Cela dure depuis la rentrée.")
    html = signed_in(agent.user).get(page_of(conversation)).text
    assert "Cela dure depuis la rentrée." in html


def test_conversation_agent_of_another_unit_sees_nothing(situation):
    conversation, _agent, stranger = situation
    make.message(conversation, "Cela dure depuis la rentrée.")
    client = signed_in(stranger.user)
    for method, address in addresses(conversation):
        answer = getattr(client, method)(address, {"outcome": "advised", "confirm": "on", "urgency": "2"})
        assert answer.status_code == 404
        assert "rentrée" not in answer.text
    assert str(conversation.public_id) not in client.get(CONSOLE).text
    frame = {"type": "sync", "conversation": str(conversation.public_id), "after": 0}
    answer = client.post("/console/trames/", json.dumps(frame), content_type="application/json").json()
    assert [item["code"] for item in answer["frames"]] == ["forbidden"]


def test_conversation_unknown_answers_as_another_agents(situation):
    conversation, _agent, stranger = situation
    client = signed_in(stranger.user)
    others, unknown = client.get(page_of(conversation)), client.get(f"/console/echange/{uuid.uuid4()}/")
    assert (others.status_code, unknown.status_code) == (404, 404)


def test_conversation_that_went_back_to_the_queue_says_so_to_who_had_it(situation):
    conversation, agent, stranger = situation
    make.message(conversation, "Cela dure depuis la rentrée.")
    client, outside = signed_in(agent.user), signed_in(stranger.user)
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(10))
    assert dispatcher.release_stale() == 1
    for method in ("get", "post"):
        answer = getattr(client, method)(page_of(conversation), {"body": "Je reviens vers vous"})
        html = answer.text
        assert answer.status_code == 404  # the status tells the script of a page that is open
        assert "Cet échange est retourné dans la file" in html and "rentrée" not in html
        assert ("Je reviens vers vous" in html) == (method == "post")
        others = getattr(outside, method)(page_of(conversation), {"body": "Je reviens vers vous"})
        assert others.status_code == 404 and "retourné" not in others.text
    # Somebody else answers it now, and the page does not say who.
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=stranger.pk, now=timezone.now())
    assert "retourné dans la file" in client.get(page_of(conversation)).text
    assert outside.get(page_of(conversation)).status_code == 200


def test_conversation_that_was_passed_on_says_so_to_who_had_it(situation):
    conversation, agent, stranger = situation
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=stranger)
    ConversationEvent.objects.create(
        conversation=conversation, kind=EventKind.ASSIGNED, at=timezone.now(), by=stranger.user
    )
    answer = signed_in(agent.user).get(page_of(conversation))
    assert answer.status_code == 404
    assert "plus à vous" in answer.text and "dans la file" not in answer.text


def test_conversation_supervisor_does_not_read_what_is_not_theirs(situation):
    conversation, _agent, _stranger = situation
    supervisor = make.agent(role=Role.SUPERVISOR)
    assert signed_in(supervisor.user).get(page_of(conversation)).status_code == 404


def test_script_that_an_act_leads_to_the_page_reads_nothing(situation):
    """What somebody wrote into an exchange out of sight said « Lu », and its tone was not heard again."""
    conversation, agent, _stranger = situation
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    written = make.message(conversation, "Il est devant la porte.")
    journal.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told("Il a forcé la porte."))
    journal.show_facts(conversation=conversation)
    client, step = signed_in(agent.user), page_of(conversation) + "procedure/"
    page = client.post(step, {"step": "can_talk"}, follow=True, headers={"Sec-Fetch-Mode": "cors"}).text
    assert f'id="procedure-{conversation.public_id}"' in page and 'data-unread="1"' in page
    conversation.refresh_from_db()
    assert (conversation.agent_read_seq, count_facts(conversation).read) == (0, 0)
    client.post(step, {"step": "can_talk"}, follow=True, headers={"Sec-Fetch-Mode": "navigate"})
    conversation.refresh_from_db()
    assert (conversation.agent_read_seq, count_facts(conversation).read) == (written.seq, 1)


def test_page_counts_as_seen_where_a_browser_does_not_say_who_asks(situation):
    conversation, agent, _stranger = situation
    written = make.message(conversation, "Il est devant la porte.")
    signed_in(agent.user).get(page_of(conversation))
    conversation.refresh_from_db()
    assert conversation.agent_read_seq == written.seq


def test_console_nobody_is_sent_to_sign_in(situation, client):
    conversation = situation[0]
    for method, address in [*addresses(conversation), ("get", CONSOLE), ("get", "/console/tableau/")]:
        answer = getattr(client, method)(address)
        assert answer.status_code == 302 and answer.url.startswith("/compte/login/")


def test_console_without_second_factor_is_not_opened(situation, client):
    _conversation, agent, _stranger = situation
    client.force_login(agent.user)
    answer = client.get(CONSOLE)
    assert answer.status_code == 302 and answer.url.startswith("/compte/2fa/")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_console_other_roles_are_refused(role, situation):
    client = signed_in(User.objects.create_user("autre", password="x", role=role))
    for address in (CONSOLE, page_of(situation[0]), "/console/tableau/"):
        assert client.get(address).status_code == 403


def test_console_agent_account_without_an_agent_is_refused():
    client = signed_in(User.objects.create_user("sans-agent", password="x", role=Role.AGENT))
    assert client.get(CONSOLE).status_code == 403


# --- presence and availability ------------------------------------------------------------------------------------


def test_home_renews_the_lease_and_leaves_away_as_it_is():
    agent = make.agent(availability=Availability.AWAY, present=False)
    html = signed_in(agent.user).get(CONSOLE).text
    agent.refresh_from_db()
    assert agent.is_present(timezone.now())
    assert agent.availability == Availability.AWAY
    assert "choisissez « Disponible »" in html


def shown_when_empty(html: str) -> str:
    return re.search(r'data-empty="own"[^>]*>([^<]*)<', html).group(1)


def test_home_without_a_conversation_says_what_to_do_or_that_the_next_one_will_come():
    agent = make.agent(availability=Availability.AWAY)
    client = signed_in(agent.user)
    assert "choisissez « Disponible »" in shown_when_empty(client.get(CONSOLE).text)
    Agent.objects.update(availability=Availability.AVAILABLE)
    said = shown_when_empty(client.get(CONSOLE).text)
    assert said.strip() == "Aucun échange pour le moment. Le prochain arrivera ici."


def test_presence_frame_renews_the_lease_and_may_be_framed_by_us_only():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation)
    client = signed_in(agent.user)
    Agent.objects.update(seen_at=make.long_ago(0.5))
    answer = client.get("/console/presence/")
    agent.refresh_from_db()
    assert (timezone.now() - agent.seen_at).total_seconds() < 10
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "1 non lu" in answer.text
    assert "frame-ancestors 'none'" in client.get(CONSOLE).headers["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
def test_availability_available_takes_who_waits():
    agent = make.agent(availability=Availability.AWAY)
    waiting = make.waiting()
    client = signed_in(agent.user)
    answer = client.post("/console/disponibilite/", {"availability": "available", "capacity": "2"}, follow=True)
    waiting.refresh_from_db()
    agent.refresh_from_db()
    assert waiting.assigned_to == agent
    assert (agent.availability, agent.capacity, agent.pause_reason) == ("available", 2, "")
    assert str(waiting.public_id) in answer.text


def test_availability_pause_keeps_its_reason_in_words():
    agent = make.agent()
    client = signed_in(agent.user)
    data = {"availability": "pause", "pause_reason": "meal", "capacity": "3"}
    html = client.post("/console/disponibilite/", data, follow=True).text
    agent.refresh_from_db()
    assert (agent.availability, agent.pause_reason) == ("pause", "Repas")
    assert "(Repas)" in html


@pytest.mark.parametrize(
    "data",
    [
        {"availability": "asleep", "capacity": "3"},
        {"availability": "available", "capacity": "0"},
        {"availability": "available", "capacity": "11"},
        {"availability": "available"},
        {"availability": "pause", "capacity": "3"},
    ],
)
def test_availability_refused_says_so_and_changes_nothing(data):
    agent = make.agent(availability=Availability.AWAY)
    html = signed_in(agent.user).post("/console/disponibilite/", data).text
    agent.refresh_from_db()
    assert (agent.availability, agent.capacity) == ("away", 3)
    assert "<title>Erreur :" in html and "fr-error-text" in html


def places(page: str) -> dict[str, str]:
    """Return what « Enregistrer » beside « Places » sends, apart from the number."""
    [button] = re.findall(r"<button[^>]*>\s*Enregistrer<span", page)
    named = dict(re.findall(r' (name|value)="([^"]*)"', button))
    return {named["name"]: named["value"], "pause_reason": "rest"}


@pytest.mark.parametrize("pause", ["call", "offered", "ordered", "idle", "own", "away"])
@pytest.mark.django_db(transaction=True)
def test_number_of_places_leaves_a_pause_its_reason_and_its_end(pause):
    agent = make.agent()
    held = make.assigned(agent)
    client = signed_in(agent.user)
    if pause == "call":
        phone_calls.begin_phone_call(agent_id=agent.pk)
    elif pause == "offered":
        assert pauses.offer_pause(agent_id=agent.pk)
    elif pause == "ordered":
        chief = make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY)
        pausing.pause_agent(agent_id=agent.pk, by=chief, reason=PauseOrder.REST)
    else:
        reason = {"idle": idle_reason("04:09"), "own": "Repas", "away": ""}[pause]
        availability = Availability.AWAY if pause == "away" else Availability.PAUSE
        actions.set_availability(agent_id=agent.pk, availability=availability, pause_reason=reason)
    waiting = make.waiting()
    agent.refresh_from_db()
    before = (agent.availability, agent.pause_reason, agent.pause_until)
    assert (before[2] is not None) == (pause in {"call", "offered"})
    answer = client.post("/console/disponibilite/", places(client.get(CONSOLE).text) | {"capacity": "4"})
    assert answer.url == CONSOLE
    agent.refresh_from_db()
    assert (agent.availability, agent.pause_reason, agent.pause_until) == before and agent.capacity == 4
    waiting.refresh_from_db()
    held.refresh_from_db()
    assert waiting.assigned_to is None and held.assigned_to == agent


@pytest.mark.django_db(transaction=True)
def test_number_of_places_of_who_is_available_is_filled_at_once():
    agent = make.agent(capacity=1)
    make.assigned(agent)
    waiting = make.waiting()
    client = signed_in(agent.user)
    client.post("/console/disponibilite/", places(client.get(CONSOLE).text) | {"capacity": "2"})
    waiting.refresh_from_db()
    assert waiting.assigned_to == agent


def test_number_of_places_that_is_not_offered_says_so():
    agent = make.agent()
    phone_calls.begin_phone_call(agent_id=agent.pk)
    html = signed_in(agent.user).post("/console/disponibilite/", {"only": "capacity", "capacity": "11"}).text
    agent.refresh_from_db()
    assert agent.capacity == 3 and agent.is_on_the_phone
    assert "<title>Erreur :" in html and html.count("fr-error-text") == 1


def test_availability_comes_back_to_the_open_conversation_if_it_is_theirs(situation):
    conversation, agent, stranger = situation
    data = {"availability": "available", "capacity": "3", "echange": str(conversation.public_id)}
    assert signed_in(agent.user).post("/console/disponibilite/", data).url == page_of(conversation)
    assert signed_in(stranger.user).post("/console/disponibilite/", data).url == CONSOLE


# --- writing ------------------------------------------------------------------------------------------------------


def test_reply_is_added_and_comes_back_to_the_end():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    client_id = hidden_client_id(client.get(page_of(conversation)).text)
    answer = client.post(page_of(conversation), {"client_id": client_id, "body": "  Bonjour.  "})
    assert answer.status_code == 302 and answer.url.startswith(page_of(conversation))
    message = conversation.messages.get(author=Author.AGENT)
    assert (message.body, message.agent, str(message.client_id)) == ("Bonjour.", agent, client_id)


def test_reply_sent_twice_with_one_client_id_is_one_message():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    data = {"client_id": str(uuid.uuid4()), "body": "Bonjour."}
    for _time in range(2):
        assert client.post(page_of(conversation), data).status_code == 302
    assert conversation.messages.filter(author=Author.AGENT).count() == 1


def test_reply_written_anew_in_a_form_that_was_sent_is_another_message():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    client_id = str(uuid.uuid4())
    for body in ("Bonjour.", "Êtes-vous en sécurité ?"):
        client.post(page_of(conversation), {"client_id": client_id, "body": body})
    assert [message.body for message in conversation.messages.filter(author=Author.AGENT)] == [
        "Bonjour.",
        "Êtes-vous en sécurité ?",
    ]


def test_reply_empty_says_so_and_keeps_the_form():
    agent = make.agent()
    conversation = make.assigned(agent)
    client_id = str(uuid.uuid4())
    html = signed_in(agent.user).post(page_of(conversation), {"client_id": client_id, "body": " "}).text
    assert "<title>Erreur :" in html and "Le message est vide" in html
    assert hidden_client_id(html) == client_id


def test_reply_too_long_is_kept_to_be_cut():
    agent = make.agent()
    conversation = make.assigned(agent)
    body = "a" * 4001
    data = {"client_id": str(uuid.uuid4()), "body": body}
    html = signed_in(agent.user).post(page_of(conversation), data).text
    assert "4 000 caractères au plus" in html and body in html
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_reply_that_comes_too_fast_stays_in_its_form_and_goes_later(monkeypatch, caplog):
    """One bucket counts all that an agent sends: forms, frames over HTTP and sockets, in every exchange of theirs."""
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_AT_ONCE", 3)
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_A_SECOND", 0.001)
    agent = make.agent()
    conversation, other = make.assigned(agent), make.assigned(agent)
    client = signed_in(agent.user)
    for one in (conversation, other):
        assert client.post(page_of(one), {"client_id": str(uuid.uuid4()), "body": "Oui"}).status_code == 302
    post = {"type": "post", "conversation": str(other.public_id), "client_id": str(uuid.uuid4()), "body": "Trois"}
    assert ask(client, **post)[0]["type"] == "messages"

    body = "Je cherche <le numéro>, un instant."
    data = {"client_id": str(uuid.uuid4()), "body": body}
    html = client.post(page_of(conversation), data).text
    assert "<title>Erreur :" in html and "Trop de messages à la fois" in html
    assert 'aria-invalid="true" autofocus>\nJe cherche &lt;le numéro&gt;, un instant.</textarea>' in html
    assert hidden_client_id(html) == data["client_id"]
    [error] = ask(client, **post | {"client_id": str(uuid.uuid4())})
    assert (error["type"], error["code"]) == ("error", "rate_limited")
    assert conversation.messages.filter(author=Author.AGENT).count() == 1
    assert "agent_posts" in caplog.text and body not in caplog.text
    assert ask(client, type="sync", conversation=str(other.public_id), after=0)[0]["type"] == "messages"

    # Another agent has another bucket, and this one fills again.
    colleague = make.agent()
    theirs = make.assigned(colleague)
    answer = signed_in(colleague.user).post(page_of(theirs), {"client_id": str(uuid.uuid4()), "body": "Oui"})
    assert answer.status_code == 302
    token_bucket.AGENT_POSTS[agent.pk].at -= 2_000
    assert client.post(page_of(conversation), data).status_code == 302
    assert [message.body for message in conversation.messages.filter(author=Author.AGENT)] == ["Oui", body]


def test_bucket_of_an_agent_gives_no_more_however_many_threads_take(monkeypatch):
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_AT_ONCE", 500)
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_A_SECOND", 0)
    taken = in_threads(8, lambda _place: sum(token_bucket.of_agent(-1).take() for _each in range(200)))
    del token_bucket.AGENT_POSTS[-1]
    assert sum(taken) == 500


def test_reply_after_the_end_is_refused_in_words():
    agent = make.agent()
    conversation = make.closed(agent)
    data = {"client_id": str(uuid.uuid4()), "body": "Trop tard."}
    html = signed_in(agent.user).post(page_of(conversation), data).text
    assert "pas été envoyé" in html and "Trop tard." in html
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_message_text_is_escaped():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "<img src=x onerror=alert(1)>")
    html = signed_in(agent.user).get(page_of(conversation)).text
    assert "<img" not in html and "&lt;img" in html


# --- the end and the urgency --------------------------------------------------------------------------------------


def test_close_with_an_outcome():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    answer = client.post(page_of(conversation) + "terminer/", {"outcome": "complaint", "confirm": "on"}, follow=True)
    conversation.refresh_from_db()
    assert (conversation.status, conversation.outcome) == (Status.CLOSED, Outcome.COMPLAINT)
    assert conversation.closed_by == Author.AGENT
    assert answer.redirect_chain == [(CONSOLE, 302)]
    assert "Échange terminé." in answer.text
    html = client.get(page_of(conversation)).text
    assert "Il ne peut plus recevoir de message" in html and 'name="body"' not in html


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"confirm": "on"}, "Choisissez une issue"),
        ({"outcome": "advised"}, "Cochez la case"),
        ({"outcome": "invented", "confirm": "on"}, "invented"),
    ],
)
def test_close_incomplete_changes_nothing(data, words):
    agent = make.agent()
    conversation = make.assigned(agent)
    html = signed_in(agent.user).post(page_of(conversation) + "terminer/", data).text
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    assert words in html and "<title>Erreur :" in html


def test_urgency_is_changed_and_written_in_the_history():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    for _time in range(2):
        client.post(page_of(conversation) + "urgence/", {"urgency": "2", "reason": "danger"})
    conversation.refresh_from_db()
    assert conversation.urgency == Urgency.CRITICAL
    event = ConversationEvent.objects.get(conversation=conversation, kind=EventKind.URGENCY)
    assert (event.by, event.detail) == (agent.user, "0 → 2 danger")


def test_urgency_by_somebody_else_or_after_the_end():
    conversation, stranger = make.assigned(), make.agent()
    with pytest.raises(actions.NotYours):
        urgency.set_urgency(conversation_id=conversation.pk, urgency=Urgency.HIGH, reason="other", by=stranger.user)
    agent = make.agent()
    over = make.closed(agent)
    with pytest.raises(actions.ConversationClosed):
        urgency.set_urgency(conversation_id=over.pk, urgency=Urgency.HIGH, reason="other", by=agent.user)


# --- the board ----------------------------------------------------------------------------------------------------


def test_board_is_for_supervisors():
    assert signed_in(make.agent().user).get("/console/tableau/").status_code == 403
    assert signed_in(make.agent(role=Role.SUPERVISOR).user).get("/console/tableau/").status_code == 200


def test_board_shows_waits_and_load_without_a_word_of_anybody():
    busy = make.agent(public_name="Louise", capacity=1)
    make.message(make.assigned(busy), "un mot privé")
    make.agent(public_name="Parti", present=False)
    make.agent(public_name="Autre", unit_name="Ailleurs")
    waiting = make.waiting(queued_at=make.long_ago(12), urgency=Urgency.HIGH, age_band="under_15")
    make.message(waiting, "un autre mot privé")
    supervisor = make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY)
    client = signed_in(supervisor.user)
    for address in ("/console/tableau/", "/console/tableau/?partie=chiffres", CONSOLE):
        html = client.get(address).text
        assert "12 min" in html and "mot privé" not in html
    html = client.get("/console/tableau/").text
    assert "Louise" in html and "1 sur 1" in html and "Complet" in html and "Parti" not in html
    assert "Ailleurs" in html and "Autre<" not in html  # agents of other units are not named
    assert '<meta http-equiv="refresh" content="20">' in html
    assert "http-equiv" not in client.get("/console/tableau/?fixe=1").text


def test_home_agent_sees_no_figures_of_the_duty():
    assert "console-figures" not in signed_in(make.agent().user).get(CONSOLE).text


# --- networks that block sockets ----------------------------------------------------------------------------------


def ask(client: Client, **frame) -> list[dict]:
    answer = client.post("/console/trames/", json.dumps(frame), content_type="application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()["frames"]


def test_frames_beat_names_every_conversation_and_the_queue():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.waiting()
    frames = ask(signed_in(agent.user), type="beat")
    assert [frame["type"] for frame in frames] == ["assigned", "queue", "beat"]
    assert frames[0]["conversation"] == str(conversation.public_id)
    assert frames[1]["waiting"] == 1


def test_frames_post_twice_is_one_message():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    post = {"type": "post", "conversation": str(conversation.public_id), "client_id": str(uuid.uuid4()), "body": "Oui"}
    first, second = ask(client, **post), ask(client, **post)
    assert first[0]["items"] == second[0]["items"]
    assert conversation.messages.filter(author=Author.AGENT).count() == 1


def test_frames_bad_ones_are_answered_by_an_error():
    client = signed_in(make.agent().user)
    assert ask(client, type="dance")[0]["code"] == "bad_frame"
    assert ask(client, type="sync", conversation=str(uuid.uuid4()), after=0)[0]["code"] == "forbidden"
    assert ask(client, type="sync", after=0)[0]["code"] == "forbidden"


# --- what a page holds --------------------------------------------------------------------------------------------


def test_pages_are_not_kept_and_hold_none_of_the_visitors_frame(situation):
    conversation, agent, _stranger = situation
    client = signed_in(agent.user)
    for address in (CONSOLE, page_of(conversation), page_of(conversation) + "?partie=echange"):
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "no-store"
        html = answer.text
        assert "quick-exit" not in html and "style=" not in html


def test_home_without_a_script_loads_itself_again_and_a_conversation_does_not(situation):
    conversation, agent, _stranger = situation
    client = signed_in(agent.user)
    refresh = '<noscript data-refresh><meta http-equiv="refresh"'
    assert refresh in client.get(CONSOLE).text
    assert refresh not in client.get(CONSOLE + "?fixe=1").text
    html = client.get(page_of(conversation)).text
    assert refresh not in html and 'src="/console/presence/"' in html


def test_mark_of_what_is_left_to_fill_in_is_sent_to_the_script_as_an_agent_types_it():
    """The script looks for it in the answer; every other word of the page has the spaces of French typography."""
    page = signed_in(make.agent().user).get(CONSOLE).content.decode()
    words = json.loads(unescape(re.search(r'data-words="([^"]*)"', page)[1]))
    assert words["missing"] == reply_template.MISSING.strip() and "\u00a0: " in words["assigned"]


# --- back from another page -------------------------------------------------------------------------------------------


def came_back(client, **asked):
    return client.get(CONSOLE, **({"headers": {"Sec-Fetch-Mode": "navigate"}} | asked))


def test_home_leads_back_to_the_exchange_that_was_open():
    """« Retour à la console » of another page showed no exchange until a script had read it, or for good."""
    agent = make.agent()
    current, ended, of_another = make.assigned(agent), make.closed(agent), make.assigned(make.agent())
    client = signed_in(agent.user)
    client.cookies[LAST_OPEN] = str(current.public_id)
    assert came_back(client, headers={"Sec-Fetch-Mode": "cors"}).status_code == 200, "a script reads what it asked for"
    assert came_back(client, query_params={"voir": "urgents"}).status_code == 200, "the list was asked for"
    assertRedirects(came_back(client), page_of(current))
    assert came_back(client).status_code == 200, "a page that cannot be drawn does not take the way to the others"
    for noted in (str(ended.public_id), str(of_another.public_id), str(uuid.uuid4()), "?"):
        client.cookies[LAST_OPEN] = noted
        assert came_back(client).status_code == 200
