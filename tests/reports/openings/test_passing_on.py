"""A disclosure follows the exchange: its present agent asks for it, and a supervisor passes it on (ADR 0074)."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chat import access
from chat.conversations import actions, dispatcher
from chat.decisions import on_call
from chat.models import Agent, Conversation, OnCall
from chat.rules.lifecycle import Author, Outcome
from chat.rules.transfer import Reason
from common import clock
from pnav.accounts.models import Role
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord, OpeningField, OpeningRequest
from reports.openings import actions as opening_actions
from reports.openings.views import register_heads, register_rows
from reports.rules.openings import Act, NotAllowed, Part, State
from reports.seal.replies import Reply, seal_reply
from tests.chat.console.agents import page_of, signed_in
from tests.chat.transfer.acts import cold
from tests.factories import chat as make
from tests.reports.openings.acts import GROUNDS, agreed, answered, ask, key_of, shown_for_danger
from tests.reports.witness import confirm
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(agent):
    return make.sealed(make.assigned(agent.agent))


@pytest.fixture
def colleague():
    return make.agent(public_name="Louise").user


@pytest.fixture
def other_browser():
    return ec.generate_private_key(ec.SECP256R1())


def hand_over(conversation, user):
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=user.agent)


def claim(opening, user, browser=None):
    recipient = key_of(browser) if browser else None
    return opening_actions.claim_request(request_id=opening.pk, by=user, recipient=recipient)


def pass_on(opening, by, to):
    return opening_actions.hand_over_request(request_id=opening.pk, by=by, to=to.pk)


def register_line():
    """Return who passed the only request on, who opened it and who read it, as the register says."""
    (line,) = opening_actions.register_lines(2)
    return line.handed_over, line.opened, line.read


def test_agreed_opening_follows_the_exchange_by_the_supervisors_yes(
    agent, colleague, supervisor, custodians, browser, other_browser, conversation
):
    opening = agreed(agent, supervisor, custodians, report=conversation.report, recipient=key_of(browser))
    hand_over(conversation, colleague)
    assert opening_actions.part_of(agent, opening) is None
    assert opening_actions.part_of(colleague, opening) is Part.SUCCESSOR
    assert opening in opening_actions.waiting_for(colleague)
    claim(opening, colleague, other_browser)
    assert opening_actions.waiting_for(colleague) == []
    assert opening in opening_actions.waiting_for(supervisor)
    pass_on(opening, supervisor, colleague)
    opening.refresh_from_db()
    assert (opening.passed_to, opening.claimed_by, opening.state) == (colleague, None, State.AGREED)
    assert bytes(opening.recipient) == key_of(other_browser).raw
    assert opening_actions.grounds_of(opening) == GROUNDS  # what people agreed to also holds for the new key
    assert opening_actions.part_of(colleague, opening) is Part.ASKER
    # The other steps, for the new browser.
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply("x", recipient=key_of(other_browser), request=opening.public_id))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply)
    confirm(request_id=opening.pk, by=custodians[1])
    assert register_line() == ([str(supervisor)], [str(one) for one in custodians[:2]], [])
    assert opening_actions.show_answer(request_id=opening.pk, by=colleague) == reply.sealed
    assert register_line() == ([str(supervisor)], [str(one) for one in custodians[:2]], [str(colleague)])


def test_register_of_a_danger_says_who_opened_read_and_reviewed_it(agent, supervisor, custodians, colleague):
    opening = shown_for_danger(agent, supervisor, custodians)
    opening_actions.review_opening(request_id=opening.pk, by=custodians[2], text="Vie sauvée")
    assert register_line() == ([], [str(one) for one in custodians[:2]], [str(agent)])
    (line,) = opening_actions.register_lines(1)
    (row,) = register_rows([line])
    told = dict(zip(register_heads(), row, strict=True))
    assert told["Ouverte par"] == f"{custodians[0]}, {custodians[1]}" and told["Confiée par"] == ""
    assert (told["Lue par"], told["Examinée par"]) == (str(agent), str(custodians[2]))


def test_answer_for_the_former_browser_is_erased_and_made_anew(
    agent, colleague, supervisor, custodians, browser, other_browser, conversation
):
    opening = answered(agent, supervisor, custodians, browser, report=conversation.report)
    assert opening.state == State.ANSWERED
    hand_over(conversation, colleague)
    claim(opening, colleague, other_browser)
    pass_on(opening, supervisor, colleague)
    opening.refresh_from_db()
    assert (opening.state, opening.sealed_reply) == (State.AGREED, None)
    with pytest.raises(NotAllowed):
        opening_actions.show_answer(request_id=opening.pk, by=colleague)
    # The former envelope is no longer valid. It is taken again, and the same custodians may answer it.
    assert Act.ANSWER not in opening_actions.acts_of(custodians[0], opening)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert Act.ANSWER in opening_actions.acts_of(custodians[0], opening)


def test_register_says_who_claimed_and_who_said_yes_with_the_new_key(
    agent, colleague, supervisor, custodians, browser, other_browser, conversation
):
    opening = agreed(agent, supervisor, custodians, report=conversation.report, recipient=key_of(browser))
    hand_over(conversation, colleague)
    claim(opening, colleague, other_browser)
    pass_on(opening, supervisor, colleague)
    lines = list(AccessRecord.objects.filter(kind=AccessKind.OPENING).order_by("-number")[:2])
    assert [line.account_id for line in lines] == [supervisor.pk, colleague.pk]
    assert all(line.detail.endswith(key_of(other_browser).fingerprint) for line in lines)
    told = [audit_wording.in_words(line.kind, line.detail) for line in lines]
    assert told[0].startswith("Confiée à qui répond maintenant") and told[1].startswith("Reprise demandée")
    steps = list(opening.steps.order_by("number").values_list("act", "part"))
    assert steps[-2:] == [(Act.CLAIM, Part.SUCCESSOR), (Act.HAND_OVER, Part.SUPERVISOR)]


def test_nobody_else_claims_and_nobody_says_yes_to_themselves(agent, colleague, supervisor, custodians, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    stranger = make.agent().user
    for who in (agent, colleague, stranger, supervisor, custodians[0]):
        with pytest.raises(NotAllowed):
            claim(opening, who)
    with pytest.raises(NotAllowed):  # nobody asked
        pass_on(opening, supervisor, colleague)
    chief = make.agent(role=Role.SUPERVISOR).user
    hand_over(conversation, chief)  # a supervisor answers it now
    claim(opening, chief)
    opening.refresh_from_db()
    with pytest.raises(NotAllowed):
        pass_on(opening, chief, chief)
    for who in (agent, stranger, custodians[0]):
        with pytest.raises(NotAllowed):
            pass_on(opening, who, chief)
    pass_on(opening, supervisor, chief)
    assert opening_actions.part_of(chief, OpeningRequest.objects.get(pk=opening.pk)) is Part.ASKER


@pytest.mark.parametrize("done", ["countersigned", "handed over"])
def test_supervisor_who_decided_does_not_become_the_reader(
    agent, colleague, custodians, supervisor, conversation, done
):
    """The one who said yes is given the exchange: another supervisor's yes does not make them the reader (ADR 0032)."""
    chief, other = make.agent(role=Role.SUPERVISOR).user, make.agent(role=Role.SUPERVISOR).user
    opening = agreed(agent, chief if done == "countersigned" else supervisor, custodians, report=conversation.report)
    if done == "handed over":
        hand_over(conversation, colleague)
        claim(opening, colleague)
        pass_on(opening, chief, colleague)
    hand_over(conversation, chief)
    with pytest.raises(NotAllowed):
        claim(opening, chief)
    assert opening not in opening_actions.waiting_for(chief)
    page = signed_in(chief).get(f"/levees/{opening.public_id}/").text.replace("&#x27;", "'")
    assert "Passez l'échange à un collègue" in squeezed(page) and "Demander à la reprendre" not in page
    assert GROUNDS.motive not in page
    # Who answers next takes it over, and so does the first asker.
    for successor in (make.agent(public_name="Yann").user, agent):
        hand_over(conversation, successor)
        claim(opening, successor)
        pass_on(opening, other, successor)


