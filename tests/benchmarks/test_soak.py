"""The soak run of an hour must notice missing messages, posts that nobody acknowledged, and what stays behind."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import soak
from benchmarks.soak import Ledger, Party, Sample, Soak

CONVERSATION = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


class Line:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def say(self, **content: Any) -> None:
        self.said.append(content)


@pytest.fixture
def party() -> Party:
    one = Party(SimpleNamespace(ledger=Ledger()), "cookie")  # type: ignore[arg-type]
    one.line = Line()  # type: ignore[assignment]
    return one


def messages(*numbers: int, client_id: str | None = None) -> dict[str, Any]:
    items = [{"seq": number, "client_id": client_id} for number in numbers]
    return {"type": "messages", "conversation": CONVERSATION, "items": items, "last_seq": max(numbers)}


def test_a_hole_is_counted_and_asked_for(party):
    party.hear(messages(1, 2))
    party.hear(messages(4))
    assert party.soak.ledger.counts["holes"] == 1
    assert party.line.said == [{"type": "sync", "conversation": CONVERSATION, "after": 2}]
    party.hear(messages(3, 4))
    assert party.cursors == {CONVERSATION: 4}
    assert party.soak.ledger.counts["received"] == 4


def test_a_post_is_owed_until_it_comes_back_and_sent_again_after_a_loss(party):
    party.post(CONVERSATION)
    ((number, content),) = party.posts.items()
    assert list(party.soak.ledger.unacknowledged) == [number]
    party.cursors[CONVERSATION] = 0
    party.came_back()
    assert party.line.said[-1] == content
    party.hear(messages(1, client_id=number))
    assert not party.posts
    assert not party.soak.ledger.unacknowledged


def test_a_refused_post_is_owed_no_longer(party):
    party.post(CONVERSATION)
    number = next(iter(party.posts))
    party.hear({"type": "error", "code": "unavailable", "client_id": number})
    assert number in party.soak.ledger.unacknowledged
    party.hear({"type": "error", "code": "closed", "client_id": number})
    assert not party.soak.ledger.unacknowledged


def watched(monkeypatch, memory: list[int], orphans: list[str]) -> Soak:
    monkeypatch.setattr(soak, "Web", lambda *_arguments: None)
    ground = SimpleNamespace(folder=None)
    monkeypatch.setattr(soak, "Worker", lambda *_arguments: None)
    one = Soak(ground, 3600, 1, 1, 1, 1)  # type: ignore[arg-type]
    one.samples = [Sample(60.0 * minute, kb, [kb], 0, 20, 0, 4, 50, 30, 40, 0.2) for minute, kb in enumerate(memory, 1)]
    monkeypatch.setattr(one, "orphans", lambda: orphans)
    return one


STATE = {"sockets": 10, "tasks": 12, "connections": 20, "valkey_clients": 4}


def test_a_flat_hour_passes(monkeypatch, capsys):
    result = watched(monkeypatch, [90, 95, 99, 100, 100, 100, *[101] * 54], []).judge(STATE, STATE, overdue=0)
    assert result["passed"]
    assert result["memory_ratio"] == pytest.approx(1.01)


@pytest.mark.parametrize(
    ("memory", "orphans", "after", "overdue"),
    [
        ([100] * 30 + [106] * 30, [], {}, 0),
        ([100] * 60, ["asgi:group:x"], {}, 0),
        ([100] * 60, [], {"sockets": 100}, 0),
        ([100] * 60, [], {"tasks": 60}, 0),
        ([100] * 60, [], {"connections": 90}, 0),
        ([100] * 60, [], {}, 1),
    ],
)
def test_what_stays_behind_fails(monkeypatch, capsys, memory, orphans, after, overdue):
    result = watched(monkeypatch, memory, orphans).judge(STATE, STATE | after, overdue)
    assert not result["passed"]
    assert capsys.readouterr().out.count("  NO  ") == 1


def test_a_page_that_fails_is_a_failure(monkeypatch, capsys):
    one = watched(monkeypatch, [100] * 60, [])
    one.ledger.counts["pages 500"] += 1
    assert not one.judge(STATE, STATE, 0)["passed"]
