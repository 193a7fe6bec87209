"""The pages on which a person sees what is kept, and « Fin de conservation » in the console."""

import hashlib
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from chat.conversations import resume
from chat.models import Conversation
from chat.retention import deletion, schedule
from chat.rules.lifecycle import Author
from chat.visitor import page_state
from common import encryption
from common.data_keys import router
from common.data_keys.keys import KeysAway
from common.dates import format_date
from pnav.accounts import reauthentication
from pnav.accounts.models import Role
from reports.actions import answer_erasure, ask_erasure, ask_freeze
from reports.models import AccessKind, AccessRecord, ErasureRequest, Freeze, Report
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from reports.session import DISCREET
from tests.chat.console.agents import signed_in
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import register as written

pytestmark = pytest.mark.django_db

KEEPING, ERASURE, ENDINGS = "/tchat/conservation/", "/tchat/effacement/", "/console/conservation/"
SECRET = "marque-au-fer"  # a word in a message, which only the two parties read


@pytest.fixture(autouse=True)
def _no_counts_left(monkeypatch):
    cache.clear()
    monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())
    yield
    cache.clear()


@pytest.fixture
def as_reporter(settings):
    def make_client(conversation):
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", response.content.decode())))


def day(moment) -> str:
    return format_date(timezone.localtime(moment), "j F Y")


def in_days(days: float) -> str:
    return day(timezone.now() + timedelta(days=days))


def freeze(conversation, by) -> Freeze:
    until = timezone.now() + timedelta(days=90)
    values = {"motive": "enquête en cours", "reference": "2026/123", "authority": "parquet de Rennes"}
    return ask_freeze(report_id=conversation.report_id, by=by, until=until, **values)


def code_of(response) -> str:
    return unescape(re.search(r'class="pnav-chat__code"[^>]*>([^<]+)<', response.content.decode()).group(1))


# --- the person: the date and the rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("trait", [make.waiting, make.assigned, make.closed])
def test_page_of_the_exchange_says_when_it_goes(as_reporter, trait):
    client = as_reporter(make.age(trait(), days=100))
    shown = text(client.get("/tchat/"))
    assert f"Cet échange sera effacé le {in_days(365)} au plus tôt" in shown, "they are here: it counts from now"
    shown = text(client.get(KEEPING))
    assert f"supprimés le {in_days(365)} au plus tôt" in shown
    assert "365 jours après le dernier geste, de vous ou de la personne qui vous répond" in shown


def test_date_is_that_by_which_it_goes(as_reporter):
    """The page itself is no act: it must not promise more than the rule keeps."""
    conversation = make.age(make.closed(), days=100)
    assert f"supprimés le {in_days(265)} au plus tôt" in text(as_reporter(conversation).get(KEEPING))
    assert page_state.read_page_state(
        conversation, timezone.now()
    ).decision.due_at == conversation.closed_at + timedelta(days=365)


