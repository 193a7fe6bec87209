"""The judge of the queue reads the history that the database holds, and knows nothing about the dispatcher.

A deed is a row of a conversation's history, in the order of its key: `opened`, `assigned` (to `agent`), `released`,
`closed`, `abandoned`. The more urgent person comes first, and of two who are equally urgent the one who asked earlier.
All people and agents of a run are of one force, so that nobody may be preferred because of the zone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TWO_AGENTS = "two agents"
OVER_CAPACITY = "over capacity"
OVERTAKEN = "overtaken"
FORGOTTEN = "forgotten"
KINDS = (TWO_AGENTS, OVER_CAPACITY, OVERTAKEN, FORGOTTEN)

# A pass that had begun to read when somebody came, or came back, may not have seen them. A pass takes milliseconds.
UNSEEN_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the queue. urgency: a higher one comes first. asked_at: the place in the queue, in seconds, which
    never changes.
    """

    urgency: int
    asked_at: float

    @property
    def rank(self) -> tuple[int, float]:
        return -self.urgency, self.asked_at


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the history. at: the time of the database's clock, in seconds."""

    conversation: str
    kind: str
    at: float
    agent: str = ""


@dataclass
class Verdict:
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    assignments: int = 0
    released: int = 0

    def add(self, kind: str, example: str) -> None:
        self.counts[kind] += 1
        self.examples.append(f"{kind}: {example}")

    @property
    def is_clean(self) -> bool:
        return not self.counts


def judge(deeds: Iterable[Deed], people: Mapping[str, Person], capacities: Mapping[str, int]) -> Verdict:
    """Judge the deeds. people: everybody who ever asked; one whose exchange is not closed at the end was forgotten."""
    verdict = Verdict()
    held: dict[str, str] = {}  # the agent who holds each conversation
    load: Counter[str] = Counter()
    waiting: dict[str, float] = {}  # since when the person of each conversation has waited
    ended: set[str] = set()
    for deed in deeds:
        person = people[deed.conversation]
        if deed.kind == "opened":
            waiting[deed.conversation] = deed.at
        elif deed.kind == "assigned":
            verdict.assignments += 1
            if deed.conversation in held:
                verdict.add(TWO_AGENTS, f"{deed.conversation} had {held[deed.conversation]} and got {deed.agent}")
                load[held[deed.conversation]] -= 1
            held[deed.conversation] = deed.agent
            load[deed.agent] += 1
            if load[deed.agent] > capacities[deed.agent]:
                verdict.add(OVER_CAPACITY, f"{deed.agent} has {load[deed.agent]}")
            waiting.pop(deed.conversation, None)
            for other, since in waiting.items():
                if people[other].rank < person.rank and since < deed.at - UNSEEN_SECONDS:
                    verdict.add(OVERTAKEN, f"{other}, who waited for {deed.at - since:.1f} s, by {deed.conversation}")
        else:
            if deed.kind == "released":
                verdict.released += 1
                waiting[deed.conversation] = deed.at
            else:
                waiting.pop(deed.conversation, None)
                ended.add(deed.conversation)
            agent = held.pop(deed.conversation, None)
            if agent is not None:
                load[agent] -= 1
    for conversation in people:
        if conversation not in ended:
            verdict.add(FORGOTTEN, f"{conversation} is {'held' if conversation in held else 'waiting'} at the end")
    return verdict


def bad_histories() -> list[tuple[str, list[Deed], dict[str, Person], dict[str, int]]]:
    """Return histories that must fail, with what must be found in each."""
    people = {"first": Person(1, 10), "second": Person(1, 20), "urgent": Person(2, 30)}
    capacities = {"a": 1, "b": 1}
    arrivals = [Deed(name, "opened", person.asked_at) for name, person in people.items()]
    ends = [Deed(name, "closed", 200) for name in people]

    def history(*deeds: Deed, without: str = "") -> list[Deed]:
        return [*arrivals, *deeds, *(end for end in ends if end.conversation != without)]

    def give(name: str, agent: str, at: float) -> Deed:
        return Deed(name, "assigned", at, agent)

    return [
        (TWO_AGENTS, history(give("urgent", "a", 100), give("urgent", "b", 101)), people, capacities),
        (OVER_CAPACITY, history(give("urgent", "a", 100), give("first", "a", 101)), people, capacities),
        (OVERTAKEN, history(give("first", "a", 100)), people, capacities),  # somebody less urgent came first
        (OVERTAKEN, history(give("urgent", "a", 100), give("second", "b", 101)), people, capacities),
        (
            OVERTAKEN,  # somebody who comes back has the old place
            history(
                give("urgent", "a", 100), give("first", "b", 101),
                Deed("first", "released", 120), give("second", "b", 130),
            ),
            people,
            capacities,
        ),
        (FORGOTTEN, history(give("urgent", "a", 100), without="first"), people, capacities),
        (FORGOTTEN, history(give("urgent", "a", 100), without="urgent"), people, capacities),
    ]  # fmt: skip


def self_test() -> int:
    """Raise AssertionError when the judge does not find what it must; return how many histories it was shown."""
    shown = bad_histories()
    for kind, deeds, people, capacities in shown:
        found = judge(deeds, people, capacities).counts
        assert found[kind], f"not found: {kind} in {deeds}"
    people = {"first": Person(1, 10), "second": Person(1, 20)}
    good = [
        Deed("first", "opened", 10), Deed("second", "opened", 20), Deed("first", "assigned", 30, "a"),
        Deed("first", "released", 60), Deed("first", "assigned", 61, "b"), Deed("second", "assigned", 61, "a"),
        Deed("first", "closed", 90), Deed("second", "closed", 95),
    ]  # fmt: skip
    assert judge(good, people, {"a": 1, "b": 1}).is_clean
    return len(shown)
