"""The sandbox: never for production, bounded, and what its command shows."""

import os
import secrets
import subprocess
import sys
import time

import pytest

from pnav.demo import sandbox, script
from pnav.demo.reporter import Reporter, _work_on
from pnav.demo.run import ROOT
from pnav.demo.visit import Form, Page, Visit, VisitError
from reports import effort


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
    assert page.form(action="/autre/").names == ["q"]
    with pytest.raises(VisitError):
        page.form("absent")


def test_work_of_a_raid_is_the_one_that_is_asked_for():
    token, bits = effort.challenge("un-formulaire")
    assert effort.is_done(token, str(_work_on(token, bits)), submission_id="un-formulaire")
