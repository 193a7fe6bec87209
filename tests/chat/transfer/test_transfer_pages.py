"""The pages of a transfer without scripts: the agent's, the colleague's, the person's, the supervisor's."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import access
from chat.casework import danger, emergencies
from chat.conversations import actions as conversation_actions
from chat.conversations import dispatcher
from chat.models import Agent, ConversationHandle, Emergency, EventKind
from chat.models.transfer import Handover
from chat.rules.danger_words import Kind
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from chat.rules.transfer import SUMMARY_MAX, Answer, HandoverState, Part, Reason, Target
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from chat.transfer import queries as transfer_queries
from pnav.accounts.models import Role
from reports.models import AccessRecord, AgeBand, Report
from reports.session import KEY
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

SUMMARY = "Une rumeur au collège."


@pytest.fixture
def camille():
    return make.agent(public_name="Camille", unit_name="Ici")


@pytest.fixture
def alex():
    return make.agent(public_name="Alex", unit_name="Ailleurs")


@pytest.fixture
def conversation(camille):
    return make.assigned(camille)


def visit_of(conversation, client=None) -> Client:
    client = client or Client()
    session = client.session
    session[KEY] = str(conversation.report.public_id)
    session.save()
    return client


def propose(conversation, by, to, summary=SUMMARY):
    return transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=by,
        target=Target(agent=to.pk),
        reason=Reason.END_OF_DUTY,
        summary=summary,
    )


def offer(conversation, by, to) -> Handover:
    one = propose(conversation, by, to)
    transfer_actions.answer_summary(handover_id=one.pk, conversation_id=conversation.pk, answer=Answer.AGREED)
    return one


def sent_from(page: str, **data: str) -> dict[str, str]:
    """Return what a browser sends from this page: what it carries unseen, and what was chosen."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)) | data


def transfer(client, conversation, **data):
    asked = {"manner": "warm", "reason": "request", "summary": SUMMARY, "note": ""} | data
    return client.post(page_of(conversation) + "passage/", asked)


# --- the agent ----------------------------------------------------------------------------------------------------


def test_whole_way_of_a_warm_transfer_by_pages_alone(conversation, camille, alex):
    ours, theirs, person = signed_in(camille.user), signed_in(alex.user), visit_of(conversation)
    assert f'value="agent-{alex.pk}"' in ours.get(page_of(conversation)).text
    answer = transfer(ours, conversation, target=f"agent-{alex.pk}")
    assert answer.url == page_of(conversation)
    proposed = squeezed(unescape(ours.get(page_of(conversation)).text))
    assert "La personne relit le résumé" in proposed
    assert "l'échange reste à vous tant qu'il n'est pas pris" in proposed, "the person's yes passes nothing on yet"
    assert 'class="console-offer"' not in theirs.get("/console/").text

    assert "/tchat/passage/" in person.get("/tchat/").text
    page = person.get("/tchat/passage/").text
    assert "Voici ce que je transmettrais à mon collègue" in page and SUMMARY in page
    data = sent_from(page, answer="corrected", correction="Au lycée.")
    assert person.post("/tchat/passage/", data).url == "/tchat/"

    html = theirs.get("/console/").text
    assert "Camille, police nationale vous propose un échange" in html and "Au lycée" not in html
    assert theirs.post(f"/console/passages/{conversation.public_id}/reponse/", {"answer": "accept"}).url == page_of(
        conversation
    )
    html = theirs.get(page_of(conversation)).text
    assert "Au lycée." in html and SUMMARY not in html
    assert "Au lycée." in theirs.get("/console/passages/").text
    assert ours.get(page_of(conversation)).status_code == 404
    assert "Alex, police nationale prend la suite" in person.get("/tchat/").text
    assert "a pris l'échange" in ours.get("/console/").text


def test_passage_of_who_gave_no_place_says_so_to_both_agents(conversation, camille, alex):
    """What was offered began with a comma, and who passed it on read a name that ended with its point."""
    Report.objects.filter(conversation=conversation).update(municipality=None, postal_code="")
    ours, theirs, person = signed_in(camille.user), signed_in(alex.user), visit_of(conversation)
    transfer(ours, conversation, target=f"agent-{alex.pk}")
    assert "· lieu inconnu</strong>" in squeezed(ours.get("/console/").text)
    data = sent_from(person.get("/tchat/passage/").text, answer="corrected", correction="Au lycée.")
    person.post("/tchat/passage/", data)
    assert re.search(r'id="offre-dit-[^"]+"> ?lieu inconnu,', squeezed(theirs.get("/console/").text))
    theirs.post(f"/console/passages/{conversation.public_id}/reponse/", {"answer": "accept"})
    assert ">lieu inconnu</a>" in squeezed(theirs.get("/console/passages/").text)
    assert "· lieu inconnu</strong>" in squeezed(ours.get("/console/").text)


def test_summary_of_a_passage_begins_with_the_signalement_and_the_sheet(camille, alex):
    """It begins like the one for a unit and that of the end: at four in the morning nobody writes it three times."""
    conversation = make.assigned(camille, platforms=["social"])
    make.message(conversation, "ne pas reprendre ceci")
    page = unescape(signed_in(camille.user).get(page_of(conversation)).text)
    start = f'<textarea[^>]*id="resume-passage-{conversation.public_id}"[^>]*>'
    area = re.search(f"{start}(.*?)</textarea>", page, re.DOTALL).group(1)
    assert "Où : Réseau social" in squeezed(area) and "ne pas reprendre" not in area


def test_draft_of_a_passage_is_cut_at_the_end_of_a_line(camille):
    lines = "\n".join(f"fait {number} : {'x' * 90}" for number in range(40))
    begun = transfer_queries.transfer_form(camille, timezone.now(), draft=lines).initial["summary"]
    assert len(begun) <= SUMMARY_MAX < len(lines) and lines.startswith(begun + "\n")


