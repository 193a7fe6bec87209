"""A supervisor steps into a conversation, never unseen and never outside of their units."""

import re
import uuid
from datetime import timedelta
from html import unescape
from unittest import mock

import pytest
from django.utils import timezone

from chat import access
from chat.casework import danger as danger_marks
from chat.casework import emergencies
from chat.console import inbox
from chat.conversations import actions, dispatcher
from chat.conversations.resume import park_conversation
from chat.decisions import on_call as on_call_duties
from chat.models import Agent, EventKind, OnCall
from chat.models.transfer import Handover, Watch, Whisper
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.transfer import HandoverState, Manner, Reason, Target
from chat.statistics import history
from chat.supervision import board_charts, intervention, live_board
from chat.transfer import actions as transfer_actions
from chat.visitor import page_state
from common.service_settings import definitions, values
from locations.models import Force
from pnav.accounts.models import Role
from reports.audit import for_the_person
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture
def camille():
    return make.agent(public_name="Camille", unit_name="Ici")


@pytest.fixture
def dominique():
    return make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici")


@pytest.fixture
def stranger():
    """Return a supervisor of another unit."""
    return make.agent(public_name="Sacha", role=Role.SUPERVISOR, unit_name="Ailleurs")


@pytest.fixture
def conversation(camille):
    return make.assigned(camille)


def join(conversation, by):
    return intervention.join(conversation_id=conversation.pk, by=by, motive="Échange très long")


def lines(conversation) -> list[str]:
    return [message.body for message in conversation.messages.filter(author=Author.SYSTEM)]


def test_open_emergency_is_said_before_joining_and_its_motive_is_written(camille, dominique, conversation):
    """Somebody is in danger: nothing is to be thought of, and what was done is read."""
    client, address = signed_in(dominique.user), f"/console/tableau/echange/{conversation.public_id}/"
    assert "Procédure d'urgence" not in unescape(client.get(address).text)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=camille.user)
    page = squeezed(unescape(client.get(address).text))
    clock = r'Procédure d\'urgence ouverte depuis\s*<time class="console-clock" data-clock datetime="[^"]+">00:0\d<'
    assert re.search(clock, page) and "Pas encore fait :" in page
    assert 'value="Procédure d\'urgence ouverte"' in page
    # From now on the page reads it again with the messages, and the alarm stands beside the answer.
    join(conversation, dominique)
    page = squeezed(unescape(client.get(address).text))
    followed = page[page.index('id="tableau" data-board') : page.index('id="tableau-ancien"')]
    assert re.search(clock, followed) and page.count("Procédure d'urgence ouverte depuis") == 1
    assert 0 < page.index('class="console-reply"') - page.index('id="tableau-ancien"') < 600
    console = squeezed(unescape(client.get("/console/").text))
    assert '<a class="console-figures__alarm" href="/console/tableau/">' in console  # one press from the console


# --- who may ------------------------------------------------------------------------------------------------------


def test_units_are_ones_own_and_those_that_were_given(camille, dominique, stranger, conversation):
    assert access.as_supervisor(dominique, conversation.public_id) == conversation
    assert access.as_supervisor(stranger, conversation.public_id) is None
    assert access.as_supervisor(camille, conversation.public_id) is None
    colleague = make.agent(unit_name="Ici")
    assert access.as_supervisor(colleague, conversation.public_id) is None
    stranger.supervised_units.add(camille.unit)
    assert access.as_supervisor(stranger, conversation.public_id) == conversation


def on_call_for(supervisor, unit, **fields):
    """Name them on call by somebody else, from an hour ago until tomorrow unless said otherwise."""
    now = timezone.now()
    values = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1), "motive": "seul cette nuit"}
    by = make.agent(role=Role.SUPERVISOR, unit_name=unit.name).user
    return OnCall.objects.create(supervisor=supervisor, unit=unit, named_by=by, named_at=now, **values | fields)


