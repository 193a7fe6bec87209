"""Visits of the pages over HTTP, one request at a time, each of which is recorded: for attackers, and for honest people
who fill forms.

Nothing here imports Django, because attackers are processes that have to start in a moment.
"""

import hashlib
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pnav.demo.visit import Page, Visit, VisitError

LOOPBACK = "127.0.0.1"
HOME, ORIENTATION, PLACE, CHAT = "/", "/orientation/", "/point-d-accueil/", "/tchat/"
EFFORT = "/signalement/patienter/"
LOGIN, CONSOLE = "/compte/login/", "/console/"
MOST_QUESTIONS = 30
WORKS = 3  # the most proofs of work that a person computes during a raid

# The answers of the orientation by the address of the question; "" is the home page. A question that is not listed
# takes its last answer.
DANGER: Mapping[str, str] = {"": "adult", "maintenant": "yes"}
ORDINARY: Mapping[str, str] = {"": "minor", "maintenant": "no", "faits": "harassment", "combien": "repeated"}
TOWN = "93200"


@dataclass(frozen=True, slots=True)
class Answered:
    """One request. status: 0 for no answer; at: when it was sent, on the monotonic clock."""

    at: float
    method: str
    path: str
    status: int
    seconds: float


class Browser(Visit):
    """A visit from this address; `answered` holds every request, also redirects."""

    def __init__(self, port: int, address: str, cookies: Mapping[str, str] | None = None) -> None:
        super().__init__(f"http://{LOOPBACK}:{port}", {"X-Forwarded-For": address})
        self.cookies |= cookies or {}
        self.answered: list[Answered] = []

    def come_from(self, address: str) -> None:
        """Let the next requests come from this address."""
        self.headers["X-Forwarded-For"] = address

    def _once(self, method: str, path: str, body: str) -> tuple[http.client.HTTPResponse, str]:
        at, status = time.monotonic(), 0
        try:
            answer, text = super()._once(method, path, body)
            status = answer.status
        finally:
            self.answered.append(Answered(at, method, path.partition("?")[0], status, time.monotonic() - at))
        return answer, text


def answer(browser: Browser, answers: Mapping[str, str], *, town: str) -> Page:
    """Begin on the home page, go through the questions, and return the page to which they lead.

    town: "" leaves the place empty.
    """
    page = browser.get(HOME)
    page = browser.send(page, page.form("door"), door=answers[""], q=town)
    for _step in range(MOST_QUESTIONS):
        if "answer" not in page.names:
            break
        asked = page.form("answer")
        slug, choices = asked.action.rstrip("/").rpartition("/")[2], asked.choices["answer"]
        wanted = answers.get(slug, "")
        page = browser.send(page, asked, answer=wanted if wanted in choices else choices[-1])
    return page


def file_report(browser: Browser, answers: Mapping[str, str]) -> None:
    """Go from the home page to the waiting room. Raises VisitError when the site does not lead there.

    It makes at most 40 requests: one for each question, and those of the home page, the place and the computation.
    """
    page = answer(browser, answers, town=TOWN)
    if page.path.startswith(ORIENTATION):
        page = browser.send(page, page.form(action=f"{ORIENTATION}parler/"))
    if page.path == PLACE:
        page = browser.send(page, page.form("q", "purpose"), q=TOWN, purpose="echange")
    if page.path == f"{PLACE}services/":
        service = page.form("service")
        page = browser.send(page, service, service=service.choices["service"][0])
    for _work in range(WORKS):
        if page.path == EFFORT:
            page = _do_the_work(browser, page)
    if page.path != CHAT:
        raise VisitError(f"a report led to {page.path}")


def _do_the_work(browser: Browser, page: Page) -> Page:
    form = page.form("work")
    if form.data["left"] == "0":
        return browser.send(page, form)
    token, bits, number = form.data["token"], int(form.data["bits"]), 0
    while int.from_bytes(hashlib.sha256(f"{token}:{number}".encode()).digest()) >> (256 - bits):
        number += 1
    return browser.send(page, form, work=str(number))


def sign_in(browser: Browser, username: str, password: str, code: Callable[[], str]) -> None:
    """Sign an agent in with the password and then the code of this moment. Raises VisitError when that leads
    elsewhere.
    """
    page = browser.get(LOGIN)
    page = browser.send(page, page.form("login", "password"), login=username, password=password)
    page = browser.send(page, page.form("code"), code=code())
    if page.path != CONSOLE:
        raise VisitError(f"the sign-in led to {page.path}")


def end_exchange(browser: Browser) -> None:
    """End the exchange as its person does, on the page that asks."""
    page = browser.get(f"{CHAT}terminer/")
    if page.path == f"{CHAT}terminer/":
        browser.send(page, page.form(action=f"{CHAT}terminer/"))
