"""Which questionnaire is asked, under which one answers are read, and publications that follow one another."""

import ast
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.casework import person_summary
from common import cached_reading
from pnav.accounts.models import Role
from tests.accounts.cast import make_user
from tests.factories import chat as chats
from tests.factories import triage as make
from tests.triage.paths import ADULT
from triage import rules, versions
from triage.models import QuestionnaireVersion, State
from triage.questionnaire.results import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
SCREEN, ROLE, FACTS = (reverse("triage:question", args=[slug]) for slug in ("autour", "qui", "faits"))
FIRST = reverse("triage:question", args=["maintenant"])


@pytest.fixture(autouse=True)
def _forget():
    yield
    versions.clear()


def shown(client: Client, address: str) -> str:
    return unescape(client.get(address).text)


# --- for people -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_a_version_the_questionnaire_of_the_code_is_asked(client):
    make.draft(make.screen_says("Un brouillon ?"))
    versions.forget()
    assert versions.current() is BUILT_IN
    client.post(FIRST, {"answer": "no"})
    assert "Pour qui est-ce" in shown(client, ROLE)
    assert client.session["triage"]["version"] == BUILT_IN.version


@pytest.mark.django_db
def test_visit_that_began_under_one_version_ends_under_it(client):
    client.post(FIRST, {"answer": "no"})
    row = make.published(make.screen_says("La nouvelle ?"))
    assert "Pour qui est-ce" in shown(client, ROLE)
    assert client.get(SCREEN).headers["Location"] == ROLE, "a page of the other version leads on"
    assert client.post(ROLE, {"answer": "adult"}).headers["Location"] == FACTS
    assert client.session["triage"]["version"] == BUILT_IN.version
    other = Client()
    other.post(FIRST, {"answer": "no"})
    assert "La nouvelle ?" in shown(other, SCREEN) and other.session["triage"]["version"] == row.key
    client.post(reverse("triage:restart"))
    client.post(FIRST, {"answer": "no"})
    assert "La nouvelle ?" in shown(client, SCREEN)


@pytest.mark.django_db
def test_visit_goes_on_under_a_version_that_is_past(client):
    row = make.published(make.screen_says("La première ?"))
    client.post(FIRST, {"answer": "no"})
    QuestionnaireVersion.objects.filter(pk=row.pk).update(state=State.PAST)
    make.published(make.screen_says("La seconde ?"))
    versions.clear()  # another process, which has read neither
    assert "La première ?" in shown(client, SCREEN)


@pytest.mark.django_db
def test_page_of_a_question_of_another_version_leads_on(client):
    assert client.get(reverse("triage:question", args=["precision-44"])).headers["Location"] == FIRST


@pytest.mark.django_db
def test_pages_ask_for_no_version_once_it_is_read(client, django_assert_num_queries):
    make.published()
    assert versions.current().version != BUILT_IN.version
    with django_assert_num_queries(0):
        for _time in range(20):
            versions.find(versions.current().version)


@pytest.mark.django_db
def test_other_processes_see_a_publication_in_time(monkeypatch):
    make.published()
    versions.forget()
    now = [1000.0]
    monkeypatch.setattr(cached_reading.time, "monotonic", lambda: now[0])
    first = versions.current().version
    QuestionnaireVersion.objects.update(state=State.PAST)
    second = make.draft()
    QuestionnaireVersion.objects.filter(pk=second.pk).update(state=State.IN_FORCE, published_at="2026-11-26T00:00Z")
    now[0] += versions.KEEP_SECONDS - 0.1
    assert versions.current().version == first
    now[0] += 0.2
    assert versions.current().version == second.key
    assert versions.KEEP_SECONDS <= 30


@pytest.mark.django_db
def test_version_in_force_stays_whatever_else_is_read(monkeypatch):
    row = make.published(make.screen_says("En vigueur ?"))
    assert versions.current().version == row.key
    monkeypatch.setattr(versions, "MOST_KEPT", 1)
    assert versions.find(make.published(state=State.PAST).key) is not None
    assert len(versions._versions) == 1
    assert versions.current().version == row.key


@pytest.mark.django_db
def test_version_that_cannot_be_read_leaves_the_questionnaire_of_the_code(caplog):
    row = make.draft()
    QuestionnaireVersion.objects.filter(pk=row.pk).update(
        document={"questions": []}, state=State.IN_FORCE, published_at="2026-11-26T00:00Z"
    )
    versions.forget()
    assert versions.current() is BUILT_IN and "cannot be read" in caplog.text


@pytest.mark.django_db
def test_while_the_database_fails_the_last_version_is_asked(monkeypatch):
    row = make.published()
    assert versions.current().version == row.key

    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(versions, "_read_in_force", fail)
    versions.forget()
    assert versions.current().version == row.key


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["", "v", "v0", "v01", "v-1", "vé", "v" + "9" * 40, "test", "2020-01-1", "12"])
def test_version_that_nobody_published_is_not_found(version):
    assert versions.find(version) is None and versions.find_or_current(version) is BUILT_IN