def test_transfer_without_what_is_needed_keeps_what_was_written(conversation, camille, alex):
    client = signed_in(camille.user)
    html = transfer(client, conversation, target="", reason="other", summary="Mon brouillon").text
    assert "Choisissez à qui passer" in html and "Précisez le motif" in html and "Mon brouillon" in html
    html = transfer(client, conversation, target=f"agent-{alex.pk}", summary="").text
    assert "Ce champ est vide. Sans lui, rien" in html
    assert not Handover.objects.exists()


@pytest.mark.parametrize("is_whole", [True, False])
def test_transfer_of_what_has_ended_says_so_and_gives_the_summary_back(is_whole, conversation, camille, alex):
    """It said so in a part that the page of what has ended does not have, and the summary was lost."""
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    target = f"agent-{alex.pk}" if is_whole else ""
    html = unescape(transfer(signed_in(camille.user), conversation, target=target, summary="Mon brouillon").text)
    assert re.search(r"L.échange est terminé\s: rien n.a changé", html)
    assert re.search(r"<textarea[^>]* readonly data-to-copy>\s*Mon brouillon</textarea>", html)
    assert not Handover.objects.exists()


@pytest.mark.parametrize("target", ["agent-999999", "unit-0", "force-autre", "x", "agent-²", "agent-1' OR 1"])
def test_transfer_to_what_is_not_offered_is_refused(target, conversation, camille, alex):
    assert "aria-invalid" in transfer(signed_in(camille.user), conversation, target=target).text
    assert not Handover.objects.exists()


def test_colleague_who_cannot_be_chosen_is_named_with_the_reason(conversation, camille, alex):
    full = make.agent(public_name="Sacha", unit_name="Ici", capacity=2)
    for _each in range(2):
        make.assigned(full)
    make.agent(public_name="Lou", unit_name="Ici", availability=Availability.PAUSE)
    make.agent(public_name="Absente", present=False)
    client = signed_in(camille.user)
    html = squeezed(client.get(page_of(conversation)).text)
    form = html[html.index('name="target"') : html.index('name="manner"')]
    assert f'<option value="{Target(agent=alex.pk)}"' in form
    group = form[form.index("qui ne peuvent pas être choisis") :]
    assert re.findall(r'<option value="agent-[0-9]+" disabled>([^<]+)<', group) == [
        "Lou, police nationale – Ici : en pause",
        "Sacha, police nationale – Ici : ses 2 places sont prises",
    ]
    assert "Absente" not in form and "Sacha" not in form[: -len(group)]
    refused = transfer(client, conversation, target=str(Target(agent=full.pk))).text
    assert "Ce destinataire n'est plus disponible" in unescape(refused)


def test_colleague_who_is_not_available_is_said_to_be_so_and_comes_last(conversation, camille, alex):
    make.agent(public_name="Aline", unit_name="Ici", availability=Availability.AWAY)
    html = squeezed(signed_in(camille.user).get(page_of(conversation)).text)
    form = html[html.index('name="target"') : html.index('name="manner"')]
    names = [name for name in re.findall(r"<option [^>]+>([^<]+)<", form) if " – " in name]
    assert names[-1] == "Aline, police nationale – Ici : console ouverte, pas disponible"
    assert len(names) == 2 and names[0].startswith(alex.interlocutor) and "disponible" not in names[0]


def test_transfer_cold_leaves_the_screen(conversation, camille, alex):
    answer = transfer(signed_in(camille.user), conversation, target=f"agent-{alex.pk}", manner="cold")
    assert answer.url == "/console/"
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex


def test_who_passed_it_on_at_once_reads_who_took_it(conversation, camille, alex):
    client = signed_in(camille.user)
    transfer(client, conversation, target=f"agent-{alex.pk}", manner="cold")
    taken = "Alex, police nationale – Ailleurs a pris l'échange."
    home = unescape(squeezed(client.get("/console/").text))
    assert "Passé à Alex, police nationale – Ailleurs." in home and taken in home
    passages = unescape(squeezed(client.get("/console/passages/").text))
    assert taken in passages.partition("Finis depuis moins de trente minutes")[2]
    gone = client.get(page_of(conversation))
    assert gone.status_code == 404 and taken in unescape(squeezed(gone.text))
    assert 'data-kept="0"' in home, "it did not stay with its agent"


def test_who_passed_it_on_through_the_queue_reads_where_it_stands(conversation, camille):
    gendarme = make.agent(public_name="Sacha", unit_name="Brigade", force="gendarmerie", capacity=1)
    other = make.assigned(gendarme)
    client = signed_in(camille.user)

    def told():
        return unescape(squeezed(client.get("/console/passages/?partie=offres").text))

    transfer(client, conversation, target="force-gendarmerie", manner="cold")
    assert "Passé à Gendarmerie nationale, par la file." in unescape(client.get("/console/").text)
    assert "la personne est dans la file, personne n'a encore pris l'échange" in told()
    assert 'data-kept="0"' in told()
    gone = unescape(squeezed(client.get(page_of(conversation)).text))
    assert "a pris l'échange" not in gone
    conversation_actions.close_conversation(conversation_id=other.pk, by_author=Author.REPORTER)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    assert conversation.assigned_to == gendarme
    taken = "Sacha, gendarmerie nationale – Brigade a pris l'échange."
    assert taken in told() and taken in unescape(squeezed(client.get(page_of(conversation)).text))
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert taken in told(), "it stays true after the end"


def queued_to_the_gendarmerie(conversation, camille) -> Handover:
    """Return the passage of this exchange through the queue; nobody was given it yet."""
    camille.refresh_from_db()
    return transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=camille, target=Target(force="gendarmerie"), reason=Reason.COMPETENCE
    )


