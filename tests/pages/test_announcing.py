"""« Fermer le tchat » and announcements: who agrees to them, what visitors and the staff read, and who is notified."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.conversations import closure_notice
from chat.models import Conversation, Message
from chat.rules.lifecycle import Author, Status
from pnav.accounts.models import PendingChange, Role
from pnav.pages.frame import announcements
from pnav.pages.models import Announcement
from reports import closures
from reports.models import AccessKind, AccessRecord, ChatClosure, ClosureReason, Report
from tests.access.people import signed_in
from tests.accounts.cast import PASSWORD, make_user
from tests.chat.sockets import signed_in as agent_signed_in
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.support.moments import shown_once
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

ADD_CLOSURE, CLOSURES = "/admin/reports/chatclosure/add/", "/admin/reports/chatclosure/"
ADD_ANNOUNCEMENT, ANNOUNCEMENTS = "/admin/pages/announcement/add/", "/admin/pages/announcement/"


@pytest.fixture
def browsers(settings) -> tuple[Client, Client]:
    """Return two administrators who made neither account."""
    made = []
    for name in ("chef", "cheffe"):
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user(name, Role.ADMINISTRATOR))
        made.append(client)
    return made[0], made[1]


def moments(*, ends_in: timedelta | None = timedelta(hours=3), starts_in: timedelta = -timedelta(minutes=1)) -> dict:
    """Return the fields of a form of the admin: a moment is two of them, in the zone of the service."""
    fields = {}
    for name, within in (("starts_at", starts_in), ("ends_at", ends_in)):
        step = timedelta(hours=-1 if within and within < timedelta(0) else 1)
        at = shown_once(timezone.now() + within, step) if within is not None else None
        fields[f"{name}_0"] = at.strftime("%d/%m/%Y") if at else ""
        fields[f"{name}_1"] = at.strftime("%H:%M:%S") if at else ""
    return fields


def closed(**fields) -> ChatClosure:
    """Close the chat since a minute, and let this process hear of it."""
    texts = fields.pop("texts", {})
    values = {"reason": ClosureReason.INCIDENT, "starts_at": timezone.now() - timedelta(minutes=1)} | fields
    closure = ChatClosure(**values).set_texts(texts)
    closure.save()
    closures.forget()
    return closure


def announced(text: str, **fields) -> Announcement:
    now = timezone.now()
    values = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)} | fields
    announcement = Announcement(**values).set_texts({"vous": text} | fields.pop("texts", {}))
    announcement.save()
    announcements.forget()
    return announcement


def read(client: Client, where: str) -> str:
    answer = client.get(where, follow=True)
    assert answer.status_code == 200
    return squeezed(unescape(answer.text))


def decide(client: Client, pending: PendingChange, decision: str = "accept") -> str:
    where = f"/admin/accounts/pendingchange/{pending.pk}/decider/"
    return unescape(client.post(where, {"decision": decision, "motive": "non"}, follow=True).text)


# --- closing, by two --------------------------------------------------------------------------------------------------


def test_chat_closes_once_a_second_person_agreed_and_opens_by_one(browsers):
    one, two = browsers
    form = {"reason": "incident", "vous": "Retour demain matin.", "tu": "On revient demain.", "en": "Back soon."}
    answer = one.post(ADD_CLOSURE, form | moments(), follow=True)
    assert "attend la validation d'une deuxième personne" in unescape(answer.text)
    closures.forget()
    assert not ChatClosure.objects.exists() and not closures.is_closed(), "nobody is kept out before"
    pending = PendingChange.objects.get()
    assert pending.model == "reports.ChatClosure"
    assert "Retour demain matin." in unescape(two.get(f"/admin/accounts/pendingchange/{pending.pk}/change/").text)
    assert "Accepté" in decide(two, pending)
    closure = ChatClosure.objects.get()
    assert closure.named_texts() == {"vous": "Retour demain matin.", "tu": "On revient demain.", "en": "Back soon."}
    closures.forget()
    assert closures.is_closed()
    assert AccessRecord.objects.filter(kind=AccessKind.APPROVAL).count() == 2

    assert "Rouvrir le tchat maintenant" in one.get(CLOSURES).text
    own_page = unescape(one.get(f"{CLOSURES}{closure.pk}/change/").text)
    assert "On revient demain." in own_page and 'name="action" value="reopen_now"' in own_page
    assert f'name="_selected_action" value="{closure.pk}"' in own_page
    assert "Fermer</a>" not in own_page and "Retour à la liste</a>" in own_page
    said = one.post(CLOSURES, {"action": "reopen_now", "_selected_action": [closure.pk]}, follow=True)
    assert "Le tchat est ouvert." in said.text
    assert 'value="reopen_now"' not in one.get(f"{CLOSURES}{closure.pk}/change/").text.partition("<main")[2]
    closures.forget()
    assert not closures.is_closed(), "opening again asks nobody"
    lines = AccessRecord.objects.filter(kind=AccessKind.ADMIN_ACTION)
    assert [(line.subject, line.detail) for line in lines] == [(f"reports.ChatClosure {closure.pk}", "reopen_now")]


def test_who_ends_one_of_two_closings_is_told_of_the_other(browsers):
    ended, other = closed(), closed(reason=ClosureReason.STAFF)
    answer = browsers[0].post(CLOSURES, {"action": "reopen_now", "_selected_action": [ended.pk]}, follow=True)
    assert f"Le tchat reste fermé par une autre fermeture : {other}" in unescape(answer.text)
    assert "Le tchat est ouvert." not in answer.text


def test_second_person_reads_words_and_hours_and_verifies_what_people_could_call(browsers):
    one, two = browsers
    given = moments()
    day, hour = given["ends_at_0"], given["ends_at_1"][:5]
    one.post(ADD_ANNOUNCEMENT, {"audience": "both", "level": "warning", "vous": "Appelez le 18 99."} | given)
    pending = PendingChange.objects.get()
    page = squeezed(unescape(two.get(f"/admin/accounts/pendingchange/{pending.pk}/change/").text))
    for words in ("attention", "tout le monde", f"{day[-4:]}, {hour}", "<code>1899</code>"):
        assert words in page, words
    for raw in ("warning</td>", "both</td>", f"{day[-4:]}-{day[3:5]}-{day[:2]}T", f"<code>{day[-4:]}"):
        assert raw not in page, raw
    assert page.count("<code>") == 1, "the digits of hours are no numbers to verify"
    assert "Vérifiez vous-même le texte, avec ses liens et numéros, qui le lit et jusqu'à quand." in page


def test_second_person_reads_a_closing_in_the_order_of_its_form_and_what_there_is_to_verify(browsers):
    one, two = browsers
    said = {"en": "Back soon.", "tu": "On revient demain.", "vous": "Retour demain matin."}
    one.post(ADD_CLOSURE, {"reason": "incident"} | said | moments())
    page = unescape(two.get(f"/admin/accounts/pendingchange/{PendingChange.objects.get().pk}/change/").text)
    heads = re.findall(r'<th scope="row">(.+?)</th>', page)
    assert heads == ["Raison", "Début", "Fin", "Texte", "Texte, en tutoyant", "Texte en anglais"]
    assert "Vérifiez vous-même la raison, le début, la fin et ce que liront les personnes." in page
    assert "le lien, le numéro ou l'adresse" not in page, "a closing has none"


def test_forms_say_that_a_second_person_decides(browsers):
    assert "Le tchat ne ferme que si une deuxième personne accepte." in unescape(browsers[0].get(ADD_CLOSURE).text)
    assert "une deuxième personne doit accepter" in unescape(browsers[0].get(ADD_ANNOUNCEMENT).text)


def test_agents_read_that_the_chat_is_closed(settings):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = agent_signed_in(make.agent(role=Role.SUPERVISOR))
    words = "personne de nouveau n'arrive"
    assert words not in read(client, "/console/tableau/")
    [notice] = re.findall(r"<div[^>]* data-chat-closed[^>]*>", read(client, "/console/"))
    assert notice.endswith("hidden>"), "its script shows it once the chat has closed"
    closed(ends_at=timezone.now() + timedelta(hours=1))
    for where in ("/console/", "/console/tableau/"):
        assert words in read(client, where), where
    [notice] = re.findall(r"<div[^>]* data-chat-closed[^>]*>", page := read(client, "/console/"))
    assert "hidden" not in notice and page.count("Le tchat est fermé jusqu'au") == 1
    beat = client.post("/console/trames/", {"type": "beat"}, content_type="application/json").json()
    assert [frame["closed"] for frame in beat["frames"] if frame["type"] == "queue"] == [True]
    assert words not in read(Client(), "/")


def test_refused_closing_keeps_nobody_out(browsers):
    one, two = browsers
    one.post(ADD_CLOSURE, {"reason": "staff"} | moments(ends_in=None))
    decide(two, PendingChange.objects.get(), "refuse")
    closures.forget()
    assert not closures.is_closed()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vous": "Retour\u202edemain."}, "un caractère qui ne se voit pas (U+202E)"),
        ({"tu": "On revient\u200b."}, "un caractère qui ne se voit pas (U+200B)"),
        ({"en": "x" * 301}, "300"),
        ({"reason": "other"}, "Dites la raison dans le texte"),
        ({"reason": "other", "en": "Back at nine."}, "Dites la raison dans le texte en français, qui vouvoie"),
        ({"reason": "other", "tu": "On revient."}, "Dites la raison dans le texte en français, qui vouvoie"),
        (moments(ends_in=-timedelta(seconds=30)), "Choisissez une fin à venir"),
        (moments(ends_in=-timedelta(hours=2)), "Choisissez une fin après le début."),
    ],
)
def test_what_nobody_could_read_is_refused_beside_its_field(browsers, given, said):
    form = {"reason": "incident"} | moments() | given
    answer = browsers[0].post(ADD_CLOSURE, form)
    assert answer.status_code == 200 and not PendingChange.objects.exists()
    errors = answer.context["adminform"].form.errors
    assert said in unescape(str(errors)) and "__all__" not in errors


def test_text_that_was_refused_is_not_told_to_be_missing_too(browsers):
    form = {"audience": "staff", "level": "info", "vous": "Bonjour\u202e"} | moments()
    errors = browsers[0].post(ADD_ANNOUNCEMENT, form).context["adminform"].form.errors
    assert [len(errors[name]) for name in errors] == [1], errors
    errors = browsers[0].post(ADD_ANNOUNCEMENT, form | {"vous": " "}).context["adminform"].form.errors
    assert errors == {"vous": ["Écrivez ce que l'annonce dit."]}


# --- what visitors read -----------------------------------------------------------------------------------------------


def test_pages_on_the_way_say_that_the_chat_is_closed_and_who_answers(client):
    closed(ends_at=timezone.now() + timedelta(hours=1), texts={"vous": "Retour ce soir.", "tu": "On revient ce soir."})
    for where in (reverse("pages:home"), reverse("triage:start"), reverse("locations:search"), "/tchat/"):
        page = read(client, where)
        for words in ("Le tchat est fermé. Il rouvre le", "Une panne nous empêche de vous répondre", "Retour ce soir."):
            assert words in page, (where, words)
        for link in ('href="tel:17"', 'href="https://17cyber.gouv.fr/"'):
            assert link in page, (where, link)
        notice = page.partition('<section class="pnav-notice pnav-notice--closed"')[2].partition("</section>")[0]
        hours = dict(re.findall(r'>(\d+)</a><span>[^<]*<span class="pnav-calls__hours">\((.*?)\)', notice))
        assert list(hours) == ["3114", "3018", "119"], where
        assert "23" in hours["3018"], "at night nobody answers there"
    assert "Le tchat est fermé" not in read(client, reverse("pages:legal")), "it leads nowhere near"
    assert "The chat is closed." in read(client, "/en/")
    assert "Commencer" not in read(client, "/tchat/").partition("<main")[2].partition("</main>")[0]
    assert "J'ai un code" in read(client, "/tchat/")


@pytest.mark.parametrize("language", ["", "/en"])
def test_pages_do_not_say_day_and_night_while_the_chat_is_closed(client, language):
    """« 24h/24 » stood below the notice, as if somebody answered now. The hours of others' numbers stay."""
    always = ("gratuit, 24h/24", "policier, 24h/24", "free, day and night", "officer, 24 hours a day")

    def say_always() -> list[bool]:
        pages = [read(client, language + reverse(name)) for name in ("pages:home", "locations:search")]
        return [any(words in page.partition("<main")[2] for words in always) for page in pages]

    assert say_always() == [True, True]
    closed()
    assert say_always() == [False, False]