def test_page_says_until_when_backups_may_show_something(as_reporter, settings, monkeypatch):
    """The keys of exchanges are deleted from their own backups sooner than the rest from its own."""
    settings.BACKUP_DAYS, settings.DATA_KEYS_BACKUP_DAYS = 30, 7
    conversation = make.age(make.closed(), days=100)
    rest = in_days(265 + 1 + 30)
    together = f"tout sera effacé, y compris des sauvegardes, au plus tard le {rest}"
    assert together in text(as_reporter(conversation).get(KEEPING)), "the keys lie with the content"
    monkeypatch.setattr(router, "is_apart", lambda: True)
    assert together in text(as_reporter(conversation).get(KEEPING)), "its words are the ring's"
    Report.objects.filter(pk=conversation.report_id).update(data_key_since=timezone.now() - timedelta(days=90))
    conversation.refresh_from_db()
    shown = text(as_reporter(conversation).get(KEEPING))
    assert (
        f"ce que vous avez écrit sera effacé, y compris des sauvegardes, au plus tard le {in_days(265 + 1 + 7)}"
        in shown
    )
    assert f"sous scellé) disparaîtra des sauvegardes au plus tard le {rest}" in shown and together not in shown
    # What is under seal is deleted with the words once it has their key as well, and has had it for long enough.
    Report.objects.filter(pk=conversation.report_id).update(identity_key_since=timezone.now())
    conversation.refresh_from_db()
    shown = text(as_reporter(conversation).get(KEEPING))
    assert f"connexions) seront effacés, y compris des sauvegardes, au plus tard le {in_days(265 + 1 + 7)}" in shown
    assert f"les jours et les heures) disparaîtra des sauvegardes au plus tard le {rest}" in shown
    assert "sera effacé, y compris" not in shown
    discreet = make.age(make.closed(discreet=True), days=100)
    Report.objects.filter(pk=discreet.report_id).update(data_key_since=timezone.now() - timedelta(days=90))
    discreet.refresh_from_db()
    shown = text(as_reporter(discreet).get(KEEPING, follow=True))
    assert f"Le reste disparaîtra des sauvegardes au plus tard le {rest}" in shown and "scellé" not in shown


def test_page_says_tu_on_the_minors_path(as_reporter):
    shown = text(as_reporter(make.closed(age_band="under_15")).get(KEEPING))
    own = shown.split("Ce qui est gardé, et")[1].split("Revenir")[0]
    assert "Ton signalement et cet échange" in shown and "Votre" not in shown
    assert "de toi ou de la personne qui te répond" in shown and "vous" not in own


def test_a_freeze_is_not_told_and_the_page_stays_true(as_reporter):
    conversation = make.closed()
    freeze(conversation, make.agent(role=Role.SUPERVISOR).user)
    shown = text(as_reporter(conversation).get(KEEPING))
    assert "parquet" not in shown and "2026/123" not in shown and "gel" not in shown.lower()
    assert "La date est repoussée si la justice demande de garder l'échange." in shown


def test_pages_in_english(as_reporter):
    conversation = make.closed()
    client = as_reporter(conversation)
    client.cookies["django_language"] = "en"
    shown = text(client.post(ERASURE)) + text(client.get("/tchat/", follow=True))
    for words in ("What is kept, and until when", "Who has read this conversation", "Nobody but you and the person",
                  "Your request was received on", "write these five words down now", "will be deleted on"):  # fmt: skip
        assert words in shown
    for word in ("échange", "supprim", "demande"):
        assert word not in shown.split("What is kept, and")[1].split("Return to my")[0]


# --- the person: who read --------------------------------------------------------------------------------------------


def test_readings_nobody_else(as_reporter):
    assert "Personne d'autre que vous et votre interlocuteur." in text(as_reporter(make.closed()).get(KEEPING))
    assert "Personne d'autre que vous." in text(as_reporter(make.waiting()).get(KEEPING))


def test_readings_show_roles_and_times_and_no_account(as_reporter):
    conversation, other = make.closed(), make.closed()
    reader = make.agent(role=Role.SUPERVISOR, public_name="Dominique").user
    for kind, subject in (
        (AccessKind.READING, conversation.public_id),
        (AccessKind.EXPORT, conversation.report.public_id),
        (AccessKind.OPENING, conversation.report.public_id),
        (AccessKind.SEARCH, conversation.report.public_id),
        (AccessKind.READING, other.public_id),
    ):
        written.record(kind=kind, by=reader, subject=str(subject), motive="contrôle de Dominique")
    shown = text(as_reporter(conversation).get(KEEPING))
    at = AccessRecord.objects.get(subject=str(conversation.public_id)).at
    assert f"Un superviseur a lu l'échange le {day(at)} à {timezone.localtime(at):%H:%M}" in shown
    assert "Un superviseur a copié l'échange" in shown
    assert shown.count("Un superviseur a ") == 2 and "anonymat" not in shown
    for secret in (reader.username, "Dominique", "contrôle", f"compte {reader.pk}"):
        assert secret not in shown