def test_who_took_it_is_known_though_the_pass_began_before_it_was_passed_on(conversation, camille):
    """Its former agent read that the person had left, while somebody answered them."""
    gendarme = make.agent(public_name="Sacha", unit_name="Brigade", force="gendarmerie")
    handover = queued_to_the_gendarmerie(conversation, camille)
    dispatcher.dispatch(now=handover.ended_at - timedelta(seconds=1))
    conversation.refresh_from_db()
    assert conversation.assigned_to == gendarme
    told = unescape(squeezed(signed_in(camille.user).get("/console/passages/?partie=offres").text))
    assert "Sacha, gendarmerie nationale – Brigade a pris l'échange." in told


def test_of_an_exchange_that_somebody_answers_nobody_reads_that_the_person_left(conversation, camille):
    """Who took it cannot be named, because the history does not tell."""
    make.agent(force="gendarmerie")
    queued_to_the_gendarmerie(conversation, camille)
    dispatcher.dispatch()
    conversation.events.filter(kind=EventKind.ASSIGNED).delete()
    told = unescape(squeezed(signed_in(camille.user).get("/console/passages/?partie=offres").text))
    assert "Quelqu'un a pris l'échange." in told and "partie avant" not in told


def test_who_is_given_it_from_the_queue_reads_who_passed_it_on_and_the_note(conversation, camille):
    """« L'agresseur est dans la pièce » was read by nobody, because a passage through the queue keeps no taker."""
    note = "L'agresseur est dans la pièce."
    sacha = make.agent(public_name="Sacha", unit_name="Brigade", force="gendarmerie")
    transfer(
        signed_in(camille.user), conversation, target="force-gendarmerie", manner="cold", reason="other", note=note
    )
    dispatcher.dispatch(now=Handover.objects.get().ended_at - timedelta(seconds=1))
    client = signed_in(sacha.user)
    beside = unescape(squeezed(client.get(page_of(conversation)).text))
    assert "De Camille, police nationale, à" in beside and f"Autre. {note}" in beside
    assert note in unescape(client.get("/console/passages/").text)


def test_passage_that_is_not_the_one_by_which_an_agent_has_it_is_not_shown(conversation, camille, alex):
    """It came back to who passed it on; or another colleague was given it since, and lost it."""
    now = timezone.now()

    def handed_to(agent):
        form = transfer_queries.transfer_form(agent, now)
        conversation.refresh_from_db()
        conversation.assigned_to, conversation.status, conversation.assigned_at = agent, "active", now
        conversation.save()
        beside = transfer_queries.read_passing(agent, conversation, now, form).handed
        assert transfer_queries.handed_to(agent) == ([beside] if beside else [])
        return beside

    sacha = make.agent(public_name="Sacha", unit_name="Brigade", force="gendarmerie")
    queued = queued_to_the_gendarmerie(conversation, camille)
    assert handed_to(camille) is None and handed_to(sacha) == queued
    given = transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=sacha, target=Target(agent=alex.pk), reason=Reason.COMPETENCE
    )
    assert handed_to(alex) == given and handed_to(sacha) is None


def test_nobody_who_never_had_it_reads_who_has_it(conversation, camille, alex):
    transfer(signed_in(camille.user), conversation, target=f"agent-{alex.pk}", manner="cold")
    stranger = make.agent()
    assert access.taken_after(stranger, conversation.public_id) is None
    assert "Alex" not in signed_in(stranger.user).get(page_of(conversation)).text


def test_what_came_back_to_who_passed_it_on_is_no_news(conversation, camille):
    make.agent(public_name="Sacha", unit_name="Brigade", force="gendarmerie")
    queued_to_the_gendarmerie(conversation, camille)
    conversation.refresh_from_db()
    conversation.status, conversation.assigned_to = "active", camille
    conversation.assigned_at = timezone.now()
    conversation.save()
    conversation.record_event(EventKind.ASSIGNED, at=timezone.now(), by=camille.user)
    assert transfer_queries.read_offers(camille, timezone.now()).ended == []


def passages_of(client) -> tuple[str, str]:
    """Return what « Passages » has under « En cours », and under « Finis depuis moins de trente minutes »."""
    page = unescape(squeezed(client.get("/console/passages/").text))
    assert page.count("En cours") == 1
    running, _title, ended = (
        page.split("En cours")[1].split("Ce qui vous a été passé")[0].partition("Finis depuis moins de trente minutes")
    )
    return running, ended


def has_expired(handover: Handover) -> None:
    Handover.objects.filter(pk=handover.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert transfer_actions.advance_handovers() == 1


def test_passage_that_has_ended_stands_under_what_is_done_and_says_how(conversation, camille, alex):
    """Each stood under « En cours », one that was not answered with « l'échange reste à vous » for half an hour."""
    place, ours = "93200", signed_in(camille.user)
    running, ended = passages_of(ours)
    assert "Rien en cours." in running and not ended
    offer(conversation, camille, alex)
    running, ended = passages_of(ours)
    assert "Proposé à Alex" in running and not ended
    assert "vous propose un échange" in passages_of(signed_in(alex.user))[0]

    transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=camille)
    running, ended = passages_of(ours)
    assert place not in running
    assert "Proposition à Alex, police nationale retirée. L'échange reste à vous." in ended
    has_expired(offer(conversation, camille, alex))
    running, ended = passages_of(ours)
    assert place not in running and "retirée" not in ended, "another one followed"
    assert "Alex, police nationale n'a pas répondu. L'échange reste à vous." in ended
    one = offer(conversation, camille, alex)
    decline = {"handover_id": one.pk, "conversation_id": conversation.pk, "by": alex, "reason": "Je termine."}
    transfer_actions.decline_handover(**decline)
    assert "Je termine.<br>L'échange reste à vous." in passages_of(ours)[1]

    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    running, ended = passages_of(ours)
    assert place not in running and "reste à vous" not in ended
    assert "Alex, police nationale n'a pas répondu. L'échange est terminé." in ended
    assert "Je termine.<br>L'échange est terminé." in ended


