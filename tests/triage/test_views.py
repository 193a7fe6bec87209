"""The orientation as a person uses it, without scripts."""

import re
from dataclasses import replace
from functools import cache
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author
from common.texts import cache as text_cache
from common.texts.typography import keep_together
from locations.models import Municipality
from pnav.addresses import DISCREET, ORDINARY, address_in_table, in_language
from reports.models import Report
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories.texts import changed
from tests.support.on_screen import TELLING, words_on_screen
from tests.triage.paths import ADULT, CHAT, MINOR_CHAT, WITNESS, all_assessed
from triage.onward import _SLUGS
from triage.questionnaire.questions import BY_ID, VERSION, Option, Wording
from triage.questionnaire.results import BUILT_IN
from triage.rules import Outcome, assess_answers
from triage.views import question_page

pytestmark = pytest.mark.django_db


def address(question: str) -> str:
    return reverse("triage:question", args=[BY_ID[question].slug])


def result_address(outcome: Outcome) -> str:
    return reverse("triage:result", args=[_SLUGS[outcome]])


def answer(client: Client, question: str, value: str):
    return client.post(address(question), {"answer": value})


def come_in(client: Client, who: str) -> str:
    """Come in through a door of the home page, and return where it leads."""
    return client.post(reverse("pages:home"), {"door": who, "q": ""}).headers["Location"]


def answer_all(client: Client, answers: dict[str, str]) -> str:
    """Come in and answer in order, as a browser does; the address where it ends."""
    where = come_in(client, answers["who"]) if "who" in answers else address("danger")
    for question, value in answers.items():
        if question == "who":
            continue
        assert where == address(question)
        where = address_in_table(answer(client, question, value).headers["Location"], ORDINARY)
    return where


def page(client: Client, where: str) -> str:
    response = client.get(where, follow=True)
    assert response.status_code == 200
    return unescape(response.text)


SCAM = {**ADULT, "facts": "device", "scam": "scam"}


@cache
def one_path_for_each_outcome() -> dict[Outcome, dict[str, str]]:
    """Return one path for each outcome.

    It takes two seconds of a processor, so it is not done when the file is read.
    """
    return {told.outcome: path for path, told in all_assessed()}


def test_start_asks_whether_one_is_safe(client: Client) -> None:
    html = page(client, reverse("triage:start"))
    assert "Avant tout, êtes-vous en sécurité" in html
    assert html.count('name="answer"') == 4 and 'type="radio"' not in html
    assert f'action="{address("danger")}"' in html
    assert reverse("triage:open_door") not in html, "safety is asked of everybody"
    assert reverse("chat:resume") in html


def test_every_question_after_safety_has_the_door(client: Client) -> None:
    answer(client, "danger", "no")
    for question in ("who", "helped", "facts"):
        main = page(client, address(question))
        if question != "facts":
            answer(client, question, "helper" if question == "who" else "witness_adult")
        assert f'action="{reverse("triage:open_door")}"' in main and "Parler tout de suite" in main


def test_danger_yes_leads_at_once_to_the_emergency_numbers(client: Client) -> None:
    response = answer(client, "danger", "yes")
    assert response.status_code == 302
    assert response.headers["Location"] == result_address(Outcome.DANGER)
    html = page(client, response.headers["Location"])
    main = html[html.index("<main") :]
    for link in ("tel:17", "tel:112", "sms:114"):
        assert f'fr-btn fr-btn--lg" href="{link}"' in main
    assert 'href="tel:3114"' in main
    assert main.index("sms:114") < main.index(reverse("triage:open_door")) < main.index("tel:3114")
    assert "Écrire à un policier maintenant" in main


def test_suicidal_thoughts_offer_the_3114_and_to_write(client: Client) -> None:
    come_in(client, "minor")
    html = page(client, answer(client, "danger", "suicidal").headers["Location"])
    main = html[html.index("<main") :]
    assert main.index("tel:3114") < main.index("Écrire à un policier maintenant") < main.index("tel:15")
    assert main.index("tel:15") < main.index("sms:114") < main.index("tel:3018")
    assert "Tu n'as pas à porter cela sans aide" in main and "quand même" not in main


