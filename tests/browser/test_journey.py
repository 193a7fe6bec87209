"""The whole way of a person: home page, safety, what happens, waiting room, exchange, end.

Every press is one that a person makes, on both sides. All the communes of France are loaded.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from chat.models import Conversation
from tests.browser.conftest import LiveSite, PageFactory, goes_on
from tests.browser.staff import PASSWORD, sign_in_by_hand
from tests.factories import chat as make

# What an adult victim of repeated insults by several people presses, page after page, in the words on screen.
ANSWERS = ("Non, rien de tout cela", "On m'insulte, on me menace, on se moque de moi", "plusieurs personnes")


@pytest.fixture
def agent(live_site: LiveSite) -> Iterator[make.Agent]:
    """Give the only agent on duty, who is the one who signs in: others are away."""

    def prepare() -> make.Agent:
        with live_site.database():
            make.Agent.objects.update(availability="away")
            Conversation.objects.filter(status="waiting").update(status="abandoned")
            from pnav.accounts.second_factor import enrol_totp
            from tests.accounts.cast import SECRET

            agent = make.agent(availability="away", present=False, public_name="Camille")
            agent.user.set_password(PASSWORD)
            agent.user.save()
            enrol_totp(agent.user, SECRET)
            return agent

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(prepare).result()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_from_the_home_page_to_the_end_of_the_exchange(
    live_site: LiveSite, page_factory: PageFactory, agent: make.Agent, javascript: bool
):
    person = page_factory(javascript=javascript, width=360, height=740)
    person.goto(live_site.url + "/")
    field = person.get_by_label("Ma ville ou mon code postal")
    field.fill("Arles")
    field.press("Escape")
    with goes_on(person):
        person.get_by_role("button", name="J'ai 18 ans ou plus").click()
    for answer in ANSWERS:
        assert "Arles" not in person.url  # no address contains the place where a person lives
        with goes_on(person):
            person.get_by_role("button", name=answer).click()
    expect(person).to_have_url(live_site.url + "/tchat/")
    # Nobody else waits. Without scripts the place in the queue is in a frame, which refreshes itself.
    waiting_room = person if javascript else person.frame_locator("iframe").first
    expect(waiting_room.get_by_text("prochaine personne").first).to_be_visible()
    person.locator("textarea:visible").fill("Ils sont plusieurs, tous les soirs.")
    person.get_by_role("button", name="Envoyer").first.click()
    expect(person.get_by_text("Ils sont plusieurs, tous les soirs.").first).to_be_visible()

    desk = page_factory(width=1440, height=900)
    sign_in_by_hand(desk, live_site, agent.user.username)
    desk.get_by_role("button", name="Disponible").click()
    expect(desk.get_by_role("log").get_by_text("Ils sont plusieurs, tous les soirs.")).to_be_visible()
    expect(desk.get_by_text("Victime").first).to_be_visible()
    expect(desk.get_by_text("Arles").first).to_be_visible()
    desk.locator(".console-thread textarea[name=body]:visible").fill("Bonjour, je suis Camille. Vous n'êtes pas seule.")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-author=agent] [data-slot=state]").last).to_have_text(re.compile("Envoyé|Lu"))

    if not javascript:
        person.goto(live_site.url + "/tchat/")
    expect(person.get_by_text("Vous n'êtes pas seule.").first).to_be_visible()
    person.locator("textarea:visible").fill("Merci.")
    person.get_by_role("button", name="Envoyer").first.click()
    expect(desk.get_by_role("log").get_by_text("Merci.")).to_be_visible()

    desk.locator(".console-thread:not([hidden]) summary", has_text="Terminer").click()
    desk.get_by_label("Comment l'échange se termine").select_option("advised")
    desk.get_by_text("Je confirme").click()
    desk.get_by_role("button", name=re.compile("^Terminer 1 · ")).click()
    if javascript:  # it can be undone for some seconds
        desk.get_by_role("button", name="Terminer maintenant").click()
    expect(desk.get_by_text("Cet échange est terminé")).to_be_visible()
    if not javascript:
        person.goto(live_site.url + "/tchat/")
    expect(person.get_by_role("heading", name="L'échange est terminé")).to_be_visible()
