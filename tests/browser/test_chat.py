"""The exchange in a real browser: a person uses the page, and an agent a real socket of the console."""

import re

import pytest
from playwright.sync_api import expect

from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation
from tests.browser.exchange import assigned, available, bodies, close, in_site, own, waiting, write
from tests.factories import chat as make


def test_person_waits_then_talks_and_the_exchange_ends(live_site, enter, console, axe):
    agent, conversation = waiting(live_site)
    page = enter(conversation)
    expect(page.get_by_role("heading", level=1)).to_have_text("Quelqu'un va vous répondre")
    expect(page.get_by_text("Vous êtes la prochaine personne.")).to_be_visible()
    expect(page.get_by_text("Aucun agent n'est disponible en ce moment.")).to_be_visible()
    expect(page.get_by_role("link", name="Appeler le 116 006").first).to_be_visible()

    # What is written while waiting is kept, and the agent reads it.
    page.get_by_label("Vous pouvez déjà écrire").fill("J'ai peur d'aller au lycée")
    page.get_by_role("button", name="Envoyer").click()
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")

    with console(agent, conversation) as camille:
        available(live_site, agent)
        # Waiting becomes an exchange without loading the page again.
        expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Camille, police nationale")
        expect(page).to_have_title(re.compile("^Échange en cours"))
        expect(page.get_by_text("Aucun agent n'est disponible en ce moment.")).to_be_hidden()
        camille.begin()
        seq = camille.hear("J'ai peur d'aller au lycée")
        camille.send("read", seq=seq)
        expect(own(page).locator("[data-part=state]")).to_have_text("Lu")
        camille.send("typing")
        expect(page.get_by_text("Camille, police nationale écrit…")).to_be_visible()
        body = "Bonjour, vous êtes en sécurité ?\n<b>Prenez</b> votre temps."
        camille.say(body)
        last = page.locator("#messages > li").last
        expect(last.locator("[data-part=name]")).to_have_text("Camille, police nationale")
        expect(last.locator("[data-part=body]")).to_have_text(
            "Bonjour, vous êtes en sécurité ?\n<b>Prenez</b> votre temps."
        )
        expect(page.get_by_text("écrit…")).to_have_count(0)
        camille.until(lambda frame: frame["type"] == "read" and frame["author"] == "reporter")

        page.get_by_label("Votre message").press_sequentially("Oui")
        camille.until(lambda frame: frame["type"] == "typing" and frame["author"] == "reporter")
        page.keyboard.press("Control+Enter")
        camille.hear("Oui")
        expect(own(page).last.locator("[data-part=state]")).to_have_text("Envoyé")
        expect(page.locator("#body")).to_be_focused()
        axe(page)

        close(live_site, agent, conversation)
    ended = page.get_by_role("heading", level=1)
    expect(ended).to_have_text("L'échange est terminé")
    expect(ended).to_be_focused()
    # The sentence below is said with it, and not that of a queue that somebody leaves.
    expect(ended).to_have_accessible_description(re.compile(r"^Merci d'avoir parlé[^.]*\. Voir la suite$"))
    expect(page.get_by_role("heading", name="Et maintenant ?")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_be_hidden()
    axe(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    assert bodies(live_site, conversation) == ["J'ai peur d'aller au lycée", "Oui"]


def test_agent_lost_gives_the_place_back_and_another_one_comes(live_site, enter):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    write(page, "vous êtes là ?")
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    with live_site.database():
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
    live_site.do(dispatcher.release_stale)
    expect(page.get_by_role("heading", level=1)).to_have_text("Quelqu'un va vous répondre")
    expect(page.locator("#messages").get_by_text("La connexion avec l'agent est perdue")).to_be_visible()
    expect(page.locator("#position")).to_have_text("Vous êtes la prochaine personne.")
    in_site(live_site, lambda: make.agent(public_name="Louise", force="gendarmerie"))
    live_site.do(dispatcher.dispatch)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Louise, gendarmerie nationale")
    expect(own(page).locator("[data-part=body]")).to_have_text("vous êtes là ?")


@pytest.mark.parametrize("where", [200, 290], ids=["the thread is above the screen", "it ends under the numbers"])
def test_person_further_down_the_page_is_told_and_nothing_moves(live_site, enter, console, axe, where):
    agent, conversation = waiting(live_site)
    page = enter(conversation, width=360, height=740)
    expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
    button = page.get_by_role("button", name="Créer un code de reprise")
    button.evaluate("(node, where) => window.scrollBy(0, node.getBoundingClientRect().top - where)", where)

    def top() -> float:
        return button.evaluate("node => node.getBoundingClientRect().top")

    bar = page.locator(".pnav-chat__top").evaluate("node => parseFloat(getComputedStyle(node).top) || 0")
    assert page.locator("#fin").evaluate("node => node.getBoundingClientRect().bottom") <= bar, "the thread ends above"
    before = top()
    with console(agent, conversation) as camille:
        available(live_site, agent)
        notice = page.get_by_role("button", name="Camille est là")
        expect(notice).to_be_in_viewport(ratio=1)
        assert abs(top() - before) < 2
        camille.begin()
        camille.say("Bonjour, je vous lis.")
        notice = page.get_by_role("button", name="Nouveau message")
        expect(notice).to_be_in_viewport(ratio=1)
        assert abs(top() - before) < 2
        axe(page)
        notice.click()
        last = page.locator("#messages > li").last
        expect(last).to_contain_text("Bonjour, je vous lis.")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport(ratio=1)
        expect(page.get_by_label("Votre message")).to_be_in_viewport(ratio=1)
        expect(notice).to_be_hidden()

        # At the end of the thread, new messages are simply shown.
        camille.say("Prenez votre temps.")
        expect(page.locator("#messages > li").last).to_be_in_viewport(ratio=1)
        expect(page.locator("#messages > li").last).to_contain_text("Prenez votre temps.")
        expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize("name", ["Noter un fait", "Garder l'écran allumé"])
def test_focus_stays_on_what_goes_aside_when_somebody_comes(live_site, enter, name):
    """The cards go from above the thread to beside it. A screen reader would be back at the top of the page."""
    agent, conversation = waiting(live_site)
    page = enter(conversation)
    focused = page.locator("#journal a, #alerts button").filter(has_text=name)
    expect(focused).to_be_visible()
    focused.focus()
    available(live_site, agent)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Camille, police nationale")
    expect(page.locator("#aside").locator(focused)).to_be_focused()


def test_help_stands_beside_the_thread_where_there_is_room(live_site, enter):
    _agent, conversation = assigned(live_site)
    in_site(live_site, lambda: [make.message(conversation, f"message {n}") for n in range(20)])
    page = enter(conversation, width=320, height=800)
    last = page.locator("#messages > li").last
    button = page.get_by_role("button", name="Créer un code de reprise")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        last.scroll_into_view_if_needed()
        expect(last).to_be_in_viewport()
        form, help_ = page.locator("#compose").bounding_box(), button.bounding_box()
        assert form and help_
        if width == 1280:
            expect(button).to_be_in_viewport(ratio=1)  # also below a long thread
            assert help_["x"] > form["x"] + form["width"]
        else:
            assert help_["y"] > form["y"]


def test_discreet_notice_names_nobody(live_site, enter):
    agent, conversation = waiting(live_site, discreet=True)
    page = enter(conversation, width=360, height=740)
    expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
    button = page.get_by_role("button", name="Créer un code de reprise")
    button.evaluate("node => window.scrollBy(0, node.getBoundingClientRect().top - 200)")
    bar = page.locator(".pnav-chat__top").evaluate("node => parseFloat(getComputedStyle(node).top) || 0")
    assert page.locator("#fin").evaluate("node => node.getBoundingClientRect().bottom") <= bar, "the thread ends above"
    available(live_site, agent)
    expect(page.locator("#notice")).to_be_in_viewport(ratio=1)
    expect(page.locator("#notice")).to_have_text("Nouveau message")


def test_text_begun_when_the_exchange_ends_stays_to_be_copied(live_site, enter):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill("Je voulais dire")
    close(live_site, agent, conversation)
    expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    expect(page.get_by_label("Votre message")).to_have_value("Je voulais dire")
    expect(page.get_by_label("Votre message")).not_to_be_editable()
    expect(page.locator("#body-error")).to_have_text(
        "L'échange s'est terminé avant l'envoi. Vous pouvez copier votre texte."
    )


@pytest.mark.parametrize("discreet", [False, True])
def test_thread_that_is_opened_shows_its_last_message(live_site, enter, discreet):
    """In discreet mode a redirect leads to it with an empty fragment, for which the browser stayed at the top."""

    def long() -> Conversation:
        return make.thread(make.assigned(discreet=discreet), [f"Message {n}" for n in range(20)], author="agent")

    page = enter(in_site(live_site, long), width=360, height=640)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Message 19", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Message 0", exact=True)).not_to_be_in_viewport()
    # The form that stays in sight lay on the last line above it.
    end, form = page.evaluate(
        "['fin', 'compose-bar'].map((id) => document.getElementById(id).getBoundingClientRect().top)"
    )
    assert end <= form


