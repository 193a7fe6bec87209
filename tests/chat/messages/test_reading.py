"""What is read after each cursor for many askers at once: each gets their own messages, and nobody else's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.messages import protocol, reading
from chat.messages.reading import Ask
from chat.models import Conversation
from chat.rules.lifecycle import Author
from locations.models import Force
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def ask(conversation, after=0, agent=None, **more):
    return Ask(conversation.pk, conversation.public_id, after, agent and agent.pk, **more)


def bodies(found):
    return [item["body"] for item in found.items]


def numbers(found):
    return [item["seq"] for item in found.items]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_each_asker_reads_their_own_conversation_after_their_own_cursor():
    first, second, third = (make.waiting() for _each in range(3))
    make.thread(first, ["a1", "a2", "a3"])
    make.thread(second, ["b1", "b2"])
    make.thread(third, ["c1"])
    asks = [ask(second, 1), ask(first, 1), ask(first, 0), ask(second, 2)]
    for with_state in (True, False):
        found = reading.read_messages([Ask(*_fields(one), with_state=with_state) for one in asks])
        assert [bodies(one) for one in found] == [["b2"], ["a2", "a3"], ["a1", "a2", "a3"], []]
        assert [numbers(one) for one in found] == [[2], [2, 3], [1, 2, 3], []]


def _fields(one: Ask):
    return one.conversation_id, one.public_id, one.after, one.agent_id


def test_agent_reads_what_is_theirs_and_nothing_of_anybody_else():
    camille, sacha = make.agent(), make.agent(public_name="Sacha")
    hers, his, nobody = make.assigned(camille), make.assigned(sacha), make.waiting()
    for conversation in (hers, his, nobody):
        make.message(conversation, "Bonjour")
    own, other, unassigned, person = reading.read_messages(
        [ask(hers, agent=camille), ask(his, agent=camille), ask(nobody, agent=camille), ask(his)]
    )
    assert bodies(own)[-1] == "Bonjour" and len(own.items) == hers.messages.count()
    assert other.items == [] and unassigned.items == []
    assert len(person.items) == his.messages.count()


def test_reading_says_how_far_the_conversation_goes_when_its_page_is_full(monkeypatch):
    monkeypatch.setattr(protocol, "PAGE", 2)
    conversation, other = make.thread(make.waiting(), ["1", "2", "3", "4"]), make.thread(make.waiting(), ["x"])
    for with_state in (True, False):
        page, short = reading.read_messages(
            [ask(conversation, 1, with_state=with_state), ask(other, with_state=with_state)]
        )
        assert (numbers(page), page.last_seq) == ([2, 3], 4)
        assert (numbers(short), short.last_seq) == ([1], 1)
    (nothing,) = reading.read_messages([ask(conversation, 4, with_state=False)])
    assert (nothing.items, nothing.last_seq, nothing.snapshot) == ([], 0, None)


def test_crowd_has_shorter_pages_and_a_few_have_whole_ones(monkeypatch):
    monkeypatch.setattr(protocol, "PAGE", 3)
    monkeypatch.setattr(reading, "PAGE_IN_A_CROWD", 1)
    conversation = make.thread(make.waiting(), ["1", "2", "3"])
    few = reading.read_messages([ask(conversation)] * reading.CROWD)
    assert [numbers(one) for one in few] == [[1, 2, 3]] * reading.CROWD
    crowd = reading.read_messages([ask(conversation)] * (reading.CROWD + 1))
    assert [numbers(one) for one in crowd] == [[1]] * (reading.CROWD + 1)


def test_page_is_bounded_by_its_bytes_and_holds_one_message_at_least(monkeypatch):
    conversation, other = make.thread(make.waiting(), ["a" * 100] * 3), make.thread(make.waiting(), ["b" * 100] * 3)
    (whole,) = reading.read_messages([ask(conversation)])
    size = protocol.size_of(whole.items[0])
    for room, expected in (
        (size - 1, [1]),
        (size, [1]),
        (2 * size - 1, [1]),
        (2 * size, [1, 2]),
        (3 * size, [1, 2, 3]),
    ):
        monkeypatch.setattr(protocol, "PAGE_BYTES", room)
        found = reading.read_messages([ask(conversation), ask(other)])
        assert [numbers(one) for one in found] == [expected, expected], f"each has a page of {room} bytes of its own"
        assert [one.last_seq for one in found] == [3, 3]


def test_what_is_read_together_is_bounded_by_its_bytes_and_the_others_are_put_off(monkeypatch):
    """Whoever comes after the bound is crossed is asked again, and reads all of theirs then."""
    conversations = [make.thread(make.waiting(), [name * 100] * 2) for name in "abcde"]
    size = len(conversations[0].messages.get(seq=1).sealed_body)
    asks = [ask(one, with_state=with_state) for one in conversations for with_state in (True, False)]
    # One message may exceed the bound, so that the first asker gets something whatever the bound is.
    for room, most in ((1, 1), (size - 1, 1), (size, 2), (4 * size - 1, 4), (19 * size, 20)):
        monkeypatch.setattr(reading, "CROSSING_BYTES", room)
        left, got, crossings = list(range(len(asks))), {}, 0
        while left:
            found = reading.read_messages([asks[n] for n in left])
            assert sum(len(one.items) for one in found) <= most, room
            assert not found[0].is_put_off and found[0].items
            for n, one in zip(left, found, strict=True):
                assert not (one.is_put_off and one.items)
                got[n] = one
            left = [n for n, one in zip(left, found, strict=True) if one.is_put_off]
            crossings += 1
        assert all(one.items and one.last_seq == 2 for one in got.values())
        assert crossings == (1 if most == 20 else 10 if most < 3 else 5), room


@pytest.fixture
def fetched(monkeypatch):
    """Return how many bytes of sealed words each statement brought, by its name."""
    found = []
    fetch = reading.fetch_rows

    def watch(statement, values):
        rows = fetch(statement, values)
        name = {reading.AFTER: "after", reading.LONG: "long"}.get(statement)
        if name:
            found.append((name, sum(len(row[-1] or b"") for row in rows)))
        return rows

    monkeypatch.setattr(reading, "fetch_rows", watch)
    return found


def test_usual_messages_of_a_crowd_are_one_statement(fetched):
    conversation = make.thread(make.waiting(), ["a" * 120] * reading.PAGE_IN_A_CROWD)
    found = reading.read_messages([ask(conversation, with_state=False)] * 128)
    assert all(len(one.items) == reading.PAGE_IN_A_CROWD for one in found)
    ((name, size),) = fetched
    assert name == "after" and size < reading.CROSSING_BYTES


def test_long_words_that_no_frame_would_hold_are_not_read(fetched):
    """A page has no more of them than one frame, and a crossing no more than its bound: what comes after does not even
    leave the database."""
    conversation = make.thread(make.waiting(), ["a" * 3_000] * 40)
    for with_state in (True, False):
        reading.read_messages([ask(conversation, 39, with_state=with_state)])
    assert [name for name, _size in fetched] == ["after", "after"], "one message has room whatever its length"
    fetched.clear()
    found = reading.read_messages([ask(conversation)] * 200)
    assert len(found[0].items) == protocol.PAGE_BYTES // protocol.size_of(found[0].items[0])
    assert found[0].last_seq == 40 and found[-1].is_put_off
    assert sum(one.is_put_off for one in found) > 100
    (_after, (name, size)) = fetched
    assert name == "long" and reading.CROSSING_BYTES < size < reading.CROSSING_BYTES + 4_000


def test_long_message_behind_a_full_frame_is_not_asked_for():
    """Its asker's short messages fill the frame: then no long one is left, and nothing is to be fetched."""
    long = make.thread(make.waiting(), ["a" * 2_400] * 21 + ["b" * 4_000])
    others = [make.thread(make.waiting(), ["x"]) for _each in range(reading.CROWD - 1)]
    found = reading.read_messages([ask(long), *(ask(one, with_state=False) for one in others)])
    assert numbers(found[0])[0] == 1 and found[0].last_seq == 22
    assert all(one.items for one in found)