@pytest.mark.parametrize("danger", ["yes", "suicidal"])
def test_who_is_in_danger_writes_without_giving_a_place(client: Client, danger: str) -> None:
    come_in(client, "minor")
    answer(client, "danger", danger)
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == reverse("chat:conversation")
    report = Report.objects.get()
    assert (report.urgency, report.age, report.role, report.postal_code) == (2, "under_18", "victim", "")
    assert "conversation" in client.get(reverse("chat:conversation")).text


@pytest.mark.parametrize(("danger", "outcome"), [("yes", Outcome.DANGER), ("suicidal", Outcome.SUICIDE)])
def test_danger_told_again_after_an_exchange_leads_to_the_numbers_and_not_to_the_queue(
    client: Client, danger: str, outcome: Outcome
) -> None:
    """The door of this result was taken for an exchange that is over by now."""
    answer(client, "danger", danger)
    client.post(reverse("triage:open_door"))
    client.get(reverse("chat:conversation"))
    actions.close_conversation(conversation_id=Conversation.objects.get().pk, by_author=Author.REPORTER)
    assert answer(client, "danger", danger).headers["Location"] == result_address(outcome)
    assert Report.objects.count() == 1
    assert client.post(reverse("triage:open_door")).headers["Location"] == reverse("chat:conversation")
    assert Report.objects.count() == 2, "the door files it"


ELSEWHERE = [one for one in Outcome if one not in (Outcome.UNFINISHED, Outcome.CHAT, Outcome.CHAT_MINOR)]


@pytest.mark.parametrize("outcome", ELSEWHERE)
def test_result_page_of_every_outcome_that_is_not_answered_here(client: Client, outcome: Outcome) -> None:
    path = one_path_for_each_outcome()[outcome]
    where = answer_all(client, path)
    assert where == result_address(outcome)
    html = page(client, where)
    assessed = assess_answers(path)
    is_urgent = outcome in (Outcome.DANGER, Outcome.SUICIDE)
    for text in (assessed.title, *assessed.reasons, *assessed.service, *([] if is_urgent else assessed.prepare)):
        assert str(keep_together(str(text))) in html or str(text) in html
    for number in assessed.numbers:
        assert number.display in html
        assert (f'href="{number.link}"' in html) == (number.display != "33700")
        assert str(number.hours) in html
    main = html[html.index("<main") :]
    assert ("Écrire à un policier maintenant" if is_urgent else "Je veux parler à quelqu'un quand même") in main
    table = DISCREET if path.get("danger") == "screen" else ORDINARY
    assert f'action="{table.reverse("triage:open_door")}"' in main
    if assessed.destination or assessed.destination_beside:
        assert 'href="https://17cyber.gouv.fr" rel="noopener noreferrer"' in main
        assert "quitte notre site" in main


@pytest.fixture
def commune() -> Municipality:
    return places.municipality("Arles", "13004", ("13200",))


def test_harassment_goes_straight_to_the_queue(client: Client, commune: Municipality) -> None:
    client.post(reverse("pages:home"), {"door": "adult", "q": "13200"})
    where = ""
    for question in ("danger", "facts", "repetition"):
        where = answer(client, question, CHAT[question]).headers["Location"]
    assert where == reverse("chat:conversation")
    report = Report.objects.get()
    assert (report.postal_code, report.municipality, report.role) == ("13200", commune, "victim")
    assert (report.age_band, report.facts, report.outcome) == ("adult", ["insults"], "chat")
    assert not report.discreet and report.triage_answers() == CHAT
    # Sent again, it is the same report, and the way in leads to the exchange.
    assert answer(client, "repetition", "repeated").headers["Location"] == reverse("chat:conversation")
    assert come_in(client, "adult") == reverse("chat:conversation")
    assert Report.objects.count() == 1


def test_witness_of_a_child_is_filed_as_such(client: Client, commune: Municipality) -> None:
    client.post(reverse("pages:home"), {"door": "helper", "q": "13200"})
    for question, value in {"danger": "screen", "helped": "witness_under_15", "facts": "image"}.items():
        response = answer(client, question, value)
    assert response.headers["Location"] == DISCREET.reverse("chat:conversation")
    report = Report.objects.get()
    assert (report.role, report.age_band, report.discreet, report.outcome) == (
        "witness", "under_15", True, "chat_minor",
    )  # fmt: skip


