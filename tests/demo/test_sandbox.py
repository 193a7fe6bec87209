"""The sandbox is never used in production, is bounded, and prints what its command does."""

import asyncio
import os
import secrets
import subprocess
import sys
import time

import pytest
from django.db import connections
from django.test import Client

from pnav.demo import sandbox, script
from pnav.demo.reporter import Reporter, _work_on, ordinary_address
from pnav.demo.run import ROOT
from pnav.demo.visit import Form, Page, Visit, VisitError
from reports import proof_of_work
from tests.factories import triage as questionnaires
from triage import versions
from triage.questionnaire import document
from triage.questionnaire.results import BUILT_IN


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pnav.demo.sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_refused_in_production():
    production = {
        "DEMO": "0",
        "TESTING": "0",
        "ALLOWED_HOSTS": "pnav.example",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ORIGIN": "https://pnav.example",
    }
    done = run("--list", **production)
    assert done.returncode == 1 and "Démonstration et tests seulement" in done.stdout
    assert "calme" not in done.stdout and done.stderr == ""


@pytest.mark.parametrize("address", ["https://localhost/", "http://pnav.example/", "http://10.0.0.1:8000/", "rien"])
def test_only_a_site_on_this_machine(address):
    with pytest.raises(VisitError):
        Visit(address)


@pytest.mark.parametrize(
    "arguments", [["--speed", "0"], ["--speed", "1000"], ["--minutes", "0"], ["--minutes", "10000"]]
)
def test_bounds(arguments):
    with pytest.raises(SystemExit):
        sandbox._parse(arguments)


def test_same_seed_same_people():
    options = sandbox._parse(["--seed", "3"])
    chosen = [script.read("raid"), script.read("calme")]

    def cast() -> list[tuple[float, str, float]]:
        people = sandbox.people(chosen, base="http://localhost:1", options=options)
        return [(starts, one.name, one.chance.random()) for starts, one in people]

    assert cast() == cast() and len(cast()) == 21
    assert len({draw for _starts, _name, draw in cast()}) == 21


def test_exercise_is_one_person_after_another_and_no_raid():
    options = sandbox._parse(["--exercise"])
    people = sandbox.people([script.read(name) for name in script.names()], base="http://localhost:1", options=options)
    assert [one.name for _starts, one in people] == ["calme", "urgent", "mineur", "agressif", "silencieux"]


def test_review_holds_delays_and_nothing_that_was_written(capsys):
    reporter = Reporter(script.read("urgent"), base="http://localhost:1")
    reporter.came_at = time.monotonic() - 30
    reporter.mind.answer("MARQUE, appelez le 17.")
    reporter.first_reply_at, reporter.replies = reporter.came_at + 12, 1
    sandbox._review([reporter])
    said = capsys.readouterr().out
    assert "première réponse après 12 s, 1 message(s)" in said and "MARQUE" not in said
    assert "fait      faire appeler le 17" in said and "à revoir  demander l’adresse" in said


def test_form_is_read_as_a_browser_reads_it():
    page = Page(
        "/ou/",
        '<form action="/autre/"><input name="q"></form><form data-token="t"><input type="hidden" name="k" value="v">'
        '<input type="radio" name="service" value="1"><input type="radio" name="service" value="2"></form>',
    )
    assert page.form("service") == Form(
        "", {"k": "v"}, ["k", "service", "service"], {"service": ["1", "2"]}, {"token": "t"}
    )
    labelled = (
        '<form><input type="radio" id="a" name="n" value="1"><label for="a">Oui <span>\n vite</span></label></form>'
    )
    form = Page("/", "<label>Dehors</label>" + labelled).form("n")
    assert (form.label_of("1"), form.label_of("2")) == ("Oui vite", "")
    assert page.form(action="/autre/").names == ["q"]
    with pytest.raises(VisitError):
        page.form("absent")


def test_work_of_a_raid_is_the_one_that_is_asked_for():
    token, bits = proof_of_work.make_challenge("un-formulaire")
    assert proof_of_work.is_solved(token, str(_work_on(token, bits)), submission_id="un-formulaire")


# --- the version in force ---------------------------------------------------------------------------------------------


class Inside(Visit):
    """The site of this process, without a server."""

    def __init__(self) -> None:
        super().__init__("http://localhost:1", ordinary=ordinary_address)
        self.client = Client()

    def _ask(self, method: str, path: str, body: str = "") -> Page:
        kind = "application/x-www-form-urlencoded"
        answer = self.client.generic(method, path, body, content_type=kind)
        while answer.status_code == 302:
            path = answer.headers["Location"]
            answer = self.client.get(path)
        connections.close_all()
        return self.page(path, answer.content.decode())


def orient(name: str) -> tuple[Page, list[str], dict[str, str]]:
    """Return where the orientation leads this person, what they guessed, and their answers as the site has them."""
    told: list[str] = []
    person = Reporter(
        script.read(name), base="http://localhost:1", speed=1e6, tell=lambda _name, text: told.append(text)
    )
    person.visit = Inside()
    page = asyncio.run(person._orient())
    return page, told, person.visit.client.session["triage"]["answers"]


def changed(made: dict) -> None:
    """Add two new questions, one of them the first; take one question away, and give one other answers."""
    made["questions"] = [one for one in made["questions"] if one["id"] != "image_money"]

    def new(number: int, text: str, *labels: str) -> dict:
        options = [{"value": f"answer_{n}", "label": says(label)} for n, label in enumerate(labels)]
        name = f"new_{number}"
        return {"id": name, "slug": f"precision-{number}", "text": says(text), "options": options, "asked_when": []}

    made["questions"].insert(0, new(71, "Et avant ?", "Oui, souvent", "Je ne sais pas", "Non"))
    made["questions"].append(new(72, "Et après ?", "Le jour", "La nuit"))
    questionnaires.question(made, "repetition")["options"][:] = [
        {"value": "daily", "label": says("Chaque jour")}, {"value": "never", "label": says("Non, jamais")},
    ]  # fmt: skip


def says(words: str) -> dict:
    return {"vous": {"fr": words, "en": words}}


@pytest.fixture
def _no_version_left():
    yield
    versions.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_version_left")
@pytest.mark.parametrize("name", script.names())
def test_script_is_followed_through_the_version_in_force(name):
    page, told, answers = orient(name)
    known = dict(script.read(name).answers)
    assert told == [] and answers == known and "answer" not in page.names
    versions.clear()
    made = document.dump(BUILT_IN)
    changed(made)
    questionnaires.published(document=made)
    page, told, answers = orient(name)
    assert "answer" not in page.names, "it came to a result"
    assert answers["new_71"] == "answer_1" and answers["new_72"] == "answer_1"
    assert "image_money" not in answers and answers["danger"] == known["danger"]
    assert told[0] == "question que ce rôle ne connaît pas : « Et avant ? » ; réponse : « Je ne sais pas »."
    if "repetition" in known and known["danger"] != "yes":
        assert answers["repetition"] == "never" and any("« Non, jamais »" in one for one in told)