def test_message_that_goes_between_two_statements_ends_what_its_asker_reads(monkeypatch):
    long, other = make.thread(make.waiting(), ["a" * 500] * 3), make.thread(make.waiting(), ["b" * 500])
    monkeypatch.setattr(reading, "CROSSING_BYTES", 1_500)
    fetch = reading.fetch_rows

    def lose(statement, values):
        if statement == reading.LONG:
            long.messages.filter(seq=2).delete()
        return fetch(statement, values)

    monkeypatch.setattr(reading, "fetch_rows", lose)
    found, _other = reading.read_messages([ask(long), ask(other)])
    assert numbers(found) == [1]


def test_conversation_that_is_gone_is_none_and_the_others_are_read():
    gone, there = make.waiting(), make.thread(make.waiting(), ["1"])
    Conversation.objects.filter(pk=gone.pk).delete()
    nothing, found = reading.read_messages([ask(gone), ask(there)])
    assert nothing is None and bodies(found) == ["1"]


# --- states -----------------------------------------------------------------------------------------------------------


def test_each_state_is_that_of_its_own_conversation():
    camille = make.agent(unit_name="Rennes")
    sacha = make.agent(public_name="Sacha", force=Force.GENDARMERIE, unit_name="Vitré")
    make.agent(public_name="Alex", unit_name="Ailleurs")
    hers, his = make.assigned(camille), make.assigned(sacha, language="en")
    alone, bystander = make.waiting(), make.waiting()
    make.message(hers, "Bonjour")
    hers.report.visit_generation = 7
    hers.report.save(update_fields=["visit_generation"])
    Conversation.objects.filter(pk=hers.pk).update(reporter_read_seq=1, agent_read_seq=2)
    found = reading.read_snapshots([hers.pk, his.pk, alone.pk])
    assert found.keys() == {hers.pk, his.pk, alone.pk} and bystander.pk not in found
    one, two, three = found[hers.pk], found[his.pk], found[alone.pk]
    assert (one.agent_id, two.agent_id, three.agent_id) == (camille.pk, sacha.pk, None)
    assert (one.interlocutor, three.interlocutor) == ("Camille, police nationale", None)
    assert two.interlocutor.startswith("Sacha, ") and two.interlocutor != "Sacha, gendarmerie nationale", "in English"
    assert (one.status, three.status) == ("active", "waiting")
    assert (one.last_seq, two.last_seq, three.last_seq) == (2, 1, 0)
    assert (one.generation, two.generation) == (7, 0)
    assert (one.reporter_read_seq, one.agent_read_seq) == (1, 2)
    assert one.state_frame("x", for_reporter=True)["read_seq"] == 2
    assert one.state_frame("x", for_reporter=False)["read_seq"] == 1