# --- for agents -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_agent_reads_the_answers_in_the_words_that_the_person_read():
    def change(made):
        options = make.question(made, "facts")["options"]
        next(one for one in options if one["value"] == "couple")["label"] = {
            "vous": {"fr": "Une page à part", "en": ""}
        }

    answers = {"danger": "no", "screen": "no", "role": "victim", "age": "adult", "facts": "couple"}
    row = make.published(change)
    QuestionnaireVersion.objects.filter(pk=row.pk).update(state=State.PAST)
    make.published()
    old = chats.waiting(answers=answers, triage_version=row.key, outcome="chat")
    new = chats.waiting(answers={**ADULT, "facts": "couple"}, triage_version=BUILT_IN.version, outcome="chat")
    lost = chats.waiting(answers=answers, triage_version="v99999999", outcome="chat")
    told = [person_summary.read_person_summary(one, timezone.now()) for one in (old, new, lost)]
    assert ["Une page à part" in str(one.answers) for one in told] == [True, False, False]
    assert [one.is_other_version for one in told] == [False, False, True]
    assert {one.outcome for one in told} == {str(rules.Outcome.CHAT.label)}


# --- publishing -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_two_versions_are_never_in_force():
    make.published()
    with pytest.raises(IntegrityError), transaction.atomic():
        make.published()


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"document": {}}, {"note": "x"}, {"state": "draft", "published_at": None}])
def test_database_refuses_to_change_what_was_published(change):
    row = make.published()
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        QuestionnaireVersion.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        QuestionnaireVersion.objects.filter(pk=row.pk).delete()


@pytest.mark.django_db
def test_version_with_problems_is_not_published():
    row = make.draft(lambda made: made["results"]["33700"].update(reasons=[]))
    chief = make_user("chef", Role.ADMINISTRATOR)
    with pytest.raises(versions.Faulty):
        versions.publish(number=row.pk, revision=0, instead_of=None, by=chief)
    for wrong in ({"revision": 1}, {"instead_of": 7}, {"number": 10**9}):
        good = make.draft()
        with pytest.raises(versions.Changed):
            versions.publish(**({"number": good.pk, "revision": 0, "instead_of": None} | wrong), by=chief)


@pytest.mark.django_db(transaction=True)
def test_two_publish_at_once_and_one_of_them_is_told():
    """Each decided on a page that named the same version in force: the second must look again."""
    chief = make_user("chef", Role.ADMINISTRATOR)
    current = make.published()
    drafts = [make.draft().pk for _time in range(4)]
    for pk in drafts:
        versions.checked(QuestionnaireVersion.objects.get(pk=pk))
    start = threading.Barrier(len(drafts))

    def publish(pk: int) -> str:
        try:
            start.wait(timeout=10)
            versions.publish(number=pk, revision=0, instead_of=current.pk, by=chief)
        except versions.Changed:
            return "changed"
        finally:
            connection.close()
        return "published"

    with ThreadPoolExecutor(len(drafts)) as pool:
        told = list(pool.map(publish, drafts))
    assert sorted(told) == ["changed"] * 3 + ["published"]
    states = QuestionnaireVersion.objects.order_by("number").values_list("state", flat=True)
    assert sorted(states) == ["draft"] * 3 + ["in_force", "past"]
    in_force = versions.in_force()
    assert in_force is not None and in_force.pk == drafts[told.index("published")]


# --- whoever reads answers ------------------------------------------------------------------------------------------

READERS = {
    "follow_path", "on_path", "next_question", "question_after", "question_before", "last_question",
    "question_position", "choose_voice", "describe_answers", "victim_age_band", "assess_answers",
}  # fmt: skip


def forgetful(source: str, names: Collection[str] = ("initial_from_triage",)) -> list[int]:
    """Return the lines that read answers without saying under which questionnaire they were given.

    names: functions of rules.py that this module calls without its name.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and not any(keyword.arg == "under" for keyword in node.keywords):
            match node.func:
                case ast.Attribute(value=ast.Name(id="rules"), attr=name) if name in READERS:
                    found.append(node.lineno)
                case ast.Name(id=name) if name in names:
                    found.append(node.lineno)
    return found


def test_whoever_reads_answers_says_under_which_questionnaire():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in ("triage", "reports", "chat", "pnav")
        for path in (ROOT / room).rglob("*.py")
        if "demo" not in path.parts and "migrations" not in path.parts
        for line in forgetful(path.read_text(), READERS if path.name == "rules.py" else {"initial_from_triage"})
    ]
    assert found == [], "Say `under=`: the questionnaire of the visit, or that of the report's version."


def test_reading_that_says_nothing_is_found():
    source = "rules.assess_answers(answers)\nrules.assess_answers(answers, under=one)\nchoose_voice(kept)"
    assert forgetful(source) == [1] and forgetful(source, READERS) == [1, 3]
