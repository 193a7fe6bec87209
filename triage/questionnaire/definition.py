"""This module says what a whole questionnaire is: its questions, the rules that decide, and the words of its results.

One is in the code (`results.BUILT_IN`); others are read from documents that administrators write (`document`). What no
questionnaire can change is in `triage.rules`: where danger leads, who is a minor, which numbers are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import Question, When, Wording


def conditions_hold(when: tuple[When, ...], answers: Mapping[str, str]) -> bool:
    """Return whether one of these conditions holds. Where there is no condition, it is so."""
    return not when or any(condition.holds(answers) for condition in when)


@dataclass(frozen=True)
class Decision:
    """It is a rule: answers that meet one of its conditions lead there, unless an earlier rule decided.

    outcome need not name the minors' way: a chat with a minor takes it by itself.
    """

    outcome: Outcome
    when: tuple[When, ...]


@dataclass(frozen=True)
class Reason:
    """It is a sentence that says why. when is the conditions under which it is said; empty means always."""

    text: Wording
    when: tuple[When, ...] = ()


@dataclass(frozen=True)
class Result:
    """It is the words of one outcome.

    Of each group of reasons, the first that holds is said. service is what the service does, and prepare what is useful
    to have at hand. The first of titles whose condition holds is said in place of `title`.
    """

    title: Wording
    reasons: tuple[tuple[Reason, ...], ...]
    service: tuple[Wording, ...] = ()
    prepare: tuple[Wording, ...] = ()
    titles: tuple[Reason, ...] = ()

    def heading(self, answers: Mapping[str, str]) -> Wording:
        """Return the title for these answers."""
        return next((one.text for one in self.titles if conditions_hold(one.when, answers)), self.title)

    def why(self, answers: Mapping[str, str]) -> list[Wording]:
        """Return the reasons that these answers give, in their order."""
        said = (next((one.text for one in group if conditions_hold(one.when, answers)), None) for group in self.reasons)
        return [text for text in said if text is not None]


@dataclass(frozen=True)
class Questionnaire:
    """It has questions in the order of the screen, rules in the order they are tried, and the words of the results.

    version is what reports and visits keep, so that answers are read again with the words they were given under.
    Answers that no rule decides lead to the chat. urgent is what makes a situation of the degree « élevée ».
    """

    version: str
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]
    urgent: tuple[When, ...]
    results: Mapping[Outcome, Result]

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """Return the questions by their id, which answers are kept under."""
        return {question.id: question for question in self.questions}

    @cached_property
    def by_slug(self) -> Mapping[str, Question]:
        """Return the questions by their slug, which addresses end with."""
        return {question.slug: question for question in self.questions}