def test_only_supervisor_of_a_unit_hands_over_first_and_then_countersigns(
    agent, colleague, supervisor, conversation, detail_of
):
    """The page tells them to hand the request over first, and nobody else could countersign it afterwards."""
    opening = ask(agent, report=conversation.report, urgent=True)
    hand_over(conversation, colleague)
    claim(opening, colleague)
    page = detail_of(supervisor, opening)
    assert 0 < page.index("/contresigner/") < page.index("/confier/")
    pass_on(opening, supervisor, colleague)
    assert opening in opening_actions.waiting_for(supervisor)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    opening.refresh_from_db()
    assert (opening.passed_to, opening.state) == (colleague, State.AGREED)


def test_yes_is_for_who_was_shown_and_still_answers(agent, colleague, supervisor, custodians, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    third = make.agent(public_name="Yann").user
    hand_over(conversation, colleague)
    claim(opening, colleague)
    with pytest.raises(NotAllowed):
        pass_on(opening, supervisor, third)
    hand_over(conversation, third)
    with pytest.raises(NotAllowed):  # it went to another agent before the yes
        pass_on(opening, supervisor, colleague)
    claim(opening, third)
    pass_on(opening, supervisor, third)
    assert opening_actions.part_of(colleague, OpeningRequest.objects.get(pk=opening.pk)) is None


def test_passed_on_it_goes_back_the_same_way(agent, colleague, supervisor, custodians, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    hand_over(conversation, colleague)
    claim(opening, colleague)
    pass_on(opening, supervisor, colleague)
    hand_over(conversation, agent)
    opening.refresh_from_db()
    assert opening_actions.part_of(agent, opening) is Part.SUCCESSOR
    claim(opening, agent)
    pass_on(opening, supervisor, agent)
    opening.refresh_from_db()
    assert opening_actions.part_of(agent, opening) is Part.ASKER
    assert opening_actions.grounds_of(opening) == GROUNDS


def test_who_passed_a_request_on_and_answers_again_may_ask_anew(agent, colleague, supervisor, conversation):
    """What a colleague holds is no request of theirs: its page says so, and answers 404."""
    opening = ask(agent, report=conversation.report)
    hand_over(conversation, colleague)
    claim(opening, colleague)
    pass_on(opening, supervisor, colleague)
    assert ask(colleague, report=conversation.report) == opening, "who holds it asks for nothing else"
    hand_over(conversation, agent)
    again = ask(agent, report=conversation.report)
    assert again != opening and opening_actions.find_request(agent, again.public_id) == again


def test_ended_request_is_not_claimed(agent, colleague, supervisor, conversation):
    opening = ask(agent, report=conversation.report)
    opening_actions.refuse_request(request_id=opening.pk, by=supervisor, reason="non")
    hand_over(conversation, colleague)
    assert opening_actions.part_of(colleague, opening) is None
    assert opening_actions.find_request(colleague, opening.public_id) is None


def test_altered_request_is_not_passed_on(agent, colleague, supervisor, custodians, browser, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report, recipient=key_of(browser))
    hand_over(conversation, colleague)
    claim(opening, colleague)
    OpeningRequest.objects.filter(pk=opening.pk).update(version=opening.version + 1)
    with pytest.raises(opening_actions.Altered):
        pass_on(opening, supervisor, colleague)


def test_browser_keeps_the_key_of_a_claim(agent, colleague, supervisor, custodians, other_browser, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    hand_over(conversation, colleague)
    claim(opening, colleague, other_browser)
    assert opening_actions.browser_keys(colleague).wanted == key_of(other_browser).text
    pass_on(opening, supervisor, colleague)
    assert opening_actions.browser_keys(colleague).wanted == key_of(other_browser).text
    assert opening_actions.browser_keys(agent).wanted == ""


def test_pages_of_a_claim_show_nothing_of_why_before_the_yes(agent, colleague, supervisor, custodians, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    hand_over(conversation, colleague)
    address = f"/levees/{opening.public_id}/"
    desk, chief, former = signed_in(colleague), signed_in(supervisor), signed_in(agent)
    page = desk.get(address)
    assert page.status_code == 200 and "Demander à la reprendre" in page.text
    assert GROUNDS.motive not in page.text and GROUNDS.prosecutor_reference not in page.text
    desk.post(f"{address}reprendre/")
    assert "Reprise demandée" in desk.get(address).text
    shown = chief.get(address).text
    assert "Confier à qui répond maintenant" in shown and colleague.username in shown
    for wrong in ("", "x", "9" * 30, str(agent.pk)):
        answer = chief.post(f"{address}confier/", {"to": wrong}, follow=True)
        assert "La demande a changé entre-temps" in answer.text
    chief.post(f"{address}confier/", {"to": colleague.pk})
    assert GROUNDS.motive in desk.get(address).text
    gone = former.get(address)
    assert gone.status_code == 404 and "Cette demande n'est plus la vôtre" in gone.text.replace("&#x27;", "'")


def test_asker_whose_exchange_is_somebody_elses_reads_why_and_nothing_else(agent, colleague, conversation):
    opening = ask(agent, report=conversation.report)
    hand_over(conversation, colleague)
    client = signed_in(agent)
    for answer in (client.get(f"/levees/{opening.public_id}/"), client.post(f"/levees/{opening.public_id}/lire/")):
        assert answer.status_code == 404
        assert "Cette demande n'est plus la vôtre" in answer.text.replace("&#x27;", "'")
        assert GROUNDS.motive not in answer.text
    stranger = signed_in(make.agent().user).get(f"/levees/{opening.public_id}/")
    assert stranger.status_code == 404 and "plus la vôtre" not in stranger.text


# --- a supervisor who knows somebody concerned ------------------------------------------------------------------------


@pytest.mark.parametrize("unit_name", ["", "Ailleurs"], ids=["own unit", "on call"])
def test_supervisor_who_knows_somebody_concerned_decides_nothing_of_the_disclosure(
    agent, colleague, supervisor, conversation, unit_name
):
    """They read nothing of that exchange any more, nor decide who does (ADR 0038)."""
    unit = agent.agent.unit
    chief = make.agent(role=Role.SUPERVISOR, unit_name=unit_name or unit.name).user
    if unit_name:
        now = clock.now()
        duty = OnCall(supervisor=chief.agent, unit=unit, motive="nuit", starts_at=now, ends_at=now + timedelta(hours=9))
        on_call.name(on_call=duty, by=supervisor)
    hand_over(conversation, chief)
    cold(conversation, chief.agent, Reason.IMPARTIALITY, agent=agent.agent.pk)
    opening, other = ask(agent, report=conversation.report, urgent=True), ask(agent)
    assert opening_actions.part_of(chief, other) is Part.SUPERVISOR
    assert opening_actions.part_of(chief, opening) is None
    assert opening_actions.list_visible(chief, 9) == opening_actions.waiting_for(chief) == [other]
    assert [len(opening_actions.standby_of(one)) for one in (opening, other)] == [0, int(bool(unit_name))]
    client = signed_in(chief)
    assert client.get(f"/levees/{other.public_id}/").status_code == 200
    for act in ("", "contresigner/", "refuser/", "confier/"):
        address = f"/levees/{opening.public_id}/{act}"
        assert (client.post(address, {"reason": "non"}) if act else client.get(address)).status_code == 404
    hand_over(conversation, colleague)
    claim(opening, colleague)
    for decide in (
        lambda: opening_actions.countersign_request(request_id=opening.pk, by=chief),
        lambda: opening_actions.refuse_request(request_id=opening.pk, by=chief, reason="non"),
        lambda: pass_on(opening, chief, colleague),
    ):
        with pytest.raises(NotAllowed):
            decide()
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)


# --- the exchange ended, or nobody has it -----------------------------------------------------------------------------


def end(conversation, user):
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=user, outcome=Outcome.ADVISED
    )


def lose(conversation, user):
    """Let the agent's lease end, so that the exchange is put back, and the person leave the queue."""
    Agent.objects.filter(user=user).update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(60 * 24))
    assert dispatcher.abandon_absent() == 1


@pytest.fixture
def detail_of():
    """Return how to read the page of a request as somebody, who signs in once."""
    clients = {}

    def read(user, opening):
        if user.pk not in clients:
            clients[user.pk] = signed_in(user)
        return squeezed(clients[user.pk].get(f"/levees/{opening.public_id}/").text.replace("&#x27;", "'"))

    return read


def test_whoever_ended_the_exchange_takes_the_request_over(
    agent, colleague, supervisor, custodians, browser, other_browser, conversation, detail_of
):
    """The person vanished, and the colleague ended the exchange: the danger is what it was, and so is the request."""
    opening = agreed(agent, supervisor, custodians, report=conversation.report, recipient=key_of(browser), urgent=True)
    assert "n'a plus cet échange" not in detail_of(custodians[2], opening)
    hand_over(conversation, colleague)
    end(conversation, colleague)
    assert opening_actions.part_of(agent, opening) is None and opening in opening_actions.waiting_for(colleague)
    for who in (custodians[0], supervisor):
        told = detail_of(who, opening)
        assert f"{agent.username} n'a plus cet échange" in told and "s'effacerait sans être lue" in told
    page = detail_of(colleague, opening)
    assert "Demander à la reprendre" in page and GROUNDS.motive not in page
    claim(opening, colleague, other_browser)
    pass_on(opening, supervisor, colleague)
    assert "n'a plus cet échange" not in detail_of(custodians[0], opening)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply("x", recipient=key_of(other_browser), request=opening.public_id))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply)
    confirm(request_id=opening.pk, by=custodians[1])
    assert opening_actions.show_answer(request_id=opening.pk, by=colleague) == reply.sealed