def test_supervisor_on_call_steps_in_for_that_unit_while_it_lasts_and_the_register_says_so(
    camille, stranger, conversation
):
    elsewhere = make.assigned(make.agent(unit_name="Troisième"))
    duty = on_call_for(stranger, camille.unit)
    assert access.as_supervisor(stranger, conversation.public_id) == conversation
    assert access.as_supervisor(stranger, elsewhere.public_id) is None
    join(conversation, stranger)
    assert access.has_joined(stranger, conversation, timezone.now())
    intervention.whisper(conversation_id=conversation.pk, by=stranger, text="Passez la main.")
    other = make.agent(unit_name="Troisième", public_name="Louise")
    intervention.reassign(conversation_id=conversation.pk, by=stranger, agent_id=other.pk, motive="épuisée")
    told = dict(AccessRecord.objects.values_list("kind", "detail"))
    assert told == {
        AccessKind.READING: f"join, on call {duty.pk}",
        AccessKind.WHISPER: f"whisper, on call {duty.pk}",
        AccessKind.REASSIGNMENT: f"reassign, on call {duty.pk}",
    }
    for kind, detail in told.items():
        assert "au titre de l'astreinte" in audit_wording.in_words(kind, detail)
    given, *_others = shown = on_call_duties.decisions(duty)
    assert len(shown) == 3 and (given.kind, given.act) == ("Échange confié à un autre agent", ""), "said once"
    with pytest.raises(actions.NotYours):  # it belongs to another unit now
        intervention.whisper(conversation_id=conversation.pk, by=stranger, text="x")


@pytest.mark.parametrize("how", ["over", "to come", "ended"])
def test_supervisor_whose_on_call_duty_does_not_run_is_a_stranger(how, camille, stranger, conversation):
    now = timezone.now()
    when = {
        "over": {"starts_at": now - timedelta(hours=2), "ends_at": now - timedelta(hours=1)},
        "to come": {"starts_at": now + timedelta(hours=1)},
        "ended": {"ended_at": now, "ended_by": camille.user},
    }
    on_call_for(stranger, camille.unit, **when[how])
    assert access.as_supervisor(stranger, conversation.public_id) is None
    with pytest.raises(actions.NotYours):
        join(conversation, stranger)


def test_watch_ends_with_the_on_call_duty(camille, stranger, conversation):
    duty = on_call_for(stranger, camille.unit)
    join(conversation, stranger)
    assert intervention.end_watches() == 0
    OnCall.objects.filter(pk=duty.pk).update(ended_at=timezone.now(), ended_by=camille.user)
    assert intervention.end_watches() == 1
    assert not access.has_joined(stranger, conversation, timezone.now())


# --- who is free --------------------------------------------------------------------------------------------------


def rests(**who):
    return make.agent(availability=Availability.PAUSE, **who)


def test_reassign_says_who_rests_and_proposes_them_last(dominique, conversation):
    louise = rests(public_name="Louise", unit_name="Ici")
    Agent.objects.filter(pk=louise.pk).update(pause_reason="Repas")
    make.agent(public_name="Yann", unit_name="Ici")
    html = squeezed(signed_in(dominique.user).get(f"/console/tableau/echange/{conversation.public_id}/").text)
    people = html[html.index('id="agent"') : html.index("</select>")]
    assert people.index("Yann") < people.index("Louise")
    assert "(0/3), en pause : Repas" in unescape(people).replace("\u202f", " ").replace("\xa0", " ")
    intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=louise.pk, motive="elle le suit")
    conversation.refresh_from_db()
    assert conversation.assigned_to == louise