def test_place_that_was_left_empty_is_asked_before_the_queue(client: Client, commune: Municipality) -> None:
    assert answer_all(client, MINOR_CHAT) == reverse("locations:search")
    response = client.post(reverse("locations:search"), {"q": "13200", "purpose": "echange"})
    assert response.headers["Location"] == reverse("chat:conversation")
    assert Report.objects.get().age == "under_18"


def test_who_talks_at_once_is_heard_with_what_they_said(client: Client, commune: Municipality) -> None:
    client.post(reverse("pages:home"), {"door": "minor", "q": "13200"})
    answer(client, "danger", "no")
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == reverse("chat:conversation")
    report = Report.objects.get()
    assert (report.outcome, report.age, report.facts) == ("chat_minor", "under_18", [])


def test_enter_in_the_field_of_the_home_page_asks_who_it_is_for(client: Client, commune: Municipality) -> None:
    response = client.post(reverse("pages:home"), {"q": "13200"})
    assert response.headers["Location"] == address("danger")
    assert answer(client, "danger", "no").headers["Location"] == address("who")
    assert "J'ai moins de 18 ans" in page(client, address("who"))


def test_back_shows_the_answer_given(client: Client) -> None:
    answer_all(client, CHAT)
    html = page(client, address("facts"))
    assert re.search(r'value="harassment"[^>]* aria-current="true"', html)
    assert html.count(' aria-current="true"') == 1


def test_reload_keeps_question_and_answers(client: Client) -> None:
    answer_all(client, ADULT)
    assert "Que se passe-t-il" in page(client, address("facts"))
    assert client.session["triage"]["answers"] == ADULT


def test_previous_link_leads_back_along_the_path(client: Client) -> None:
    where = answer_all(client, {**WITNESS, "facts": "device", "scam": "scam"})
    assert f'href="{address("scam")}">Précédent' in page(client, where)
    assert f'href="{address("facts")}">Précédent' in page(client, address("scam"))
    assert f'href="{address("helped")}">Précédent' in page(client, address("facts"))
    assert "Précédent" not in page(client, address("danger"))


def test_sending_a_question_twice_changes_nothing(client: Client) -> None:
    first = answer(client, "danger", "no").headers["Location"]
    assert answer(client, "danger", "no").headers["Location"] == first == address("who")


def test_changing_an_answer_goes_on_with_the_next_question_and_keeps_the_rest(client: Client) -> None:
    answer_all(client, SCAM)
    assert answer(client, "facts", "account").headers["Location"] == address("account_purpose")
    assert answer(client, "facts", "device").headers["Location"] == address("scam")
    assert re.search(r'value="scam"[^>]* aria-current="true"', page(client, address("scam")))


def test_another_person_at_the_same_screen_begins_anew(client: Client) -> None:
    answer_all(client, {**SCAM, "danger": "screen"})
    come_in(client, "adult")
    assert client.session["triage"]["answers"] == {**SCAM, "danger": "screen"}
    come_in(client, "minor")
    assert client.session["triage"]["answers"] == {"who": "minor", "danger": "screen"}, "the screen is still seen"


@pytest.mark.parametrize("outcome", [Outcome.CHAT, Outcome.DANGER, Outcome.SEVENTEEN_CYBER_THESEE])
def test_result_without_answers_redirects_to_the_first_question(client: Client, outcome: Outcome) -> None:
    response = client.get(result_address(outcome))
    assert response.status_code == 302
    assert response.headers["Location"] == address("danger")


def test_result_of_another_path_redirects_to_the_right_one(client: Client) -> None:
    answer_all(client, SCAM)
    assert client.get(result_address(Outcome.CHAT)).headers["Location"] == result_address(
        Outcome.SEVENTEEN_CYBER_THESEE
    )


def test_result_while_a_question_waits_redirects_to_it(client: Client) -> None:
    answer_all(client, ADULT)
    assert client.get(result_address(Outcome.CHAT)).headers["Location"] == address("facts")


@pytest.mark.parametrize("method", ["get", "post"])
def test_question_that_the_path_does_not_show_redirects(client: Client, method: str) -> None:
    response = getattr(client, method)(address("scam"), {"answer": "sale"})
    assert response.headers["Location"] == address("danger")
    assert "triage" not in client.session


