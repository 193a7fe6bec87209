"""An exchange has a key of its own. What is written in it is sealed with that key, and cannot be opened once the key is
erased.
"""

import threading
import uuid
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from chat.casework import colleague_questions, fact_sheet, notes
from chat.casework.fact_sheet import Facts
from chat.conversations import actions, dispatcher
from chat.journal import actions as journal
from chat.journal.facts import Told
from chat.management.commands import move_to_data_keys
from chat.messages import conversation_keys, reading, writing
from chat.messages.reading import Ask
from chat.messages.writing import Draft, Refusal, Written
from chat.models import Conversation, Message
from chat.retention import deletion, moving
from chat.texts import thread as thread_texts
from common import encryption
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from reports.models import ErasureRequest, Freeze, KeyErasure, Report
from reports.retention import key_erasure
from tests.factories import chat as make

WORDS = "des mots à moi"


@pytest.fixture(autouse=True)
def _nothing_known():
    data_keys.forget_all()
    conversation_keys.forget_all()
    yield
    data_keys.forget_all()
    conversation_keys.forget_all()


def keyed(conversation: Conversation) -> uuid.UUID:
    """Give an exchange of the factory its own key, as filing does; its id."""
    moving.give_keys([conversation.report_id])
    conversation.refresh_from_db()
    conversation.report.refresh_from_db()
    assert conversation.data_key is not None and conversation.data_key == conversation.report.data_key
    return conversation.data_key


def draft(conversation: Conversation, body: str = WORDS, client_id: str = "") -> Draft:
    return Draft(
        conversation.pk, str(conversation.public_id), "reporter", None, client_id or str(uuid.uuid4()), body,
        is_metered=False,
    )  # fmt: skip


def sealing_keys(conversation: Conversation) -> set[uuid.UUID | None]:
    return {encryption.data_key_of(one.sealed_body) for one in Message.objects.filter(conversation=conversation)}


def with_everything() -> Conversation:
    """Return an exchange with words in every table that has some, sealed with the ring; the words of each begin with
    WORDS.
    """
    conversation = make.assigned()
    agent = conversation.assigned_to
    colleague = make.agent()
    by = agent.user
    make.message(conversation, f"{WORDS} message")
    notes.write_note(conversation_id=conversation.pk, body=f"{WORDS} note", by=by)
    colleague_questions.ask_colleagues(
        conversation_id=conversation.pk, body=f"{WORDS} question", of=[colleague.pk], by=by
    )
    told = dict.fromkeys(("dates", "accounts", "links", "notes"), f"{WORDS} fiche")
    fact_sheet.save_sheet(
        conversation_id=conversation.pk, version=0, facts=Facts(present=["online"], notes=told), by=by
    )
    now = timezone.now()
    reasons = {"motive": f"{WORDS} motif", "reference": "r", "authority": "a"}
    Freeze.objects.create(
        report=conversation.report,
        sealed_reasons=Freeze.seal_reasons(conversation.report, **reasons),
        until=now + timedelta(days=1),
        asked_at=now,
    )
    return conversation


# --- writing and reading ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_messages_are_sealed_with_the_key_of_their_exchange():
    one, other, old = make.assigned(), make.assigned(), make.assigned()
    first, second = keyed(one), keyed(other)
    drafts = [draft(where) for where in (one, other, old, one)]
    assert all(isinstance(answer, Written) for answer in writing.write_messages(drafts))
    assert sealing_keys(one) - {None} == {first} and sealing_keys(other) - {None} == {second}
    assert sealing_keys(old) == {None}, "an exchange of before has no key"
    data_keys.forget_all()
    for where in (one, other, old):
        [told] = reading.read_messages([Ask(where.pk, where.public_id, 0)])
        assert told is not None and told.items[-1]["body"] == WORDS


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 3])
def test_expected_batches_use_the_key_too(many):
    """The one statement that writes a batch seals before it is sent."""
    conversations = [make.assigned() for _each in range(many)]
    keys = [keyed(one) for one in conversations]
    expected = {one.pk: one.last_seq for one in conversations}
    with patch.object(writing, "_write_under_lock", side_effect=AssertionError("not as expected")):
        answers = writing.write_messages([draft(one) for one in conversations], expected)
    assert all(isinstance(answer, Written) for answer in answers)
    for conversation, key in zip(conversations, keys, strict=True):
        assert key in sealing_keys(conversation)


