"""The page of an exchange, the frame of browsers without scripts, its end, and the ways back to it."""

import re
import uuid
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat import access
from chat.conversations import actions, dispatcher
from chat.conversations.actions import Mark
from chat.models import Conversation, EventKind
from chat.rules.lifecycle import Author, Status
from common.service_settings import definitions
from pnav.addresses import DISCREET, ORDINARY
from reports.models import AgeBand, Report
from reports.session import KEY
from tests.chat.sockets import signed_in
from tests.chat.visitor.visits import PAGE, exchange, send, shown
from tests.factories import chat as make
from tests.factories import locations as places
from tests.reports.test_reporter_identity import opened
from tests.support.on_screen import TELLING, words_on_screen
from tests.support.reading import squeezed
from tests.triage.paths import ADULT, walk
from triage.rules import assess_answers

pytestmark = pytest.mark.django_db


# --- the page ---------------------------------------------------------------------------------------------------------


def test_conversation_without_a_visit_offers_both_ways_in(client):
    page = shown(client.get(PAGE))
    assert re.search(r'href="/orientation/"[^>]*>Commencer</a>', page)
    assert re.search(r'href="/tchat/reprendre/"[^>]*>J\'ai un code</a>', page)
    assert "mise sous scellé" in page, "what becomes of the connection's address"


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
    assert "Quelqu'un va te répondre" in page
    assert 'href="tel:3018"' in page and 'href="tel:119"' in page
    assert "vous répondre" not in page


def test_waiting_page_of_a_relative_of_a_minor_says_vous_and_names_3018(as_reporter):
    page = shown(as_reporter(make.waiting(age_band=AgeBand.UNDER_15, role="relative")).get(PAGE))
    assert "Quelqu'un va vous répondre" in page
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
    assert "L'échange est terminé" in page and "Porter plainte" in page
    assert reverse("locations:my_contacts") in page and reverse("pages:feedback") in page
    assert "chat/page.js" not in page
    before = conversation.messages.count()
    answer = shown(send(client, "Encore une chose"))
    assert "ce message n'a pas été envoyé" in answer and "Encore une chose" in answer
    assert conversation.messages.count() == before


def test_own_copy_is_offered_first_once_it_has_ended(as_reporter):
    """It was a small line at the foot, under « notez ce qui vous est utile »."""
    page = squeezed(shown(as_reporter(make.closed()).get(PAGE)))
    after = page[page.index('id="suite"') :]
    assert after.index('<a class="fr-btn" href="/tchat/copie/">Ma copie</a>') < after.index("Donner mon avis")
    left = make.waiting()
    actions.close_conversation(conversation_id=left.pk, by_author=Author.REPORTER)
    page = squeezed(shown(as_reporter(left).get(PAGE)))
    after = page[page.index('id="suite"') :].partition("<aside")[0]
    assert '<a class="fr-link" href="/tchat/copie/">Ma copie</a>' in after


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
    for who in (agent, stranger):  # neither agent has a task on the visitor's pages
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(who)
        assert "un secret" not in client.get(PAGE).text
        assert "un secret" not in client.get(reverse("chat:news")).text
        assert client.post(reverse("chat:frames"), "{}", content_type="application/json").status_code == 401


@pytest.mark.parametrize("name", ["conversation", "news"])
def test_conversation_is_read_once_for_the_visit_and_its_page(as_reporter, monkeypatch, name):
    client, read, ask = as_reporter(make.assigned()), [], access.as_reporter
    monkeypatch.setattr(access, "as_reporter", lambda session: read.append(session) or ask(session))
    assert client.get(reverse(f"chat:{name}")).status_code == 200
    assert len(read) == 1


def test_pages_are_not_kept_by_the_browser(as_reporter):
    client = as_reporter(make.waiting())
    for name in ("chat:conversation", "chat:news", "chat:end", "chat:resume", "chat:code"):
        assert client.get(reverse(name)).headers["Cache-Control"] == "no-store"


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


def test_form_is_no_frame(as_reporter):
    """Its fields were read for the token against forgery, so its bytes cannot be read again."""
    answer = as_reporter(make.assigned()).post(reverse("chat:frames"), {"type": "sync"})  # a multipart form
    assert [one["code"] for one in answer.json()["frames"]] == ["bad_frame"]