@pytest.mark.parametrize("address", [KEEPING, ERASURE])
def test_nobody_without_the_visit(address):
    answer = Client().get(address)
    assert answer.status_code == 302 and answer.url == "/tchat/reprendre/"


# --- the person: erasure ---------------------------------------------------------------------------------------------


def test_erasure_asked_shows_who_decides_when_and_where_to_complain(as_reporter):
    conversation = make.closed()
    client = as_reporter(conversation)
    before = text(client.get(KEEPING))
    for words in (
        "Un superviseur décide, sans lire votre échange",
        "30 jours au plus",
        "CNIL",
        "Un refus dit pourquoi",
    ):
        assert words in before
    answer = client.post(ERASURE)
    shown = text(answer)
    assert f"Votre demande est reçue depuis le {in_days(0)}" in shown
    (told,) = re.findall(r'aria-labelledby="effacement" tabindex="-1" autofocus>(.*?)</div>', answer.text, re.S)
    assert "Votre demande est reçue" in told and code_of(answer) in told, "they are two screens below the title"
    assert "autofocus" not in client.get(KEEPING).text.partition("<main")[2]
    assert f"Réponse prévue avant le {in_days(30)}" in shown and "CNIL" in shown
    assert AccessRecord.objects.filter(kind="erasure", subject=str(conversation.report.public_id)).count() == 1


def test_erasure_asked_with_the_code_de_reprise(as_reporter):
    """An exchange is open on another device: the code brings back, and the page is there."""
    conversation = make.assigned()
    words = resume.issue_code(conversation_id=conversation.pk).text
    client = Client()
    client.post("/tchat/reprendre/", {"code": words})
    assert "est reçue" in text(client.post(ERASURE))
    assert ErasureRequest.objects.get().report == conversation.report


def test_answer_is_read_with_the_words_and_the_exchange_is_not(as_reporter):
    """The visit is over and the exchange too: the words of the request are all that is left."""
    conversation = make.assigned()
    make.message(conversation, SECRET)
    words = code_of(as_reporter(conversation).post(ERASURE))
    chief = make.agent(role=Role.SUPERVISOR).user
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=False, motive="Une enquête est en cours.")
    elsewhere = Client()
    shown = text(elsewhere.post("/tchat/reprendre/", {"code": words.upper()}, follow=True))
    assert "a été refusée" in shown and "Une enquête est en cours." in shown and "CNIL" in shown
    for address in ("/tchat/", KEEPING, "/tchat/suite/"):
        page = elsewhere.get(address, follow=True).content.decode()
        assert SECRET not in page and "Qui a consulté" not in page
    assert elsewhere.post("/tchat/message/", {"body": "x"}).status_code == 302
    assert not conversation.messages.filter(author=Author.REPORTER).exclude(seq__lte=2).exists()


def test_answer_is_read_with_the_words_in_a_visit_that_has_another_exchange(as_reporter):
    words = code_of(as_reporter(make.closed()).post(ERASURE))
    browser = as_reporter(make.assigned())
    page = browser.post("/tchat/reprendre/", {"code": words}, follow=True)
    assert "Votre demande est reçue" in text(page) and "Revenir à mon échange" in text(page)
    assert "Qui a consulté" not in text(page)
    browser.get("/tchat/")
    assert "Qui a consulté" in text(browser.get(ERASURE, follow=True)), "what is kept of its own exchange"