@pytest.mark.parametrize("danger", ["critical", "emergency", "words"])
def test_reassign_of_somebody_who_cannot_wait_is_never_to_who_rests(danger, dominique, camille, conversation):
    louise, away = rests(public_name="Louise"), make.agent(availability=Availability.AWAY, public_name="Alex")
    yann = make.agent(public_name="Yann", capacity=0)  # has no free place, and is present
    if danger == "critical":
        type(conversation).objects.filter(pk=conversation.pk).update(urgency=Urgency.CRITICAL)
    elif danger == "words":
        make.message(conversation, "je veux mourir")
        inbox.open_entries(camille, timezone.now())  # keeps the mark
    else:
        emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=camille.user)
    conversation.refresh_from_db()
    found = intervention.receivers(conversation, timezone.now())
    assert yann in found and louise not in found and away not in found
    for agent in (louise, away):  # they took a pause since the page was drawn
        with pytest.raises(intervention.Resting):
            intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=agent.pk, motive="x")
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


def test_reassign_to_who_rests_once_words_of_danger_are_dealt_with(dominique, camille, conversation):
    louise = rests(public_name="Louise")
    marked = make.message(conversation, "je veux mourir")
    inbox.open_entries(camille, timezone.now())
    assert louise not in intervention.receivers(conversation, timezone.now())
    danger_marks.deal_with(conversation_id=conversation.pk, seq=marked.seq, by=camille.user)
    assert louise in intervention.receivers(conversation, timezone.now())


def test_reassign_to_who_went_into_a_pause_meanwhile_says_so(dominique, conversation):
    type(conversation).objects.filter(pk=conversation.pk).update(urgency=Urgency.CRITICAL)
    louise = make.agent(public_name="Louise")
    client, address = signed_in(dominique.user), f"/console/tableau/echange/{conversation.public_id}/"
    sent = {"held_by": conversation.assigned_to_id}

    def pause_first(*args, **fields):
        Agent.objects.filter(pk=louise.pk).update(availability=Availability.PAUSE)
        return reassign(*args, **fields)

    reassign = intervention.reassign
    with mock.patch.object(intervention, "reassign", pause_first):
        answer = client.post(f"{address}confier/", {**sent, "agent": louise.pk, "motive": "équilibrer"})
    assert "vient de se mettre en pause" in answer.text
    conversation.refresh_from_db()
    assert conversation.assigned_to != louise


def test_units_of_who_is_no_supervisor_give_nothing(camille, conversation):
    colleague = make.agent(unit_name="Ailleurs")
    colleague.supervised_units.add(camille.unit)
    assert access.units_of(colleague) == set()


def test_board_names_the_agents_of_every_unit_of_theirs(camille, stranger, conversation):
    def board():
        return live_board.read(timezone.now(), units=access.units_of(stranger))

    assert [one.name for one in board().members] == ["Sacha"] and [one.name for one in board().others] == ["Ici"]
    stranger.supervised_units.add(camille.unit)
    assert {(one.name, one.unit) for one in board().members} == {("Sacha", "Ailleurs"), ("Camille", "Ici")}
    assert board().others == []


def test_waiting_and_ended_conversations_are_not_there(dominique, camille):
    waiting, closed = make.waiting(), make.closed(camille)
    for one in (waiting, closed):
        assert access.as_supervisor(dominique, one.public_id) is None


@pytest.mark.parametrize("act", ["join", "whisper", "reassign", "write"])
def test_acts_ask_again_under_the_lock(act, stranger, conversation):
    other = make.agent()
    acts = {
        "join": lambda: join(conversation, stranger),
        "whisper": lambda: intervention.whisper(conversation_id=conversation.pk, by=stranger, text="x"),
        "reassign": lambda: intervention.reassign(
            conversation_id=conversation.pk, by=stranger, agent_id=other.pk, motive="x"
        ),
        "write": lambda: intervention.write(
            conversation_id=conversation.pk, by=stranger, client_id=uuid.uuid4(), body="x"
        ),
    }
    with pytest.raises(actions.NotYours):
        acts[act]()
    assert not AccessRecord.objects.exists()


# --- joining ------------------------------------------------------------------------------------------------------