def test_request_of_a_colleague_in_an_exchange_that_has_ended_is_no_duty_unless_it_is_urgent(
    agent, colleague, supervisor, conversation
):
    """It counted in « Levées d'anonymat » for fourteen days, on each page."""
    ordinary = ask(agent, report=conversation.report)
    urgent = ask(agent, report=conversation.report, field=OpeningField.CONTACT, urgent=True)
    hand_over(conversation, colleague)
    assert opening_actions.waiting_for(colleague) == [urgent, ordinary]
    end(conversation, colleague)
    assert opening_actions.waiting_for(colleague) == [urgent]
    assert ordinary in opening_actions.list_visible(colleague, 9)
    claim(ordinary, colleague)
    pass_on(ordinary, supervisor, colleague)


def test_who_decided_and_ended_the_exchange_is_not_told_to_pass_it_on(agent, supervisor, custodians, conversation):
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    hand_over(conversation, supervisor)
    end(conversation, supervisor)
    client = signed_in(supervisor)
    page = squeezed(client.get(f"/levees/{opening.public_id}/").text.replace("&#x27;", "'"))
    assert "L'échange n'est plus en cours : faites votre propre demande" in page and "Passez l'échange" not in page
    assert f"{page_of(conversation)}levee/" in client.get(page_of(conversation)).text, "there"