@pytest.mark.parametrize("name", ["minors", "minors_simple", "professionals", "law", "removal"])
def test_pages_that_promise_an_answer_day_and_night_say_that_the_chat_is_closed(client, name):
    """Their sections, which administrators write, say it too: the notice stands above them."""
    promised = ("par écrit, jour et nuit", "C'est gratuit, jour et nuit")

    def promises() -> bool:
        page = read(client, reverse(f"pages:{name}"))
        ours = page.partition("<h1")[2].partition("guide__contents")[0] + page.partition('class="guide__door')[2]
        return any(words in ours for words in promised)

    assert promises() or name == "removal"
    closed()
    assert "Le tchat est fermé" in read(client, reverse(f"pages:{name}")).partition("<h1")[0]
    assert not promises()


@pytest.mark.parametrize(("said", "last"), [("yes", 'href="sms:114"'), ("suicidal", 'href="tel:3114"')])
@pytest.mark.parametrize("has_answered_before", [False, True])
def test_danger_reads_the_numbers_before_it_reads_that_the_chat_is_closed(client, said, last, has_answered_before):
    """The notice is a screen high on a telephone, and numbers below it would be beyond the first one."""
    closed()
    if has_answered_before:
        client.post(reverse("pages:home"), {"door": "minor", "q": ""})
    page = squeezed(unescape(client.post("/orientation/maintenant/", {"answer": said}, follow=True).text))
    above, notice, below = page.partition("<main")[2].partition('<section class="pnav-notice pnav-notice--closed"')
    assert f'fr-btn--lg" {last}' in above and "<h1" in above
    assert notice and below.count("pnav-notice--closed") == 0 and "Le tchat est fermé" in below
    assert 'action="/orientation/parler/"' in below and "/orientation/parler/" not in above