def test_passage_whose_person_is_gone_is_told_as_done(conversation, camille, alex):
    """It vanished without a word, and who proposed it waited for an answer."""
    offer(conversation, camille, alex)
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    transfer_actions.advance_handovers()
    ours = signed_in(camille.user)
    running, ended = passages_of(ours)
    assert "Proposé" not in running
    assert "Proposé à Alex, police nationale : l'échange s'est terminé avant sa réponse." in ended
    assert 'data-kept="0"' in ours.get("/console/").text, "it did not stay"


@pytest.mark.parametrize("is_read", [False, True])
def test_passage_is_told_as_done_as_soon_as_its_exchange_has_ended(conversation, camille, alex, is_read):
    """Until the worker's next tick, or for as long as it stood still, it was under no heading."""
    (offer if is_read else propose)(conversation, camille, alex)
    ours = signed_in(camille.user)
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    for _now_and_after_the_tick in range(2):
        running, ended = passages_of(ours)
        assert "Rien en cours." in running
        assert "Proposé à Alex, police nationale : l'échange s'est terminé avant sa réponse." in ended
        transfer_actions.advance_handovers()
    assert Handover.objects.get().state == HandoverState.LOST


def test_passage_whose_delay_is_over_is_under_way_until_the_worker_says_what_became_of_it(conversation, camille, alex):
    one = propose(conversation, camille, alex)
    Handover.objects.filter(pk=one.pk).update(until=timezone.now() - timedelta(seconds=1))
    running, ended = passages_of(signed_in(camille.user))
    assert "la personne relit le résumé" in running and not ended


def test_passage_of_an_exchange_that_went_back_to_the_queue_is_told_until_it_comes_back(conversation, camille, alex):
    one = offer(conversation, camille, alex)
    with transaction.atomic():
        transfer_actions.end_open(conversation, timezone.now())
    type(conversation).objects.update(assigned_to=alex)
    ours = signed_in(camille.user)
    assert "Proposé à Alex, police nationale : l'échange a changé de mains avant sa réponse." in passages_of(ours)[1]
    Handover.objects.filter(pk=one.pk).update(state=HandoverState.EXPIRED)
    assert "n'a pas répondu. L'échange n'est plus à vous." in passages_of(ours)[1]
    Handover.objects.filter(pk=one.pk).update(state=HandoverState.LOST)
    type(conversation).objects.update(assigned_to=camille)
    assert not passages_of(ours)[1]


def test_passage_that_was_taken_stands_under_what_is_done(conversation, camille, alex):
    one = offer(conversation, camille, alex)
    transfer_actions.accept_handover(handover_id=one.pk, conversation_id=conversation.pk, by=alex)
    running, ended = passages_of(signed_in(camille.user))
    assert "Rien en cours." in running and "Alex, police nationale – Ailleurs a pris l'échange." in ended


def test_transfer_of_somebody_elses_is_not_there(conversation, alex):
    client = signed_in(alex.user)
    assert transfer(client, conversation, target=f"agent-{alex.pk}").status_code == 404
    assert client.post(page_of(conversation) + "passage/retirer/").status_code == 404


def test_withdraw_by_its_button(conversation, camille, alex):
    propose(conversation, camille, alex)
    client = signed_in(camille.user)
    assert client.post(page_of(conversation) + "passage/retirer/").url == page_of(conversation)
    assert Handover.objects.get().state == HandoverState.WITHDRAWN


# --- the colleague ------------------------------------------------------------------------------------------------


def test_offer_says_nothing_of_what_was_said(conversation, camille, alex):
    make.message(conversation, "Parole secrète")
    offer(conversation, camille, alex)
    html = signed_in(alex.user).get("/console/passages/?partie=offres").text
    assert "vous propose un échange" in html
    assert SUMMARY not in html and "secrète" not in html


def test_offer_is_seen_without_a_script_while_another_exchange_is_open(conversation, camille, alex):
    client = signed_in(alex.user)
    assert "/console/passages/" not in client.get("/console/presence/").text
    offer(conversation, camille, alex)
    assert "/console/passages/" in client.get("/console/presence/").text


def test_offer_declined_needs_a_reason_that_the_first_agent_reads(conversation, camille, alex):
    offer(conversation, camille, alex)
    client, address = signed_in(alex.user), f"/console/passages/{conversation.public_id}/reponse/"
    page = client.post(address, {"answer": "decline"}).text
    field = re.search(r'<input [^>]*id="refus-[^>]*>', page)
    assert field and 'aria-invalid="true"' in field[0] and "autofocus" in field[0]
    assert f'id="refus-{conversation.public_id}-error">Dites en quelques mots' in squeezed(page)
    assert re.search(rf'id="decliner-{conversation.public_id}" open', page) and "<title>Erreur :" in page
    client.post(address, {"answer": "decline", "reason": "Je termine dans dix minutes."})
    html = signed_in(camille.user).get("/console/").text
    assert "a décliné : Je termine dans dix minutes." in html


TOO_LATE = "Trop tard, ou proposé à quelqu'un d'autre : ce passage ne vous attend plus."


def test_offer_to_somebody_else_is_told_as_one_that_is_over_or_never_was(conversation, camille, alex):
    """Nobody learns from the answer whether the exchange exists."""
    offer(conversation, camille, alex)
    other = signed_in(make.agent().user)
    for public_id in (conversation.public_id, uuid.uuid4()):
        answer = other.post(f"/console/passages/{public_id}/reponse/", {"answer": "accept"}, follow=True)
        assert answer.redirect_chain == [("/console/", 302)] and TOO_LATE in unescape(answer.text)
        assert 'class="console-offer"' not in answer.text
    assert Handover.objects.get().state == HandoverState.OFFERED