def test_unknown_pages_are_not_found(client: Client) -> None:
    assert client.get("/orientation/inconnue/").status_code == 404
    assert client.get("/orientation/resultat/inconnu/").status_code == 404


@pytest.mark.parametrize("sent", [{}, {"answer": ""}, {"answer": "nonsense"}])
def test_missing_answer_is_said_beside_the_field(client: Client, sent: dict[str, str]) -> None:
    response = client.post(address("danger"), sent)
    assert (response.status_code, response.headers["Location"]) == (302, address("danger"))
    html = page(client, address("danger"))
    assert "<title>Erreur : " in html
    assert 'role="alert" tabindex="-1" autofocus>Choisissez une réponse' in html
    assert "fr-fieldset--error" not in html, "no answer is painted as if it were wrong"
    assert "triage" not in client.session


def test_error_keeps_the_answer_given_before(client: Client) -> None:
    answer(client, "danger", "no")
    client.post(address("danger"), {})
    html = page(client, address("danger"))
    assert "<title>Erreur : " in html and re.search(r'value="no"[^>]* aria-current="true"', html)
    assert client.session["triage"]["answers"] == {"danger": "no"}


def test_missing_answer_is_said_once_and_on_its_own_page(client: Client) -> None:
    answer(client, "danger", "no")
    client.post(address("who"), {})
    assert "Erreur" not in page(client, address("danger"))
    assert "Erreur" in page(client, address("who"))
    assert "Erreur" not in page(client, address("who"))


def test_missing_answer_is_forgotten_once_the_question_is_answered(client: Client) -> None:
    client.post(address("danger"), {})
    answer(client, "danger", "no")
    assert "Erreur" not in page(client, address("danger"))


def test_who_helps_says_that_they_are_a_minor_by_one_press(client: Client, commune: Municipality) -> None:
    client.post(reverse("pages:home"), {"door": "helper", "q": "13200"})
    answer(client, "danger", "no")
    html = page(client, address("helped"))
    assert "Qui aidez-vous ?" in html
    assert re.search(r'id="own-age" value="minor">\s*J\'ai moi-même moins de 18 ans', html)
    response = client.post(address("helped"), {"own_age": "minor"})
    assert response.headers["Location"] == address("helped"), "nothing else is answered by it"
    html = page(client, address("helped"))
    assert "Qui aides-tu ?" in html and re.search(r'id="own-age" value="adult">\s*J\'ai 18 ans ou plus', html)
    client.post(address("helped"), {"own_age": "adult"})
    assert "Qui aidez-vous ?" in page(client, address("helped"))
    client.post(address("helped"), {"own_age": "minor"})
    answer(client, "helped", "witness_15_17")
    answer(client, "facts", "image")
    report = Report.objects.get()
    assert (report.role, report.age, report.triage_answers()["own_age"]) == ("witness", "15_17", "minor")
    assert "Quelqu'un va te répondre" in page(client, reverse("chat:conversation"))


def on_screen_with(client: Client, answers: dict[str, str]) -> str:
    """Return what stands on the screen of a visit that answered this: the question that waits, or the result."""
    session = client.session
    session["triage"] = {"version": VERSION, "answers": answers}
    session.save()
    html = page(client, reverse("triage:current_result"))
    assert "<title>Informations</title>" in html
    return words_on_screen(html[html.index("<main") : html.index("</main>")])


def test_answers_and_results_of_discreet_mode_tell_nothing(client: Client) -> None:
    """Each question after safety and each result tell nothing, for everybody who may come."""
    seen = set()
    for path in one_path_for_each_outcome().values():
        if path["danger"] != "no":
            continue
        given = {**path, "danger": "screen"}
        for number in range(1, len(given) + 1):
            words = on_screen_with(client, dict(list(given.items())[:number]))
            assert not TELLING.search(words), words
            seen.add(words)
    for text in ("Quel est le sujet ?", "Voici la suite", "Une relation", "Qui aidez-vous ?"):
        assert any(text in words for words in seen), text


