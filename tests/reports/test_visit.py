"""What a visit brings to the signalement is read once."""

import ast
from pathlib import Path

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client, RequestFactory

import reports
from locations.models import ReceptionPoint
from pnav.addresses import DISCREET
from reports.visit import Visit, read_visit
from tests.reports.test_views import CHAT, MINOR_CHAT, SCAM, URL, form_of, set_visit, unit
from triage import versions
from triage.questionnaire.results import BUILT_IN
from triage.session import Triage

__all__ = ["unit"]


def visit_of(client: Client) -> Visit:
    request = RequestFactory().get(URL)
    request.session = client.session
    return read_visit(request)


@pytest.mark.django_db
def test_visit_without_anything_asks_the_database_nothing(django_assert_num_queries, rf):
    versions.current()  # each process caches for some seconds which questionnaire is in force
    request = rf.get(URL)
    request.session = SessionBase()
    with django_assert_num_queries(0):
        visit = read_visit(request)
    assert visit == Visit(Triage({}, BUILT_IN))
    assert not visit.triage.opens_chat and not visit.has_ongoing_report and not visit.familiar


@pytest.mark.django_db
def test_visit_is_read_in_three_queries_at_most(client, unit: ReceptionPoint, django_assert_max_num_queries):
    set_visit(client, answers=MINOR_CHAT, unit=unit)
    client.post(URL, form_of(client))
    request = RequestFactory().get(URL)
    request.session = client.session
    request.session.get("triage")  # the session itself is read before any page
    with django_assert_max_num_queries(3):
        visit = read_visit(request)
    assert visit.familiar and visit.choice is not None and visit.choice.reception_point == unit
    assert visit.report is not None and visit.has_ongoing_report


@pytest.mark.django_db
@pytest.mark.parametrize(("purpose", "is_searching"), [("echange", True), ("contacts", False)])
def test_place_is_searched_for_the_chat_by_the_form_of_the_chat_alone(client, purpose, is_searching):
    client.post("/point-d-accueil/", {"q": "Nulle-Part", "purpose": purpose})
    assert visit_of(client).is_searching is is_searching


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "anyway", "opens"), [(CHAT, False, True), (SCAM, False, False), (SCAM, True, True)]
)
def test_chat_is_open_to_its_results_and_to_who_took_the_open_door(client, answers, anyway, opens):
    set_visit(client, answers=answers, anyway=anyway)
    assert visit_of(client).triage.opens_chat is opens


@pytest.mark.django_db
def test_open_door_of_a_question_is_open_once_safety_was_answered(client):
    set_visit(client, answers={"who": "minor"}, anyway=True)
    assert not visit_of(client).triage.opens_chat
    set_visit(client, answers={"who": "minor", "danger": "no"}, anyway=True)
    assert visit_of(client).triage.opens_chat


@pytest.mark.django_db
def test_value_follows_no_other_tab(client):
    set_visit(client, answers=CHAT)
    request = RequestFactory().get(URL)
    request.session = client.session
    before = read_visit(request)
    request.session["triage"]["answers"]["danger"] = "yes"
    assert before.triage.answers == CHAT


@pytest.mark.django_db
def test_discreet_orientation_files_a_discreet_report(client, unit: ReceptionPoint):
    set_visit(client, answers={**CHAT, "danger": "screen"}, unit=unit)
    assert client.post(URL, form_of(client)).url == DISCREET.reverse("chat:conversation")
    filed = visit_of(client).report
    assert filed is not None and filed.discreet


def test_pages_of_the_signalement_read_the_orientation_by_the_visit_alone():
    """Each question put to the session again is a chance that another tab has answered meanwhile."""
    folder = Path(reports.__file__).parent
    askers = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module in {"triage", "locations"}:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            if {"triage.session", "locations.session"} & set(names):
                askers.add(file.name)
    assert askers == {"session.py", "visit.py"}, "session.py names their keys, to forget them"