@pytest.mark.parametrize("data", [{"answer": "accept"}, {"answer": "decline", "reason": "Je termine."}, {}])
@pytest.mark.parametrize("is_withdrawn", [True, False])
def test_answer_to_an_offer_that_ran_out_or_was_withdrawn_is_told_that_it_is_too_late(
    data, is_withdrawn, conversation, camille, alex
):
    """Without scripts its page stays in view; « introuvable » said nothing of what became of it."""
    offer(conversation, camille, alex)
    if is_withdrawn:
        transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=camille)
    else:
        Handover.objects.update(until=timezone.now() - timedelta(seconds=1))
    answer = signed_in(alex.user).post(f"/console/passages/{conversation.public_id}/reponse/", data, follow=True)
    assert TOO_LATE in unescape(answer.text)
    if reason := data.get("reason"):  # it is given back, to be copied
        assert answer.redirect_chain == [] and f"\n{reason}</textarea>" in answer.text
        assert "à copier" in answer.text.split('id="refus-a-copier"')[1].split("</div>")[0]
    else:
        assert answer.redirect_chain == [("/console/", 302)]
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


def test_reason_of_a_refusal_of_what_was_never_offered_is_given_back_too(conversation, camille, alex):
    """So that the answer tells nothing of whether it was."""
    offer(conversation, camille, alex)
    sent = {"answer": "decline", "reason": "Je termine <b>là</b>."}
    other = signed_in(make.agent().user)
    for public_id in (conversation.public_id, uuid.uuid4()):
        answer = other.post(f"/console/passages/{public_id}/reponse/", sent)
        assert answer.status_code == 200 and TOO_LATE in unescape(answer.text)
        assert "\nJe termine &lt;b&gt;là&lt;/b&gt;.</textarea>" in answer.text
    assert Handover.objects.get().state == HandoverState.OFFERED


def test_offer_without_room_says_what_to_do(conversation, camille, alex):
    offer(conversation, camille, alex)
    type(alex).objects.filter(pk=alex.pk).update(capacity=0)
    client = signed_in(alex.user)
    answer = client.post(f"/console/passages/{conversation.public_id}/reponse/", {"answer": "accept"}, follow=True)
    offered = answer.text.split(f'id="offert-{conversation.public_id}"')[1].split("</form>")[0]
    assert "plus de place" in offered


def in_words_of_danger(conversation):
    danger.keep_marks({conversation.pk: {make.message(conversation, "j'ai envie de mourir").seq: [Kind.SUICIDE]}})


def in_procedure(conversation, agent):
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)


def offered_in(html: str, conversation) -> str:
    """Return the words of this offer, in the order in which they are read."""
    part = unescape(html).split(f'id="offert-{conversation.public_id}"')[1].split("<form")[0]
    return squeezed(re.sub("<[^>]+>", " ", part.partition(">")[2])).strip()


@pytest.mark.parametrize("page", ["/console/", "/console/passages/", "/console/passages/?partie=offres"])
def test_offer_of_somebody_in_danger_says_so_before_anything_else(page, conversation, camille, alex):
    """It was declined as an ordinary one: it said « normale », and nothing of the words or of the procedure."""
    Report.objects.filter(conversation=conversation).update(**AgeBand.as_stored(AgeBand.FROM_15_TO_17))
    in_words_of_danger(conversation)
    in_procedure(conversation, camille)
    offer(conversation, camille, alex)
    html = signed_in(alex.user).get(page).text
    said = offered_in(html, conversation)
    assert said.startswith("Procédure d'urgence ouverte Mots de suicide ou de danger Mineur Camille, police nationale")
    assert "envie de mourir" not in html, "nothing that the person wrote is read before it is taken"
    labels = html.split(f'id="offert-{conversation.public_id}"')[1].split('aria-labelledby="')[1]
    assert labels.startswith(f"offre-signes-{conversation.public_id} offre-"), "a screen reader says it first too"
    assert 'data-offers-in-danger="1"' in html


@pytest.mark.parametrize("danger_of", ["words", "procedure"])
def test_offer_of_somebody_in_danger_stands_first(danger_of, conversation, camille, alex):
    calm, grave = conversation, make.assigned(camille)
    for one in (calm, grave):
        offer(one, camille, alex)
    now = timezone.now()
    assert [one.conversation for one in transfer_queries.offers_to_me(alex, now)] == [calm, grave]
    if danger_of == "words":
        in_words_of_danger(grave)
    else:
        in_procedure(grave, camille)
    first, second = transfer_queries.offers_to_me(alex, now)
    assert (first.conversation, second.conversation) == (grave, calm)
    assert (first.is_marked, first.has_emergency) == (danger_of == "words", danger_of == "procedure")
    assert not second.is_in_danger


def test_offer_of_what_was_dealt_with_says_no_danger(conversation, camille, alex):
    in_words_of_danger(conversation)
    in_procedure(conversation, camille)
    offer(conversation, camille, alex)
    Emergency.objects.update(ended_at=timezone.now())
    danger.deal_with(conversation_id=conversation.pk, seq=danger.pending_numbers(conversation)[-1], by=camille.user)
    html = signed_in(alex.user).get("/console/").text
    assert offered_in(html, conversation).startswith("Camille, police nationale") and "offre-signes" not in html
    assert 'data-offers-in-danger="0"' in html


