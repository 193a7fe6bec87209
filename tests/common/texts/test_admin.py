"""Sentences of Pnav are edited in the admin: found, tried on their page, saved with a line in the audit log, and
restored.
"""

import html
import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import Client

from chat.conversations import actions
from chat.rules.lifecycle import Author
from chat.texts import thread as thread_texts
from common.texts import cache as text_cache
from common.texts import marks
from common.texts.catalogue import CATALOGUE
from common.texts.models import ChangedSentence
from pnav.accounts.models import Role
from reports.models import AccessRecord
from tests.accounts.cast import give_session, make_user, sign_in
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.accounts.test_audited_admin import Fields
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories.texts import changed
from triage.questionnaire.questions import QUESTIONS, Voice

pytestmark = pytest.mark.django_db

LIST = "/admin/sentences/changedsentence/"


def page_of(key: str) -> str:
    sentence = CATALOGUE.get(key)
    return f"{LIST}{quote(sentence.row_key if sentence else key)}/change/"


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


@pytest.fixture
def post(client, chief, django_capture_on_commit_callbacks):
    """Return what a browser sends of the form of one sentence, with these texts; then what is done after the commit."""

    def send(key: str, **texts: str):
        page = client.get(page_of(key)).text
        fields = Fields(page).largest
        for name in ("_save", "_continue", "_preview", "_original"):
            fields.pop(name, None)
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(page_of(key), fields | {name: [text] for name, text in texts.items()})

    return send


def visitor(settings) -> Client:
    """Return the browser of somebody who waits."""
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    return browser


def traces() -> tuple[int, int]:
    return LogEntry.objects.count(), AccessRecord.objects.count()


