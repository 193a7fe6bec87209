"""Every path through the questions."""

from collections.abc import Iterator, Mapping
from functools import cache

from triage import rules

ADULT = {"danger": "no", "who": "adult"}
MINOR = {"danger": "no", "who": "minor"}
HELPER = {"danger": "no", "who": "helper"}
WITNESS = {**HELPER, "helped": "witness_adult"}
RELATIVE_OF_CHILD = {**HELPER, "helped": "relative_under_15"}
CHAT = {**ADULT, "facts": "harassment", "repetition": "repeated"}
MINOR_CHAT = {**MINOR, "facts": "harassment"}


def walk(answers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield all the finished paths that begin with these answers."""
    question = rules.next_question(answers)
    if question is None:
        yield dict(answers)
        return
    for option in question.options:
        yield from walk({**answers, question.id: option.value})


@cache
def all_paths() -> tuple[dict[str, str], ...]:
    """Return every finished path, about 900."""
    return tuple(walk({}))


@cache
def all_assessed() -> tuple[tuple[dict[str, str], rules.Assessment], ...]:
    """Return every finished path with what it means: assessed once, for many tests."""
    return tuple((path, rules.assess_answers(path)) for path in all_paths())