@pytest.mark.django_db
def test_what_is_known_costs_no_statement():
    conversations = [make.assigned() for _each in range(3)]
    for one in conversations:
        keyed(one)
    asked_of = {one.pk: str(one.public_id) for one in conversations}
    with patch.object(conversation_keys, "fetch_rows", wraps=conversation_keys.fetch_rows) as asked:
        known = conversation_keys.read_labels(asked_of)
        assert asked.call_count == 1 and all(known.values())
        assert conversation_keys.read_labels(asked_of) == known
        assert asked.call_count == 1


@pytest.mark.django_db
def test_who_reads_the_state_spares_the_first_message_a_statement():
    """Whoever opens a socket reads it. An exchange without a key may get one, so this is asked when it writes."""
    conversation, without = make.assigned(), make.assigned()
    key = keyed(conversation)
    conversation_keys.forget_all()
    reading.read_messages([Ask(one.pk, one.public_id, one.last_seq) for one in (conversation, without)])
    with patch.object(conversation_keys, "fetch_rows", wraps=conversation_keys.fetch_rows) as asked:
        assert conversation_keys.read_labels({conversation.pk: str(conversation.public_id)}) == {
            conversation.pk: key.bytes
        }
        assert asked.call_count == 0
        assert conversation_keys.read_labels({without.pk: str(without.public_id)}) == {without.pk: None}
        assert asked.call_count == 1


class Counting(dict[bytes, Any]):
    """A dictionary that counts how often it is read."""

    looked = 0

    def get(self, key: Any, default: Any = None) -> Any:
        self.looked += 1
        return super().get(key, default)


@pytest.mark.django_db
def test_batch_looks_up_each_key_once_however_many_messages_it_has(monkeypatch):
    conversations = [make.assigned() for _each in range(3)]
    for one in conversations:
        keyed(one)
    drafts = [draft(one) for one in conversations for _each in range(4)]
    writing.write_messages(drafts[:1])
    known = Counting(data_keys._known.ciphers)
    monkeypatch.setattr(data_keys._known, "ciphers", known)
    for one in conversations:
        one.refresh_from_db()
    answers = writing.write_messages(drafts[1:], {one.pk: one.last_seq for one in conversations})
    assert all(isinstance(answer, Written) for answer in answers) and known.looked == 3
    known.looked = 0
    readings = reading.read_messages([Ask(one.pk, one.public_id, 0) for one in conversations])
    assert sum(len(one.items) for one in readings if one is not None) >= 12 and known.looked <= 3


@pytest.mark.django_db
def test_key_ring_never_takes_the_place_of_a_key_that_is_gone():
    with pytest.raises(encryption.UnsealError):
        writing._seal(draft(make.assigned()), 1, uuid.uuid4().bytes, None)


@pytest.mark.django_db
def test_exchange_without_a_key_is_asked_about_again(monkeypatch):
    seconds = [100.0]
    monkeypatch.setattr(conversation_keys, "_now", lambda: seconds[0])
    conversation = make.assigned()
    asked_of = {conversation.pk: str(conversation.public_id)}
    assert conversation_keys.read_labels(asked_of) == {conversation.pk: None}
    key = keyed(conversation)
    assert conversation_keys.read_labels(asked_of) == {conversation.pk: None}
    seconds[0] += conversation_keys.NO_KEY_SECONDS
    assert conversation_keys.read_labels(asked_of) == {conversation.pk: key.bytes}
    assert conversation_keys.read_labels({conversation.pk + 10_000: str(uuid.uuid4())}) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("is_expected", [True, False])