def test_news_while_waiting_gives_the_place_and_reloads_slowly(as_reporter):
    page = shown(as_reporter(make.waiting()).get(reverse("chat:news"), {"apres": 0, "etat": "waiting"}))
    assert "Vous êtes la prochaine personne." in page
    assert '<meta http-equiv="refresh" content="15">' in page


def test_news_reloads_until_it_is_told_to_stop(as_reporter):
    client = as_reporter(make.assigned())
    query = {"apres": 1, "etat": "active"}
    assert "?apres=1&etat=active&pause=1" in shown(client.get(reverse("chat:news"), query))
    paused = shown(client.get(reverse("chat:news"), {**query, "pause": "1"}))
    assert "http-equiv" not in paused and 'href="?apres=1&etat=active&de=' in paused and "pause=1" not in paused


def test_who_has_waited_long_is_shown_other_help(as_reporter, set_rule):
    """After the minutes that the service has set: numbers that listen, the unit near, and coming back with a code."""
    conversation = make.waiting(queued_at=make.long_ago(12))
    client, news = as_reporter(conversation), {"apres": 0, "etat": "waiting"}
    for minutes, is_long in ((15, False), (10, True)):
        set_rule(definitions.OTHER_DOORS, minutes)
        page = shown(client.get(PAGE))
        doors = page[page.index('id="doors"') :].partition("</section>")[0]
        is_hidden = [" hidden" in page[page.index(f'id="{one}"') :].partition(">")[0] for one in ("doors", "to-doors")]
        assert is_hidden == [not is_long, not is_long]
        frame = shown(client.get(reverse("chat:news"), news))
        assert ("L'attente est longue" in frame) == is_long
    for way in ('href="tel:3018"', 'href="tel:116006"', 'href="tel:3114"', "/point-d-accueil/mes-contacts/", "un code"):
        assert way in doors
    assert re.findall(r"tel:(\d+)", doors)[0] == "3114", "at night the others do not answer"
    assert "voici des numéros, avec leurs heures" in squeezed(doors)


def test_who_is_under_18_and_has_waited_long_is_given_a_line_that_answers_at_night(as_reporter, set_rule):
    set_rule(definitions.OTHER_DOORS, 10)
    conversation = make.waiting(queued_at=make.long_ago(12), age_band=AgeBand.UNDER_15)
    page = shown(as_reporter(conversation).get(PAGE))
    doors = page[page.index('id="doors"') :].partition("</section>")[0]
    assert re.findall(r"tel:(\d+)", doors) == ["3114", "119", "3018"]
    meanwhile = page[: page.index('id="doors"')]
    assert meanwhile.rindex("tel:119") < meanwhile.rindex("tel:3018"), "the line that answers now stands before"