def test_words_ask_again_for_what_they_are_for_in_a_visit_that_has_another_exchange(as_reporter, monkeypatch):
    conversation, own = make.closed(), make.assigned()
    words = code_of(as_reporter(conversation).post(ERASURE))
    chief = make.agent(role=Role.SUPERVISOR).user
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=False, motive="Une enquête est en cours.")
    monkeypatch.setattr(ErasureRequest, "asked_again_from", property(lambda one: one.asked_at))
    browser = as_reporter(own)
    page = browser.post("/tchat/reprendre/", {"code": words}, follow=True).content.decode()
    (address,) = re.findall(r'action="(/tchat/effacement/[^"]*)"', page)
    assert address != ERASURE, "there an earlier version would ask for the erasure of its own exchange"
    browser.get("/tchat/")
    shown = text(browser.post(address, follow=True))
    assert ErasureRequest.objects.get().report == conversation.report, "its own exchange is not asked to be erased"
    assert ErasureRequest.objects.get().answered_at is None
    assert "Votre demande est reçue" in shown and "Qui a consulté" not in shown


def test_form_of_the_words_that_the_version_before_drew_asks_for_what_they_are_for(as_reporter, monkeypatch):
    conversation, own = make.closed(), make.assigned()
    words = code_of(as_reporter(conversation).post(ERASURE))
    refuse(conversation)
    monkeypatch.setattr(ErasureRequest, "asked_again_from", property(lambda one: one.asked_at))
    browser = as_reporter(own)
    browser.post("/tchat/reprendre/", {"code": words})
    browser.get("/tchat/")
    browser.post(ERASURE, {"again": "words"})
    assert ErasureRequest.objects.get().report == conversation.report
    assert ErasureRequest.objects.get().answered_at is None


def test_words_of_the_visit_s_own_request_show_all_that_is_kept(as_reporter):
    browser = as_reporter(make.closed())
    words = code_of(browser.post(ERASURE))
    page = text(browser.post("/tchat/reprendre/", {"code": words}, follow=True))
    assert "Votre demande est reçue" in page and "Qui a consulté" in page


@pytest.mark.parametrize(("of_report", "of_visit"), [(True, False), (False, True)])
def test_answer_is_read_in_discreet_mode_if_the_report_or_the_visit_is_in_it(as_reporter, of_report, of_visit):
    words = code_of(as_reporter(make.closed(discreet=of_report)).post(ERASURE))
    browser = Client()
    session = browser.session
    session[DISCREET] = of_visit
    session.save()
    page = browser.post("/tchat/reprendre/", {"code": words}, follow=True)
    assert page.redirect_chain[-1][0].startswith("/n/") and "<title>Informations</title>" in page.text


def test_words_of_a_request_are_replaced_and_go_with_it(as_reporter):
    conversation = make.closed()
    client = as_reporter(conversation)
    first, second = code_of(client.post(ERASURE)), code_of(client.post(ERASURE))
    assert ErasureRequest.objects.count() == 1
    opened = [Client().post("/tchat/reprendre/", {"code": words}).status_code for words in (first, second)]
    assert opened == [200, 302]
    visitor = Client()
    visitor.post("/tchat/reprendre/", {"code": second})
    Report.objects.all().delete()
    assert visitor.get(ERASURE).status_code == 302
    assert "n'ouvrent aucun échange" in text(Client().post("/tchat/reprendre/", {"code": second}))


def refuse(conversation) -> None:
    chief = make.agent(role=Role.SUPERVISOR).user
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=False, motive="Une enquête est en cours.")


def refused_days_ago(days: int) -> None:
    ErasureRequest.objects.update(answered_at=make.long_ago(days * 24 * 60))


@pytest.mark.parametrize("is_frozen", [False, True])
def test_person_reads_when_they_may_ask_again_and_does(as_reporter, is_frozen):
    """The day is the same with a freeze and without, because the page does not tell of one."""
    conversation = make.closed()
    client = as_reporter(conversation)
    words = code_of(client.post(ERASURE))
    if is_frozen:
        freeze(conversation, make.agent(role=Role.SUPERVISOR).user)
    refuse(conversation)
    for _time in range(2):
        shown = text(client.get(KEEPING))
        assert f"Vous pourrez demander de nouveau à partir du {in_days(30)}" in shown
        assert "Demander de nouveau" not in shown
        assert "a été refusée" in text(client.post(ERASURE, {"again": "1"})), "it is too early"
    refused_days_ago(31)
    shown = text(client.get(KEEPING))
    assert "Demander de nouveau l'effacement" in shown and "Vous pourrez" not in shown
    assert "Les mots que vous avez notés liront aussi la nouvelle réponse" in shown
    answer = client.post(ERASURE, {"again": "1"})
    assert f"Votre demande est reçue depuis le {in_days(0)}" in text(answer)
    assert "enquête" not in text(client.get(KEEPING))
    assert "pnav-chat__code" not in answer.text
    read = text(Client().post("/tchat/reprendre/", {"code": words}, follow=True))
    assert "Votre demande est reçue" in read, "the words that were noted read the new answer"


