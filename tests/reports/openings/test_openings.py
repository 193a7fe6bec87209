"""Disclosing what is under seal: who may, in what order, and what is left of it."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from chat.management.commands import run_worker
from common import clock, encryption
from common.client_address import Connection
from pnav.accounts.models import Role, User
from reports.models import AccessKind, AccessRecord, OpeningField, OpeningRequest, OpeningStep, Report
from reports.openings import actions as opening_actions
from reports.openings.actions import OtherRequest, ReportGone
from reports.reporter_identity import Arrival, record
from reports.retention import deletion
from reports.rules.openings import Act, NotAllowed, State
from reports.seal.replies import SUITE, Reply, info, seal_reply
from reports.seal.sealing import unpad_text, unseal_text
from tests.chat.casework.test_closing import until_somebody_waits_for_a_lock
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.reports.openings.acts import GROUNDS, agreed, answered, ask, delete_report, key_of, shown_for_danger
from tests.reports.test_actions import file
from tests.reports.witness import confirm
from tests.support.variables import SEAL_KEY

pytestmark = pytest.mark.django_db


# --- the whole way ----------------------------------------------------------------------------------------------


def test_whole_way_ends_with_one_reading(agent, supervisor, custodians, browser):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[2])
    text = unseal_text(envelope.sealed, private_key=SEAL_KEY, context=envelope.context)  # opened on another machine
    assert text == "Anaïs Martin"
    reply = Reply(envelope.request, seal_reply(text, recipient=envelope.recipient, request=envelope.request))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[2], reply=reply)
    confirm(request_id=opening.pk, by=custodians[0])
    sealed = opening_actions.show_answer(request_id=opening.pk, by=agent)
    assert unpad_text(SUITE.decrypt(sealed, browser, info=info(opening.public_id))) == "Anaïs Martin"
    opening.refresh_from_db()
    assert (opening.state, opening.sealed_reply) == (State.SHOWN, None)
    with pytest.raises(NotAllowed):
        opening_actions.show_answer(request_id=opening.pk, by=agent)
    acts = [step.act for step in opening.steps.all()]
    assert acts == ["ask", "countersign", "agree", "agree", "take", "answer", "confirm", "show"]
    lines = AccessRecord.objects.filter(kind=AccessKind.OPENING).order_by("number")
    assert [line.detail.split()[1] for line in lines] == [f"{act}," for act in acts]
    assert {line.subject for line in lines} == {str(opening.report_public_id)}


def test_grounds_and_reasons_are_sealed_at_rest(agent, supervisor):
    opening = ask(agent)
    opening_actions.refuse_request(request_id=opening.pk, by=supervisor, reason="Marque : rien ne le justifie")
    assert opening_actions.grounds_of(opening) == GROUNDS
    assert opening_actions.note_of(opening.steps.get(act=Act.REFUSE)) == "Marque : rien ne le justifie"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, '') FROM reports_openingrequest r")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(s::text, '') FROM reports_openingstep s")
        kept += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(a::text, '') FROM reports_accessrecord a")
        kept += cursor.fetchone()[0]
    for mark in ("Menaces", "PARQUET-4711", "222-33", "Marque"):
        assert mark not in kept and mark.encode().hex() not in kept


def test_grounds_written_by_the_version_after_are_read(agent):
    """What it knows beside them is left out."""
    opening = ask(agent)
    kept = json.dumps({**GROUNDS.__dict__, "of_the_version_after": "yes"})
    opening.sealed_grounds = encryption.seal(kept, context=opening.context)
    opening.save()
    assert opening_actions.grounds_of(opening) == GROUNDS


def test_rotation_reaches_grounds_and_notes(agent, supervisor, settings, capsys):
    opening = ask(agent)
    opening_actions.refuse_request(request_id=opening.pk, by=supervisor, reason="Non")
    settings.CONTENT_KEYS = f"new:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=,{settings.CONTENT_KEYS}"
    call_command("rotate_keys")
    settings.CONTENT_KEYS = settings.CONTENT_KEYS.split(",")[0]
    opening.refresh_from_db()
    assert opening_actions.grounds_of(opening) == GROUNDS
    assert opening_actions.note_of(opening.steps.get(act=Act.REFUSE)) == "Non"
    capsys.readouterr()


# --- who may ----------------------------------------------------------------------------------------------------


def test_nobody_agrees_for_somebody_else(agent, supervisor, custodians):
    opening = ask(agent)
    stranger, admin = make.agent().user, User.objects.create_user("chef", role=Role.ADMINISTRATOR)
    for who in (agent, *custodians, stranger, admin):
        with pytest.raises(NotAllowed):
            opening_actions.countersign_request(request_id=opening.pk, by=who)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    for who in (agent, supervisor, stranger, admin):
        with pytest.raises(NotAllowed):
            opening_actions.agree_to_request(request_id=opening.pk, by=who)
        with pytest.raises(NotAllowed):
            opening_actions.take_envelope(request_id=opening.pk, by=who)


def test_supervisor_who_asks_does_not_countersign(supervisor, custodians):
    opening = ask(supervisor)
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    opening_actions.countersign_request(request_id=opening.pk, by=make.agent(role=Role.SUPERVISOR).user)


def test_one_custodian_is_never_enough(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.agree_to_request(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])


@pytest.mark.django_db(transaction=True)
def test_one_custodian_who_clicks_six_times_at_once_agrees_once(agent, supervisor, custodians):
    opening = ask(agent)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)

    def click(_number):
        try:
            opening_actions.agree_to_request(request_id=opening.pk, by=custodians[0])
        except NotAllowed:
            return 0
        return 1

    assert sum(in_threads(6, click)) == 1
    opening.refresh_from_db()
    assert opening.state == State.COUNTERSIGNED


@pytest.mark.django_db(transaction=True)
def test_answer_asked_for_six_times_at_once_is_given_once(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)

    def read(_number):
        try:
            return bool(opening_actions.show_answer(request_id=opening.pk, by=agent))
        except NotAllowed:
            return False

    assert sorted(in_threads(6, read)) == [False] * 5 + [True]


def test_refusal_of_one_custodian_ends_it(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening_actions.refuse_request(request_id=opening.pk, by=custodians[2], reason="Le document n'est pas le bon")
    for act in (opening_actions.take_envelope, opening_actions.withdraw_request, opening_actions.shown_here):
        with pytest.raises(NotAllowed):
            act(request_id=opening.pk, by=custodians[0])


def test_withdrawn_answer_is_gone(agent, supervisor, custodians, browser):
    opening = answered(agent, supervisor, custodians, browser)
    opening_actions.withdraw_request(request_id=opening.pk, by=agent)
    opening.refresh_from_db()
    assert (opening.state, opening.sealed_reply) == (State.WITHDRAWN, None)


def test_answer_to_another_request_is_refused(agent, supervisor, custodians, browser):
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    other = uuid.uuid4()
    reply = Reply(other, seal_reply("x", recipient=key_of(browser), request=other))
    with pytest.raises(OtherRequest):
        opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply)


def test_request_without_a_browser_is_shown_on_the_spot(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert (envelope.request, envelope.recipient) == (None, None)
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    with pytest.raises(NotAllowed):
        confirm(request_id=opening.pk, by=custodians[0])
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening.state == State.SHOWN


def test_each_field_opens_its_own_value(agent, supervisor, custodians):
    report = file(uuid.uuid4(), name="Anaïs", contact="ici", connection=Connection("203.0.113.1", "1"))
    record([Arrival(report.public_id, Connection("203.0.113.2", "2"), timezone.now())])
    opened = []
    for field in OpeningField.values:
        opening = agreed(agent, supervisor, custodians, report=report, field=field)
        envelope = opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
        opened.append(unseal_text(envelope.sealed, private_key=SEAL_KEY, context=envelope.context).split("\n")[0])
    assert opened == ["Anaïs", "ici", "adresse : 203.0.113.1", "adresse : 203.0.113.2"]


def test_deleted_report_leaves_nothing_to_open(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians)
    opening.report.delete()
    with pytest.raises(ReportGone):
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert OpeningRequest.objects.get().report_public_id == opening.report_public_id


def test_browser_keeps_the_keys_of_open_requests_and_no_other(agent, supervisor, custodians, browser):
    assert opening_actions.browser_keys(agent).wanted == ""
    ask(agent, field=OpeningField.CONTACT)  # asked to be shown on the spot, without a key
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser))
    assert opening_actions.browser_keys(agent).wanted == key_of(browser).text
    assert opening_actions.browser_keys(supervisor).wanted == ""
    assert opening_actions.browser_keys(supervisor).owner != opening_actions.browser_keys(agent).owner
    opening_actions.withdraw_request(request_id=opening.pk, by=agent)
    assert opening_actions.browser_keys(agent).wanted == ""


def test_browser_keeps_the_key_while_a_colleague_has_the_exchange(browser):
    """What is not theirs for a moment may come back, and the answer with it."""
    agent = make.agent()
    conversation = make.assigned(agent)
    report = file(uuid.uuid4())
    waiting, conversation.report = conversation.report, report
    conversation.save()
    waiting.delete()
    opening = ask(agent.user, report=report, recipient=key_of(browser))
    conversation.assigned_to = make.agent()
    conversation.save()
    assert opening_actions.find_request(agent.user, opening.public_id) is None
    assert opening_actions.browser_keys(agent.user).wanted == key_of(browser).text


# --- imminent danger --------------------------------------------------------------------------------------------


def test_imminent_danger_is_two_people_then_a_review_that_stays_red(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    assert not opening_actions.standing_of(opening).owes_review
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening_actions.standing_of(opening).owes_review
    assert opening in opening_actions.waiting_for(custodians[2])
    assert opening in opening_actions.late_requests(timezone.now() + timedelta(hours=1))
    for who in (agent, supervisor, *custodians[:2]):  # who asked, who allowed it, and who opened it
        with pytest.raises(NotAllowed):
            opening_actions.review_opening(request_id=opening.pk, by=who, text="Tout va bien")
    opening_actions.review_opening(request_id=opening.pk, by=custodians[2], text="Vie sauvée")
    opening.refresh_from_db()
    assert not opening_actions.standing_of(opening).owes_review
    assert opening not in opening_actions.waiting_for(custodians[2])


@pytest.mark.django_db(transaction=True)
def test_acts_of_an_opening_begin_a_transaction_of_their_own(agent, supervisor, custodians, browser):
    """No test holds a transaction around them, as on a site: each locks the request."""
    opening = answered(agent, supervisor, custodians, browser)
    assert opening_actions.show_answer(request_id=opening.pk, by=agent)
    refused, withdrawn = ask(agent), ask(agent)
    opening_actions.refuse_request(request_id=refused.pk, by=supervisor, reason="Sans fondement")
    opening_actions.withdraw_request(request_id=withdrawn.pk, by=agent)
    urgent = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=urgent.pk, by=custodians[0])
    opening_actions.shown_here(request_id=urgent.pk, by=custodians[0])
    confirm(request_id=urgent.pk, by=custodians[1])
    opening_actions.review_opening(request_id=urgent.pk, by=custodians[2], text="Vie sauvée")
    states = OpeningRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [State.SHOWN, State.REFUSED, State.WITHDRAWN, State.SHOWN]
    assert opening_actions.expire_requests(now=timezone.now() + timedelta(days=60)) == 0


def test_review_is_owed_when_the_envelope_left_and_the_rest_did_not_follow(agent, supervisor, custodians):
    opening = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    assert opening_actions.expire_requests(now=timezone.now() + timedelta(days=1)) == 1
    opening.refresh_from_db()
    assert opening.state == State.EXPIRED
    assert opening_actions.standing_of(opening).owes_review


# --- once the report is deleted ---------------------------------------------------------------------------------


def test_what_is_typed_about_a_deleted_report_is_not_stored(agent, supervisor, custodians):
    """The acts and their dates are there, and in the register. Before, the notes were sealed with the key ring."""
    reviewed, refused = shown_for_danger(agent, supervisor, custodians), ask(agent)
    for opening in (reviewed, refused):
        delete_report(opening)
    opening_actions.review_opening(request_id=reviewed.pk, by=custodians[2], text="Anaïs était en danger")
    opening_actions.refuse_request(request_id=refused.pk, by=supervisor, reason="Anaïs ne le veut pas")
    assert not OpeningStep.objects.filter(sealed_note__isnull=False).exists()
    reviewed.refresh_from_db()
    refused.refresh_from_db()
    assert reviewed.reviewed_at is not None and refused.state == State.REFUSED
    assert [one.steps.last().act for one in (reviewed, refused)] == [Act.REVIEW, Act.REFUSE]
    told = AccessRecord.objects.filter(kind=AccessKind.OPENING).order_by("-number").values_list("detail", flat=True)[:2]
    assert [line.split()[1] for line in told] == ["refuse,", "review,"]


def test_notes_that_were_stored_after_the_deletion_are_deleted(agent, supervisor, custodians):
    """Version 0.2.0 stored them."""
    reviewed, kept = shown_for_danger(agent, supervisor, custodians), ask(agent)
    opening_actions.refuse_request(request_id=kept.pk, by=supervisor, reason="Non")
    delete_report(reviewed)
    step = reviewed.steps.last()
    OpeningStep.objects.filter(pk=step.pk).update(sealed_note=encryption.seal("Anaïs", context=step.context))
    deletion.forget(timezone.now())
    assert OpeningStep.objects.get(sealed_note__isnull=False).request == kept


@pytest.mark.django_db(transaction=True)
def test_review_that_is_being_stored_goes_with_the_report(agent, supervisor, custodians):
    """The deletion waits for it, then finds its text too."""
    opening = shown_for_danger(agent, supervisor, custodians)

    def delete():
        with transaction.atomic():
            delete_report(opening)
        connection.close()

    thread = threading.Thread(target=delete)
    try:
        with transaction.atomic():
            opening_actions.review_opening(request_id=opening.pk, by=custodians[2], text="Anaïs était en danger")
            thread.start()
            until_somebody_waits_for_a_lock()
    finally:
        thread.join(30)
    assert not Report.objects.filter(pk=opening.report_id).exists()
    step = opening.steps.get(act=Act.REVIEW)
    assert step.sealed_note is None


# --- terms ------------------------------------------------------------------------------------------------------


def test_worker_ends_what_has_passed_its_term(agent, supervisor, custodians, browser, caplog):
    unread = answered(agent, supervisor, custodians, browser)
    forgotten, fresh = ask(agent), ask(agent)
    OpeningRequest.objects.filter(pk=unread.pk).update(moved_at=timezone.now() - timedelta(minutes=61))
    OpeningRequest.objects.filter(pk=forgotten.pk).update(asked_at=timezone.now() - timedelta(days=15))
    OpeningRequest.objects.filter(pk=fresh.pk).update(moved_at=timezone.now() - timedelta(days=2))
    with pytest.raises(NotAllowed):  # refused although the worker has not done it yet
        opening_actions.countersign_request(request_id=forgotten.pk, by=supervisor)
    run_worker.Command()._remind()
    states = [OpeningRequest.objects.get(pk=one.pk).state for one in (unread, forgotten, fresh)]
    assert states == [State.EXPIRED, State.EXPIRED, State.ASKED]
    assert OpeningRequest.objects.get(pk=unread.pk).sealed_reply is None
    assert "openings_late count=1 urgent=0" in caplog.text


@pytest.mark.parametrize("hours", [-24, 24])
def test_clock_of_a_process_ends_nothing_and_dates_nothing(agent, supervisor, custodians, browser, monkeypatch, hours):
    """The clock of this process is a day off. A request for a danger ends after twelve hours, an answer after one."""
    from_then, at = clock.now(), timezone.now() + timedelta(hours=hours)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    opening = answered(agent, supervisor, custodians, browser, urgent=True)
    run_worker.Command()._remind()
    assert opening_actions.show_answer(request_id=opening.pk, by=agent)
    opening_actions.review_opening(request_id=opening.pk, by=custodians[2], text="Vie sauvée")
    opening.refresh_from_db()
    moments = [opening.asked_at, opening.moved_at, opening.reviewed_at, *opening.steps.values_list("at", flat=True)]
    assert all(from_then <= moment <= clock.now() for moment in moments)
    late = ask(agent, urgent=True)
    OpeningRequest.objects.filter(pk=late.pk).update(asked_at=clock.now() - timedelta(hours=13))
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=late.pk, by=supervisor)
    run_worker.Command()._remind()
    late.refresh_from_db()
    assert late.state == State.EXPIRED


def test_answer_is_kept_in_no_other_state(agent):
    opening = ask(agent)
    with pytest.raises(IntegrityError, match="opening_reply_only_until_read"), transaction.atomic():
        OpeningRequest.objects.filter(pk=opening.pk).update(sealed_reply=b"x")
