"""The queue as staff see it: people who are present in the order of their turns, people who are absent marked and
counted apart.
"""

import uuid

import pytest

from benchmarks.costs.drive import counted
from chat.conversations import resume, waiting_list
from chat.models import Conversation
from chat.rules.whereabouts import Whereabouts
from common import clock
from locations.models import Force
from tests.chat.console.agents import CONSOLE, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def seen(conversation: Conversation, minutes: float, *, is_hidden: bool = False) -> Conversation:
    Conversation.objects.filter(pk=conversation.pk).update(
        reporter_seen_at=make.long_ago(minutes), reporter_is_hidden=is_hidden
    )
    return conversation


def cast() -> dict[str, Conversation]:
    people = {
        "offline": seen(make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(40)), 20),
        "asleep": seen(make.waiting(queued_at=make.long_ago(9)), 5, is_hidden=True),
        "slept": seen(make.waiting(queued_at=make.long_ago(30)), 25, is_hidden=True),
        "here": make.waiting(queued_at=make.long_ago(2)),
        "left": make.waiting(urgency=Urgency.HIGH, queued_at=make.long_ago(8)),
    }
    resume.park_conversation(report=people["left"].report)
    return people


def test_absent_come_last_and_are_counted_apart():
    people = cast()
    queue = waiting_list.read_waiting()
    assert (queue.total, queue.present, queue.apart) == (5, 2, 3)
    names = {one.public_id: name for name, one in people.items()}
    assert [names[person.conversation] for person in queue.people] == ["asleep", "here", "left", "offline", "slept"]
    found = {names[person.conversation]: person.whereabouts for person in queue.people}
    assert found == {
        "here": Whereabouts.HERE,
        "asleep": Whereabouts.ASLEEP,
        "offline": Whereabouts.OFFLINE,
        "slept": Whereabouts.OFFLINE,
        "left": Whereabouts.LEFT,
    }


@pytest.mark.parametrize("who", ["nobody", "somebody", "somebody of a crowded network", "a group", "all of them"])
def test_sockets_read_the_same_queue_with_the_queries_that_it_needs(who, django_assert_max_num_queries):
    make.assigned()
    if who in {"somebody", "all of them"}:
        cast()
    if who in {"somebody of a crowded network", "all of them"}:
        make.waiting(is_crowded=True, queued_at=make.long_ago(5))
    if who in {"a group", "all of them"}:
        grouped = [make.waiting(queued_at=make.long_ago(6)).pk for _each in range(3)]
        Conversation.objects.filter(pk__in=grouped).update(lookalike_group=uuid.uuid4())
    with django_assert_max_num_queries(2 if who == "somebody" else 0 if who == "nobody" else 8):
        queue = waiting_list.read_queue()
    assert queue.frame(is_closed=False) == waiting_list.read_waiting().frame(is_closed=False)
    assert (queue.total == 0) is (who == "nobody")


def test_frame_says_who_is_absent_and_since_when_and_does_not_change_with_each_beat():
    people = cast()
    frame = waiting_list.read_waiting().frame(is_closed=False)
    assert (frame["waiting"], frame["present"], frame["apart"]) == (5, 2, 3)
    assert [item["seen_at"] is None for item in frame["items"]] == [False, True, False, False, False]
    Conversation.objects.filter(pk=people["here"].pk).update(reporter_seen_at=clock.now())
    assert waiting_list.read_waiting().frame(is_closed=False) == frame


def test_who_is_there_is_shown_however_many_absent_came_before(monkeypatch):
    monkeypatch.setattr(waiting_list, "MOST_SHOWN", 3)
    for _each in range(5):
        seen(make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(60)), 30)
    here = make.waiting()
    queue = waiting_list.read_waiting()
    assert queue.people[0].conversation == here.public_id
    assert (len(queue.people), queue.total, queue.present, queue.apart) == (3, 6, 1, 5)


def test_reading_does_not_grow_with_the_queue(django_assert_max_num_queries):
    cast()
    cast()
    with django_assert_max_num_queries(8):
        waiting_list.read_waiting()


@pytest.mark.parametrize("most", [1, 2, 3, 4, 100])
def test_short_way_shows_the_same_people_and_reads_nobody_twice(monkeypatch, most):
    """A full page read a hundred rows, then a hundred again: what the console reads grew 6 × when its world doubled."""
    monkeypatch.setattr(waiting_list, "MOST_SHOWN", most)
    cast()
    long_way = waiting_list.read_waiting()
    with counted() as counter:
        short_way = waiting_list.read_waiting(has_groups=False, has_crowded=False)
    assert short_way == long_way
    assert counter.rows <= most + 2, "the people, the time, and how many they are"


def test_force_is_usual_where_more_than_half_have_it():
    def usual(*forces: str) -> str:
        Conversation.objects.all().delete()
        for force in forces:
            make.waiting(force=force)
        return waiting_list.read_queue().usual_force or ""

    police, gendarmerie = Force.POLICE, Force.GENDARMERIE
    assert usual() == usual(police) == usual(police, gendarmerie) == "", "nothing is repeated"
    assert usual(police, police) == usual(police, gendarmerie, police) == police
    assert usual(gendarmerie, gendarmerie, police) == gendarmerie
    assert usual(police, police, "") == "", "a row without a force in sight could be either"


def test_console_marks_the_absent():
    cast()
    html = squeezed(signed_in(make.agent().user).get(CONSOLE).text)
    queue = html[html.index('id="file"') :]
    assert 'data-count="queue">2<' in queue and "3 absentes à part" in queue
    for words in (">Page en veille<", ">Hors ligne<", ">A quitté la page<", ">20 min<"):
        assert words in queue, words
