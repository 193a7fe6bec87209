"""This module reads the scripts of the sandbox (`reporters/*.toml`), and decides what a person answers to an agent.

Apart from the reading it is pure. A script is data that an agent can read and correct: the answers to the orientation,
the place, the boxes that are ticked, what is written first, and what is answered to which words of the agent.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.models import AgeBand, Expectation, Fact, Platform, ReporterRole, Since
from triage import rules
from triage.questionnaire.questions import BY_ID, BY_SLUG

FOLDER = Path(__file__).resolve().parent / "reporters"
MOST_AT_ONCE = 60  # the most people of one script at once
# The fields of the signalement that a script may fill, with their choices.
CHOICES: Mapping[str, Any] = {
    "role": ReporterRole,
    "age_band": AgeBand,
    "facts": Fact,
    "platforms": Platform,
    "since": Since,
    "expectations": Expectation,
}


class ScriptError(Exception):
    """A script cannot be followed. The message says which one and why, in French."""


@dataclass(frozen=True, slots=True)
class Words:
    """These are words that are looked for in a text of the agent.

    say: the messages that answer them. label: what they mean, for the review of an exercise.
    """

    words: tuple[str, ...]
    say: tuple[str, ...] = ()
    label: str = ""

    def are_in(self, text: str) -> bool:
        """Return whether a word of this text begins with one of them; accents and capitals do not matter."""
        plain = _plain(text)
        return any(re.search(rf"(?<!\w){re.escape(_plain(word))}", plain) for word in self.words)


@dataclass(frozen=True, slots=True)
class Script:
    """It says how one kind of person comes, writes and leaves.

    answers: the answers to the orientation, by question. form: the values of the signalement, by field. openings: what
    is written first; the n-th person takes the n-th. replies: each is given once; the first whose words were read is.
    otherwise: given in turn when no reply fits. silence: given in turn when the agent is silent. people: how many come,
    one every `every_seconds`. stays_seconds: 0 means to the end; otherwise the connection drops after this time,
    `comings` times, `away_seconds` apart. leaves: "ends" by the button, or "vanishes".
    """

    id: str
    title: str
    place: str
    answers: Mapping[str, str]
    form: Mapping[str, Any]
    openings: tuple[tuple[str, ...], ...]
    replies: tuple[Words, ...]
    otherwise: tuple[str, ...]
    silence: tuple[str, ...]
    goodbye: str
    expected: tuple[Words, ...]
    leaves: str = "ends"
    people: int = 1
    every_seconds: float = 10
    signs_a_second: float = 6
    silence_seconds: float = 90
    stays_seconds: float = 0
    away_seconds: float = 60
    comings: int = 1


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def names() -> list[str]:
    """Return the names of all scripts in the order of an exercise, which is the `order` in each file."""
    files = {path.stem: tomllib.loads(path.read_text()) for path in FOLDER.glob("*.toml")}
    return sorted(files, key=lambda name: (files[name]["order"], name))


def read(name: str) -> Script:
    """Read a script, and check it against the built-in orientation and the form. Raises ScriptError.

    Questions that a published version of the orientation adds are only met on the way (`answer_to`).
    """
    path = FOLDER / f"{name}.toml"
    if name not in names():
        raise ScriptError(f"« {name} » n'est pas un rôle : {', '.join(names())}.")
    said = tomllib.loads(path.read_text())
    said.pop("order")
    told: dict[str, Any] = {
        "openings": tuple(tuple(lines) for lines in said.pop("openings")),
        "otherwise": tuple(said.pop("otherwise", ())),
        "silence": tuple(said.pop("silence", ())),
        "replies": tuple(Words(tuple(one["words"]), say=tuple(one["say"])) for one in said.pop("replies", ())),
        "expected": tuple(Words(tuple(one["words"]), label=one["label"]) for one in said.pop("expected", ())),
    }
    try:
        script = Script(id=name, **said, **told)
    except TypeError as error:
        raise ScriptError(f"{path.name} : {error}") from error
    _check(script)
    return script


def _check(script: Script) -> None:
    """Raise ScriptError for a script that does not fit the orientation or the form.

    Otherwise a changed question would be noticed only by an agent who waits for somebody who never comes.
    """
    for asked, answer in script.answers.items():
        if asked not in BY_ID or BY_ID[asked].option(answer) is None:
            raise ScriptError(f"{script.id} : l'orientation ne connaît pas {asked} = {answer}.")
    if (pending := rules.next_question(script.answers)) is not None:
        raise ScriptError(f"{script.id} : il manque la réponse à « {pending.id} ».")
    if unused := set(script.answers) - set(rules.on_path(script.answers)):
        raise ScriptError(f"{script.id} : ces réponses ne sont jamais demandées : {', '.join(sorted(unused))}.")
    for field, value in script.form.items():
        values = value if isinstance(value, list) else [value]
        if field not in CHOICES or not set(values) <= set(CHOICES[field].values):
            raise ScriptError(f"{script.id} : le signalement ne connaît pas {field} = {value}.")
    if script.leaves not in {"ends", "vanishes"} or not 1 <= script.people <= MOST_AT_ONCE:
        raise ScriptError(f"{script.id} : leaves = ends ou vanishes, people de 1 à {MOST_AT_ONCE}.")


# How harmless answers begin, the best first. They are given to questions that a script does not know, so that these
# change little of where the orientation leads.
VAGUE = ("je ne sais pas", "aucun", "rien", "non", "autre")


def answer_to(script: Script, slug: str, choices: Mapping[str, str]) -> tuple[str, bool]:
    """Return the answer to the question with this slug, and whether the script knows it. choices: labels by value.

    The question is one of the version in force, which an administrator may have changed. If the script does not know
    it, or its answer is no longer offered, the answer is one of VAGUE, else the last one offered.
    """
    known = BY_SLUG.get(slug)
    meant = script.answers.get(known.id, "") if known is not None else ""
    if meant in choices:
        return meant, True
    for words in VAGUE:
        for value, label in choices.items():
            if _plain(label).startswith(words):
                return value, False
    return list(choices)[-1], False


class Mind:
    """It is the state of one person: what they still have to say, and which expected words they have read."""

    def __init__(self, script: Script, number: int = 0) -> None:
        self.script = script
        self.opening = script.openings[number % len(script.openings)] if script.openings else ()
        self.has_ended = False
        self._replies = list(script.replies)
        self._otherwise = list(script.otherwise)
        self._silence = list(script.silence)
        self._awaited = list(script.expected)

    def answer(self, text: str) -> tuple[str, ...]:
        """Return the messages that answer this text of the agent: the goodbye when nothing is left, then nothing."""
        self._awaited = [expected for expected in self._awaited if not expected.are_in(text)]
        if self.has_ended:
            return ()
        for reply in self._replies:
            if reply.are_in(text):
                self._replies.remove(reply)
                return reply.say
        if self._otherwise:
            return (self._otherwise.pop(0),)
        self.has_ended = True
        return (self.script.goodbye,) if self.script.goodbye else ()

    def break_silence(self) -> tuple[str, ...]:
        """Return what is said when the agent has been silent; nothing once all of it was said."""
        return (self._silence.pop(0),) if self._silence and not self.has_ended else ()

    def review(self) -> list[tuple[str, bool]]:
        """Return what an exercise expected the agent to write, and whether they did."""
        return [(expected.label, expected not in self._awaited) for expected in self.script.expected]
