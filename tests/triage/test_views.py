"""The orientation as a person meets it, without scripts."""

from functools import cache
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from pnav.addresses import DISCREET, ORDINARY, moved
from tests.triage.paths import ADULT, MINOR, all_assessed
from triage.questions import BY_ID
from triage.rules import Outcome, assess
from triage.views import _SLUGS

pytestmark = pytest.mark.django_db


def address(question: str) -> str:
    return reverse("triage:question", args=[BY_ID[question].slug])


def result_address(outcome: Outcome) -> str:
    return reverse("triage:result", args=[_SLUGS[outcome]])


def answer(client: Client, question: str, value: str):
    return client.post(address(question), {"answer": value})


def answer_all(client: Client, answers: dict[str, str]) -> str:
    """Answer in order, as a browser does; the address where it ends."""
    where = reverse("triage:start")
    for question, value in answers.items():
        if question != "danger":
            assert where == address(question)
        where = moved(answer(client, question, value).headers["Location"], ORDINARY)
    return where


def page(client: Client, where: str) -> str:
    response = client.get(where, follow=True)
    assert response.status_code == 200
    return unescape(response.text)


CHAT = {**ADULT, "facts": "harassment", "repetition": "group", "author": "unknown"}
MINOR_CHAT = {**MINOR, "facts": "harassment", "repetition": "group", "author": "school"}
SCAM = {**ADULT, "facts": "money", "scam": "sale"}


@cache
def one_path_for_each_outcome() -> dict[Outcome, dict[str, str]]:
    """Two seconds of a processor: not while every worker reads this file."""
    return {told.outcome: path for path, told in all_assessed()}


def test_start_explains_then_asks_about_danger(client: Client) -> None:
    html = page(client, reverse("triage:start"))
    assert "Quelques questions, une par page" in html
    assert "Êtes-vous en danger en ce moment" in html
    assert html.count('type="radio"') == 3
    assert f'action="{address("danger")}"' in html
    assert "Effacer mes réponses" not in html


def test_danger_yes_leads_at_once_to_the_emergency_numbers(client: Client) -> None:
    response = answer(client, "danger", "yes")
    assert response.status_code == 302
    assert response.headers["Location"] == result_address(Outcome.DANGER)
    html = page(client, response.headers["Location"])
    main = html[html.index("<main") :]
    for link in ("tel:17", "tel:112", "sms:114"):
        assert f'fr-btn fr-btn--lg" href="{link}"' in main
    assert 'href="tel:3114"' in main
    assert main.index("sms:114") < main.index("Pourquoi") < main.index("tel:3114")
    assert main.index("tel:17") < main.index(reverse("triage:open_door"))
    assert reverse("reports:create") not in main


def test_suicidal_thoughts_lead_gently_to_the_3114(client: Client) -> None:
    html = page(client, answer(client, "danger", "suicidal").headers["Location"])
    main = html[html.index("<main") :]
    assert main.index("tel:3114") < main.index("tel:15") < main.index("tel:17")


@pytest.mark.parametrize("outcome", [one for one in Outcome if one != Outcome.UNFINISHED])
def test_result_page_of_every_outcome(client: Client, outcome: Outcome) -> None:
    path = one_path_for_each_outcome()[outcome]
    where = answer_all(client, path)
    assert where == result_address(outcome)
    html = page(client, where)
    assessed = assess(path)
    for text in (assessed.title, *assessed.reasons, *assessed.service, *assessed.prepare):
        assert str(text) in html
    for number in assessed.numbers:
        assert f'href="{number.link}"' in html
        assert str(number.hours) in html
    main = html[html.index("<main") :]
    assert "Ce n'est pas mon cas, je veux parler à quelqu'un" in main
    table = DISCREET if path.get("screen") == "yes" else ORDINARY
    assert f'action="{table.reverse("triage:open_door")}"' in main
    assert (f'href="{table.reverse("reports:create")}"' in main) == assessed.opens_chat
    if assessed.destination or assessed.destination_beside:
        assert 'href="https://17cyber.gouv.fr" rel="noopener noreferrer"' in main
        assert "quitte notre site" in main


def test_back_shows_the_answer_given(client: Client) -> None:
    answer_all(client, CHAT)
    html = page(client, address("facts"))
    assert 'value="harassment" checked' in html
    assert html.count(" checked") == 1


def test_reload_keeps_question_and_answers(client: Client) -> None:
    answer_all(client, {"danger": "no", "screen": "no"})
    assert "Qui êtes-vous ?" in page(client, address("role"))
    assert client.session["triage"]["answers"] == {"danger": "no", "screen": "no"}


def test_previous_link_leads_back_along_the_path(client: Client) -> None:
    answer_all(client, CHAT)
    assert f'href="{address("author")}">Précédent' in page(client, result_address(Outcome.CHAT))
    assert f'href="{address("repetition")}">Précédent' in page(client, address("author"))
    assert "Précédent" not in page(client, address("danger"))