def shown(page: str) -> str:
    """Return the text of a page, as it is read."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


# --- the list ---------------------------------------------------------------------------------------------------------


def test_list_shows_every_sentence_changed_or_not(client, chief):
    page = client.get(LIST)
    assert page.text.count('<th scope="row">') == len(CATALOGUE) and f"Phrases trouvées : {len(CATALOGUE)}" in page.text


@pytest.mark.parametrize(
    ("query", "found", "absent"),
    [
        ("?q=plus+urgentes", "chat.urgent_first", "chat.arrived"),
        ("?q=ETE+RELU", "chat.summary_agreed", "chat.arrived"),
        ("?q=d'urgence", "chat.no_emergency_line", "chat.arrived"),
        ("?q=conversation+can+begin", "chat.arrived", "chat.online"),
        ("?q=procedure", "emergency.stayed", "chat.arrived"),
        ("?place=chat.thread", "chat.arrived", "chat.online"),
        ("?changed=1", "chat.online", "chat.arrived"),
    ],
)
def test_list_is_searched_by_words_and_by_place(client, chief, query, found, absent):
    changed("chat.online", vous="De retour.")
    page = client.get(LIST + query).text
    assert page_of(found) in page and page_of(absent) not in page


def test_list_says_what_is_not_found(client, chief):
    assert "Aucune phrase ne correspond" in client.get(LIST + "?q=<script>zzz").text


def test_list_shows_the_origin_beside_and_who(client, chief, post):
    post("chat.online", vous="De retour.")
    page = shown(client.get(LIST + "?changed=1").text)
    assert "De retour." in page and "Connexion rétablie." in page and "chef" in page


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.CUSTODIAN, Role.PSYCHOLOGIST])
def test_sentences_are_for_administrators(client, role):
    make_user("autre", role, totp=True)
    sign_in(client, "autre")
    for answer in (client.get(LIST), client.get(page_of("chat.online")), client.post(page_of("chat.online"), {})):
        assert answer.status_code in {302, 403}
    assert not ChangedSentence.objects.exists()


def test_unknown_sentence_is_nothing(client, chief):
    assert client.get(page_of("chat.nothing")).status_code == 302
    assert client.post(page_of("chat.nothing"), {"vous": "x"}).status_code == 302
    assert not ChangedSentence.objects.exists()


# --- saving -----------------------------------------------------------------------------------------------------------


def test_save_is_said_at_once_with_its_history_and_its_line(client, chief, post):
    assert post("chat.position_first", vous="C'est bientôt à vous.").status_code == 302
    row = ChangedSentence.objects.get()
    assert (row.key, row.texts) == ("chat.position_first", {("fr", "vous"): "C'est bientôt à vous."})
    assert thread_texts.POSITION_FIRST.say() == "C'est bientôt à vous."
    (entry,) = LogEntry.objects.all()
    assert entry.user == chief and "Texte" in entry.get_change_message()
    (line,) = AccessRecord.objects.filter(kind="admin_change")
    assert (line.account_id, line.subject, line.detail) == (
        chief.pk,
        "sentences.ChangedSentence chat.position_first",
        "Texte",
    )
    assert "bientôt" not in line.detail


def test_history_keeps_what_was_said_before(client, chief, post):
    post("chat.online", vous="De retour.")
    post("chat.online", vous="Nous revoilà.")
    page = shown(client.get(f"{LIST}{quote('chat.online')}/history/").text)
    assert "Connexion rétablie." in page and "De retour." in page and "chef" in page


def test_text_of_origin_comes_back(client, chief, post):
    post("chat.online", vous="De retour.")
    assert "Revenir au texte d'origine" in html.unescape(client.get(page_of("chat.online")).text)
    assert post("chat.online", _original="1").status_code == 302
    assert not ChangedSentence.objects.exists() and thread_texts.ONLINE.say() == "Connexion rétablie."
    assert LogEntry.objects.count() == 2
    assert AccessRecord.objects.filter(subject="sentences.ChangedSentence chat.online").count() == 2
    assert "Revenir au texte" not in html.unescape(client.get(page_of("chat.online")).text)


@pytest.mark.parametrize("text", ["", "  ", "Connexion rétablie."])
def test_empty_or_same_text_is_that_of_origin(client, chief, post, text):
    post("chat.online", vous="De retour.")
    post("chat.online", vous=text)
    assert not ChangedSentence.objects.exists()


def test_form_offers_the_voices_that_exist(client, chief):
    page = client.get(page_of("chat.position")).text
    assert all(f'name="{name}"' in page for name in ("vous", "tu", "en"))
    page = client.get(page_of("chat.arrived")).text
    assert 'name="tu"' not in page and 'value="tu"' not in page
    page = client.get(page_of("emergency.stayed")).text  # an agent sends it in the language of the person
    assert all(f'name="{name}"' in page for name in ("vous", "tu", "en"))


def test_error_is_beside_its_field_and_keeps_the_text(client, chief, post):
    answer = post("chat.position", vous="Vous êtes ici.\u202e", tu="Tu es en position {n}, {qui} ?")
    assert not ChangedSentence.objects.exists() and not LogEntry.objects.exists()
    form = answer.context["adminform"].form
    assert any("U+202E" in one for one in form.errors["vous"]) and any("{n}" in one for one in form.errors["vous"])
    assert any("{qui}" in one for one in form.errors["tu"]) and "en" not in form.errors
    page = answer.text
    assert "{qui} ?" in page and page.count("autofocus") == 1
    assert re.search(r'<textarea name="vous"[^>]*autofocus', page)
    assert html.unescape(page).count("Texte d'origine : ") == len(form.origins), "as it was before the error"


def test_script_of_an_administrator_is_text_everywhere(client, chief, post, settings):
    attack = "<script>alert(1)</script>"
    post("chat.ready_title", vous=attack)
    post("chat.wait_unknown", vous=attack)
    post("chat.ready_title", vous=attack + " encore")
    pages = [client.get(LIST).text, client.get(page_of("chat.ready_title")).text]
    pages.append(client.get(f"{LIST}{quote('chat.ready_title')}/history/").text)
    pages.append(visitor(settings).get("/tchat/").text)
    for page in pages:
        assert "<script>alert" not in page and "&lt;script&gt;" in page


# --- preview ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "voice"),
    [
        ("places.required", "vous"),  # an error beside its field
        ("report.from_list", "tu"),
        ("chat.code_near", "vous"),
        ("handover.too_long", "vous"),
        ("follow_up.other_with_yes", "vous"),
        ("report.facts_image", "en"),  # a checkbox
        ("frame.emergency", "vous"),
        ("errors.failure_title", "vous"),  # a page that uses no database
    ],
)
def test_preview_draws_the_form_with_its_error_and_marks_it(post, key, voice):
    sentence = CATALOGUE[key]
    known = traces()
    answer = post(key, **{voice: sentence.origins()[voice] + " Essai"}, _preview=voice)
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert shown(answer.text).count(" Essai") > 1
    assert answer.text.count('<mark id="apercu">') == 1 and "sans s'y voir" not in answer.text
    assert not marks.PATTERN.search(answer.text)
    assert not ChangedSentence.objects.exists() and traces() == known


def test_preview_of_a_question_has_the_hints_of_its_answers(post):
    answer = post("triage.choose", vous="Essai.", _preview="vous")
    hints = [str(one.hint.spoken(Voice())) for one in QUESTIONS[0].options if one.hint]
    assert len(hints) == 1 and all(hint in shown(answer.text) for hint in hints)


def test_preview_says_what_cannot_be_seen(post):
    answer = post("removal.copied", vous="Voilà, copié.", _preview="vous")
    assert 'data-copied="Voilà, copié."' in answer.text and "sans s'y voir" in answer.text


def test_preview_of_a_form_with_errors_is_the_form(client, chief, post):
    answer = post("chat.arrived", vous="Quelqu'un est là.", _preview="vous")
    assert answer.context["errors"]


def test_preview_changes_nothing_for_others(client, chief, post):
    post("chat.online", vous="Essai.", _preview="vous")
    assert thread_texts.ONLINE.say() == "Connexion rétablie."


# --- what visitors and agents read ------------------------------------------------------------------------------------


def test_thread_says_the_change_and_keeps_what_was_said(client, chief, post):
    first, conversation = make.assigned(), make.assigned()
    actions.close_conversation(conversation_id=first.pk, by_author=Author.REPORTER)
    said = first.messages.last().body
    post("chat.ended_by_person", vous="C'est fini, {numero_victimes}.")
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert conversation.messages.last().body == "C'est fini, 116 006."
    assert first.messages.last().body == said == "Fin de l'échange, à la demande de la personne."


def test_words_of_the_script_are_those_of_the_page(client, chief, post, settings):
    post("chat.line_lost", vous="Sans réseau")
    page = visitor(settings).get("/tchat/").text
    words = json.loads(html.unescape(re.search(r'data-words="([^"]*)"', page)[1]))
    assert words["line_lost"] == "Sans réseau" and words["position"] == "Vous êtes en position {n} dans la file."


PAGES = {
    "home.lead": "/",
    "home.step_2": "/",
    "places.search_privacy": "/point-d-accueil/",
    "chat.resume_told": "/tchat/reprendre/",
    "chat.waiting_told": "/tchat/",
    "chat.ready_no_answer": "/tchat/",
    "chat.no_emergency_line": "/tchat/",
    "chat.come_back_told": "/tchat/",
    "chat.after_complaint": "/tchat/",
    "chat.code_paper": "/tchat/",
    "chat.wait_unknown": "/tchat/",
    "chat.leave_told": "/tchat/terminer/",
    "keeping.justice": "/tchat/conservation/",
    "keeping.note_first": "/tchat/conservation/",
    "follow_up.none": "/tchat/suites/",
    "quit.safest": "/quitter/",
}


@pytest.mark.parametrize("key", PAGES)
def test_change_is_read_by_the_visitor(client, settings, key):
    text_cache.set_changed({key: text_cache.Changed.named(vous="Voici le texte changé.")})
    if PAGES[key].startswith("/tchat/"):
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    page = client.get(PAGES[key], follow=True).text
    assert "Voici le texte changé." in page and CATALOGUE[key].origin() not in html.unescape(page)