def test_minor_reads_tu_and_who_is_watched_reads_nothing_of_it(client):
    closed(texts={"vous": "Retour ce soir.", "tu": "On revient ce soir."})
    client.post(reverse("pages:home"), {"door": "minor", "q": ""})
    page = read(client, reverse("triage:start"))
    assert "On revient ce soir." in page and "te répondre ici" in page and "Retour ce soir." not in page
    other = Client()
    other.post("/orientation/maintenant/", {"answer": "screen"})
    watched = read(other, "/tchat/")
    above = watched.partition('<section class="pnav-notice')[2].partition("<details")[0]
    assert "Pas de réponse en ce moment." in above and "tchat" not in above.lower()


def test_nobody_new_comes_into_the_queue_and_answers_are_kept(client):
    places.municipality("Arles", "13004", ("13200",))
    closure = closed()
    client.post(reverse("pages:home"), {"door": "adult", "q": "13200"})
    for slug, value in (("maintenant", "no"), ("faits", "harassment"), ("combien", "repeated")):
        answer = client.post(f"/orientation/{slug}/", {"answer": value})
    assert answer.url == reverse("chat:conversation")
    assert "Le tchat est fermé en ce moment." in read(client, answer.url)
    assert client.post(reverse("reports:create")).url == reverse("chat:conversation")
    assert not Report.objects.exists() and not Conversation.objects.exists()
    ChatClosure.objects.filter(pk=closure.pk).update(reopened_at=timezone.now())
    closures.forget()
    client.get("/tchat/")
    answer = client.post("/orientation/combien/", {"answer": "repeated"})
    assert answer.url == reverse("chat:conversation") and Report.objects.count() == 1, "nothing had to be said again"


