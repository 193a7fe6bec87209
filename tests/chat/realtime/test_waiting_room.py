"""Thousands of pages wait in one process: each is told its place, and nothing else waits for all of them."""

import asyncio
import uuid
from types import SimpleNamespace

import pytest

from chat.conversations.dispatcher import Board
from chat.realtime import waiting_room
from chat.realtime.waiting_room import SHOWN_AT_ONCE, WaitingRoom
from chat.rules.lifecycle import Status


class Page:
    """A person who waits, as the waiting room sees a subscription. It keeps the places that it was told."""

    def __init__(self) -> None:
        self.public_id = uuid.uuid4()
        self.topic = str(self.public_id)
        self.place = (None, None)
        self.told = []
        self.snapshot = SimpleNamespace(status=Status.WAITING, state_frame=self._frame)
        self.connection = SimpleNamespace(push=lambda _text: None)

    def _frame(self, _topic, *, for_reporter, place, closed):
        assert for_reporter
        self.told.append(place[0])
        self.closed = closed
        return {}


@pytest.fixture
async def room():
    room = WaitingRoom(asyncio.get_running_loop())
    yield room
    room.close()


def fill(room, count):
    pages = [Page() for _each in range(count)]
    room._waiting.update(pages)
    return pages


def read(room, pages, *, is_closed=False):
    board = Board(order=tuple(page.public_id for page in pages), slots=0, free=0, average_minutes=55)
    room._apply([False], [(board, "", is_closed)])


async def test_messages_go_between_those_who_are_told_their_place(room):
    pages = fill(room, 2 * SHOWN_AT_ONCE + 1)
    told_before = []
    asyncio.get_running_loop().call_soon(lambda: told_before.append(sum(len(page.told) for page in pages)))
    read(room, pages)
    while room._to_show:
        await asyncio.sleep(0)
    assert told_before == [SHOWN_AT_ONCE]  # everything else came after the first group of them
    assert [page.told for page in pages] == [[place] for place in range(1, len(pages) + 1)]


async def test_newer_reading_tells_the_newest_place_and_begins_with_those_who_were_not_told(room):
    pages = fill(room, 2 * SHOWN_AT_ONCE)
    read(room, pages)
    first = [page for page in pages if page.told]
    assert len(first) == SHOWN_AT_ONCE
    left, *others = pages
    room.leave(left)
    read(room, others)
    await asyncio.sleep(0)
    assert all(page.told for page in others)
    while room._to_show:
        await asyncio.sleep(0)
    assert [page.told[-1] for page in others] == list(range(1, len(others) + 1))
    assert all(len(page.told) == (2 if page in first else 1) for page in others)


async def test_who_waits_is_told_that_the_chat_closed_or_opened_though_their_place_is_the_same(room):
    pages = fill(room, 2)
    told = []
    for is_closed in (False, True, True, False):
        read(room, pages, is_closed=is_closed)
        told.append([(len(page.told), page.closed) for page in pages])
    assert told == [[(1, False)] * 2, [(2, True)] * 2, [(2, True)] * 2, [(3, False)] * 2]


async def test_whoever_left_meanwhile_is_told_nothing(room):
    pages = fill(room, 2 * SHOWN_AT_ONCE)
    read(room, pages)
    gone = next(page for page in pages if not page.told)
    room.leave(gone)
    while room._to_show:
        await asyncio.sleep(0)
    assert gone.told == []
    assert sum(bool(page.told) for page in pages) == len(pages) - 1


async def test_who_asked_is_answered_though_nothing_changed(room, monkeypatch):
    monkeypatch.setattr(room, "refresh", lambda: None)
    pages = fill(room, 3)
    read(room, pages)
    room.show(pages[1])
    room._read_at -= waiting_room.SPACING_SECONDS
    room.show(pages[2])
    read(room, pages)
    assert [page.told for page in pages] == [[1], [2, 2], [3, 3]]