def test_join_is_told_in_the_thread_the_history_and_the_register(conversation, dominique):
    join(conversation, dominique)
    said = lines(conversation)[-1]
    assert said.startswith("Dominique, police nationale, superviseur, rejoint l'échange")
    assert conversation.events.filter(kind=EventKind.JOINED, by=dominique.user).count() == 1
    line = AccessRecord.objects.get()
    assert (line.kind, line.account_id, line.subject, line.motive) == (
        AccessKind.READING,
        dominique.user_id,
        str(conversation.public_id),
        "Échange très long",
    )
    [shown] = for_the_person.readings_of([conversation.public_id])
    assert (shown.who, shown.did) == ("Un superviseur", "a lu l'échange")
    assert access.has_joined(dominique, conversation, timezone.now())


def test_join_again_while_it_lasts_is_said_once(conversation, dominique):
    assert join(conversation, dominique) == join(conversation, dominique)
    assert AccessRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_join_twice_at_once_is_one(conversation, dominique):
    in_threads(2, lambda _index: join(conversation, dominique))
    assert Watch.objects.count() == 1
    assert len([line for line in lines(conversation) if "rejoint" in line]) == 1


def test_join_ends_by_itself_and_says_so(conversation, dominique):
    join(conversation, dominique)
    later = timezone.now() + values.get_duration(definitions.WATCHED) + timedelta(seconds=1)
    assert not access.has_joined(dominique, conversation, later)
    assert intervention.end_watches(later) == 1
    assert intervention.end_watches(later) == 0
    assert "a quitté l'échange" in lines(conversation)[-1]
    assert conversation.events.filter(kind=EventKind.WATCH_LEFT).count() == 1


def test_join_ends_with_the_conversation(conversation, dominique, camille):
    join(conversation, dominique)
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=camille.user, outcome="advised"
    )
    assert not access.has_joined(dominique, conversation, timezone.now())
    intervention.end_watches()
    assert not Watch.objects.filter(left_at__isnull=True).exists()


def test_join_ends_where_another_unit_takes_over(conversation, dominique, camille):
    join(conversation, dominique)
    other = make.agent(unit_name="Ailleurs")
    transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=camille, target=Target(agent=other.pk), reason=Reason.REQUEST
    )
    assert access.as_supervisor(dominique, conversation.public_id) is None
    with pytest.raises(actions.NotYours):
        intervention.write(conversation_id=conversation.pk, by=dominique, client_id=uuid.uuid4(), body="x")
    assert intervention.end_watches() == 1
    assert "a quitté l'échange" in lines(conversation)[-1]


@pytest.mark.parametrize("how", ["ended", "elsewhere", "waiting"])
def test_who_had_joined_is_told_that_it_is_over(conversation, dominique, stranger, camille, how):
    """They are told when the page is loaded again, or when something is sent, in the frame of the console.

    What was typed is not lost.
    """
    join(conversation, dominique)
    chief, other = signed_in(dominique.user), signed_in(stranger.user)
    page = f"/console/tableau/echange/{conversation.public_id}/"
    assert chief.get(page).status_code == 200
    if how == "ended":
        actions.close_conversation(
            conversation_id=conversation.pk, by_author=Author.AGENT, by=camille.user, outcome="advised"
        )
    elif how == "elsewhere":
        goes_to(conversation, camille, agent=make.agent(unit_name="Loin").pk)
    else:
        Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(60))
        dispatcher.release_stale()
    told = "Cet échange est terminé" if how == "ended" else "Cet échange n'est plus dans vos unités"
    sent = {"body": "un texte en cours", "client_id": str(uuid.uuid4()), "text": "un mot", "motive": "Suivi"}
    answers = [chief.get(page), chief.post(page, sent)]
    answers += [chief.post(f"{page}{act}/", sent) for act in ("mot", "confier", "quitter", "rejoindre")]
    for answer in answers:
        html = squeezed(unescape(answer.text))
        assert answer.status_code == 404 and f'<h1 class="fr-h3">{told}</h1>' in html and "console-top" in html
    assert "un texte en cours\nun mot\nSuivi</textarea>" in unescape(answers[1].text)
    assert told not in unescape(other.get(page).text), "nobody else is told anything"
    assert not conversation.messages.filter(author=Author.AGENT).exists()