def test_request_without_words_that_is_made_again_gets_some(as_reporter):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    refuse(conversation)
    refused_days_ago(31)
    client = as_reporter(conversation)
    assert "liront aussi" not in text(client.get(KEEPING))
    answer = client.post(ERASURE, {"again": "1"})
    assert "Votre demande est reçue" in text(answer) and code_of(answer)


def test_words_of_a_request_ask_again_and_read_the_new_answer(as_reporter):
    """The exchange is over and its visit too, so there is no other way."""
    conversation = make.closed()
    words = code_of(as_reporter(conversation).post(ERASURE))
    refuse(conversation)
    elsewhere = Client()
    shown = text(elsewhere.post("/tchat/reprendre/", {"code": words}, follow=True))
    assert f"à partir du {in_days(30)}" in shown and "Demander de nouveau" not in shown
    assert "a été refusée" in text(elsewhere.post(ERASURE, {"again": "1"}, follow=True)), "it is too early"
    refused_days_ago(31)
    shown = text(elsewhere.get(ERASURE))
    assert "Demander de nouveau l'effacement" in shown and "liront aussi la nouvelle réponse" in shown
    assert "est reçue depuis" in text(elsewhere.post(ERASURE, {"again": "1"}, follow=True))
    assert "est reçue depuis" in text(Client().post("/tchat/reprendre/", {"code": words}, follow=True))
    assert ErasureRequest.objects.get().answered_at is None


def test_words_are_kept_nowhere(as_reporter):
    words = code_of(as_reporter(make.closed()).post(ERASURE))
    request = ErasureRequest.objects.get()
    assert request.code_digest == hashlib.sha256("".join(words.split()).encode()).hexdigest()


def test_erasure_is_received_when_no_code_can_be_made(as_reporter, monkeypatch):
    def busy(_words):
        raise resume.Busy

    monkeypatch.setattr(resume, "slow_hash", busy)
    answer = as_reporter(make.closed()).post(ERASURE)
    assert answer.status_code == 503 and "La demande est reçue" in unescape(answer.content.decode())
    assert ErasureRequest.objects.get().code_digest is None


def test_slow_first_press_leaves_the_words_of_the_second_one(as_reporter, monkeypatch):
    """Two presses reach two processes, and the browser shows the page of the second one."""
    conversation, hash_slowly, second = make.closed(), resume.slow_hash, []

    def press_again(words):
        if not second:
            second.append("")
            second[0] = code_of(as_reporter(conversation).post(ERASURE))
        return hash_slowly(words)

    monkeypatch.setattr(resume, "slow_hash", press_again)
    first = as_reporter(conversation).post(ERASURE)
    assert first.status_code == 409 and "pnav-chat__code" not in first.text
    assert "seul le dernier fonctionne" in unescape(first.text)
    digest = hashlib.sha256("".join(second[0].split()).encode()).hexdigest()
    assert ErasureRequest.objects.get().code_digest == digest


def test_erasure_codes_are_limited(as_reporter, one_window):
    client = as_reporter(make.closed())
    assert [client.post(ERASURE).status_code for _ in range(7)] == [200] * 6 + [429]


def test_erasure_needs_the_token(as_reporter, settings):
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.closed())
    assert client.post(ERASURE).status_code == 403
    assert not ErasureRequest.objects.exists()