def test_news_says_that_somebody_came(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    page = shown(as_reporter(conversation).get(reverse("chat:news"), {"apres": 1, "etat": "waiting"}))
    assert "Quelqu'un est là pour vous." in page
    assert "« Actualiser », sous les messages, montre la suite" in page


@pytest.mark.parametrize("page", ["chat:facts", "chat:captures"])
def test_frame_of_a_page_without_refresh_names_the_button_that_it_has(as_reporter, set_rule, page):
    set_rule(definitions.OTHER_DOORS, 10)
    client = as_reporter(make.waiting(queued_at=make.long_ago(12)))
    around = client.get(reverse(page)).text
    assert "Actualiser" not in around
    (address,) = re.findall(r'<iframe[^>]* src="([^"]+)"', around)
    for each in (address, f"{address}&pause=1"):  # the links that stop and go on keep what page it is
        frame = shown(client.get(unescape(each)))
        assert "le bouton au-dessus de ce cadre y mène." in frame and "Actualiser" not in frame
        (link,) = re.findall(r'href="(\?apres[^"]+)"', frame)
        assert "autre=1" in link


def test_news_of_a_closed_conversation_stops_reloading(as_reporter):
    page = shown(as_reporter(make.closed()).get(reverse("chat:news"), {"apres": 0, "etat": "active"}))
    assert "L'échange est terminé." in page and "http-equiv" not in page


@pytest.mark.parametrize("after", ["", "-1", "abc", "²", "9" * 40])
def test_news_with_a_nonsense_cursor_shows_everything(as_reporter, after):
    conversation = make.waiting()
    make.message(conversation, "tout est là")
    response = as_reporter(conversation).get(reverse("chat:news"), {"apres": after})
    assert response.status_code == 200 and "tout est là" in response.text


# --- the end ----------------------------------------------------------------------------------------------------------


def test_end_asks_first_then_closes(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    assert "Terminer l'échange ?" in shown(client.get(reverse("chat:end")))
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    response = client.post(reverse("chat:end"))
    assert response.status_code == 302 and response.url == PAGE + "#closed-title"
    conversation.refresh_from_db()
    assert (conversation.status, conversation.closed_by) == (Status.CLOSED, Author.REPORTER)
    assert "Et maintenant ?" in shown(client.get(PAGE))


@pytest.mark.django_db(transaction=True)
def test_end_stands_when_the_database_does_not_answer_to_the_look_at_the_queue_after_it(as_reporter, monkeypatch):
    conversation = make.assigned()
    client = as_reporter(conversation)
    asked = []

    def away():
        asked.append(1)
        raise OperationalError

    monkeypatch.setattr(dispatcher, "dispatch", away)
    response = client.post(reverse("chat:end"))
    assert asked and response.status_code == 302 and response.url == PAGE + "#closed-title"
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


def test_end_while_waiting_leaves_the_queue(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    assert "Quitter la file d'attente ?" in shown(client.get(reverse("chat:end")))
    client.post(reverse("chat:end"))
    assert not Conversation.objects.waiting().exists()


@pytest.mark.parametrize("age_band", ["adult", "under_15"])
def test_who_leaves_the_queue_while_somebody_arrives_is_told_so_and_asked_again(as_reporter, age_band):
    conversation = make.waiting(age_band=age_band)
    client = as_reporter(conversation)
    asked = re.compile(r'<input type="hidden" name="(status)" value="(\w+)">')
    form = dict(asked.findall(client.get(reverse("chat:end")).text))
    make.agent()
    dispatcher.dispatch()
    answer = client.post(reverse("chat:end"), form)
    page = shown(answer)
    assert answer.status_code == 409 and "Terminer l'échange ?" in page and "Quitter la file" not in page
    assert f"Quelqu'un est là pour {'vous' if age_band == 'adult' else 'toi'}." in page
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    client.post(reverse("chat:end"), dict(asked.findall(answer.text)))
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


def test_end_of_a_closed_conversation_asks_nothing(as_reporter):
    assert as_reporter(make.closed()).get(reverse("chat:end")).url == PAGE


def test_end_without_conversation_leads_to_the_ways_in(client):
    assert client.post(reverse("chat:end")).url == PAGE


# --- a queue that was left --------------------------------------------------------------------------------------------


def test_who_leaves_a_queue_in_which_nobody_answered_is_not_thanked_for_having_talked(as_reporter):
    client = as_reporter(make.waiting())
    client.post(reverse("chat:end"))
    page = shown(client.get(PAGE))
    assert "<title>Vous avez quitté la file d'attente – Pnav</title>" in squeezed(page)
    assert "Vous avez quitté la file d'attente" in page and "Aucun agent n'avait encore pu vous répondre" in page
    assert "Merci d'avoir parlé" not in page and "Porter plainte" not in page
    for number in ("tel:3018", "tel:116006", "tel:3114"):
        assert number in page


def test_who_ends_an_exchange_that_was_answered_is_thanked(as_reporter):
    conversation = make.waiting()
    make.agent()
    dispatcher.dispatch()
    client = as_reporter(conversation)
    assert " data-answered" in shown(client.get(PAGE))
    client.post(reverse("chat:end"))
    page = shown(client.get(PAGE))
    assert "<title>Échange terminé – Pnav</title>" in squeezed(page)
    assert "Merci d'avoir parlé" in page and "Vous avez quitté la file" not in page


def test_waiting_room_says_why_a_police_officer_answers_and_not_when_somebody_may_see(as_reporter):
    for discreet, said in ((False, True), (True, False)):
        conversation = make.waiting(discreet=discreet)
        client = as_reporter(conversation)
        session = client.session
        answers = next(path for path in walk(ADULT) if assess_answers(path).opens_chat)
        session["triage"] = {"version": "", "answers": answers}
        session.save()
        page = shown(client.get(PAGE))
        assert ("Pourquoi un policier ou un gendarme" in page) is said
        if said:
            reason = squeezed(str(assess_answers(answers).reasons[0]))
            assert reason[:30] in squeezed(page)
    assert "Pourquoi un policier" not in shown(as_reporter(make.waiting()).get(PAGE)), "who came by code"


@pytest.mark.parametrize("age", [AgeBand.ADULT, AgeBand.UNKNOWN, AgeBand.UNDER_15])
def test_who_is_asked_for_evidence_reads_that_an_image_of_a_minor_is_not_copied(as_reporter, age):
    """An adult may have an image of themself at 17."""
    for conversation in (make.waiting(age_band=age), make.closed(age_band=age)):
        page = squeezed(shown(as_reporter(conversation).get(PAGE)).replace("\xa0", " "))
        assert page.count("aptures d'écran") >= 1
        said = re.findall("Une image intime[^:]* : note[^<]*? Ne la copie", page)
        assert len(said) == (2 if conversation.status == Status.WAITING else 1)


# --- found again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("discreet", "words"), [(False, "Revenir à mon échange"), (True, "Revenir où j'en étais")])
def test_open_exchange_is_on_every_other_page(as_reporter, discreet, words):
    conversation = make.waiting(discreet=discreet)
    client = as_reporter(conversation)
    told = "Votre place est gardée. Votre tour peut venir pendant ce temps : il ne se voit que dans votre échange."
    exchange = (DISCREET if discreet else ORDINARY).reverse("chat:conversation")
    for path in ("/", "/accessibilite/", "/point-d-accueil/", "/avis/", "/nothing/"):
        page = shown(client.get(path, follow=True))
        assert re.search(rf'href="{exchange}">\s*{words}\s*</a>', page), path
        assert told in page, path
    assert "pnav-open" not in shown(client.get(PAGE, follow=True))
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert "pnav-open" not in shown(client.get("/", follow=True))


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.ABANDONED])
def test_other_page_tells_of_a_turn_to_whoever_waits_for_one(as_reporter, status):
    """Whoever was away so long that they left the queue has their place again once they come back."""
    conversation = make.assigned() if status == Status.ACTIVE else make.waiting()
    Conversation.objects.filter(pk=conversation.pk).update(status=status)
    page = shown(as_reporter(conversation).get("/accessibilite/"))
    way = PAGE if status == Status.ABANDONED else PAGE + "#fin"
    assert re.search(rf'href="{way}">\s*Revenir à mon échange\s*</a>', page)
    assert ("Votre tour peut venir" in page) is (status == Status.ABANDONED)


def test_no_other_page_offers_to_begin_while_an_exchange_is_open(as_reporter):
    commune = places.municipality("Belley", "01034", ("01300",))
    places.reception_point("Gendarmerie - Brigade de Belley", for_=commune)
    conversation = make.waiting()
    client = as_reporter(conversation)

    def beginnings() -> set[str]:
        client.post("/point-d-accueil/", {"q": "01300", "purpose": "contacts"})
        pages = ["/", "/mineurs/", "/professionnels/", "/nothing/", "/avis/", "/point-d-accueil/"]
        pages += ["/point-d-accueil/choix/"]
        drawn = {path: shown(client.get(path, follow=True)) for path in [*pages, "/point-d-accueil/mes-contacts/"]}
        main = {path: page.partition("<main")[2].partition("</main>")[0] for path, page in drawn.items()}
        return {path for path, text in main.items() if re.search(r'href="/orientation/"|name="door"', text)}

    assert beginnings() == set()
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    always = {"/", "/mineurs/", "/nothing/", "/avis/", "/point-d-accueil/choix/", "/point-d-accueil/mes-contacts/"}
    assert beginnings() >= always


@pytest.mark.parametrize(("discreet", "words"), [(False, "Revenir à mon échange"), (True, "Revenir où j'en étais")])
def test_opinion_leads_back_to_an_open_exchange_where_it_says_that_nobody_helps_there(as_reporter, discreet, words):
    conversation = make.waiting(discreet=discreet)
    client = as_reporter(conversation)
    told = squeezed(shown(client.get("/avis/", follow=True))).partition("Ce n'est pas ici")[2].partition("</p>")[0]
    assert words in told and "quelques questions" not in told and "En danger" in told
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    told = squeezed(shown(client.get("/avis/", follow=True))).partition("Ce n'est pas ici")[2].partition("</p>")[0]
    assert words not in told and "quelques questions" in told


def test_nobody_reads_that_who_answers_was_removed_while_the_exchange_goes_on(as_reporter):
    commune = places.municipality("Belley", "01034", ("01300",))
    places.reception_point("Gendarmerie - Brigade de Belley", for_=commune)
    conversation = make.assigned()
    client = as_reporter(conversation)
    client.post("/point-d-accueil/", {"q": "01300", "purpose": "contacts"})
    link, warning = 'href="/point-d-accueil/supprimer-interlocuteur/"', "Rien ne change pour ce qui est en cours."
    assert link not in shown(client.get("/point-d-accueil/choix/"))
    for answer in (client.get, client.post):
        assert answer("/point-d-accueil/supprimer-interlocuteur/").url == PAGE
    assert "locations" in client.session
    page = shown(client.get("/point-d-accueil/supprimer/")).replace("\xa0", " ")
    assert warning in page and "Le tchat a besoin d'un point d'accueil" in page and "dans le menu « Point" in page
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert link in shown(client.get("/point-d-accueil/choix/"))
    assert warning not in shown(client.get("/point-d-accueil/supprimer/"))


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


@pytest.mark.parametrize(("danger", "number"), [("yes", "tel:17"), ("suicidal", "tel:3114")])
@pytest.mark.parametrize("is_answered", [False, True])
def test_danger_told_in_another_tab_shows_the_numbers_and_the_way_back(as_reporter, danger, number, is_answered):
    conversation = make.assigned() if is_answered else make.waiting()
    client = as_reporter(conversation)
    answer = client.post("/orientation/maintenant/", {"answer": danger})
    assert answer.status_code == 200
    main = shown(answer).partition("<main")[2].partition("</main>")[0]
    assert f'fr-btn--lg" href="{number}"' in main and 'action="/orientation/parler/"' in main
    assert "triage" not in client.session, "the answers of the visit are those of its report"
    for where in ("/orientation/recommencer/", 'href="/orientation/'):
        assert where not in main, "it would lead back to the exchange"
    door = client.post("/orientation/parler/", follow=True)
    assert door.redirect_chain[-1][0] == PAGE and door.status_code == 200
    assert Conversation.objects.get().report == conversation.report, "nothing else was filed"


def test_whoever_was_taken_out_of_the_queue_goes_back_to_it_from_any_page_that_stayed_open(client):
    """A second report would begin at the end of the queue, and nothing would lead to the words of the first one."""
    client.post("/", {"door": "minor", "q": ""})
    client.post("/orientation/maintenant/", {"answer": "yes"})
    client.post("/orientation/parler/")
    client.get(PAGE)
    first = Conversation.objects.get()
    Conversation.objects.update(status=Status.ABANDONED)
    assert "tel:17" in client.post("/orientation/maintenant/", {"answer": "yes"}).text
    for where in ("/orientation/parler/", reverse("reports:create"), "/"):
        assert client.post(where, {"door": "minor", "q": ""}).url == PAGE, where
    assert f'href="{PAGE}"' in shown(client.get(reverse("reports:create"))).partition("<main")[2]
    assert client.get(PAGE).status_code == 200
    back = Conversation.objects.get()
    assert (back.status, back.queued_at) == (Status.WAITING, first.queued_at)
    actions.close_conversation(conversation_id=first.pk, by_author=Author.REPORTER)
    client.post("/orientation/parler/")
    assert Report.objects.count() == 2, "after the end they may begin anew"


def test_danger_told_in_another_tab_is_answered_in_the_voice_and_manner_of_the_visit(as_reporter):
    client = as_reporter(make.waiting())
    session = client.session
    session["triage"] = {"version": "", "answers": {"danger": "screen", "who": "minor"}}
    session.save()
    page = client.post(DISCREET.reverse("triage:question", slug="maintenant"), {"answer": "suicidal"})
    assert "tel:3114" in page.text and not TELLING.search(words_on_screen(page.text))
    assert "Tu n'as pas à porter cela sans aide" in words_on_screen(page.text, opens_folds=True)
    assert client.session["triage"]["answers"]["danger"] == "screen"


def test_danger_told_after_coming_back_by_a_code_is_answered_in_the_voice_of_the_report(as_reporter):
    conversation = make.waiting(age_band="under_15", answers={"danger": "no", "who": "minor"})
    page = as_reporter(conversation).post("/orientation/maintenant/", {"answer": "suicidal"})
    main = shown(page).partition("<main")[2].partition("</main>")[0]
    assert "tel:3114" in main and "tel:3018" in main and "Tu n'as pas à porter cela sans aide" in squeezed(main)
    answers = conversation.report.triage_answers()
    assert answers["danger"] == "no", "nothing of it is kept"


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


def test_quick_exit_is_on_each_page_of_a_database_that_is_away_and_not_twice_beside_a_frame(client, database_away):
    for page in (
        client.post(reverse("chat:message"), {"body": "un-mot"}),
        client.get(reverse("chat:facts")),
        client.post(reverse("chat:report"), {"name": "x"}),
    ):
        assert page.status_code == 503 and 'id="quick-exit"' in page.text and "Quitter rapidement" in page.text
    assert "Quitter rapidement" not in client.get(reverse("chat:news")).text
    discreet = client.post(DISCREET.reverse("chat:message"), {"body": "un-mot"})
    assert f'action="{DISCREET.reverse("pages:quit")}"' in discreet.text and "pnav-discreet" in discreet.text


def test_database_away_says_the_numbers_where_nothing_was_typed_too(client, database_away):
    page = client.get(reverse("chat:news")).text
    assert "tel:17" in page and "tel:119" in page


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
    assert "Le cadre au-dessus du message donne la place dans la file et les nouveaux messages." in waiting
    assert "Les nouveaux messages arrivent seuls dans ce cadre" in active


def test_what_is_touched_while_waiting_is_not_said_to_be_read_now(as_reporter):
    for conversation in (make.waiting(), make.assigned()):
        page = squeezed(shown(as_reporter(conversation).get(PAGE)))
        assert "qui vous répond, ou vous répondra, le lit dans l'échange." in page
        assert "qui vous répond le lit" not in page


@pytest.mark.parametrize(
    "page", ["chat:code", "chat:copy", "chat:keeping", "chat:end", "chat:messages", "chat:slip", "chat:follow_up"]
)
def test_way_back_leads_to_the_place_while_waiting_and_else_to_the_last_words(as_reporter, page: str):
    """At the foot of the page of the queue, without scripts, nobody saw that their turn had come."""
    for conversation, address in ((make.waiting(), "/tchat/"), (make.assigned(), "/tchat/#fin")):
        answer = as_reporter(conversation).get(reverse(page))
        ways = re.findall(r'class="fr-btn(?: fr-btn--secondary)?"\s*href="(/tchat/(?:#fin)?)"', answer.text)
        assert ways == [address], (page, conversation.status)


def test_card_of_the_screen_is_not_a_bare_title_without_scripts(as_reporter):
    """Once somebody answers it holds nothing but what a script does."""
    cards = [
        re.search(r'<section class="([^"]*)" id="alerts"', as_reporter(one).get("/tchat/").text)
        for one in (make.waiting(), make.assigned())
    ]
    assert [bool(card) and "pnav-needs-script" in card[1] for card in cards] == [False, True]


# --- the address of a form, which stays in the browser ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["chat:message", "chat:follow_up_meeting", "chat:copy_proof"])
@pytest.mark.parametrize("discreet", [False, True])
def test_ways_of_a_refused_form_lead_to_its_page(as_reporter, name, discreet):
    """« English » and the display settings led to the address of the form, which answered an empty page (405)."""
    table = DISCREET if discreet else ORDINARY
    client = as_reporter(make.waiting(discreet=discreet))
    page = client.post(table.reverse(name), {"body": ""}).text
    (english,) = re.findall(r'<a class="pnav-header__way" href="([^"]+)"', page)
    (display,) = set(re.findall(rf'href="({table.reverse("pages:display_settings")}\?next=[^"]+)"', page))
    shown_in_english = client.get(english, follow=True)
    assert shown_in_english.status_code == 200 and '<html lang="en"' in shown_in_english.text
    back = dict(parse_qsl(urlsplit(display).query))["next"]
    answer = client.post(unescape(display), {"theme": "dark", "language": "fr", "next": back}, follow=True)
    assert answer.status_code == 200 and answer.redirect_chain[0][0] == back


@pytest.mark.parametrize("name", ["chat:receipt", "chat:code", "chat:follow_up_code", "chat:erasure"])
def test_what_is_shown_once_has_no_link_to_a_page_without_it(as_reporter, name):
    conversation = make.closed() if name == "chat:follow_up_code" else make.waiting()
    Conversation.objects.update(copy_by_code=True)
    client = as_reporter(conversation)
    page = client.post(reverse(name)).text
    assert 'class="pnav-chat__code"' in page and "pnav-header__way" not in page
    assert "pnav-header__way" in client.get(reverse(name), follow=True).text