def test_danger_of_a_discreet_visit_keeps_its_numbers_and_says_no_more(client: Client) -> None:
    client.get(DISCREET.reverse("triage:start"))
    response = client.post(DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug), {"answer": "suicidal"})
    html = page(client, response.headers["Location"])
    main = html[html.index("<main") : html.index("</main>")]
    assert 'href="tel:3114"' in main and 'href="tel:15"' in main
    words = words_on_screen(main)
    assert "Écrire maintenant" in words and not re.search("polic|suicide|gendarm", words)
    assert "Prévention du suicide" not in words
    assert "SMS au 114 Couper d'abord le son du téléphone." in words, "the answer would ring beside who is feared"


def test_minors_are_spoken_to_familiarly_from_the_first_page_on(client: Client) -> None:
    html = page(client, come_in(client, "minor"))
    assert "Avant tout, es-tu en sécurité" in html
    assert "Appuie encore deux fois" in html and "Appuyez" not in html
    client.post(address("danger"), {})
    assert "Choisis une réponse." in page(client, address("danger"))
    answer_all(client, MINOR_CHAT)
    html = page(client, result_address(Outcome.CHAT_MINOR))
    assert "Tu peux parler à un policier ou à un gendarme" in html
    assert 'href="tel:3018"' in html and "7 j/7, de 9 h à 23 h" in html


def test_somebody_who_may_see_the_screen_makes_titles_neutral(client: Client) -> None:
    come_in(client, "adult")
    assert "<title>Informations</title>" not in page(client, address("danger"))
    answer(client, "danger", "screen")
    assert "<title>Informations</title>" in page(client, address("facts"))
    answer(client, "danger", "no")
    assert "<title>Informations</title>" not in page(client, address("facts"))


def test_watched_screen_said_by_mistake_is_left_by_ones_own_answer(client: Client, commune: Municipality) -> None:
    """Every page stayed under its discreet address, and the agent read « Écran surveillé » for the whole exchange."""
    client.post(reverse("pages:home"), {"door": "adult", "q": "13200"})
    safety = DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug)
    assert answer(client, "danger", "screen").headers["Location"].startswith("/n/")
    assert client.post(safety, {"answer": "no"}).headers["Location"].startswith("/n/"), "a page that did not say so"
    assert 'name="shows_all"' in page(client, safety)
    facts = client.post(safety, {"answer": "no", "shows_all": "1"}).headers["Location"]
    assert facts == address("facts") and "<title>Informations</title>" not in page(client, facts)
    for question in ("facts", "repetition"):
        answer(client, question, CHAT[question])
    assert Report.objects.get().discreet is False


def test_own_words_of_a_site_from_before_do_not_hide_that_an_answer_shows_everything(client: Client) -> None:
    """The button said « Rien de tout cela » alone, and left discreet mode."""
    changed("triage.neutral_danger_no", vous="Rien de tout cela")
    text_cache.read_again()
    answer(client, "danger", "screen")
    html = page(client, DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug))
    button = re.search(r'<button(?:(?!<button).)*?id="answer-no".*?</button>', html, re.DOTALL)
    assert 'name="shows_all"' in html and button and "tout afficher" in button[0]


@pytest.mark.parametrize("value", ["yes", "suicidal", "screen", ""])
def test_danger_leads_nobody_out_of_discreet_mode(client: Client, value: str) -> None:
    """Who is watched may be in danger too."""
    answer(client, "danger", "screen")
    safety = DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug)
    where = client.post(safety, {"answer": value, "shows_all": "1"}).headers["Location"]
    assert where.startswith("/n/") and "<title>Informations</title>" in page(client, where).replace("Erreur : ", "")


def test_visit_whose_report_is_in_discreet_mode_stays_in_it(client: Client) -> None:
    """Its exchange is over, and its pages are led to discreet addresses by the report."""
    conversation = make.closed(make.agent(), discreet=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    safety = DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug)
    assert client.post(safety, {"answer": "no", "shows_all": "1"}).headers["Location"].startswith("/n/")


def test_way_out_of_discreet_mode_is_in_the_language_of_the_browser(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    safety = DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug)
    where = client.post(safety, {"answer": "no", "shows_all": "1"}).headers["Location"]
    assert where.startswith(in_language("en").reverse("triage:start"))


def test_way_to_another_site_is_warned_of_in_view_in_discreet_mode(client: Client) -> None:
    """The only warning stood in a fold that nobody had to open, above the button."""
    led = 0
    for path in one_path_for_each_outcome().values():
        if path["danger"] != "no":
            continue
        words = on_screen_with(client, {**path, "danger": "screen"})
        leads = "Continuer sur un autre site" in words
        led += leads
        assert ("Cet autre site affiche son propre nom, qui reste dans l'historique." in words) is leads
    assert led > 3