def test_marks_of_every_offer_are_read_with_them(conversation, camille, alex, django_assert_num_queries):
    for one in (conversation, make.assigned(camille), make.assigned(camille)):
        offer(one, camille, alex)
    with django_assert_num_queries(1):
        assert len(transfer_queries.offers_to_me(alex, timezone.now())) == 3


def test_presence_of_who_has_no_scripts_says_the_danger_of_an_offer(conversation, camille, alex):
    offer(conversation, camille, alex)
    client = signed_in(alex.user)
    assert "vous propose un échange</a>" in client.get("/console/presence/").text
    in_procedure(conversation, camille)
    assert "<strong>procédure d'urgence ouverte</strong>" in unescape(client.get("/console/presence/").text)
    in_words_of_danger(conversation)
    assert "<strong>mots de suicide ou de danger</strong>" in unescape(client.get("/console/presence/").text)


# --- the person ---------------------------------------------------------------------------------------------------


def test_summary_page_without_one_leads_back(conversation):
    client = visit_of(conversation)
    assert client.get("/tchat/passage/").url == "/tchat/"
    assert client.post("/tchat/passage/", {"answer": "agreed"}).url == "/tchat/"
    assert 'id="handover"' in client.get("/tchat/").text


def test_summary_of_another_visit_is_not_there(conversation, camille, alex):
    propose(conversation, camille, alex)
    stranger = visit_of(make.assigned(make.agent()))
    assert stranger.get("/tchat/passage/").status_code == 302
    stranger.post("/tchat/passage/", {"answer": "agreed"})
    assert Handover.objects.get().answer == ""


def test_old_page_agrees_to_no_other_summary(conversation, camille, alex):
    """The agent took the first one back and wrote another, for somebody else, while the page was open."""
    person = visit_of(conversation)
    propose(conversation, camille, alex, "Le premier résumé.")
    old = person.get("/tchat/passage/").text
    transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=camille)
    other = propose(conversation, camille, make.agent(public_name="Sacha"), "Un autre résumé, que personne n'a lu.")
    for data in ({"answer": "agreed"}, {"answer": "corrected", "correction": "Pour Alex seulement."}):
        answer = person.post("/tchat/passage/", sent_from(old, **data))
        page = answer.text
        assert "Un autre résumé, que personne n&#x27;a lu." in page and "Sacha" in page
        assert answer.status_code == 409 and 'role="alert"' in page and " checked" not in page
        other.refresh_from_db()
        assert (other.state, other.answer) == (HandoverState.READING, "")
    assert "Pour Alex seulement." in page  # what was typed is not lost
    assert person.post("/tchat/passage/", sent_from(page, answer="agreed")).url == "/tchat/"
    other.refresh_from_db()
    assert (other.state, other.answer) == (HandoverState.OFFERED, Answer.AGREED)


def test_summary_of_several_lines_shows_no_sign_of_the_form(conversation, camille, alex):
    """A browser sends the end of a line of a text area as two signs."""
    transfer(signed_in(camille.user), conversation, target=f"agent-{alex.pk}", summary="Une ligne.\r\nUne autre.")
    page = visit_of(conversation).get("/tchat/passage/").text
    assert "Une ligne.\nUne autre." in page and "U+000D" not in page


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "Choisir une réponse"),
        ({"answer": "silent"}, "answer-error"),
        ({"answer": "corrected", "correction": " "}, "Le texte corrigé est vide"),
        ({"answer": "corrected", "correction": "x" * 2001}, "trop long"),
    ],
)
def test_summary_answer_in_error_loses_nothing(conversation, camille, alex, data, error):
    propose(conversation, camille, alex)
    person = visit_of(conversation)
    html = person.post("/tchat/passage/", sent_from(person.get("/tchat/passage/").text, **data)).text
    assert error in html and SUMMARY in html
    assert Handover.objects.get().state == HandoverState.READING


def test_summary_in_two_voices_and_in_english(camille, alex):
    minor = make.assigned(camille, age_band="15_17", role="victim")
    propose(minor, camille, alex)
    assert "C'est toi qui décides" in unescape(visit_of(minor).get("/tchat/passage/").text)
    grown = make.assigned(camille)
    propose(grown, camille, alex)
    client = visit_of(grown)
    assert "C'est vous qui décidez" in unescape(client.get("/tchat/passage/").text)
    client.cookies["django_language"] = "en"
    assert "You decide whether it is passed on" in client.get("/tchat/passage/", follow=True).text


def test_summary_hides_the_force_on_a_discreet_visit(camille, alex):
    discreet = make.assigned(camille, discreet=True)
    propose(discreet, camille, alex)
    html = visit_of(discreet).get("/tchat/passage/").text
    assert "Camille propose que Alex" in html and "police nationale" not in html.split("<main")[1].split("</main")[0]


def test_summary_in_the_frame_without_a_script(conversation, camille, alex):
    propose(conversation, camille, alex)
    assert "Un résumé est à lire avant la suite" in visit_of(conversation).get("/tchat/suite/").text


def test_privacy_page_tells_of_supervisors_and_summaries(client):
    html = unescape(client.get("/donnees-personnelles/").text)
    assert "superviseur de son unité, ou d'astreinte pour elle, peut rejoindre" in html
    assert "n'est transmis que si" in html


# --- the end of a duty --------------------------------------------------------------------------------------------


def test_away_with_conversations_asks_first(conversation, camille):
    client = signed_in(camille.user)
    answer = client.post("/console/disponibilite/", {"availability": "away", "capacity": "3"})
    assert answer.url == "/console/fin-de-service/"
    camille.refresh_from_db()
    assert camille.availability == Availability.AVAILABLE
    html = client.post("/console/fin-de-service/").text
    assert "décidez pour chacun" in html
    assert client.post("/console/fin-de-service/", {"reste": str(conversation.public_id)}).url == "/console/"
    camille.refresh_from_db()
    assert camille.availability == Availability.AWAY