def test_exchange_whose_key_is_gone_holds_up_nobody(is_expected):
    mute, other = make.assigned(), make.assigned()
    key = keyed(mute)
    assert isinstance(writing.write_messages([draft(mute)])[0], Written)
    data_keys.erase([key])
    mute.refresh_from_db()
    expected = {one.pk: one.last_seq for one in (mute, other)} if is_expected else None
    for drafts in ([draft(mute), draft(other)], [draft(mute)]):
        answers = writing.write_messages(drafts, expected)
        assert answers[0] is Refusal.HELD and all(isinstance(one, Written) for one in answers[1:])
        if expected:
            expected[other.pk] += 1
    [told] = reading.read_messages([Ask(mute.pk, mute.public_id, 0)])
    assert told is not None and WORDS not in str(told.items), "said as a message that does not open"
    assert len(told.items) == mute.last_seq


@pytest.mark.django_db
def test_somebody_whose_key_is_gone_keeps_nobody_in_the_queue():
    mute, other, agent = make.waiting(), make.waiting(), make.agent()
    data_keys.erase([keyed(mute)])
    for one in (mute, other):
        assert dispatcher.claim_conversation(conversation_id=one.pk, agent_id=agent.pk, now=timezone.now())
    assert sealing_keys(mute) == {None}, "Pnav's own line, which nobody typed"
    mute.refresh_from_db()
    with pytest.raises(encryption.UnsealError):
        writing.say_line(mute, thread_texts.TRANSMISSION_CLOSED, now=timezone.now(), reason=WORDS, unit="Rennes")
    with pytest.raises(encryption.UnsealError):
        notes.write_note(conversation_id=mute.pk, body=WORDS, by=agent.user)
    assert not mute.notes.exists(), "what somebody wrote is never sealed with another key"


@pytest.mark.django_db
def test_every_text_beside_the_thread_is_sealed_with_it():
    conversation = make.assigned()
    key = keyed(conversation)
    by = conversation.assigned_to.user
    notes.write_note(conversation_id=conversation.pk, body=WORDS, by=by)
    facts = Facts(present=["online"], notes={"dates": WORDS})
    fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=facts, by=by)
    sealed = [
        bytes(getattr(row, field))
        for model in moving.sealed_models()
        if model not in {Report, Message}
        for field in model.SEALED
        for row in model.objects.filter(**{model.EXCHANGE: conversation.report_id})
        if getattr(row, field)
    ]
    assert len(sealed) >= 2 and {encryption.data_key_of(one) for one in sealed} == {key}
    reasons = Freeze.seal_reasons(conversation.report, motive=WORDS, reference="r", authority="a")
    assert encryption.data_key_of(reasons) == key


# --- moving -----------------------------------------------------------------------------------------------------------


def left_with_ring() -> int:
    return sum(moving.with_ring(model, field).count() for model in moving.sealed_models() for field in model.SEALED)


@pytest.mark.django_db
def test_moving_takes_every_word_and_changes_none():
    conversation = with_everything()
    before = opened_texts(conversation)
    count = left_with_ring()
    assert count >= 6, "report, messages, note, question, sheet, freeze"
    moving.give_keys([conversation.report_id])
    assert moving.finish_exchange(conversation.report_id) == count, "not moved: not said to be"
    assert moving.move_words(conversation.report_id) == count
    assert moving.finish_exchange(conversation.report_id) == 0 and left_with_ring() == 0
    assert opened_texts(conversation) == before
    report = Report.objects.get(pk=conversation.report_id)
    assert report.data_key_since is not None and moving.not_moved(0, 10) == []
    data_keys.erase([report.data_key])
    assert opened_texts(conversation) == []


def opened_texts(conversation: Conversation) -> list[str]:
    """Return what opens of all that is kept of an exchange, in the order of its tables."""
    found = []
    for model in moving.sealed_models():
        rows = model.objects.filter(**{model.EXCHANGE: conversation.report_id})
        for row in rows.order_by("pk"):
            for field in model.SEALED:
                try:
                    found.append(encryption.unseal(getattr(row, field), context=row.context))
                except encryption.UnsealError:
                    continue
    return found