def goes_to(conversation, by, **target):
    transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=by, target=Target(**target), reason=Reason.REQUEST
    )


def is_joined(conversation, by) -> bool:
    return access.has_joined(by, conversation, timezone.now())


def test_join_ends_where_it_leaves_the_units_and_is_back_before_anybody_looked(conversation, dominique, camille):
    join(conversation, dominique)
    other = make.agent(unit_name="Ailleurs")
    goes_to(conversation, camille, agent=other.pk)
    goes_to(conversation, other, agent=camille.pk)
    assert access.as_supervisor(dominique, conversation.public_id) == conversation
    assert not is_joined(conversation, dominique)
    assert not intervention.running_conversations(dominique, timezone.now())[0].joined
    with pytest.raises(actions.NotYours):
        intervention.write(conversation_id=conversation.pk, by=dominique, client_id=uuid.uuid4(), body="x")
    assert intervention.end_watches() == 1
    assert "a quitté l'échange" in lines(conversation)[-1]
    join(conversation, dominique)
    assert is_joined(conversation, dominique) and intervention.end_watches() == 0


def test_join_again_after_it_was_elsewhere_is_told_again(conversation, dominique, camille):
    join(conversation, dominique)
    other = make.agent(unit_name="Ailleurs")
    goes_to(conversation, camille, agent=other.pk)
    goes_to(conversation, other, agent=camille.pk)
    join(conversation, dominique)
    assert AccessRecord.objects.filter(kind=AccessKind.READING).count() == 2
    assert len([line for line in lines(conversation) if "rejoint" in line]) == 2
    assert is_joined(conversation, dominique)


def test_join_ends_where_it_goes_through_the_queue(conversation, dominique, camille):
    join(conversation, dominique)
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    colleague = make.agent(public_name="Claude", unit_name="Ici")
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=colleague.pk, now=timezone.now())
    assert not is_joined(conversation, dominique)
    assert intervention.end_watches() == 1


def test_join_goes_on_with_colleagues_of_the_units(conversation, dominique, camille):
    added = make.agent(public_name="Sacha", unit_name="Ailleurs")
    dominique.supervised_units.add(added.unit)
    join(conversation, dominique)
    colleague = make.agent(public_name="Claude", unit_name="Ici")
    goes_to(conversation, camille, agent=colleague.pk)
    goes_to(conversation, colleague, agent=added.pk)
    assert is_joined(conversation, dominique) and intervention.end_watches() == 0


def test_join_then_taking_it_oneself_is_no_leaving(conversation, dominique):
    join(conversation, dominique)
    assert intervention.end_watches() == 0
    intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=dominique.pk, motive="Je prends")
    assert intervention.end_watches() == 0
    assert "Dominique, police nationale prend la suite" in lines(conversation)[-1]


def test_write_says_who_writes_once_a_client_id(conversation, dominique):
    join(conversation, dominique)
    key = uuid.uuid4()
    for _each in range(2):
        intervention.write(conversation_id=conversation.pk, by=dominique, client_id=key, body="Bonsoir.")
    [message] = conversation.messages.filter(author=Author.AGENT)
    assert message.body == "[Dominique, police nationale, superviseur]\nBonsoir."
    assert message.agent == dominique


def test_write_without_having_joined_or_after_leaving_is_refused(conversation, dominique):
    asked = {"conversation_id": conversation.pk, "by": dominique, "body": "x"}
    with pytest.raises(actions.NotYours):
        intervention.write(client_id=uuid.uuid4(), **asked)
    join(conversation, dominique)
    intervention.leave(conversation_id=conversation.pk, by=dominique)
    with pytest.raises(actions.NotYours):
        intervention.write(client_id=uuid.uuid4(), **asked)


# --- a word to the agent ------------------------------------------------------------------------------------------