def test_nobody_new_comes_to_who_decides_about_each_exchange(conversation, camille):
    """People were given to an agent who read « Je termine mon service »."""
    client = signed_in(camille.user)
    html = unescape(client.get("/console/fin-de-service/").text)
    assert "de nouvelles personnes peuvent vous être confiées" in html and "Ne plus recevoir personne" in html
    assert client.post("/console/fin-de-service/", {"pause": "1"}).url == "/console/fin-de-service/"
    camille.refresh_from_db()
    conversation.refresh_from_db()
    assert (camille.availability, conversation.assigned_to) == (Availability.PAUSE, camille)
    html = unescape(client.get("/console/fin-de-service/").text)
    assert "Ne plus recevoir personne" not in html and "Personne de nouveau ne vous est confié" in html


def test_end_of_duty_says_who_is_in_danger(conversation, camille):
    """Whoever had written « je veux mourir » looked like anybody else in the list by which an agent leaves."""
    client = signed_in(camille.user)
    assert "Mots de suicide" not in client.get("/console/fin-de-service/").text
    make.message(conversation, "je veux mourir")
    html = squeezed(client.get("/console/fin-de-service/").text)
    assert "Mots de suicide" in html and "Procédure d'urgence" not in unescape(html)


def test_away_without_a_conversation_goes_at_once(camille):
    signed_in(camille.user).post("/console/disponibilite/", {"availability": "away", "capacity": "3"})
    camille.refresh_from_db()
    assert camille.availability == Availability.AWAY


def test_end_of_duty_promise_for_somebody_elses_counts_for_nothing(conversation, camille, alex):
    foreign = make.assigned(alex)
    html = signed_in(camille.user).post("/console/fin-de-service/", {"reste": str(foreign.public_id)}).text
    assert "décidez pour chacun" in html


# --- the supervisor -----------------------------------------------------------------------------------------------


def test_supervisor_joins_reads_writes_and_leaves(conversation, camille):
    make.message(conversation, "Parole secrète")
    dominique = make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici")
    client = signed_in(dominique.user)
    board, page = client.get("/console/tableau/").text, f"/console/tableau/echange/{conversation.public_id}/"
    assert page in board and "secrète" not in board and "Un seul interlocuteur" in board
    assert "secrète" not in client.get(page).text
    assert "Ce champ est vide. Donnez une raison" in client.post(page + "rejoindre/").text
    assert not AccessRecord.objects.exists()
    assert client.post(page + "rejoindre/", {"motive": "Demande de l'agent"}).url == page
    assert "secrète" in client.get(page).text
    assert "Dominique lit cet échange" in signed_in(camille.user).get(page_of(conversation)).text
    assert client.post(page, {"body": "Je suis là aussi.", "client_id": str(uuid.uuid4())}).url == page + "#fin"
    assert "[Dominique, police nationale, superviseur]" in visit_of(conversation).get("/tchat/").text
    assert client.post(page + "quitter/").url == "/console/tableau/"
    assert "secrète" not in client.get(page).text
    html = client.post(page, {"body": "Encore moi", "client_id": str(uuid.uuid4())}).text
    assert "Encore moi" in html and "secrète" not in html
    assert conversation.messages.filter(author=Author.AGENT).count() == 1


def test_supervisor_whispers_to_the_agent_and_the_person_sees_nothing(conversation, camille):
    dominique = make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici")
    page = f"/console/tableau/echange/{conversation.public_id}/"
    client = signed_in(dominique.user)
    sent = {"held_by": camille.pk}
    assert "Écrivez quelques mots" in client.post(page + "mot/", {**sent, "text": ""}).text
    client.post(page + "mot/", {**sent, "text": "Pense au 3018."})
    ours = signed_in(camille.user)
    assert "Pense au 3018." in ours.get(page_of(conversation)).text
    offers = squeezed(unescape(ours.get("/console/passages/?partie=offres").text))
    handle = ConversationHandle.objects.get(agent=camille, conversation=conversation).value
    place = conversation.report.municipality or conversation.report.postal_code
    assert "Pense au 3018." in offers and f">{handle} · {place}</a>" in offers, "by its number, its word and its town"
    person = visit_of(conversation)
    for address in ("/tchat/", "/tchat/suite/", "/tchat/conservation/"):
        assert "Pense au" not in person.get(address).text
    alex = make.agent()
    intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=alex.pk, motive="Relève")
    assert "Pense au" not in signed_in(alex.user).get(page_of(conversation)).text


def test_supervisor_reassigns_with_a_reason(conversation, camille, alex):
    dominique = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    client, page = signed_in(dominique.user), f"/console/tableau/echange/{conversation.public_id}/"
    sent = {"held_by": camille.pk, "agent": alex.pk}
    html = client.post(page + "confier/", sent).text
    assert "Ce champ est vide. Donnez une raison" in html
    assert client.post(page + "confier/", {**sent, "motive": "Relève de nuit"}).url == "/console/tableau/"
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex
    assert "Relève de nuit" in signed_in(alex.user).get(page_of(conversation)).text
    assert "Un superviseur a confié votre échange" in signed_in(camille.user).get("/console/").text


def test_summary_is_nobodys_before_it_is_agreed_to(conversation, camille, alex):
    one = propose(conversation, camille, alex)
    assert one.text(Part.SUMMARY) == SUMMARY and one.summary == ""
    assert access.as_offered(alex, conversation.public_id, timezone.now()) is None