def test_granted_page_says_the_new_date(as_reporter):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    answer_erasure(report_id=conversation.report_id, by=make.agent(role=Role.SUPERVISOR).user, is_granted=True)
    client = as_reporter(conversation)
    assert f"supprimés le {in_days(7)} au plus tôt" in text(client.get(KEEPING))
    assert f"Cet échange sera effacé le {in_days(7)}" in text(client.get("/tchat/"))


# --- the console -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cast():
    """Return an agent with an exchange near its end, an agent of another unit, a supervisor of its unit."""
    agent, stranger = make.agent(), make.agent(unit_name="Ailleurs")
    chief = make.agent(role=Role.SUPERVISOR)
    conversation = make.assigned(agent, postal_code="29840")
    make.message(conversation, SECRET)
    return make.age(conversation, days=320), agent, stranger, chief


def page_of(conversation: Conversation, what: str) -> str:
    return f"{ENDINGS}{conversation.public_id}/{what}/"


FREEZE_FORM = {"motive": "enquête", "reference": "2026/1", "authority": "parquet", "until": ""}


def form(**changed: str) -> dict[str, str]:
    return FREEZE_FORM | {"until": f"{timezone.localdate() + timedelta(days=60):%Y-%m-%d}"} | changed


def test_endings_show_dates_to_those_concerned(cast):
    conversation, agent, stranger, chief = cast
    short = str(conversation.public_id)[:8]
    own, boss = signed_in(agent.user), signed_in(chief.user)
    for who in (own, boss):
        shown = text(who.get(ENDINGS))
        assert short in shown and day(conversation.reporter_seen_at + timedelta(days=365)) in shown
        assert SECRET not in shown and "29840" not in shown
    assert short not in text(signed_in(stranger.user).get(ENDINGS))
    make.age(conversation, days=100)
    assert short not in text(own.get(ENDINGS)), "its end is far"


def test_freeze_the_cast(cast):
    conversation, agent, stranger, chief = cast
    page = page_of(conversation, "gel")
    other = signed_in(stranger.user)
    assert other.get(page).status_code == 404
    assert other.post(page, form()).status_code == 404
    assert Client().post(page, form()).status_code == 302
    assert not Freeze.objects.exists()
    client = signed_in(agent.user)
    assert "Gel demandé" in text(client.post(page, form(), follow=True))
    assert Freeze.objects.get().is_asked
    assert client.post(page_of(conversation, "gel/decision"), {"poser": "1"}).status_code == 403
    boss = signed_in(chief.user)
    shown = {"asked_at": re.search(r'name="asked_at" value="([^"]+)"', boss.get(ENDINGS).text)[1]}
    assert "Gel posé" in text(boss.post(page_of(conversation, "gel/decision"), {"poser": "1"} | shown, follow=True))
    assert Freeze.objects.get().is_running(timezone.now())
    boss.post(page_of(conversation, "gel/decision"), {"lever": "1"} | shown)
    assert not Freeze.objects.get().is_running(timezone.now())


def cannot_be_opened(conversation, *, is_away: bool, monkeypatch) -> None:
    """Let what was sealed for this exchange not be opened: the server of the keys is away, or the key is gone."""
    really, subject = encryption.unseal, str(conversation.report.public_id)

    def unseal(value, *, context: str, **more):
        if subject in context:
            raise KeysAway("away") if is_away else encryption.UnsealError("gone")
        return really(value, context=context, **more)

    monkeypatch.setattr(encryption, "unseal", unseal)