def test_last_agent_holds_and_asks_while_nobody_has_the_exchange(
    agent, colleague, supervisor, custodians, browser, conversation, detail_of
):
    """The agent's line was cut and the person did not wait: that agent has read of the danger."""
    opening = answered(agent, supervisor, custodians, browser, report=conversation.report)
    lose(conversation, agent)
    assert opening_actions.part_of(agent, opening) is Part.ASKER
    assert "n'a plus cet échange" not in detail_of(custodians[2], opening)
    assert opening_actions.show_answer(request_id=opening.pk, by=agent)
    console = signed_in(agent)
    gone = console.get(page_of(conversation))
    assert gone.status_code == 404 and f"{page_of(conversation)}levee/" in gone.text
    data = {"field": "contact", "motive": "Il l'attend en bas", "legal_ground": "Texte", "is_urgent": "on"}
    assert "Retour à la console" in console.get(f"{page_of(conversation)}levee/").text
    assert console.post(f"{page_of(conversation)}levee/", data).status_code == 302
    again = OpeningRequest.objects.latest("pk")
    assert (again.asked_by, again.is_urgent) == (agent, True)
    # A colleague who takes the exchange has it, and the last agent no more.
    Conversation.objects.filter(pk=conversation.pk).update(status="waiting", reporter_seen_at=make.long_ago(0))
    assert dispatcher.claim_conversation(
        conversation_id=conversation.pk, agent_id=colleague.agent.pk, now=make.long_ago(0)
    )
    assert opening_actions.part_of(agent, again) is None and opening_actions.part_of(colleague, again) is Part.SUCCESSOR
    assert console.get(f"{page_of(conversation)}levee/").status_code == 404
    assert f"{page_of(conversation)}levee/" not in console.get(page_of(conversation)).text