def test_behind_are_those_with_something_after_their_own_cursor():
    first, second, third = (make.thread(make.waiting(), ["1", "2"]) for _each in range(3))
    assert reading.conversations_behind([(first.pk, 1), (second.pk, 2)]) == {first.pk: 2}
    assert reading.conversations_behind([(third.pk, 0)]) == {third.pk: 2}


def test_own_conversations_are_those_that_are_answered_now_oldest_first():
    camille, sacha, alex = (make.agent(public_name=name) for name in ("Camille", "Sacha", "Alex"))
    later, sooner, his = make.assigned(camille), make.assigned(camille), make.assigned(sacha)
    closed = make.closed(camille)
    Conversation.objects.filter(pk=closed.pk).update(assigned_to=camille)
    now = timezone.now()
    for conversation, minutes in ((later, 1), (sooner, 9)):
        Conversation.objects.filter(pk=conversation.pk).update(assigned_at=now - timedelta(minutes=minutes))
    make.message(sooner, "Bonjour", Author.AGENT)
    own = reading.own_conversations([camille.pk, alex.pk])
    assert own.keys() == {camille.pk, alex.pk}, "his are not asked for"
    assert list(own[camille.pk].items()) == [(sooner.public_id, (sooner.pk, 2)), (later.public_id, (later.pk, 1))]
    assert own[alex.pk] == {} and his.public_id not in own[camille.pk]
    assert reading.own_conversations([]) == {}