def test_sending_a_question_twice_changes_nothing(client: Client) -> None:
    first = answer(client, "danger", "no").headers["Location"]
    assert answer(client, "danger", "no").headers["Location"] == first == address("screen")


def test_changing_an_answer_goes_on_with_the_next_question_and_keeps_the_rest(client: Client) -> None:
    answer_all(client, CHAT)
    response = answer(client, "facts", "page")
    assert response.headers["Location"] == address("author")
    assert 'value="unknown" checked' in page(client, address("author"))
    assert answer(client, "author", "unknown").headers["Location"] == result_address(Outcome.CHAT)


def test_answers_that_left_the_path_come_back_with_it(client: Client) -> None:
    answer_all(client, CHAT)
    answer(client, "facts", "page")
    answer(client, "facts", "harassment")
    assert 'value="group" checked' in page(client, address("repetition"))


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
    answer_all(client, {"danger": "no", "screen": "no"})
    assert client.get(result_address(Outcome.CHAT)).headers["Location"] == address("role")


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
    assert 'class="fr-error-text' in html and "Choisissez une réponse" in html
    assert 'aria-describedby="question-error" autofocus' in html
    assert 'id="errors"' in html and 'href="#answer-no"' in html
    assert "triage" not in client.session


def test_error_keeps_the_answer_given_before(client: Client) -> None:
    answer(client, "danger", "no")
    client.post(address("danger"), {})
    html = page(client, address("danger"))
    assert "<title>Erreur : " in html and 'value="no" checked' in html
    assert client.session["triage"]["answers"] == {"danger": "no"}


def test_missing_answer_is_said_once_and_on_its_own_page(client: Client) -> None:
    answer(client, "danger", "no")
    client.post(address("screen"), {})
    assert "Erreur" not in page(client, address("danger"))
    assert "Erreur" in page(client, address("screen"))
    assert "Erreur" not in page(client, address("screen"))


def test_missing_answer_is_forgotten_once_the_question_is_answered(client: Client) -> None:
    client.post(address("danger"), {})
    answer(client, "danger", "no")
    assert "Erreur" not in page(client, address("danger"))


def test_minors_are_spoken_to_familiarly(client: Client) -> None:
    answer_all(client, MINOR)
    html = page(client, address("facts"))
    assert "Choisis ce qui pèse le plus" in html
    assert "Appuie encore deux fois" in html and "Appuyez" not in html
    client.post(address("facts"), {})
    assert "Choisis une réponse." in page(client, address("facts"))
    assert "Es-tu en danger en ce moment" in page(client, reverse("triage:start"))
    answer_all(client, MINOR_CHAT)
    html = page(client, result_address(Outcome.CHAT_MINOR))
    assert "Tu peux parler à un policier ou à un gendarme" in html
    assert 'href="tel:3018"' in html and "7 j/7, de 9 h à 23 h" in html


def test_somebody_who_may_see_the_screen_makes_titles_neutral(client: Client) -> None:
    answer(client, "danger", "no")
    assert "<title>Informations</title>" not in page(client, address("screen"))
    answer(client, "screen", "yes")
    assert "<title>Informations</title>" in page(client, address("role"))
    answer(client, "screen", "no")
    assert "<title>Informations</title>" not in page(client, address("role"))


def test_open_door_of_a_result_leads_to_the_report(client: Client) -> None:
    answer_all(client, SCAM)
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == reverse("reports:create")
    assert client.session["triage"]["chat_anyway"] is True


def test_open_door_without_a_result_leads_back_to_the_questions(client: Client) -> None:
    answer_all(client, {"danger": "no"})
    response = client.post(reverse("triage:open_door"))
    assert response.headers["Location"] == address("screen")
    assert client.session["triage"]["chat_anyway"] is False


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
    answer(client, "scam", "romance")
    assert client.session["triage"]["chat_anyway"] is False


def test_restart_forgets_the_answers(client: Client) -> None:
    answer_all(client, CHAT)
    assert client.get(reverse("triage:restart")).status_code == 302
    assert "triage" in client.session
    client.post(reverse("triage:restart"))
    assert "triage" not in client.session


def test_pages_are_not_stored_by_the_browser(client: Client) -> None:
    where = answer_all(client, CHAT)
    for shown in (reverse("triage:start"), address("facts"), where):
        assert client.get(shown).headers["Cache-Control"] == "no-store"


def test_answers_can_be_reviewed_and_changed_from_the_result(client: Client) -> None:
    html = page(client, answer_all(client, CHAT))
    for question in CHAT:
        assert f'href="{address(question)}"' in html
    assert "Oui, plusieurs personnes s'y sont mises" in html