@pytest.mark.parametrize("is_alone", [True, False])
def test_who_knows_somebody_concerned_gives_the_person_back_to_the_queue(conversation, camille, is_alone):
    if not is_alone:
        make.agent(public_name="Alex", unit_name="Ailleurs")
    client, queue = signed_in(camille.user), str(Target(force=camille.force))
    assert f'value="{queue}"' in client.get(page_of(conversation)).text
    sent = {"target": queue, "manner": "cold", "reason": "competence"}
    page = squeezed(unescape(client.post(f"{page_of(conversation)}passage/", sent).text))
    assert "est pour le motif « Je connais une personne concernée »" in page
    warm = sent | {"manner": "warm", "reason": "impartiality", "summary": SUMMARY}
    page = squeezed(unescape(client.post(f"{page_of(conversation)}passage/", warm).text))
    assert "l'échange part tout de suite, sans résumé" in page and SUMMARY in page
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille
    sent = warm | {"manner": "cold"}
    page = squeezed(unescape(client.post(f"{page_of(conversation)}passage/", sent, follow=True).text))
    assert ("Personne de disponible ne peut le prendre : appelez un collègue" in page) is is_alone
    assert ("« Passages » dira qui a pris l'échange" in page) is not is_alone
    conversation.refresh_from_db()
    assert conversation.assigned_to is None


@pytest.mark.parametrize("reason", [Reason.IMPARTIALITY, Reason.COMPETENCE])
def test_queue_without_who_may_be_given_the_person_is_told_as_such(conversation, camille, alex, reason):
    """Two agents at night: the other is recused, or has just passed the person on, so that nobody gets them."""
    transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=camille, target=Target(unit=alex.unit_id), reason=reason
    )
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex
    sent = {"target": str(Target(force=alex.force)), "manner": "cold", "reason": "impartiality"}
    answer = signed_in(alex.user).post(f"{page_of(conversation)}passage/", sent, follow=True)
    page = squeezed(unescape(answer.text))
    assert "Personne de disponible ne peut le prendre : appelez un collègue" in page
    assert "« Passages » dira qui a pris l'échange" not in page
    assert dispatcher.dispatch() == 0


def test_who_is_alone_reads_above_the_list_that_nobody_else_is_there(conversation, camille):
    """Only the list said so, cut on a telephone, under a title that asked to whom."""
    told = "Personne d'autre n'est disponible : ni collègue, ni unité, ni l'autre force."
    client = signed_in(camille.user)
    assert told in unescape(squeezed(client.get(page_of(conversation)).text))
    make.agent(public_name="Alex", unit_name="Ailleurs")
    assert told not in unescape(squeezed(client.get(page_of(conversation)).text))


def test_open_list_of_passer_is_read_with_the_offers(conversation, camille, alex):
    """It stayed as it was when it was opened: whoever became full since was offered, and refused after the press."""
    client = signed_in(camille.user)

    def targets():
        html = client.get("/console/passages/?partie=offres&destinataires").text
        return re.search(r"<select data-targets.*?</select>", html, re.DOTALL)[0]

    value = str(Target(agent=alex.pk))
    assert re.search(rf'<option value="{value}"\s*>', targets())
    assert "data-targets" not in client.get("/console/passages/?partie=offres").text, "no list is open"
    for _ in range(alex.capacity):
        make.assigned(alex)
    assert f'<option value="{value}" disabled>Alex' in targets()


ASKED = "/console/passages/?partie=offres"


def test_open_list_of_demander_is_read_with_the_offers(conversation, camille, alex, django_assert_num_queries):
    """It stayed as it was when it was opened. Who is full can be asked, who is away or in a pause cannot."""
    client = signed_in(camille.user)

    def colleagues(more=""):
        html = client.get(f"{ASKED}{more}&demander={conversation.public_id}").text
        return re.search(r"<select data-colleagues.*?</select>", html, re.DOTALL)[0]

    may_be_asked = f'<option value="{alex.pk}">Alex, Ailleurs</option>'
    assert may_be_asked in colleagues()
    assert "data-colleagues" not in client.get(f"{ASKED}&destinataires").text, "its list is not open"
    for _ in range(alex.capacity):
        make.assigned(alex)
    assert may_be_asked in colleagues()
    for state in (Availability.AWAY, Availability.PAUSE):
        Agent.objects.filter(pk=alex.pk).update(availability=state)
        assert f'value="{alex.pk}"' not in colleagues(), state
        assert "Personne d&#x27;autre n&#x27;est disponible en ce moment" in colleagues(), state
    Agent.objects.filter(pk=alex.pk).update(availability=Availability.AVAILABLE)
    with CaptureQueriesContext(connection) as alone:
        client.get(ASKED)
    with django_assert_num_queries(len(alone) + 3):  # the exchange, who is recused, and who is there, for both lists
        assert may_be_asked in colleagues("&destinataires")


def test_who_knows_somebody_concerned_is_not_in_the_open_list_of_demander(conversation, camille, alex):
    """docs/adr/0038: they read nothing of the exchange that they gave back."""
    transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=camille, target=Target(agent=alex.pk), reason=Reason.IMPARTIALITY
    )
    html = signed_in(alex.user).get(f"{ASKED}&demander={conversation.public_id}").text
    assert "data-colleagues" in html and f'<option value="{camille.pk}">' not in html


@pytest.mark.parametrize("whose", ["of somebody else", "that has ended", "that does not exist", "that is no id"])
def test_open_list_of_demander_tells_nothing_about_an_exchange(whose, conversation, camille, alex):
    other = conversation if whose != "of somebody else" else make.assigned(alex)
    named = {"that does not exist": uuid.uuid4(), "that is no id": "x"}.get(whose, other.public_id)
    if whose == "that has ended":
        conversation_actions.close_conversation(
            conversation_id=conversation.pk, by=camille.user, by_author=Author.AGENT
        )
    client = signed_in(camille.user)
    answer = client.get(f"{ASKED}&demander={named}")
    assert answer.status_code == 200
    assert answer.text == client.get(ASKED).text
