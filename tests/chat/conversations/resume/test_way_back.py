"""The page on which a code is typed, and the visit of the device that was left behind."""

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.conversations import actions, resume
from chat.models import Conversation, EventKind
from chat.rules.lifecycle import Author, Availability, Status
from chat.visitor import resume as visitor_resume
from common.service_settings import definitions
from pnav import addresses
from pnav.sessions import SessionStore
from reports.models import Report
from reports.session import DISCREET, ENDED, GENERATION, KEY
from tests.chat.console.agents import signed_in
from tests.chat.conversations.resume.acts import ANSWERS, PAGE, WRONG, code_on_page, issue, mark_of, send, shown
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


DISCREET_PAGE = addresses.DISCREET.reverse("chat:conversation")


def main_of(response) -> str:
    return shown(response).partition("<main")[2].partition("</main")[0]


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
    assert page.count('<p class="fr-error-text') == 1 and f"{code}</textarea>" in page


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
        assert "n'ouvrent aucun" in shown(send(Client(), WRONG))  # without cookies, each request begins a new visit
    response = send(Client(), code)
    assert response.status_code == 429
    assert "Trop d'essais pour le moment. Un nouvel essai sera possible dans dix minutes." in shown(response)
    assert code in shown(response)
    assert "tel:119" in main_of(response) and "sms:114" in main_of(response)  # other help meanwhile
    assert send(Client(REMOTE_ADDR="192.0.2.7"), code).url == PAGE  # other networks are not affected


def test_resume_wrong_words_are_no_emergency():
    assert "tel:119" not in main_of(send(Client(), WRONG))


def test_resume_one_network_cannot_keep_everybody_out():
    code = issue(make.waiting())
    for _time in range(definitions.TRIES_MOST.default * 3):
        send(Client(), WRONG)
    assert send(Client(REMOTE_ADDR="192.0.2.7"), code).url == PAGE


def test_resume_with_a_right_code_is_never_refused_for_what_others_try(monkeypatch, caplog):
    """It is so however many try, from however many networks, and whatever this network tried before within its own
    number.
    """
    monkeypatch.setattr(visitor_resume, "MANY_TRIES", 40)
    code, other = issue(make.waiting()), issue(make.waiting())
    crowd = [Client(REMOTE_ADDR=f"192.0.{number}.2") for number in range(15)]
    assert {send(one, WRONG).status_code for one in crowd for _try in range(4)} == {200}
    assert send(Client(REMOTE_ADDR="198.51.100.7"), code).url == PAGE
    assert send(crowd[0], other).url == PAGE
    assert "limit=resume_all" in caplog.text, "whoever runs the service is told that somebody guesses"


@pytest.mark.parametrize(("networks", "limit"), [("2001:db8:0:{:x}00::1", 120), ("2001:db8:0:ff{:02x}::1", 40)])
def test_resume_one_subscriber_with_many_networks_cannot_keep_everybody_out(networks, limit):
    """A /48 holds 65,536 of the networks that are counted one by one, a /56 holds 256."""
    code = issue(make.waiting())
    many = range(limit // 11 + 2)  # more than the limit allows
    answers = [send(Client(REMOTE_ADDR=networks.format(net)), WRONG).status_code for net in many for _try in range(11)]
    assert answers.count(200) == limit and answers[limit:] == [429] * (len(answers) - limit) != []
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


def test_visit_left_behind_in_discreet_mode_folds_the_numbers_on_its_page(left):
    main = main_of(left.get(PAGE, follow=True))
    assert "Cette visite a pris fin" in main and "<summary>Numéros utiles</summary>" in main
    assert "Police ou gendarmerie" not in main.partition("<details")[0] + main.partition("</details>")[2]


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


def test_code_of_another_exchange_forgets_the_visit_that_was_here(client):
    """Otherwise a new signalement is lost, because its form is taken for that of the first report."""
    client.post("/", {"door": "minor", "q": ""})
    client.post("/orientation/maintenant/", {"answer": "yes"})
    client.post("/orientation/parler/")
    first = Report.objects.get()
    client.get(PAGE)
    actions.close_conversation(conversation_id=first.conversation.pk, by_author=Author.REPORTER)
    other = make.waiting(age_band="adult", answers={"danger": "no", "who": "adult"})
    send(client, issue(other))
    page = main_of(client.get(PAGE))
    assert client.session[KEY] == str(other.report.public_id)
    assert not {"triage", "locations"} & set(client.session.keys())
    assert "Vous pouvez déjà écrire" in page and "Tu peux" not in page and "Pourquoi un policier" not in page
    actions.close_conversation(conversation_id=other.pk, by_author=Author.REPORTER)
    client.post("/orientation/maintenant/", {"answer": "yes"})
    client.post("/orientation/parler/")
    assert Report.objects.count() == 3
    assert client.session[KEY] == str(Report.objects.latest("pk").public_id)


def test_code_of_another_exchange_leaves_a_watched_screen_in_discreet_mode(client):
    client.post("/orientation/maintenant/", {"answer": "screen"})
    code = issue(make.waiting())
    response = client.post(addresses.DISCREET.reverse("chat:resume"), {"code": code})
    assert response.url == DISCREET_PAGE and " data-discreet" in shown(client.get(DISCREET_PAGE))
    assert client.get(PAGE).url == f"{DISCREET_PAGE}#", "also from an ordinary address, whose fragment is left behind"


@pytest.mark.parametrize("is_watched", [True, False])
def test_who_answers_is_told_that_a_code_was_typed_on_a_watched_screen(client, is_watched):
    """They went on writing in full, because only the session knew it."""
    agent = make.agent()
    conversation = make.assigned(agent)
    code = issue(conversation)
    client.post("/orientation/maintenant/", {"answer": "screen" if is_watched else "no"})
    client.post((addresses.DISCREET if is_watched else addresses.ORDINARY).reverse("chat:resume"), {"code": code})
    conversation.report.refresh_from_db()
    assert conversation.report.discreet is is_watched
    console = shown(signed_in(agent.user).get(f"/console/echange/{conversation.public_id}/"))
    assert ("data-watched" in console) is is_watched
    assert ('class="console-reply__watched" hidden' in console) is not is_watched
    # Nobody is led out of the mode by another code, and who comes back from elsewhere is in it too.
    elsewhere = Client()
    send(elsewhere, issue(conversation))
    assert elsewhere.session[DISCREET] is is_watched


def test_code_of_the_same_exchange_keeps_the_answers(client):
    client.post("/", {"door": "minor", "q": ""})
    client.post("/orientation/maintenant/", {"answer": "yes"})
    client.post("/orientation/parler/")
    client.get(PAGE)
    answers = client.session["triage"]
    send(client, issue(Conversation.objects.get()))
    assert client.session["triage"] == answers


def test_visit_that_begins_anew_after_another_ended_is_led_on(left):
    left.get(PAGE)
    left.post("/orientation/maintenant/", {"answer": "no"})
    assert left.session["triage"]["answers"] == {"danger": "no"}
    assert left.get(PAGE).url == f"{DISCREET_PAGE}#"
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

    monkeypatch.setattr("chat.access.read_exchange", away)
    monkeypatch.setattr("chat.visitor.conversation.present_reporter", away)
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


def test_request_under_way_takes_no_cookie_away_when_a_code_is_typed(client, settings):
    """Its answer may come after the one with the new cookie, which it would delete."""
    conversation = make.waiting()
    session = client.session
    session["x"] = 1
    session.save()
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    send(client, issue(conversation))
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    answer = client.get("/accessibilite/")
    assert settings.SESSION_COOKIE_NAME not in answer.cookies


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