@pytest.mark.parametrize("is_away", [True, False])
def test_freeze_that_cannot_be_read_closes_no_page(cast, is_away, monkeypatch):
    """Whoever decides could reach none of the others, and could not lift this one."""
    conversation, agent, _stranger, chief = cast
    other = make.age(make.closed(agent), days=340)
    freeze(conversation, chief.user)
    freeze(other, chief.user)
    cannot_be_opened(conversation, is_away=is_away, monkeypatch=monkeypatch)
    boss = signed_in(chief.user)
    answer = boss.get(ENDINGS)
    shown = text(answer)
    assert answer.status_code == 200 and shown.count("Ce texte ne peut pas être lu en ce moment.") == 1
    assert shown.count("parquet de Rennes, 2026/123. enquête en cours") == 1 and shown.count("Lever le gel") == 2
    answer = boss.get(page_of(conversation, "gel"))
    assert answer.status_code == 200 and "Ce qu'il dit ne peut pas être lu en ce moment." in text(answer)
    assert "(parquet de Rennes, 2026/123)." in text(boss.get(page_of(other, "gel")))


@pytest.mark.parametrize("is_away", [True, False])
def test_refusal_that_cannot_be_read_closes_no_page_of_the_person(as_reporter, is_away, monkeypatch):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    chief = make.agent(role=Role.SUPERVISOR).user
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=False, motive="Une enquête est en cours.")
    client = as_reporter(conversation)
    assert "Une enquête est en cours." in text(client.get(KEEPING))
    cannot_be_opened(conversation, is_away=is_away, monkeypatch=monkeypatch)
    answer = client.get(KEEPING)
    shown = text(answer)
    assert answer.status_code == 200 and "Ce motif ne peut pas être lu en ce moment." in shown
    assert "Vous pourrez demander de nouveau à partir du" in shown and "Une enquête" not in shown


@pytest.mark.parametrize("shown", ["the one before", "", "hier", "2026-11-25T10:00:00"])
def test_freeze_that_changed_meanwhile_is_read_again(cast, shown):
    conversation, agent, _stranger, chief = cast
    before = freeze(conversation, agent.user).asked_at.isoformat()
    freeze(conversation, agent.user)
    sent = {"poser": "1", "asked_at": before if shown == "the one before" else shown}
    answer = signed_in(chief.user).post(page_of(conversation, "gel/decision"), sent, follow=True)
    assert "ce gel a été modifié entre-temps" in text(answer) and "Poser le gel" in text(answer)
    assert Freeze.objects.get().is_asked


@pytest.mark.parametrize("act", ["gel", "gel/decision", "effacement"])
def test_deciding_asks_again_who_it_is(cast, act, monkeypatch):
    conversation, _agent, _stranger, chief = cast
    ask_erasure(report_id=conversation.report_id)
    if act == "gel/decision":
        freeze(conversation, chief.user)
    before = list(Freeze.objects.values()), list(ErasureRequest.objects.values())
    boss = signed_in(chief.user)
    monkeypatch.setattr(reauthentication, "OPENS_SECONDS", 0)
    monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
    page = page_of(conversation, act)
    answer = boss.post(page, form() | {"answer": "grant"})
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/compte/2fa/reauthenticate/")
    if act == "gel/decision":
        assert answer.headers["Location"].endswith("?next=%2Fconsole%2Fconservation%2F")
    else:
        assert boss.get(page).headers["Location"].startswith("/compte/"), "before anything is written"
    assert (list(Freeze.objects.values()), list(ErasureRequest.objects.values())) == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"motive": " "}, "pourquoi"),
        ({"reference": ""}, "Sans lui, rien n'est gelé"),
        ({"authority": ""}, "de qui vient ce gel"),
        ({"until": ""}, "jusqu'à quand"),
        ({"until": "2001-01-01"}, "à venir"),
        ({"until": "2099-01-01"}, "trop lointaine"),
        ({"until": "bientôt"}, "une date, par exemple"),
    ],
)
def test_freeze_form_says_what_is_missing_and_loses_nothing(cast, wrong, words):
    conversation, agent, _stranger, _chief = cast
    answer = signed_in(agent.user).post(page_of(conversation, "gel"), form(**wrong))
    shown = unescape(answer.content.decode())
    assert answer.status_code == 200 and words in shown and "aria-invalid" in shown
    for name, value in form(**wrong).items():
        assert not value.strip() or (f'name="{name}"' in shown and value in shown)
    assert not Freeze.objects.exists()