def test_title_counts_what_arrives_in_another_tab(live_site, enter, console):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    title = page.title()
    expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => window.away !== false });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    with console(agent, conversation) as camille:
        camille.say("Êtes-vous là ?")
        expect(page).to_have_title(f"(1) {title}")
        with live_site.database():
            assert Conversation.objects.get(pk=conversation.pk).reporter_read_seq < 2  # nobody has seen it
        page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
        expect(page).to_have_title(title)
        camille.until(lambda frame: frame["type"] == "read" and frame["seq"] == 2)


def test_discreet_title_never_changes(live_site, enter, console):
    agent, conversation = assigned(live_site, discreet=True)
    page = enter(conversation)
    page.evaluate("() => Object.defineProperty(document, 'hidden', { get: () => true })")
    with console(agent, conversation) as camille:
        camille.say("Êtes-vous là ?")
        expect(page.locator("#messages").get_by_text("Êtes-vous là ?")).to_be_attached()
        assert page.title() == "Informations"
        expect(page.locator("#messages > li").last.locator("[data-part=name]")).to_have_text("Interlocuteur")


def test_empty_and_too_long_messages_say_why_beside_the_field(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#body-error")).to_have_text("Le message est vide. Écrivez quelques mots, puis envoyez.")
    expect(page.locator("#body")).to_be_focused()
    expect(page.get_by_label("Votre message")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Votre message").fill("é" * 3699)
    expect(page.locator("#body-count")).to_be_empty()
    write(page, "é" * 4001)
    expect(page.locator("#body-count")).to_have_text("4001 caractères sur 4 000")
    expect(page.locator("#body-error")).to_contain_text("Le message est trop long")
    expect(page.get_by_label("Votre message")).to_have_value("é" * 4001)
    write(page, "😀" * 4000)
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    expect(page.locator("#body-error")).to_be_hidden()
    assert bodies(live_site, conversation) == ["😀" * 4000]


def test_code_is_shown_without_leaving_what_is_being_typed(live_site, enter, page_factory):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill("à moitié écrit")
    page.get_by_role("button", name="Créer un code de reprise").click()
    code = page.locator("#code")
    expect(code).to_have_text(re.compile(r"^\S+( \S+){4}$"))
    expect(page.locator("#code-until")).to_contain_text("(heure de Paris)")
    expect(page.get_by_label("Votre message")).to_have_value("à moitié écrit")
    first = code.text_content()
    expect(page.get_by_text("Il remplace le précédent.")).to_be_visible()
    page.get_by_role("button", name="Créer un nouveau code").click()
    expect(code).not_to_have_text(first)
    expect(page.get_by_role("button", name="Créer un nouveau code")).to_be_visible()

    elsewhere = page_factory(javascript=False, width=320)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    elsewhere.get_by_label("Code de reprise").fill(first)
    elsewhere.get_by_role("button", name="Reprendre", exact=True).click()
    expect(elsewhere.get_by_text("Ces mots n'ouvrent aucun échange.")).to_be_visible()
    expect(elsewhere.get_by_label("Code de reprise")).to_be_focused()
    elsewhere.get_by_label("Code de reprise").fill(code.text_content().upper())
    elsewhere.get_by_role("button", name="Reprendre", exact=True).click()
    expect(elsewhere.get_by_role("heading", level=1)).to_contain_text("Vous parlez avec")


def test_whole_exchange_without_javascript(live_site, enter, console, axe):
    agent, conversation = waiting(live_site)
    page = enter(conversation, javascript=False, width=320, height=640)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Vous êtes la prochaine personne.")).to_be_visible()
    expect(page.locator("#position")).to_be_hidden()  # only a script could keep it up to date
    page.get_by_label("Vous pouvez déjà écrire").fill("J'écris sans script")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_url("**/tchat/#fin")
    expect(own(page).locator("[data-part=body]")).to_have_text("J'écris sans script")

    with console(agent, conversation) as camille:
        available(live_site, agent)
        page.get_by_label("Vous pouvez déjà écrire").fill("Ce texte reste")
        # The frame loads itself again every 15 s, and what is being typed beside it stays.
        expect(frame.get_by_text("Quelqu'un est là pour vous.")).to_be_visible()
        expect(page.get_by_label("Vous pouvez déjà écrire")).to_have_value("Ce texte reste")
        page.get_by_role("button", name="Envoyer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Camille, police nationale")
        camille.begin()
        seq = camille.hear("Ce texte reste")
        page.get_by_label("Votre message").press_sequentially("à moitié")
        camille.say("Je vous lis")
        expect(frame.get_by_text("Je vous lis")).to_be_visible()
        # Neither the text nor the place of the cursor was lost: the sentence goes on.
        expect(page.get_by_label("Votre message")).to_be_focused()
        page.keyboard.type(" écrit")
        expect(page.get_by_label("Votre message")).to_have_value("à moitié écrit")
        camille.until(lambda frame: frame["type"] == "read" and frame["seq"] > seq)

    # An error keeps the text, and the end asks first.
    page.get_by_label("Votre message").fill("x" * 4001)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_label("Votre message")).to_be_focused()
    expect(page.get_by_text("Le message est trop long")).to_be_visible()
    page.get_by_label("Votre message").fill("")
    page.get_by_role("button", name="Terminer l'échange").click()
    page.get_by_role("button", name="Oui, terminer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert bodies(live_site, conversation) == ["J'écris sans script", "Ce texte reste"]


def test_last_messages_and_the_box_share_the_screen_without_javascript(live_site, enter, console):
    agent, conversation = assigned(live_site)

    def fill() -> None:
        for n in range(12):
            make.message(conversation, f"Message {n} de la conversation, assez long pour deux lignes.")

    in_site(live_site, fill)
    page = enter(conversation, javascript=False, width=360, height=740)
    box, last = page.get_by_label("Votre message"), page.locator("#messages > li").last
    expect(page.locator(".pnav-chat__thread noscript > p")).to_be_visible()  # it says that the frame renews itself
    write(page, "Je suis chez moi")
    page.wait_for_url("**/tchat/#fin")

    def expect_both(words: str) -> None:
        expect(last).to_contain_text(words)
        expect(last).to_be_in_viewport(ratio=1)
        expect(box).to_be_in_viewport(ratio=1)
        edge = box.evaluate("node => node.closest('#compose-bar').getBoundingClientRect().top")
        assert last.evaluate("node => node.getBoundingClientRect().bottom") < edge

    expect_both("Je suis chez moi")
    with console(agent, conversation) as camille:
        camille.begin()
        for words in ("Vous êtes en sécurité ?", "Prenez votre temps."):
            camille.say(words)
            box.fill("un texte en cours")
            page.get_by_role("button", name="Actualiser").click()
            expect_both(words)
            expect(box).to_have_value("un texte en cours")


@pytest.mark.parametrize("situation", ["waiting", "active", "closed"])
def test_pages_are_accessible_and_fit_320_px(live_site, enter, axe_at_both_ends, situation):
    def work() -> Conversation:
        if situation == "waiting":
            return make.waiting(age_band="under_15")
        conversation = make.assigned(make.agent(public_name="Camille"))
        make.message(conversation, "https://example.org/" + "une-adresse-qui-ne-se-coupe-pas" * 4)
        make.message(conversation, "Merci. " * 30, "agent")
        if situation == "closed":
            actions.close_conversation(conversation_id=conversation.pk, by_author="reporter")
        return conversation

    conversation = in_site(live_site, work)
    page = enter(conversation, width=320, height=640)
    if situation == "waiting":
        page.get_by_text("Que préparer en attendant ?").click()
        page.get_by_role("button", name="Créer un code de reprise").click()
        expect(page.locator("#code")).not_to_be_empty()
        page.mouse.move(0, 0)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    targets = page.locator("main .fr-btn:visible, main summary:visible, main .pnav-calls__link:visible")
    # A button of the line, as « Nouvel essai… », may leave while they are looked at.
    heights = targets.evaluate_all(
        "nodes => nodes.filter((node) => node.checkVisibility()).map((node) => node.getBoundingClientRect().height)"
    )
    assert heights and min(heights) >= 44
    axe_at_both_ends(page)


def test_other_pages_are_accessible(live_site, enter, axe, subtests: pytest.Subtests):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, theme="dark", width=320, height=640)
    for path in ("terminer/", "code/", "reprendre/", "suite/?apres=0&etat=active&pause=1"):
        with subtests.test(path):
            page.goto(live_site.url + "/tchat/" + path)
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 320