def test_open_door_of_a_result_leads_on_to_the_place(client: Client) -> None:
    answer_all(client, SCAM)
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == reverse("locations:search")
    assert client.session["triage"]["chat_anyway"] is True


def test_open_door_before_safety_leads_back_to_it(client: Client) -> None:
    come_in(client, "adult")
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == address("danger")
    assert "chat_anyway" not in client.session["triage"]


def test_open_door_by_address_alone_takes_nothing(client: Client) -> None:
    answer_all(client, SCAM)
    response = client.get(reverse("triage:open_door"))
    assert response.headers["Location"] == result_address(Outcome.SEVENTEEN_CYBER_THESEE)
    assert client.session["triage"]["chat_anyway"] is False


def test_open_door_closes_when_an_answer_changes_and_not_when_it_is_sent_again(client: Client) -> None:
    answer_all(client, SCAM)
    client.post(reverse("triage:open_door"))
    answer(client, "scam", "sale")
    assert client.session["triage"]["chat_anyway"] is True
    answer(client, "scam", "ransom")
    assert client.session["triage"]["chat_anyway"] is False


def test_restart_forgets_the_answers(client: Client) -> None:
    answer_all(client, CHAT)
    assert client.get(reverse("triage:restart")).status_code == 302
    assert "triage" in client.session
    client.post(reverse("triage:restart"))
    assert "triage" not in client.session


def test_pages_are_not_stored_by_the_browser(client: Client) -> None:
    where = answer_all(client, SCAM)
    for shown in (reverse("triage:start"), address("facts"), where):
        assert client.get(shown).headers["Cache-Control"] == "no-store"


def test_answers_can_be_reviewed_and_changed_from_the_result(client: Client) -> None:
    html = page(client, answer_all(client, SCAM))
    for question in SCAM:
        assert f'href="{address(question)}"' in html
    assert "Une arnaque : fausse vente" in html


def test_question_about_safety_is_neutral_when_somebody_goes_back_to_it(client: Client) -> None:
    """In full it is asked first; then nothing of it stands on the screen, and a fold says it whole."""
    come_in(client, "minor")
    assert "Je pense à mourir" in words_on_screen(page(client, address("danger")))
    answer(client, "danger", "screen")
    html = page(client, address("danger"))
    words = words_on_screen(html[html.index("<main") : html.index("</main>")])
    assert "De l'aide, tout de suite" in words and not TELLING.search(words) and "danger" not in words
    assert "Je pense à mourir" in html and "es-tu en sécurité" in html
    response = client.post(DISCREET.reverse("triage:question", slug=BY_ID["danger"].slug), {"answer": "yes"})
    assert 'href="tel:17"' in page(client, response.headers["Location"])


def test_what_an_administrator_wrote_is_said_by_its_number_in_discreet_mode() -> None:
    """Nobody has said it in neutral words, and it may tell anything."""
    facts = BY_ID["facts"]
    added = Option("spied", Wording("Mon ex me surveille"))
    changed = Option("unsure", Wording("Je crois qu'on me menace"))
    given = {"danger": "screen", "who": "adult"}
    for asked in (replace(facts, options=(*facts.options, added)), replace(BY_ID["scam"], options=(changed,))):
        context = question_page(asked, given, replace(BUILT_IN, questions=(asked,)), discreet=True)
        assert context["options"][-1]["label"] == f"Réponse {len(asked.options)}"
        assert context["explained"]["answers"][-1]["label"] == asked.options[-1].label.vous
    other = replace(facts, id="added", text=Wording("Qui vous menace ?"))
    under = replace(BUILT_IN, questions=(other,))
    context = question_page(other, given, under, discreet=True)
    assert (context["text"], context["explained"]["text"]) == ("Une question", "Qui vous menace ?")
    assert [option["label"] for option in context["options"]] == [f"Réponse {n}" for n in range(1, 9)]
    plain = question_page(other, {"danger": "no", "who": "adult"}, under)
    assert plain["text"] == "Qui vous menace ?" and not plain["explained"]["answers"]