def test_a_report_filed_seconds_before_opens_no_exchange_until_the_chat_opens_again(client):
    """Its process had not heard of the closing yet."""
    places.municipality("Arles", "13004", ("13200",))
    client.post(reverse("pages:home"), {"door": "adult", "q": "13200"})
    for slug, value in (("maintenant", "no"), ("faits", "harassment"), ("combien", "repeated")):
        answer = client.post(f"/orientation/{slug}/", {"answer": value})
    assert answer.url == reverse("chat:conversation") and Report.objects.count() == 1
    assert not closures.is_closed()
    closure = ChatClosure.objects.create(reason=ClosureReason.INCIDENT, starts_at=timezone.now() - timedelta(seconds=1))
    page = read(client, "/tchat/")
    assert "Le tchat est fermé en ce moment." in page and "J'ai un code" in page
    assert not Conversation.objects.exists()
    ChatClosure.objects.filter(pk=closure.pk).update(reopened_at=timezone.now())
    client.get("/tchat/")
    assert Conversation.objects.get().report == Report.objects.get(), "nothing had to be said again"
    ChatClosure.objects.create(reason=ClosureReason.INCIDENT, starts_at=timezone.now() - timedelta(seconds=1))
    assert "Le tchat est fermé" not in read(client, "/tchat/").partition("<main")[2], "who is in stays"