def test_requests_for_erasure_are_answered_by_a_supervisor_alone(cast):
    conversation, agent, stranger, chief = cast
    ask_erasure(report_id=conversation.report_id)
    page = page_of(conversation, "effacement")
    for who in (agent, stranger):
        client = signed_in(who.user)
        assert client.get(page).status_code == 403
        assert client.post(page, {"answer": "grant"}).status_code == 403
        assert "Demandes d'effacement" not in text(client.get(ENDINGS))
    boss = signed_in(chief.user)
    shown = text(boss.get(page))
    assert SECRET not in shown and "29840" not in shown
    assert "Écrivez le motif du refus" in text(boss.post(page, {"answer": "refuse"}))
    assert "Choisissez une réponse" in text(boss.post(page, {}))
    assert ErasureRequest.objects.get().answered_at is None
    assert "Effacement refusé" in text(boss.post(page, {"answer": "refuse", "motive": "enquête"}, follow=True))
    assert ErasureRequest.objects.get().motive == "enquête"
    assert boss.get(page).status_code == 404, "it has its answer"


def test_requests_show_their_age_and_remind(cast):
    conversation, _agent, _stranger, chief = cast
    ask_erasure(report_id=conversation.report_id)
    boss = signed_in(chief.user)
    shown = text(boss.get(ENDINGS))
    assert "En retard" not in shown and "Bientôt" not in shown and in_days(30) in shown
    ErasureRequest.objects.update(asked_at=make.long_ago(21 * 24 * 60))
    assert "Bientôt" in text(boss.get(ENDINGS))
    ErasureRequest.objects.update(asked_at=make.long_ago(31 * 24 * 60))
    assert "En retard" in text(boss.get(ENDINGS))
    assert "1 demande d'effacement attend" in text(boss.get("/console/tableau/"))


def test_request_of_what_is_frozen_is_not_granted(cast):
    conversation, _agent, _stranger, chief = cast
    ask_erasure(report_id=conversation.report_id)
    freeze(conversation, chief.user)
    shown = text(signed_in(chief.user).post(page_of(conversation, "effacement"), {"answer": "grant"}))
    assert "ne peut pas être accordé" in shown
    assert ErasureRequest.objects.get().answered_at is None


def test_endings_ask_no_more_for_more_of_them(cast, django_assert_max_num_queries):
    _conversation, agent, _stranger, chief = cast
    boss = signed_in(chief.user)
    boss.get(ENDINGS)
    for _ in range(8):
        ask_erasure(report_id=make.age(make.closed(agent), days=340).report_id)
    with django_assert_max_num_queries(16):
        boss.get(ENDINGS)
    assert len(schedule.endings(chief, timezone.now())) == 9


@pytest.mark.parametrize("days", [320, 340, 380])
@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_endings_do_not_tell_that_an_opening_was_asked_for(days, role):
    rows = []
    for is_asked in (False, True):
        Report.objects.all().delete()
        asker, other = make.agent(), make.agent(role=role)
        conversation = make.sealed(make.age(make.closed(other), days=days))
        if is_asked:
            grounds = Grounds("m", "t", "r", "2026-01-01")
            opening = opening_actions.ask_opening(
                report=conversation.report, field="name", grounds=grounds, is_urgent=False, recipient=None,
                by=asker.user,
            )  # fmt: skip
            opening_actions.countersign_request(request_id=opening.pk, by=make.agent(role=Role.SUPERVISOR).user)
        shown = text(signed_in(other.user).get(ENDINGS))
        rows.append(shown.replace(str(conversation.public_id)[:8], "…").replace(other.public_name, "…"))
        deletion.forget(timezone.now())
        assert Report.objects.exists() is (is_asked or days < 365), "it holds all the same"
    assert rows[0] == rows[1]