def test_whisper_is_for_the_agent_alone_and_sealed(conversation, dominique, camille):
    before = conversation.messages.count()
    said = intervention.whisper(conversation_id=conversation.pk, by=dominique, text="Pense au 3018.")
    assert conversation.messages.count() == before
    assert said.agent == camille
    row = Whisper.objects.get()
    assert row.shown == "Pense au 3018." and b"3018" not in bytes(row.sealed_text)
    line = AccessRecord.objects.get()
    assert (line.kind, line.subject) == (AccessKind.WHISPER, str(conversation.public_id))
    assert "3018" not in line.motive + line.detail
    assert for_the_person.readings_of([conversation.public_id]) == []


# --- giving it to somebody else -----------------------------------------------------------------------------------


def test_reassign_even_to_who_is_full(conversation, dominique, camille):
    full = make.agent(capacity=0, public_name="Alex")
    place = conversation.queued_at
    order = intervention.reassign(
        conversation_id=conversation.pk, by=dominique, agent_id=full.pk, motive="Camille doit souffler"
    )
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.queued_at) == (full, place)
    assert (order.from_agent, order.taken_by, order.note) == (camille, full, "Camille doit souffler")
    assert "Alex, police nationale prend la suite" in lines(conversation)[-1]
    assert conversation.events.filter(kind=EventKind.REASSIGNED, by=dominique.user).count() == 1
    assert AccessRecord.objects.get().kind == AccessKind.REASSIGNMENT


def test_reassign_to_who_is_not_there_is_refused(conversation, dominique, camille):
    for agent in (make.agent(present=False), camille):
        with pytest.raises(transfer_actions.NoRoom):
            intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=agent.pk, motive="x")


def test_reassign_ends_an_open_passage(conversation, dominique, camille):
    alex, third = make.agent(), make.agent()
    one = transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=camille,
        target=Target(agent=alex.pk),
        reason=Reason.REQUEST,
        summary="Un résumé.",
    )
    intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=third.pk, motive="x")
    one.refresh_from_db()
    assert (one.state, one.texts.count()) == (HandoverState.LOST, 0)


def form_of(html: str, act: str) -> dict[str, str]:
    """Return what the form of this act sends along unseen."""
    form = html[html.index(f'/{act}/"') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))


@pytest.mark.parametrize(
    ("act", "more"), [("confier", {"motive": "Camille ne répond plus"}), ("mot", {"text": "Soufflez"})]
)
@pytest.mark.parametrize("when", ["before", "under the lock"])
def test_act_about_one_agent_is_not_done_to_another(act, more, when, conversation, dominique, camille, monkeypatch):
    """The page named Camille, who passed the exchange to Louise a second before the supervisor pressed."""
    louise, yann = (make.agent(public_name=name, unit_name="Ici") for name in ("Louise", "Yann"))
    client, address = signed_in(dominique.user), f"/console/tableau/echange/{conversation.public_id}/"
    sent = {**form_of(client.get(address).text, act), "agent": yann.pk, **more}

    def passes() -> None:
        if not Handover.objects.exists():
            transfer_actions.transfer_cold(
                conversation_id=conversation.pk, by=camille, target=Target(agent=louise.pk), reason=Reason.REQUEST
            )

    if when == "before":
        passes()
    else:
        name = "reassign" if act == "confier" else "whisper"
        does = getattr(intervention, name)
        monkeypatch.setattr(intervention, name, lambda **asked: passes() or does(**asked))
    html = client.post(f"{address}{act}/", sent).text
    conversation.refresh_from_db()
    assert conversation.assigned_to == louise and not Whisper.objects.exists()
    assert not AccessRecord.objects.exists()
    said = squeezed(unescape(html))
    assert "Louise répond maintenant dans cet échange." in said and next(iter(more.values())) in said
    again = {**sent, **form_of(html, act)}
    client.post(f"{address}{act}/", again)
    conversation.refresh_from_db()
    assert conversation.assigned_to == (yann if act == "confier" else louise)
    assert [one.agent for one in Whisper.objects.all()] == ([] if act == "confier" else [louise])