@pytest.mark.parametrize("is_answered", [True, False])
def test_whoever_begins_anew_after_an_exchange_reads_that_the_chat_is_closed(settings, is_answered):
    """The page of the exchange that is over is where « Écrire à un policier maintenant » leads then, and so does
    « Faire un nouveau signalement ».
    """
    conversation = make.closed() if is_answered else make.waiting()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    client.post(reverse("chat:end"))
    assert "Le tchat est fermé" not in read(client, "/tchat/")
    closed(ends_at=timezone.now() + timedelta(hours=1))
    client.post("/orientation/maintenant/", {"answer": "yes"})
    page = squeezed(unescape(client.post("/orientation/parler/", follow=True).text)).partition("<main")[2]
    assert page.index("Le tchat est fermé. Il rouvre le") < page.index('id="messages"')
    assert 'href="tel:17"' in page.partition('<section class="pnav-notice')[2].partition("</section>")[0]
    assert "Le tchat est fermé. Il rouvre le" in read(client, reverse("reports:create")).partition("<main")[2]
    assert Report.objects.count() == 1


def test_exchange_under_way_goes_on_and_says_nothing_of_it(settings):
    conversation = make.assigned()
    closed()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    assert 'class="pnav-notice' not in read(client, "/tchat/")


def test_who_waits_is_told_once_in_their_voice_and_keeps_their_place(settings):
    adult, minor = make.waiting(), make.waiting(age_band="under_15", role="victim")
    english = make.waiting(language="en")
    running = make.assigned()
    before = Message.objects.filter(conversation=running).count()
    closure = closed(ends_at=timezone.now() + timedelta(hours=1))
    assert closure_notice.tell_who_waits() == 3
    assert closure_notice.tell_who_waits() == 0
    told = {row.pk: [one.body for one in row.messages.filter(author=Author.SYSTEM)] for row in (adult, minor, english)}
    assert all(len(lines) == 1 for lines in told.values())
    assert "Votre demande est gardée" in told[adult.pk][0] and "Ta demande est gardée" in told[minor.pk][0]
    assert "Your request is kept" in told[english.pk][0]
    assert Message.objects.filter(conversation=running).count() == before
    assert set(Conversation.objects.exclude(pk=running.pk).values_list("status", flat=True)) == {Status.WAITING}
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(adult)
    page = read(client, "/tchat/")
    assert "Votre demande, elle, est gardée, avec votre place." in page and "Si vous devez partir vite" in page
    closure.refresh_from_db()
    assert closure.told_at is not None


def test_many_who_wait_are_told_some_at_a_time(monkeypatch):
    monkeypatch.setattr(closure_notice, "AT_ONCE", 2)
    for _one in range(3):
        make.waiting()
    closed()
    assert [closure_notice.tell_who_waits() for _tick in range(3)] == [2, 1, 0]
    assert Message.objects.filter(author=Author.SYSTEM).count() == 3