def test_last_agent_of_several_takes_the_request_over(
    agent, colleague, supervisor, custodians, conversation, detail_of
):
    """It is neither who asked nor anybody else: another unit's agent, the unit's other ones, a closed account."""
    opening = agreed(agent, supervisor, custodians, report=conversation.report)
    cold(conversation, agent.agent, agent=colleague.agent.pk)
    lose(conversation, colleague)
    others = [make.agent().user, make.agent(unit_name="Ailleurs").user, make.agent(role=Role.SUPERVISOR).user]
    for who in (agent, *others):
        assert access.for_opening(who.agent, conversation.public_id) is None
        with pytest.raises(NotAllowed):
            claim(opening, who)
    claim(opening, colleague)
    colleague.is_active = False
    colleague.save()
    assert opening_actions.part_of(colleague, opening) is None
    with pytest.raises(NotAllowed):  # their account was closed before the yes
        pass_on(opening, supervisor, colleague)
    colleague.is_active = True
    colleague.save()
    pass_on(opening, supervisor, colleague)
    opening.refresh_from_db()
    assert opening_actions.part_of(colleague, opening) is Part.ASKER
    colleague.is_active = False
    colleague.save()
    opening.refresh_from_db()
    assert f"{colleague.username} n'a plus cet échange" in detail_of(custodians[2], opening)


def test_agent_who_knows_somebody_concerned_has_no_request_left(agent, supervisor, custodians, browser, conversation):
    """They passed it to the queue and nobody took it: they were its last agent, and get nothing (ADR 0038)."""
    opening = answered(agent, supervisor, custodians, browser, report=conversation.report)
    unit = make.agent(unit_name="Ailleurs").unit
    cold(conversation, agent.agent, Reason.IMPARTIALITY, unit=unit.pk)
    assert Conversation.objects.get(pk=conversation.pk).assigned_to is None
    assert opening_actions.part_of(agent, opening) is None
    with pytest.raises(NotAllowed):
        opening_actions.show_answer(request_id=opening.pk, by=agent)
    assert access.for_opening(agent.agent, conversation.public_id) is None
    console = signed_in(agent)
    assert console.get(f"{page_of(conversation)}levee/").status_code == 404
    assert f"{page_of(conversation)}levee/" not in console.get(page_of(conversation)).text