def recused(conversation, by) -> None:
    """Let this supervisor have had the exchange, and have passed it on because they know somebody concerned."""
    now = timezone.now()
    Handover.objects.create(
        conversation=conversation, from_agent=by, to_agent=conversation.assigned_to, taken_by=conversation.assigned_to,
        manner=Manner.COLD, reason=Reason.IMPARTIALITY, state=HandoverState.ACCEPTED, asked_at=now, ended_at=now,
    )  # fmt: skip


def test_who_knows_somebody_concerned_does_not_step_in_as_a_supervisor(conversation, dominique, camille):
    """The page says so and keeps what was typed; somebody in danger stays on the board, which may be the only one."""
    secret = make.message(conversation, "Parole secrète").body
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=camille.user)
    watch = join(conversation, dominique)
    recused(conversation, dominique)
    louise = make.agent(public_name="Louise", unit_name="Ici")
    assert not access.has_joined(dominique, conversation, timezone.now())
    client, address = signed_in(dominique.user), f"/console/tableau/echange/{conversation.public_id}/"
    acts = {
        "": {"body": "Je suis là", "client_id": uuid.uuid4()},
        "rejoindre/": {"motive": "Écrit avant"},
        "mot/": {"text": "Soufflez", "held_by": camille.pk},
        "confier/": {"agent": louise.pk, "motive": "Relève", "held_by": camille.pk},
    }
    before = AccessRecord.objects.count(), Watch.objects.count()
    for act, sent in acts.items():
        page = squeezed(unescape(client.post(address + act, sent).text))
        assert "vous connaissez une personne concernée" in page and secret not in page, act
        assert next(value for name, value in sent.items() if name in {"body", "text", "motive"}) in page, act
    page = squeezed(unescape(client.get(address).text))
    assert "Procédure d'urgence ouverte depuis" in page and f'action="{address}' not in page
    assert client.get(f"{address}messages/").status_code == 302
    board = squeezed(unescape(client.get("/console/tableau/").text))
    assert str(conversation.public_id) in board and f'href="{address}"' not in board
    assert board.count("Vous connaissez une personne concernée") == 2, "the procedure, and the line of the exchange"
    with pytest.raises(actions.NotYours):
        join(conversation, dominique)
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille and not Whisper.objects.exists()
    assert (AccessRecord.objects.count(), Watch.objects.count()) == before
    assert intervention.end_watches() == 1
    watch.refresh_from_db()
    assert watch.left_at is not None and access.is_recused(dominique, conversation)
    other = make.agent(public_name="Alex", role=Role.SUPERVISOR, unit_name="Ici")
    assert join(conversation, other)


def test_who_knows_somebody_concerned_reads_why_a_person_who_waits_is_not_for_them(dominique):
    person = make.waiting()
    now = timezone.now()
    Handover.objects.create(
        conversation=person, from_agent=dominique, to_force=Force.POLICE, manner=Manner.COLD,
        reason=Reason.IMPARTIALITY, state=HandoverState.QUEUED, asked_at=now, ended_at=now,
    )  # fmt: skip
    client, address = signed_in(dominique.user), f"/console/tableau/attente/{person.public_id}/"
    page = squeezed(unescape(client.get(address).text))
    assert "elle ne peut pas vous être confiée" in page and "Personne d'autre ne peut la recevoir" in page
    make.agent(public_name="Louise", unit_name="Ici")
    page = squeezed(unescape(client.get(address).text))
    assert "elle ne peut pas vous être confiée" in page and "Louise" in page and "Vous, et les agents" not in page


@pytest.mark.parametrize("sent", [{}, {"held_by": "x"}])
def test_form_that_names_no_agent_is_shown_again(sent, conversation, dominique, camille):
    """So is a page that was drawn by the version before."""
    alex = make.agent(unit_name="Ici")
    address = f"/console/tableau/echange/{conversation.public_id}/confier/"
    html = signed_in(dominique.user).post(address, {**sent, "agent": alex.pk, "motive": "Relève"}).text
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille and "Relève" in html