@pytest.mark.django_db
def test_moving_in_slices_stopped_and_begun_again(monkeypatch):
    monkeypatch.setattr(moving, "SLICE", 2)
    conversation = make.assigned()
    for number in range(7):
        make.message(conversation, f"{WORDS} {number}")
    before = opened_texts(conversation)
    moving.give_keys([conversation.report_id])
    sealed_again = []
    really = moving._seal_again

    def stops(row: Any, field: str) -> bool:
        if len(sealed_again) == 5:
            raise KeyboardInterrupt
        sealed_again.append(row)
        return really(row, field)

    monkeypatch.setattr(moving, "_seal_again", stops)
    with pytest.raises(KeyboardInterrupt):
        moving.move_words(conversation.report_id)
    monkeypatch.setattr(moving, "_seal_again", really)
    assert opened_texts(conversation) == before and 0 < left_with_ring() < len(before)
    moving.move_words(conversation.report_id)
    assert moving.finish_exchange(conversation.report_id) == 0 and opened_texts(conversation) == before


@pytest.mark.django_db
def test_what_does_not_open_is_left_and_told():
    conversation = make.assigned()
    message = make.message(conversation, WORDS)
    broken = bytearray(message.sealed_body)
    broken[-1] ^= 1
    Message.objects.filter(pk=message.pk).update(sealed_body=bytes(broken))
    moving.give_keys([conversation.report_id])
    moving.move_words(conversation.report_id)
    assert moving.finish_exchange(conversation.report_id) == 1
    assert Report.objects.get(pk=conversation.report_id).data_key_since is None
    with patch.object(move_to_data_keys, "SETTLE_SECONDS", 0), pytest.raises(CommandError, match="1 signalements"):
        call_command("move_to_data_keys", stdout=StringIO())


@pytest.mark.django_db
def test_the_command_moves_what_there_is_and_nothing_twice():
    for _each in range(3):
        make.message(make.assigned(), WORDS)
    out = StringIO()
    call_command("move_to_data_keys", "--dry-run", stdout=out)
    assert "3 échanges à déplacer" in out.getvalue() and not WrappedKey.objects.exists()
    with patch.object(move_to_data_keys, "SETTLE_SECONDS", 0):
        call_command("move_to_data_keys", "--most=2", stdout=out)
        assert WrappedKey.objects.count() == 2
        call_command("move_to_data_keys", stdout=out)
        call_command("move_to_data_keys", stdout=out)
    assert WrappedKey.objects.count() == 3 and left_with_ring() == 0


@pytest.mark.django_db
def test_the_command_seals_identities_with_the_keys_too(settings):
    conversations = [make.sealed(make.assigned()) for _each in range(3)]
    out = StringIO()
    settings.IDENTITY_KEYS = "read"
    with patch.object(move_to_data_keys, "SETTLE_SECONDS", 0):
        call_command("move_to_data_keys", stdout=out)
        assert (
            not Report.objects.filter(identity_key_since__isnull=False).exists() and "identités" not in out.getvalue()
        )
        settings.IDENTITY_KEYS = "write"
        call_command("move_to_data_keys", "--dry-run", stdout=out)
        assert "3 identités à sceller aussi" in out.getvalue()
        call_command("move_to_data_keys", "--most=2", stdout=out)
        assert "2 identités, 6 valeurs scellées" in out.getvalue()
        data_keys.erase([keyed(conversations[2])])
        with pytest.raises(CommandError, match="La clé de 1 signalements manque"):
            call_command("move_to_data_keys", stdout=out)
    assert Report.objects.filter(identity_key_since__isnull=False).count() == 2


