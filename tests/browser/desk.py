"""A desk for several proofs: one agent before one page of the console, with a person for each proof.

The way to a console (an agent, somebody to answer, a page of some forty files) is dearer than what is asked there. So
proofs that begin alike are subtests of one test, and each has a person of its own, whom no other proof touches::

    desk = take_seat(page, live_site, at, {"refused": Person(lived=in_danger), "minor": Person({"age_band": "15_17"})})
    with subtests.test("words that are refused tick nothing"):
        key = desk.shows("refused")
        …

`Desk.shows` brings the page itself back to what it is when it has just come: `tests/browser/test_desk.py` compares the
two.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect

from chat.models import Agent, Conversation
from chat.rules.lifecycle import Availability
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.factories import chat as make

if TYPE_CHECKING:
    from tests.browser.conftest import LiveSite

MOST = 10  # people of one agent: their capacity has no more
# Closes what lies over the page, empties what it has said, and leaves the focus, the mouse and each scroll where a page
# begins.
BEGIN = """
  for (const one of document.querySelectorAll("dialog[open]")) one.close();
  for (const read of document.querySelectorAll("#fins [data-read]")) read.click();
  for (const id of ["avis", "annonces", "annonces-danger"]) document.getElementById(id).textContent = "";
  document.getElementById("avis").hidden = true;
  document.activeElement?.blur();
  getSelection().removeAllRanges();
  scrollTo(0, 0);
"""
# Begins, presses « Annuler » of each end that is left, and returns how many there were.
BEGIN_WITHOUT_ENDS = f"""() => {{
  {BEGIN}
  const left = document.querySelectorAll("#fins [data-undo]");
  for (const undo of left) undo.click();
  return left.length;
}}"""
# What a proof finds when it begins, for the person of this key.
FOUND = """(key) => {
  const shown = (part) =>
    [...document.querySelectorAll(`${part}:not([hidden])`)].map((one) => one.dataset.conversation);
  const area = document.getElementById(`corps-${key}`);
  const said = ["avis", "annonces", "annonces-danger"].map((id) => document.getElementById(id).textContent);
  return {
    shown: [...shown(".console-thread"), ...shown(".console-dossier")],
    answer: [area.value, area.readOnly || area.disabled],
    focus: document.activeElement.tagName,
    dialogs: document.querySelectorAll("dialog[open]").length,
    said: [...said, document.getElementById("avis").hidden],
    ends: document.querySelectorAll("#fins > *").length,
    open: [...document.querySelectorAll(".console-thread, .console-dossier")]
      .filter((part) => part.dataset.conversation === key)
      .flatMap((part) => [...part.querySelectorAll("details[open] > summary")].map((one) => one.textContent.trim())),
    stored: localStorage.length + sessionStorage.length,
    scrolled: [scrollX, scrollY],
    address: location.pathname,
  };
}"""


@dataclass(frozen=True)
class Person:
    """Somebody whom the agent answers. fields: those of their report. lived: what happened before the page came."""

    fields: dict[str, Any] = field(default_factory=dict)
    lived: Callable[[Agent, Conversation], object] | None = None


@dataclass
class Desk:
    page: Page
    agent: Agent
    people: dict[str, Conversation]

    def shows(self, name: str) -> str:
        """Show this person, as on a page that has just come, and return the key of their exchange.

        What another proof left on the page is taken away, an end that can still be undone too, because that proof may
        have failed. Nothing of this person may have been touched before.
        """
        key = str(self.people[name].public_id)
        self.page.mouse.move(0, 0)
        if self.page.evaluate(BEGIN_WITHOUT_ENDS):  # until that is said, so that it is not said later
            expect(self.page.locator("#annonces")).to_contain_text("L'échange continue")
        line = self.page.locator(f"#liste .console-entry[data-conversation='{key}'] a")
        line.evaluate("link => link.click()")
        thread = self.page.locator(f".console-thread[data-conversation='{key}']:not([hidden])")
        expect(thread.locator("textarea[name=body]")).to_be_editable()
        expect(self.page.locator(f".console-dossier[data-conversation='{key}']:not([hidden])")).to_have_count(1)
        # A press on the line leads the focus into the answer.
        found = self.page.evaluate(f"(key) => {{ {BEGIN} return ({FOUND})(key); }}", key)
        assert found["answer"] == ["", False], f"{name} was written to before"
        assert not found["ends"], "an end that can still be undone was left"
        assert not found["dialogs"] and found["focus"] == "BODY", found
        return key


def take_seat(
    page: Page,
    site: "LiveSite",
    at: Callable[..., Any],
    people: dict[str, Person],
    path: str | None = None,
    **fields: Any,
) -> Desk:
    """Open the console of an agent who answers these people, whose numbers are those of their order.

    path: below `/console/`, "" to show nobody; None: the exchange of the first. fields: those of the agent.
    """
    assert 0 < len(people) <= MOST

    def come() -> tuple[Agent, dict[str, Conversation]]:
        agent = make.agent(**{"public_name": "Camille", "capacity": MOST} | fields)
        enrol_totp(agent.user, SECRET)
        held = {name: make.assigned(agent, **person.fields) for name, person in people.items()}
        for name, person in people.items():
            if person.lived:
                person.lived(agent, held[name])
        # Nobody else is given to them during the test.
        load = Conversation.objects.filter(assigned_to=agent).count()
        Agent.objects.filter(pk=agent.pk).update(capacity=load)
        return agent, held

    agent, held = at(come)
    assert agent.availability == Availability.AVAILABLE
    staff.give_session(page, site, agent.user)
    first = next(iter(held.values()))
    page.goto(f"{site.url}/console/" + (f"echange/{first.public_id}/" if path is None else path))
    expect(page.locator("#liste .console-entry")).to_have_count(len(people))
    expect(page.locator(".console-thread")).to_have_count(len(people))  # all of them have been read
    return Desk(page, agent, held)
