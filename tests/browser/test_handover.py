"""A conversation passes from one agent to another in real browsers, with three people."""

import re
import uuid

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from chat import pubsub
from chat.casework import emergencies, holds
from chat.conversations import dispatcher
from chat.conversations.actions import close_conversation, post_message
from chat.models import Agent, Conversation, EventKind
from chat.models.transfer import Handover
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from chat.rules.transfer import Reason, Target
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.exchange import write
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
    sign_in,
    somebody_waits,
)
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.slow
# The clock of a page stands still, so that nothing is due that it does from time to time.
STOP = "() => { window.usual = Date.now; const now = Date.now(); Date.now = () => now; }"
GO_ON = "() => { Date.now = window.usual; }"
PANEL = ".console-dossier:not([hidden]) [id^=passage-][tabindex]"


def test_what_would_be_refused_is_not_offered(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """It was offered, and refused after the press."""
    camille = at(an_agent, public_name="Camille")
    at(lambda: make_available(an_agent(public_name="Alex")))
    at(lambda: Agent.objects.filter(public_name="Alex").update(availability=Availability.AWAY))
    conversation = at(lambda: make.assigned(make_available(camille)))
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    page.locator(f"{PANEL} details > summary", has_text="À un collègue").click()
    whom, how, why = (
        page.locator(f"{PANEL} .console-transfer [name={name}]") for name in ("target", "manner", "reason")
    )
    away, queue = (
        whom.locator("option", has_text="pas disponible"),
        whom.locator("option", has_text="La file, sans vous"),
    )
    how.select_option("cold")
    expect(away).to_be_disabled()
    how.select_option("warm")
    expect(away).to_be_enabled()
    whom.select_option(label=away.inner_text())
    expect(how.locator("option[value=cold]")).to_be_disabled()
    why.select_option("request")
    expect(queue).to_be_disabled()
    why.select_option("impartiality")
    whom.select_option(label="La file, sans vous")
    expect(how).to_have_value("cold")  # the queue reads no summary
    expect(how.locator("option[value=warm]")).to_be_disabled()
    expect(why.locator("option[value=request]")).to_be_disabled()


def test_what_is_chosen_before_the_colleagues_are_read_again_is_not_offered_either(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The colleagues who came later offered the queue, and it was refused after the press."""
    camille = at(an_agent, public_name="Camille")
    conversation = at(lambda: make.assigned(make_available(camille)))
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    held: list[Route] = []
    page.route("**/?partie=echange", lambda route: held.append(route))
    with page.expect_request("**/?partie=echange"):
        page.locator(f"{PANEL} details > summary", has_text="À un collègue").click()
    whom, why = (page.locator(f"{PANEL} .console-transfer [name={name}]") for name in ("target", "reason"))
    why.select_option("request")
    queue = whom.locator("option", has_text="La file, sans vous")
    expect(queue).to_be_disabled()
    queue.evaluate("option => option.dataset.before = ''")
    at(lambda: make_available(an_agent(public_name="Alex")))  # a list that has not changed would be left alone
    held.pop().continue_()
    expect(whom.locator("option[data-before]")).to_have_count(0)
    expect(queue).to_be_disabled()


def test_open_list_of_colleagues_follows_who_is_free(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """It was read when the panel opened, and then stayed: whoever became full or left was offered all the same."""
    camille = at(an_agent, public_name="Camille")
    alex, sacha = (at(lambda name=name: make_available(an_agent(public_name=name))) for name in ("Alex", "Sacha"))
    conversation = at(lambda: make.assigned(make_available(camille)))
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    asked: list[str] = []
    page.on("request", lambda request: "destinataires" in request.url and asked.append(request.url))
    with page.expect_response("**partie=offres", timeout=20_000):
        pass  # no list is open
    assert not asked
    with page.expect_response("**/?partie=echange"):
        page.locator(f"{PANEL} details > summary", has_text="À un collègue").click()
    form = page.locator(f"{PANEL} .console-transfer")
    whom, note = form.locator("[name=target]"), form.locator("[name=note]")
    free = whom.locator("option:not([disabled])")
    expect(free.filter(has_text="Alex, ")).to_have_count(1)
    whom.select_option(label=free.filter(has_text="Alex, ").inner_text())
    note.fill("Elle attend un appel.")
    whom.evaluate("list => { list.firstElementChild.dataset.same = ''; }")
    at(lambda: Agent.objects.filter(pk=sacha.pk).update(availability=Availability.PAUSE))
    expect(whom.locator("option[disabled]", has_text="Sacha, ")).to_contain_text("en pause", timeout=20_000)
    expect(note).to_be_focused()
    expect(note).to_have_value("Elle attend un appel.")
    expect(whom.locator("option:checked")).to_contain_text("Alex, ")
    expect(page.locator("#annonces")).not_to_contain_text("Choisissez un autre destinataire")

    at(lambda: Agent.objects.filter(pk=alex.pk).update(availability=Availability.PAUSE))
    expect(page.locator("#annonces")).to_contain_text("en pause. Choisissez un autre destinataire.", timeout=20_000)
    expect(whom.locator("option:checked")).to_have_attribute("disabled", "")
    expect(whom.locator("option:checked")).to_contain_text("Alex, ")
    expect(note).to_be_focused()
    at(lambda: Agent.objects.filter(pk=alex.pk).update(availability=Availability.AVAILABLE))
    expect(whom.locator("option:checked:not([disabled])")).to_contain_text("Alex, ", timeout=20_000)

    whom.evaluate("list => { list.firstElementChild.dataset.same = ''; }")
    with page.expect_response("**destinataires", timeout=20_000):
        pass
    with page.expect_response("**destinataires", timeout=20_000):
        pass
    expect(whom.locator("option[data-same]")).to_have_count(1)  # what has not changed is left alone
    page.locator(f"{PANEL} details[open] > summary", has_text="À un collègue").click()
    asked.clear()
    for _ in range(2):
        with page.expect_response("**partie=offres", timeout=20_000):
            pass
    assert not asked


def test_open_list_of_demander_follows_who_is_there(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """It was read when the panel opened, and then stayed: whoever had left was offered, and refused after the press."""
    camille = at(an_agent, public_name="Camille")
    alex, sacha = (at(lambda name=name: make_available(an_agent(public_name=name))) for name in ("Alex", "Sacha"))
    conversation = at(lambda: make.assigned(make_available(camille)))
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    dossier = page.locator(".console-dossier:not([hidden])")
    with page.expect_response("**/?partie=echange"):
        page.locator(f"{PANEL} details > summary", has_text="À un collègue").click()
    with page.expect_response("**/?partie=echange"):
        dossier.locator("[id^=demander-] > summary").click()
    form = dossier.locator("[id^=demander-] form")
    whom, question = form.locator("[name=colleague]"), form.locator("[name=body]")
    free = whom.locator("option:not([disabled])")
    whom.select_option(label=free.filter(has_text="Alex, ").inner_text())
    question.fill("Qui appeler la nuit ?")
    whom.evaluate("list => { list.firstElementChild.dataset.same = ''; }")
    with page.expect_response(f"**destinataires&demander={conversation.public_id}", timeout=20_000):
        pass  # both lists are read together
    expect(whom.locator("option[data-same]")).to_have_count(1)  # what has not changed is left alone
    at(lambda: Agent.objects.filter(pk=sacha.pk).update(availability=Availability.PAUSE))
    expect(whom.locator("option", has_text="Sacha, ")).to_have_count(0, timeout=20_000)
    expect(question).to_be_focused()
    expect(question).to_have_value("Qui appeler la nuit ?")
    expect(whom.locator("option:checked")).to_contain_text("Alex, ")
    expect(page.locator("#annonces")).not_to_contain_text("Demander à un collègue")

    at(lambda: Agent.objects.filter(pk=sacha.pk).update(availability=Availability.AVAILABLE))
    expect(whom.locator("option", has_text="Sacha, ")).to_have_count(1, timeout=20_000)
    at(lambda: Agent.objects.filter(pk=alex.pk).update(availability=Availability.AWAY))
    told = page.locator("#annonces")
    lost = r"Demander à un collègue\W+Alex, .*plus disponible\. Choisissez quelqu'un d'autre\."
    expect(told).to_contain_text(re.compile(lost), timeout=20_000)
    expect(whom.locator("option:checked[disabled]")).to_contain_text("Alex, ")
    expect(question).to_have_value("Qui appeler la nuit ?")
    at(lambda: Agent.objects.filter(pk=sacha.pk).update(availability=Availability.AWAY))
    expect(told).to_contain_text("« Demander à un collègue » : personne d'autre n'est disponible", timeout=20_000)


def test_agent_passes_on_the_person_corrects_and_the_colleague_takes_over(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    camille = at(an_agent, public_name="Camille")
    at(an_agent, public_name="Alex", availability=Availability.AWAY)
    conversation, key = at(somebody_waits)
    desk, second, person = page_factory(), page_factory(), page_factory()
    sign_in(desk, live_site, camille)
    desk.get_by_role("button", name="Disponible").click()
    expect(desk.locator("#liste .console-entry")).to_have_count(1)
    sign_in(second, live_site, at(lambda: type(camille).objects.select_related("user").get(public_name="Alex")))

    person.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    person.set_viewport_size({"width": 320, "height": 640})
    person.goto(live_site.url + "/tchat/")
    expect(person.locator("#handover")).to_be_hidden()
    for n in range(8):
        write(person, f"Message {n} : une rumeur, au collège.")

    desk.keyboard.press("Alt+1")
    draft = desk.locator(f"{OPEN_THREAD} [name=body]")
    draft.fill("Je vous lis.")
    desk.keyboard.press("Control+Enter")
    expect(person.locator("#messages")).to_contain_text("Je vous lis.")
    draft.fill("un brouillon")
    desk.keyboard.press("Alt+C")
    expect(desk.locator(f"{PANEL} summary")).to_be_focused()
    desk.locator(f"{PANEL} [name=target]").select_option(
        label="Alex, police nationale – Équipe police : console ouverte, pas disponible"
    )
    desk.locator(f"{PANEL} .console-transfer [name=reason]").select_option("end_of_duty")
    desk.get_by_role("button", name="Passer l'échange").click()
    expect(desk.locator(f"{PANEL} .console-transfer [aria-invalid]")).to_have_attribute("name", "summary")
    axe(desk)
    desk.locator(f"{PANEL} .console-transfer [name=summary]").fill("Une rumeur au collège.")
    desk.get_by_role("button", name="Passer l'échange").click()
    expect(desk.locator("#offres")).to_contain_text("Proposé à Alex")
    expect(draft).to_have_value("un brouillon")
    expect(desk.locator(PANEL)).to_be_focused()
    expect(desk.locator(PANEL)).to_contain_text("La personne relit le résumé")

    expect(person.locator("#handover")).to_be_visible()
    expect(person.locator("#handover button")).to_be_in_viewport(ratio=1)  # below a thread of hours, and not above it
    person.get_by_label("Votre message").fill("un texte en cours")
    person.locator("#handover button").click()
    expect(person.locator("#summary")).to_have_text("Une rumeur au collège.")
    axe(person)
    assert person.evaluate("document.documentElement.scrollWidth") <= 320
    person.get_by_label("Ma version, corrigée ci-dessous").check(force=True)
    person.get_by_label("Avec vos mots").fill("Une rumeur au lycée.")
    with desk.expect_response(lambda answer: "partie=offres" in answer.url):
        pass  # the console has just asked, and would ask again by itself in ten seconds
    person.get_by_role("button", name="Envoyer ma réponse").click()
    expect(desk.locator(f"{OPEN_THREAD} [role=log]")).to_contain_text("Le résumé a été corrigé")
    expect(desk.locator("#offres")).not_to_contain_text("la personne relit le résumé", timeout=6_000)
    expect(person.locator("#messages")).to_contain_text("Le résumé a été corrigé")
    expect(person.get_by_label("Votre message")).to_have_value("un texte en cours")
    expect(person.locator("#handover")).to_be_hidden()
    expect(desk.locator(PANEL)).not_to_contain_text("La personne relit le résumé")
    expect(desk.locator(PANEL)).to_contain_text("Proposé à Alex")
    expect(desk.locator(PANEL)).to_be_focused()

    expect(second.locator("#offres")).to_contain_text("Camille, police nationale vous propose un échange")
    expect(second.locator("#annonces")).to_contain_text("vous propose un échange : voir sous « Mes échanges »")
    for width, height in ((1280, 800), (360, 640)):  # the title of the offer itself is hidden beside the list
        second.set_viewport_size({"width": width, "height": height})
        title = second.locator("#mes-echanges").bounding_box()
        offer = second.locator("#offres .console-offer").bounding_box()
        assert title and offer and title["width"] > 50 and offer["y"] > title["y"], width
    second.set_viewport_size({"width": 1280, "height": 800})
    second.get_by_role("button", name="Prendre l'échange").click()
    expect(second.locator(".console-dossier")).to_contain_text("Une rumeur au lycée.")
    own, before = second.locator("#liste [data-slot=last-own]"), second.locator("#liste [data-slot=last-before]")
    expect(before).to_be_visible()
    expect(own).to_be_hidden()
    axe(second)
    expect(person.locator("#interlocutor")).to_contain_text("Alex")
    expect(desk.locator(f"{OPEN_THREAD} [data-gone]")).to_be_visible()
    expect(draft).to_have_value("un brouillon")  # it is still there to be copied
    leaves = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert not desk.evaluate(leaves), "leaving asks while the words were not copied"
    for area in desk.locator("[data-to-copy]").all():  # the draft, and the summary that was written beside it
        area.evaluate("(area) => area.dispatchEvent(new ClipboardEvent('copy', { bubbles: true }))")
    assert desk.evaluate(leaves)
    expect(desk.locator("#mes-echanges")).to_be_focused()
    expect(desk.locator("#annonces")).to_contain_text("Ce que vous écriviez reste à copier.")
    second.locator(f"{OPEN_THREAD} [name=body]").fill("Bonsoir, je suis Alex.")
    second.keyboard.press("Control+Enter")
    expect(person.locator("#messages")).to_contain_text("Bonsoir, je suis Alex.")
    expect(own).to_be_visible()
    expect(before).to_be_hidden()
    assert conversation.pk


def test_danger_in_an_own_version_is_heard_and_leads_to_its_words(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """The sign over the thread named it, and no message had it; nothing was heard, and no number was proposed."""

    def propose() -> tuple[Agent, Conversation, Handover]:
        agent = make_available(an_agent(public_name="Camille"))
        conversation = make.assigned(agent)
        make.message(conversation, "Bonjour")
        target = Target(agent=make.agent(public_name="Alex").pk)
        asked = {"target": target, "reason": Reason.END_OF_DUTY, "summary": "Une rumeur."}
        one = transfer_actions.propose_handover(conversation_id=conversation.pk, by=agent, **asked)
        return agent, conversation, one

    agent, conversation, one = at(propose)
    be_signed_in(page, live_site, agent)
    key = conversation.public_id
    page.goto(f"{live_site.url}/console/echange/{key}/")
    sign, numbers = page.locator(f"#danger-{key}"), page.locator(f"#aproposer-{key}")
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    expect(sign).to_be_hidden()
    live_site.do(
        transfer_actions.answer_summary,
        handover_id=one.pk,
        conversation_id=conversation.pk,
        answer="corrected",
        correction="En vrai, je veux mourir.",
    )
    expect(page.locator("#annonces-danger")).to_contain_text("Mots de suicide, échange 1")
    expect(numbers).to_contain_text("3114")
    expect(page.locator(f"#dire-{key} li").first).to_contain_text("Vérifier la sécurité")
    sign.get_by_role("link", name="lire sa version du résumé").click()
    expect(page.locator(f"#passage-{key}").get_by_text("En vrai, je veux mourir.")).to_be_in_viewport(ratio=1)
    axe(page)
    sign.get_by_role("button", name="C'est pris en compte").click()
    expect(sign).to_be_hidden()
    expect(numbers).to_have_text("")
    live_site.do(
        post_message,
        conversation_id=conversation.pk,
        client_id=uuid.uuid4(),
        body="Il a un couteau.",
        author=Author.REPORTER,
    )
    expect(numbers).to_contain_text("114")
    expect(sign.get_by_role("button")).to_be_visible()
    expect(sign.get_by_role("link")).to_have_count(0)  # the message itself is marked


def test_passage_that_ends_is_told_on_its_page_and_beside_its_exchange(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """Both said « l'échange reste à vous » and « Proposé » until they were loaded again: here another one is open."""
    camille, alex = at(an_agent, public_name="Camille", capacity=2), at(an_agent, public_name="Alex")

    def offered() -> Handover:
        conversations = [make.assigned(make_available(camille)) for _each in range(2)]
        make_available(alex)
        one = transfer_actions.propose_handover(
            conversation_id=conversations[0].pk, by=camille, target=Target(agent=alex.pk), reason=Reason.REQUEST,
            summary="Photos publiées.",
        )  # fmt: skip
        transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")
        return one

    one = at(offered)
    key = at(lambda: one.conversation.public_id)
    desk, passages = page_factory(), page_factory()
    for page in (desk, passages):
        be_signed_in(page, live_site, camille)
    desk.goto(f"{live_site.url}/console/echange/{key}/")
    panel = desk.locator(f"#passage-{key}")
    expect(panel).to_contain_text("Proposé à Alex")
    expect(desk.locator("#liste .console-entry")).to_have_count(2)
    desk.locator(f"#liste .console-entry:not([data-conversation='{key}']) a").click()
    expect(panel).to_be_hidden()
    passages.goto(f"{live_site.url}/console/passages/")
    expect(passages.locator("#offres")).to_contain_text(re.compile("En cours.*Proposé à Alex", re.DOTALL))
    axe(passages)
    declined = {"handover_id": one.pk, "conversation_id": one.conversation_id, "by": alex, "reason": "Je termine."}
    at(transfer_actions.decline_handover, **declined)
    # On the screen of another exchange too, where the line of « Passages » may be out of sight.
    told = re.compile(r"^\d · .* – Alex\b.* a décliné : Je termine\. L'échange reste à vous\.$")
    expect(desk.locator("#avis")).to_have_text(told)
    done = re.compile(
        "Rien en cours.*Finis depuis moins de trente minutes.*Je termine.*L'échange reste à vous", re.DOTALL
    )
    expect(passages.locator("#offres")).to_have_text(done)
    expect(passages.locator("#tableau-annonces")).to_contain_text("a décliné")
    expect(panel).to_contain_text("À un collègue, une unité, l'autre force")
    expect(panel).not_to_contain_text("Proposé à Alex")
    axe(passages)


def test_offer_of_somebody_in_danger_is_told_as_a_danger(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """It was told, and it read, as any other; and a procedure that opened since was not told at all."""
    camille, alex = at(an_agent, public_name="Camille", capacity=3), at(an_agent, public_name="Alex")

    def offered() -> Conversation:
        conversation = make.assigned(make_available(camille))
        make_available(alex)
        one = transfer_actions.propose_handover(
            conversation_id=conversation.pk, by=camille, target=Target(agent=alex.pk), reason=Reason.REQUEST,
            summary="Photos publiées.",
        )  # fmt: skip
        transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")
        return conversation

    def start(conversation: Conversation) -> None:
        emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=camille.user)

    be_signed_in(page, live_site, alex)
    page.goto(f"{live_site.url}/console/")
    expect(page.locator("#offres")).to_have_attribute("data-offers", "0")
    at(offered)
    lines = page.locator("#offres li[id^=offert-]")
    expect(page.locator("#annonces")).to_contain_text("Un collègue vous propose un échange")
    expect(lines).to_have_count(1)
    grave = at(offered)
    expect(lines).to_have_count(2)
    assert lines.first.get_attribute("id") != f"offert-{grave.public_id}"
    expect(page.locator("#annonces-danger")).to_be_empty()
    at(start, grave)
    expect(page.locator("#annonces-danger")).to_contain_text("Danger. Un collègue vous propose")
    expect(lines.first).to_have_id(f"offert-{grave.public_id}")
    expect(lines.first.locator("p").first).to_have_text(re.compile(r"^\s*Procédure d'urgence ouverte\s*$"))
    expect(lines.last.locator("p").first).to_contain_text("vous propose un échange")
    axe(page)


def test_reason_that_is_written_on_the_page_of_passages_stays_when_an_offer_before_it_leaves(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The page is read again by itself, and the second offer takes the place of the first."""
    camille, alex = at(an_agent, public_name="Camille", capacity=2), at(an_agent, public_name="Alex")

    def offered() -> list[Handover]:
        conversations = [make.assigned(make_available(camille)) for _each in range(2)]
        make_available(alex)
        offers = []
        for conversation in conversations:
            one = transfer_actions.propose_handover(
                conversation_id=conversation.pk, by=camille, target=Target(agent=alex.pk), reason=Reason.REQUEST,
                summary="Photos publiées.",
            )  # fmt: skip
            transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")
            offers.append(one)
        return offers

    at(offered)
    be_signed_in(page, live_site, alex)
    page.goto(f"{live_site.url}/console/passages/")
    lines = page.locator("#offres li[id^=offert-]")
    expect(lines).to_have_count(2)
    first, second = (str(line.get_attribute("id")).removeprefix("offert-") for line in lines.all())
    lines.last.locator("summary").click()
    reason = page.locator(f"#refus-{second}")
    reason.fill("Je termine")
    at(lambda: transfer_actions.withdraw_handover(
        conversation_id=Conversation.objects.get(public_id=first).pk, by=camille
    ))  # fmt: skip
    expect(lines).to_have_count(1)
    expect(reason).to_have_value("Je termine")
    expect(reason).to_be_visible()
    expect(reason).to_be_focused()
    take = page.locator(f"#offert-{second}").get_by_role("button", name="Décliner l'échange")
    assert take.evaluate("(button) => button.form.action").endswith(f"/{second}/reponse/")


def test_sign_leads_to_a_new_version_beside_the_one_by_which_the_exchange_came(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The open page kept the link to the version that it was drawn with."""

    def take() -> tuple[Agent, Conversation]:
        first, second = make_available(an_agent(public_name="Camille")), make_available(an_agent(public_name="Alex"))
        conversation = make.assigned(first)
        make.message(conversation, "Bonjour")
        one = propose(conversation, first, second)
        where = {"handover_id": one.pk, "conversation_id": one.conversation_id}
        transfer_actions.answer_summary(**where, answer="corrected", correction="Je veux mourir.")
        transfer_actions.accept_handover(handover_id=one.pk, conversation_id=conversation.pk, by=second)
        return second, conversation

    def propose(conversation: Conversation, by: Agent, to: Agent) -> Handover:
        asked = {"target": Target(agent=to.pk), "reason": Reason.END_OF_DUTY, "summary": "Une rumeur."}
        return transfer_actions.propose_handover(conversation_id=conversation.pk, by=by, **asked)

    agent, conversation = at(take)
    be_signed_in(page, live_site, agent)
    key = conversation.public_id
    page.goto(f"{live_site.url}/console/echange/{key}/")
    link = page.locator(f"#danger-{key}").get_by_role("link", name="lire sa version du résumé")
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    expect(link).to_have_attribute("href", f"#recu-{key}")
    one = at(lambda: propose(conversation, agent, make.agent(public_name="Camille")))
    expect(page.locator(f"#passage-{key}")).to_contain_text("Proposé à Camille")
    expect(link).to_have_attribute("href", f"#recu-{key}")
    where = {"handover_id": one.pk, "conversation_id": conversation.pk}
    words = "En vrai, il a un couteau."
    live_site.do(transfer_actions.answer_summary, **where, answer="corrected", correction=words)
    expect(link).to_have_attribute("href", f"#passage-{key}")
    link.click()
    expect(page.locator(f"#passage-{key}").get_by_text(words)).to_be_in_viewport(ratio=1)


def test_key_that_leads_to_the_passages_shows_the_button_too(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """Below three exchanges, while others wait, « Prendre l'échange » was out of sight; it stays at the list's foot."""

    def offered() -> Agent:
        agent = make_available(an_agent(public_name="Camille", capacity=4))
        other = make.agent(public_name="Louise", capacity=1)  # full, as the other one: who waits goes on waiting
        for _each in range(3):
            make.assigned(agent)
        one = transfer_actions.propose_handover(
            conversation_id=make.assigned(other).pk,
            by=other,
            target=Target(agent=agent.pk),
            reason=Reason.REQUEST,
            summary="Photos publiées.",
        )
        transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")
        Agent.objects.filter(pk=agent.pk).update(capacity=3)
        for _each in range(3):
            make.waiting()
        return agent

    sign_in(page, live_site, at(offered))
    take = page.get_by_role("button", name="Prendre l'échange")
    expect(page.locator("#attente > li")).to_have_count(3)
    expect(take).to_be_in_viewport(ratio=1)
    card = page.locator("#offres .console-offer[role]")
    # Who offers and until when in one row, both answers in another. The card took half of the list, of which three
    # lines were left. What else is said of the person is seen on demand, and heard in any case.
    assert card.locator("summary").bounding_box()["y"] < take.bounding_box()["y"] + 40
    assert card.bounding_box()["height"] <= 90
    for width in (820, 1280):  # two rows and their borders, without a title over them
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("#offres").bounding_box()["height"] <= 100
        assert card.locator("summary").bounding_box()["y"] < take.bounding_box()["y"] + 40
        expect(card.locator(".console-offer__who")).to_contain_text("Louise")
    rest = card.locator(".console-offer__rest")
    expect(rest).to_contain_text("Réponse attendue avant")
    assert rest.bounding_box()["width"] <= 1
    card.locator("summary").click()
    assert rest.bounding_box()["width"] > 200
    expect(card.locator(".console-offer__brief")).to_be_hidden()  # the hour is not there twice
    card.locator("summary").click()
    expect(card.locator(".console-offer__brief")).to_contain_text("avant")
    page.keyboard.press("Alt+O")
    title = page.locator("#offres-titre")
    expect(title).to_be_focused()
    assert title.bounding_box()["height"] >= 20  # whoever uses the keyboard sees where they are
    expect(take).to_be_in_viewport(ratio=1)


def test_cold_transfer_of_a_grave_one_leads_to_the_list_and_offers_a_pause(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    camille = at(an_agent, public_name="Camille")
    at(an_agent, public_name="Alex", availability=Availability.AVAILABLE, present=True)
    conversation = at(lambda: make.assigned(make_available(camille), urgency=2))
    desk = page_factory()
    be_signed_in(desk, live_site, camille)
    desk.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    desk.keyboard.press("Alt+C")
    desk.locator(f"{PANEL} [name=target]").select_option(label="Alex, police nationale – Équipe police")
    desk.locator(f"{PANEL} .console-transfer [name=reason]").select_option("competence")
    desk.locator(f"{PANEL} .console-transfer [name=manner]").select_option("cold")
    button = desk.get_by_role("button", name="Passer l'échange")
    button.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(f"{OPEN_THREAD} [data-gone]")).to_be_visible()
    expect(desk.locator("#mes-echanges")).to_be_focused()
    said = "Vous êtes dans « Mes échanges »|Passé à Alex|a pris l'échange"
    expect(desk.locator("#annonces")).to_have_text(re.compile(said))
    taken = "Alex, police nationale – Équipe police a pris l'échange."
    expect(desk.locator(f"{OPEN_THREAD} [data-gone]")).to_have_text(taken)
    expect(desk.locator("#termines .console-entry [data-slot=waits]")).to_have_text(taken)
    expect(desk.locator("#offres")).to_contain_text(taken)
    expect(desk.locator("#disponibilite")).to_contain_text("Prenez quelques minutes.")
    expect(desk.locator("#mes-echanges")).to_be_focused()
    axe(desk)
    desk.reload()
    expect(desk.get_by_role("heading", name="Cet échange n'est plus à vous")).to_be_visible()
    expect(desk.locator("main")).to_contain_text(taken)
    axe(desk)


def test_who_passed_an_exchange_on_through_the_queue_reads_who_took_it(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """It said that somebody else answers, or that the person waits, and never which."""
    camille = at(an_agent, public_name="Camille")
    alex = at(
        an_agent, public_name="Alex", unit_name="Brigade", force="gendarmerie", availability=Availability.AVAILABLE,
        present=True, capacity=1,
    )  # fmt: skip
    busy = at(lambda: make.assigned(alex))
    conversation = at(lambda: make.assigned(make_available(camille)))
    at(holds.promise_return, conversation_id=conversation.pk, minutes=5, by=camille.user)
    desk = page_factory()
    be_signed_in(desk, live_site, camille)
    desk.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(desk.locator(f"{OPEN_THREAD} [name=body]")).to_be_editable()
    promise = desk.locator(f"{OPEN_THREAD} .console-signs [data-slot=promise]")
    expect(promise).to_be_visible()
    at(
        transfer_actions.transfer_cold, conversation_id=conversation.pk, by=camille,
        target=Target(force="gendarmerie"), reason=Reason.COMPETENCE,
    )  # fmt: skip
    gone = desk.locator(f"{OPEN_THREAD} [data-gone]")
    expect(gone).to_have_text(
        "Passé à Gendarmerie nationale : la personne est dans la file, personne n'a encore pris l'échange."
    )
    expect(promise).to_be_hidden()  # nobody has promised anything of it any more
    # On a busy machine more than a lease has passed, and neither of them has a page that renews it.
    at(lambda: Agent.objects.filter(pk=alex.pk).update(seen_at=timezone.now()))
    at(lambda: Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=timezone.now()))
    at(close_conversation, conversation_id=busy.pk, by_author=Author.REPORTER)
    taken = "Alex, gendarmerie nationale – Brigade a pris l'échange."
    expect(gone).to_have_text(taken, timeout=15_000)
    expect(desk.locator("#annonces")).to_contain_text(taken)
    expect(desk.locator("#termines .console-entry [data-slot=waits]")).to_have_text(taken)


def test_passage_of_before_does_not_say_why_an_exchange_leaves_now(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """It had come back since: the thread said that the colleague took it, while the person was in the queue."""
    camille, alex = at(an_agent, public_name="Camille"), at(an_agent, public_name="Alex")

    def lived() -> Conversation:
        conversation = make.assigned(make_available(camille))
        make_available(alex)
        transfer_actions.transfer_cold(
            conversation_id=conversation.pk, by=camille, target=Target(agent=alex.pk), reason=Reason.COMPETENCE
        )
        Handover.objects.update(asked_at=make.long_ago(20), ended_at=make.long_ago(20))
        back_at = make.long_ago(10)
        conversation.record_event(EventKind.ASSIGNED, at=back_at, by=camille.user)
        Conversation.objects.update(
            assigned_to=camille, assigned_at=back_at, reporter_seen_at=make.long_ago(11), reporter_is_hidden=True
        )
        return conversation

    conversation = at(lived)
    desk = page_factory()
    be_signed_in(desk, live_site, camille)
    desk.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(desk.locator(f"{OPEN_THREAD} [name=body]")).to_be_editable()
    expect(desk.locator("#offres")).to_contain_text("a pris l'échange")
    assert at(dispatcher.release_asleep) == 1
    gone = desk.locator(f"{OPEN_THREAD} [data-gone]")
    expect(gone).to_be_visible()
    desk.locator("#offres").evaluate("element => { element.dataset.before = 1; }")
    at(pubsub.aside_changed, camille.pk)  # the page reads the passages again
    expect(desk.locator("#offres:not([data-before])")).to_contain_text("a pris l'échange")
    expect(gone).to_contain_text("ou la personne est dans la file d'attente")


def test_end_of_duty_is_asked_about_and_a_supervisor_is_seen(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    camille = at(an_agent, public_name="Camille")
    dominique = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    conversation, key = at(somebody_waits)
    desk, chief, person = page_factory(), page_factory(theme="dark"), page_factory(width=320)
    sign_in(desk, live_site, camille)
    desk.get_by_role("button", name="Disponible").click()
    expect(desk.locator("#liste .console-entry")).to_have_count(1)

    person.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    person.goto(live_site.url + "/tchat/")
    be_signed_in(chief, live_site, dominique)
    chief.goto(live_site.url + "/console/tableau/")
    axe(chief)
    chief.get_by_role("link", name="Rejoindre, confier").click()
    axe(chief)
    chief.get_by_label("Pourquoi").first.fill("Échange long")
    chief.get_by_role("button", name="Rejoindre l'échange").click()
    expect(person.locator("#messages")).to_contain_text("Dominique, police nationale, superviseur, rejoint l'échange")
    expect(desk.locator(f"{OPEN_THREAD} [role=log]")).to_contain_text("Dominique")
    # The others may be told of it before the supervisor's own page has come.
    expect(chief.locator("#corps")).to_be_visible()
    axe(chief)
    desk.locator(f"{OPEN_THREAD} [name=body]").fill("Êtes-vous en sécurité ?")
    desk.keyboard.press("Control+Enter")
    expect(chief.locator("#tableau [role=log]")).to_contain_text("Êtes-vous en sécurité ?", timeout=10_000)
    expect(chief.locator("#tableau-annonces")).to_contain_text("Agent. Êtes-vous en sécurité ?")
    desk.evaluate(STOP)  # without a notification, the page asks for words to it after ten seconds
    chief.get_by_label("Votre mot").fill("Pense à faire une pause.")
    with chief.expect_navigation():
        chief.keyboard.press("Enter")
    expect(desk.locator("#offres")).to_contain_text("Pense à faire une pause.")
    desk.evaluate(GO_ON)
    expect(person.locator("#messages")).not_to_contain_text("Pense à")
    for width in (1280, 320):
        chief.set_viewport_size({"width": width, "height": 800})
        assert chief.evaluate("document.documentElement.scrollWidth") <= width

    desk.get_by_role("button", name="Absent").click()
    desk.wait_for_url("**/console/fin-de-service/")
    axe(desk)
    desk.get_by_role("button", name="Terminer mon service").click()
    expect(desk.locator("#fin-erreur")).to_be_visible()
    axe(desk)
    desk.get_by_label("Je reste jusqu'à la fin").check(force=True)
    desk.get_by_role("button", name="Terminer mon service").click()
    desk.wait_for_url("**/console/echange/*/")  # as it was open
    expect(desk.locator("#disponibilite")).to_contain_text("Vous êtes : Absent")
    expect(desk.locator("#liste .console-entry")).to_have_count(1)
    desk.goto(live_site.url + "/console/passages/")
    axe(desk)
    desk.set_viewport_size({"width": 320, "height": 640})
    assert desk.evaluate("document.documentElement.scrollWidth") <= 320

    # It ends: a supervisor who followed it is told so, and can copy what they had begun.
    chief.locator("#corps").fill("Je reste là")
    at(close_conversation, conversation_id=conversation.pk, by_author=Author.REPORTER)
    expect(chief.locator("#tableau-ancien")).to_contain_text("Cet échange est terminé", timeout=15_000)
    expect(chief.locator("#corps")).to_have_value("Je reste là")
    expect(chief.get_by_role("button", name="Envoyer").first).to_be_disabled()


def test_word_of_a_supervisor_is_marked_in_the_list_and_stands_over_its_thread_until_it_is_read(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe_at_both_ends: Axe,
):
    """It was in « Passages » alone, under the list: with many exchanges it was in sight nowhere."""

    def lived() -> tuple[Agent, Agent, Conversation, Conversation]:
        camille = make_available(an_agent(public_name="Camille"))
        dominique = an_agent(public_name="Dominique", role=Role.SUPERVISOR)
        return camille, dominique, make.assigned(camille), make.assigned(camille)

    camille, dominique, open_one, other = at(lived)
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{open_one.public_id}/")
    line = page.locator(f".console-entry[data-conversation='{other.public_id}']")
    mark = line.get_by_text("Mot d'un superviseur")
    expect(page.locator(f".console-dossier[data-conversation='{other.public_id}']")).to_be_attached()
    expect(mark).to_be_hidden()
    for words in ("Pense au 3018.", "Et à une pause."):
        at(intervention.whisper, conversation_id=other.pk, by=dominique, text=words)
        expect(page.locator("#offres")).to_contain_text(words)
    expect(mark).to_be_visible()
    expect(page.locator(f"{OPEN_THREAD} .console-said")).to_be_hidden()  # it is about somebody else
    page.keyboard.press("Alt+l")
    page.locator("#avis-recents li", has_text="a dit un mot").first.get_by_role("button").click()
    said = page.locator(f"{OPEN_THREAD} .console-said")
    expect(said).to_contain_text(re.compile("Dominique.*: Pense au 3018.*Dominique.*: Et à une pause", re.DOTALL))
    expect(page.locator(".console-dossier:not([hidden])")).to_contain_text("Et à une pause.")
    axe_at_both_ends(page)
    said.get_by_role("button", name="C'est lu").press("Enter")
    expect(said).to_be_hidden()
    expect(mark).to_be_hidden()
    expect(page.locator(f"{OPEN_THREAD} [name=body]")).to_be_focused()
    expect(page.locator(".console-dossier:not([hidden])")).to_contain_text("Pense au 3018.")


def test_notice_of_an_offer_leads_to_it(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """« Derniers avis » named « Passages », and had no way there. The notice takes nothing by itself."""
    camille, alex = at(lambda: [make_available(an_agent(public_name=name)) for name in ("Camille", "Alex")])
    conversation = at(lambda: make.assigned(alex))
    be_signed_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/")
    expect(page.locator("#offres")).to_be_attached()

    def offer() -> None:
        one = transfer_actions.propose_handover(
            conversation_id=conversation.pk,
            by=alex,
            target=Target(agent=camille.pk),
            reason=Reason.REQUEST,
            summary="Photos publiées.",
        )
        transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")

    at(offer)
    expect(page.locator("#offres .console-offer[role]")).to_be_visible(timeout=15_000)
    page.keyboard.press("Alt+l")
    way = page.locator("#avis-recents li", has_text="propose un échange").get_by_role("button")
    expect(way).to_be_visible()
    way.press("Enter")
    expect(page.locator("#avis-recents")).to_be_hidden()
    expect(page.locator("#offres-titre")).to_be_focused()
    expect(page.get_by_role("button", name="Prendre l'échange")).to_be_in_viewport(ratio=1)


def test_whole_passage_without_a_script(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """The person has no script: the frame shows the way to the summary, and their answer goes by a form."""
    camille, alex = at(an_agent, public_name="Camille"), at(an_agent, public_name="Alex")
    conversation = at(make.waiting)
    key = at(visit, conversation)
    desk, second, person = page_factory(), page_factory(), page_factory(javascript=False, width=320)
    sign_in(second, live_site, alex)
    sign_in(desk, live_site, camille)
    desk.get_by_role("button", name="Disponible").click()
    expect(desk.locator(OPEN_THREAD)).to_be_visible()
    person.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    person.goto(live_site.url + "/tchat/")
    at(
        transfer_actions.propose_handover,
        conversation_id=conversation.pk,
        by=camille,
        target=Target(agent=alex.pk),
        reason=Reason.REQUEST,
        summary="Une rumeur.",
    )
    person.get_by_label("Votre message").fill("un texte en cours")
    expect(person.frame_locator("iframe").get_by_text("Un résumé est à lire")).to_be_visible(timeout=15_000)
    person.get_by_role("button", name="Actualiser").click()
    expect(person.get_by_label("Votre message")).to_have_value("un texte en cours")
    person.get_by_role("button", name="Lire avant la suite").click()
    expect(person.locator("#summary")).to_have_text("Une rumeur.")
    person.get_by_label("Pas de résumé").check(force=True)
    person.get_by_role("button", name="Envoyer ma réponse").click()
    expect(person.locator("#messages")).to_contain_text("Le résumé ne sera pas transmis")
    expect(person.get_by_label("Votre message")).to_have_value("un texte en cours")
    expect(second.locator("#offres")).to_contain_text("Résumé refusé")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_supervisor_sets_an_agent_in_pause_by_keys_and_the_agent_reads_it(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
    javascript: bool,
):
    camille = at(an_agent, public_name="Camille", availability=Availability.AVAILABLE, present=True)
    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    conversation = at(lambda: make.assigned(make_available(camille)))
    desk, board = page_factory(width=1280, height=800), page_factory(javascript=javascript, width=683, height=342)
    sign_in(desk, live_site, camille)
    expect(desk.locator("#liste .console-entry")).to_have_count(1)
    be_signed_in(board, live_site, chief)
    board.goto(live_site.url + "/console/tableau/?fixe=1")
    board.locator("#attentes-pli > summary").press("Enter")
    board.get_by_role("link", name="Mettre en pause – Camille").press("Enter")
    expect(board.get_by_role("combobox", name="Agent Ceux de vos unités")).to_have_value(str(camille.pk))
    board.get_by_role("button", name="Mettre en pause").press("Enter")
    reason = board.get_by_role("combobox", name="Raison")
    expect(reason).to_be_focused()
    expect(reason).to_have_accessible_description(re.compile("Choisissez une raison"))
    if javascript:
        axe(board)
    assert board.evaluate("document.documentElement.scrollWidth") <= 683 if javascript else True
    reason.select_option("Fin de service")
    fold = desk.locator("#disponibilite-plus > summary")
    fold.focus()
    board.get_by_role("button", name="Mettre en pause").press("Enter")
    expect(board.locator("body")).to_contain_text("Camille est en pause, et le lit.")
    bar = desk.locator("#disponibilite")
    expect(bar).to_contain_text(re.compile(r"Pause décidée par un superviseur\s–\sfin de service"))
    expect(fold).to_be_focused()  # the bar was drawn again around it
    expect(desk.locator("#annonces")).to_contain_text("Pause décidée par un superviseur")
    expect(desk.locator("#liste .console-entry")).to_have_count(1)
    axe(desk)
    desk.get_by_role("button", name="Disponible").press("Enter")
    expect(bar).to_have_attribute("data-availability", "available")
    expect(bar).not_to_contain_text("Pause décidée")
    assert at(lambda: Conversation.objects.get(pk=conversation.pk).assigned_to_id) == camille.pk


def test_focus_goes_to_the_title_of_the_queue_when_somebody_else_takes_who_waits(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """It fell to the top of the page."""
    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    (conversation, _key), (other, _other_key) = at(somebody_waits), at(somebody_waits)
    page = page_factory()
    be_signed_in(page, live_site, chief)
    page.goto(live_site.url + "/console/tableau/?fixe=1")
    page.locator(f"#confier-{conversation.public_id}").focus()
    camille = at(lambda: make.agent(public_name="Camille", capacity=1))
    at(dispatcher.dispatch)
    assert at(lambda: Conversation.objects.get(pk=conversation.pk).assigned_to_id) == camille.pk
    expect(page.locator(f"#confier-{conversation.public_id}")).to_have_count(0, timeout=15_000)
    expect(page.get_by_role("heading", name="File d'attente")).to_be_focused()
    expect(page.locator(f"#confier-{other.public_id}")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_supervisor_gives_somebody_who_waits_by_keys_and_the_agent_has_them_at_once(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
    javascript: bool,
):
    camille = at(an_agent, public_name="Camille", availability=Availability.AVAILABLE, present=True, capacity=1)
    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    at(lambda: make.assigned(make_available(camille)))
    conversation, _key = at(somebody_waits)
    desk, board = page_factory(width=1280, height=800), page_factory(javascript=javascript, width=683, height=342)
    sign_in(desk, live_site, camille)
    expect(desk.locator("#liste .console-entry")).to_have_count(1)
    be_signed_in(board, live_site, chief)
    board.goto(live_site.url + "/console/tableau/?fixe=1")
    board.locator(f"#confier-{conversation.public_id}").press("Enter")
    whom = board.get_by_role("combobox", name="À qui")
    board.get_by_role("button", name="Confier cette personne").press("Enter")
    expect(whom).to_be_focused()
    expect(whom).to_have_accessible_description(re.compile("Choisissez un agent"))
    if javascript:
        axe(board)
        assert board.evaluate("document.documentElement.scrollWidth") <= 683
    whom.select_option(str(camille.pk))
    board.get_by_role("textbox", name="Pourquoi").fill("Trop longue attente")
    board.get_by_role("textbox", name="Pourquoi").press("Enter")
    expect(board.locator("body")).to_contain_text("La personne est confiée à Camille")
    expect(board.locator(f"#confier-{conversation.public_id}")).to_have_count(0)
    expect(desk.locator("#liste .console-entry")).to_have_count(2)
    expect(desk.locator("body")).to_contain_text("Trop longue attente")
    assert at(lambda: Conversation.objects.get(pk=conversation.pk).assigned_to_id) == camille.pk