@pytest.mark.django_db
def test_nothing_is_moved_before_every_process_writes_with_keys(settings):
    settings.EXCHANGE_KEYS = "read"
    with pytest.raises(CommandError, match="EXCHANGE_KEYS"):
        call_command("move_to_data_keys", stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_moving_while_somebody_writes(monkeypatch):
    """Real threads are used: a person writes from the moment that the key is given.

    What they write before their process has noticed is found by the last look, and moved as well.
    """
    conversation = make.assigned()
    make.message(conversation, WORDS)
    monkeypatch.setattr(conversation_keys, "_now", lambda: 0.0)  # however slow this machine is
    # For a while, this process believes that there is no key.
    conversation_keys.read_labels({conversation.pk: str(conversation.public_id)})
    moving.give_keys([conversation.report_id])
    moving.move_words(conversation.report_id)
    written: list[Any] = []

    def write() -> None:
        try:
            conversation.refresh_from_db()
            expected = {conversation.pk: conversation.last_seq}
            written.extend(writing.write_messages([draft(conversation, "pendant")], expected))
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(20)
    assert isinstance(written[0], Written)
    assert moving.finish_exchange(conversation.report_id) == 1
    assert move_to_data_keys._move(conversation.report_id) == (1, 0)
    assert "pendant" in opened_texts(conversation)


# --- erasing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_key_goes_after_its_exchange_and_no_other():
    gone, kept = make.closed(), make.closed()
    keys = [keyed(one) for one in (gone, kept)]
    make.age(gone, days=400)
    deletion.forget(timezone.now())
    assert not Conversation.objects.filter(pk=gone.pk).exists()
    assert list(WrappedKey.objects.values_list("pk", flat=True)) == [keys[1]]
    assert not KeyErasure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_freeze_holds_the_key():
    conversation = make.closed()
    key, now = keyed(conversation), timezone.now()
    Freeze.objects.create(
        report=conversation.report,
        sealed_reasons=Freeze.seal_reasons(conversation.report, motive="m", reference="r", authority="a"),
        until=now + timedelta(days=30),
        asked_at=now,
        set_at=now,
    )
    make.age(conversation, days=400)
    deletion.forget(timezone.now())
    assert WrappedKey.objects.filter(pk=key).exists() and Conversation.objects.filter(pk=conversation.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_before_the_key_went_is_taken_up():
    conversation = make.closed()
    key = keyed(conversation)
    make.age(conversation, days=400)
    killed = RuntimeError("killed")
    with patch.object(key_erasure, "carry_out", side_effect=killed), pytest.raises(RuntimeError):
        deletion.forget(timezone.now())
    assert not Report.objects.exists() and WrappedKey.objects.filter(pk=key).exists()
    assert KeyErasure.objects.get().data_key == key
    deletion.forget(timezone.now())
    assert not WrappedKey.objects.exists() and not KeyErasure.objects.exists()


@pytest.mark.django_db
def test_a_key_in_use_is_not_erased_whoever_noted_it(caplog):
    key = keyed(make.assigned())
    KeyErasure.objects.create(data_key=key)
    assert key_erasure.carry_out() == 0
    assert WrappedKey.objects.filter(pk=key).exists() and "in use" in caplog.text
    assert KeyErasure.objects.exists(), "told again at the next run"


@pytest.mark.django_db
def test_new_exchanges_have_a_key_once_it_is_said(settings):
    """`write` makes keys; `read` uses those that there are, and makes none."""
    report = make.report()
    moving.give_keys([report.pk])
    report.refresh_from_db()
    settings.EXCHANGE_KEYS = "read"
    assert not data_keys.may_be_made()
    conversation = actions.open_conversation(report=report)
    assert conversation.data_key == report.data_key
    journal.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what=WORDS))
    assert sealing_keys(conversation) <= {report.data_key}
    fact = conversation.facts.get()
    assert encryption.data_key_of(fact.sealed_words) == report.data_key


def test_refused_erasure_is_sealed_with_the_key_of_its_report():
    report = Report(data_key=uuid.uuid4())
    assert ErasureRequest(report=report).data_key == report.data_key