@pytest.mark.django_db(transaction=True)
def test_reassign_against_accepting_one_wins(conversation, dominique, camille):
    alex, third = make.agent(unit_name="Ailleurs"), make.agent()
    one = transfer_actions.propose_handover(
        conversation_id=conversation.pk, by=camille, target=Target(agent=alex.pk), reason="request", summary="x"
    )
    transfer_actions.answer_summary(handover_id=one.pk, conversation_id=conversation.pk, answer="agreed")

    def work(i):
        try:
            if i:
                transfer_actions.accept_handover(handover_id=one.pk, conversation_id=conversation.pk, by=alex)
            else:
                intervention.reassign(conversation_id=conversation.pk, by=dominique, agent_id=third.pk, motive="x")
        except (transfer_actions.Over, actions.NotYours):
            return False
        return True

    reassigned, accepted = in_threads(2, work)
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    # Alex's unit is not Dominique's. Once it is accepted there, Dominique may not give it away.
    assert (reassigned, conversation.assigned_to) == ((False, alex) if accepted else (True, third))


# --- what the board shows -----------------------------------------------------------------------------------------


def test_running_shows_ones_own_units_without_any_text(dominique, stranger, camille, conversation):
    make.message(conversation, "Parole secrète")
    urgent = make.assigned(camille, urgency=2, postal_code="31000")
    make.assigned(make.agent(unit_name="Ailleurs"))
    shown = intervention.running_conversations(dominique, timezone.now())
    assert [one.place for one in shown] == ["31000", conversation.report.postal_code], "two alike are told apart"
    assert [one.conversation.pk for one in shown] == [urgent.pk, conversation.pk]
    assert "secrète" not in repr(shown)
    assert len(intervention.running_conversations(stranger, timezone.now())) == 1


def test_running_of_a_supervisor_leaves_out_their_own(dominique):
    make.assigned(dominique)
    assert intervention.running_conversations(dominique, timezone.now()) == []


def test_one_voice_is_one_figure_on_the_board_and_in_the_history(camille, dominique):
    """It counts by the day of arrival, whoever was given the conversation at any time; ended by the person too."""
    days = history.last_days(30)
    assert history.one_voice(*days).one_person_percent is None
    old = make.closed(camille)
    make.age(old, days=40)
    type(old).objects.filter(pk=old.pk).update(closed_at=timezone.now())  # it came before, and ended recently
    make.closed(camille)
    chief = signed_in(dominique.user)
    board_charts.forget()  # as when what it keeps has expired
    assert "100 % (un seul échange terminé)" in chief.get("/console/tableau/").text
    passed = make.assigned(camille)
    other = make.agent(public_name="Alex")
    transfer_actions.transfer_cold(
        conversation_id=passed.pk, by=camille, target=Target(agent=other.pk), reason=Reason.END_OF_DUTY
    )
    actions.close_conversation(conversation_id=passed.pk, by_author=Author.AGENT, by=other.user, outcome="advised")
    voice, whole = history.one_voice(*days), history.read(*days).whole
    assert (voice.ended, voice.one_person, voice.one_person_percent) == (2, 1, 50)
    assert (voice.ended, voice.one_person) == (whole.ended, whole.one_person)
    board_charts.forget()
    board = chief.get("/console/tableau/").text
    assert "50 % des 2 échanges terminés" in board


def test_a_look_does_not_keep_an_exchange_alive(conversation, dominique):
    """Reading is no act of the exchange: what a supervisor looks at ends when it would have."""
    make.age(conversation, days=30)
    Agent.objects.update(seen_at=timezone.now())
    before = page_state.read_page_state(conversation, timezone.now()).decision
    join(conversation, dominique)
    after = page_state.read_page_state(conversation, timezone.now()).decision
    assert before.due_at == after.due_at
    park_conversation(report=conversation.report)
    later = page_state.read_page_state(conversation, timezone.now()).decision
    assert later.due_at > after.due_at  # the comparison can only fail if these differ
    assert not Handover.objects.exists()
