"""Every way through the questions."""

from collections.abc import Iterator, Mapping
from functools import cache

from triage import rules

NOT_IN_DANGER = {"danger": "no", "screen": "no"}
ADULT = {**NOT_IN_DANGER, "role": "victim", "age": "adult"}
MINOR = {**NOT_IN_DANGER, "role": "victim", "age": "under_15"}


def walk(answers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """All the finished paths that begin with these answers."""
    question = rules.next_question(answers)
    if question is None:
        yield dict(answers)
        return
    for option in question.options:
        yield from walk({**answers, question.id: option.value})


@cache
def all_paths() -> tuple[dict[str, str], ...]:
    """Every finished path, about 23,000."""
    return tuple(walk({}))


@cache
def all_assessed() -> tuple[tuple[dict[str, str], rules.Assessment], ...]:
    """Every finished path with what it means: assessed once, for many tests."""
    return tuple((path, rules.assess(path)) for path in all_paths())