def test_closing_that_is_to_come_or_over_closes_nothing():
    now = timezone.now()
    closed(starts_at=now + timedelta(hours=1))
    closed(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    assert not closures.is_closed() and closure_notice.tell_who_waits() == 0
    assert closures.current(now + timedelta(hours=2)) is not None


# --- announcements ----------------------------------------------------------------------------------------------------


def test_announcement_to_the_team_is_shown_at_once_and_to_visitors_after_a_second_yes(browsers, settings):
    one, two = browsers
    one.post(ADD_ANNOUNCEMENT, {"audience": "staff", "level": "warning", "vous": "Réunion à 14 h."} | moments())
    announcements.forget()
    assert Announcement.objects.count() == 1
    agent = Client()
    agent.cookies[settings.SESSION_COOKIE_NAME] = agent_signed_in(make.agent())
    assert "Réunion à 14 h." in read(agent, "/console/") and "Réunion à 14 h." in read(one, "/admin/")
    assert "Réunion à 14 h." not in read(Client(), "/")

    both = {"audience": "both", "level": "info", "vous": "Vous pouvez nous lire en anglais.", "en": "We speak English."}
    one.post(ADD_ANNOUNCEMENT, both | moments())
    assert Announcement.objects.count() == 1
    decide(two, PendingChange.objects.get())
    announcements.forget()
    assert "Vous pouvez nous lire en anglais." in read(Client(), "/")
    assert "We speak English." in read(Client(), "/en/") and "We speak English." not in read(agent, "/console/")
    assert "Vous pouvez nous lire en anglais." in read(agent, "/console/")
    chosen = [row.pk for row in Announcement.objects.filter(audience="both")]
    two.post(ANNOUNCEMENTS, {"action": "take_down", "_selected_action": chosen})
    announcements.forget()
    assert "Vous pouvez nous lire" not in read(Client(), "/")


@pytest.mark.parametrize("where", ["/compte/login/", "/console/", "/admin/"])
def test_announcement_to_the_team_is_not_on_the_page_where_anybody_signs_in(where):
    announced("Code de la porte : 4512.", audience="staff")
    announced("Le service est calme.", audience="both")
    page = read(Client(), where)
    assert 'name="password"' in page and "Le service est calme." in page
    assert "Code de la porte" not in page


def test_announcement_to_the_team_waits_for_the_second_factor(client):
    make_user("camille", Role.ADMINISTRATOR, totp=True)
    announced("Code de la porte : 4512.", audience="staff")
    page = client.post("/compte/login/", {"login": "camille", "password": PASSWORD}, follow=True).text
    assert 'name="code"' in page and "Code de la porte" not in page


def test_announcement_is_folded_where_somebody_may_see_the_screen(client):
    announced("Le service change de nom.", audience="visitors")
    client.post("/orientation/maintenant/", {"answer": "screen"})
    page = read(client, "/tchat/")
    assert "Le service change de nom." in page.partition('<details class="pnav-notice">')[2].partition("</details>")[0]


def test_announcement_ends_and_of_many_two_are_shown_warnings_first():
    for number in range(3):
        announced(f"Annonce {number}.", audience="both")
    announced("Attention.", audience="both", level="warning")
    shown = [one.text() for one in announcements.current("visitors", "both")]
    assert shown == ["Attention.", "Annonce 2."]
    Announcement.objects.update(ended_at=timezone.now())
    announcements.forget()
    assert announcements.current("visitors", "both") == []


def test_newest_announcement_is_shown_however_many_run_or_are_to_come():
    """The oldest were read first, and the last of too many was on no page, although its list said that it runs."""
    now = timezone.now()
    for number in range(announcements.MOST + 1):
        announced(f"Équipe {number}.", audience="staff", starts_at=now - timedelta(days=1))
        announced(f"Site {number}.", audience="visitors", starts_at=now - timedelta(hours=1))
        announced(
            f"Demain {number}.", starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2), audience="both"
        )
    announced("Deux ont dit oui.", audience="visitors", level="warning", starts_at=now - timedelta(days=2))
    announced("Dernière nouvelle.", audience="visitors")
    shown = [one.text() for one in announcements.current("visitors", "both")]
    assert shown == ["Deux ont dit oui.", "Dernière nouvelle."]
    with CaptureQueriesContext(connection) as queries:
        announcements.forget()
        announcements.current("staff", "both")
    assert len(queries) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"vous": ""},
        {"vous": "Bonjour\u202e"},
        moments(ends_in=timedelta(days=91)),
        moments(ends_in=-timedelta(hours=1)),
    ],
)
def test_announcement_that_says_nothing_or_never_ends_is_refused(browsers, given):
    form = {"audience": "staff", "level": "info", "vous": "Bonjour."} | moments() | given
    answer = browsers[0].post(ADD_ANNOUNCEMENT, form)
    assert answer.status_code == 200 and answer.context["adminform"].form.errors
    assert not Announcement.objects.exists()


def test_pages_ask_no_more_of_the_database_while_something_is_said(client):
    client.get("/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get("/")
        return len(caught)

    before = queries()
    closed()
    announced("Bonjour.", audience="both")
    client.get("/")  # this reads what is announced, once for this process
    assert queries() == before
