"""What a whole questionnaire is: its questions, the rules that decide, and the words of its results. Pure.

One is in the code (`results.BUILT_IN`); others are read from documents that administrators write (`document`). What no
questionnaire can change is in `triage.rules`: where danger leads, who is a minor, which numbers are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import Question, When, Wording


def conditions_hold(when: tuple[When, ...], answers: Mapping[str, str]) -> bool:
    """Whether one of these conditions holds; no condition always does."""
    return not when or any(condition.holds(answers) for condition in when)


@dataclass(frozen=True)
class Decision:
    """A rule: answers that meet one of its conditions lead there, unless an earlier rule decided.

    outcome: a chat with a minor takes the minors' way by itself.
    """

    outcome: Outcome
    when: tuple[When, ...]


@dataclass(frozen=True)
class Reason:
    """A sentence that says why. when: the conditions under which it is said; empty means always."""

    text: Wording
    when: tuple[When, ...] = ()


@dataclass(frozen=True)
class Result:
    """The words of one outcome.

    reasons: of each group, the first that holds is said. service: what the service does. prepare: what is useful to
    have at hand. titles: said in place of `title` where their condition holds; the first that does.
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
    """Questions in the order of the screen, rules in the order they are tried, and the words of the results.

    version: what reports and visits keep, so that answers are read again with the words they were given under.
    Answers that no rule decides lead to the chat. urgent: what makes a situation of the degree « élevée ».
    """

    version: str
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]
    urgent: tuple[When, ...]
    results: Mapping[Outcome, Result]

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """The questions by their id, which answers are kept under."""
        return {question.id: question for question in self.questions}

    @cached_property
    def by_slug(self) -> Mapping[str, Question]:
        """The questions by their slug, which addresses end with."""
        return {question.slug: question for question in self.questions}
