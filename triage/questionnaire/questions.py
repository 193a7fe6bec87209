"""This module says what a question is, and has the questions of the questionnaire that the code brings.

A question is asked when one of its conditions holds on the answers given before it; the order of QUESTIONS is the
order on screen. Nothing here decides an outcome: see `results` and `triage.rules`. Whoever changes a question, an
option, a condition or a rule changes VERSION too, and first puts the document of the version before into
`triage/questionnaire/past_versions`: reports and visits keep the version under which they were answered
(`tests/triage/test_past.py`).

Safety comes first. Who speaks is said at the door, which is on the home page; it is asked here only of somebody who
came by another way. One more question follows « Que se passe-t-il ? » only where the route hangs on it.

The questions come from the orientation table and its traps in the service's reference facts; the order and the words of
the first three come from the visitor's journey of the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

VERSION = "2026-11-1"

type Text = str | _StrPromise  # a sentence, translated when it is shown


@dataclass(frozen=True)
class Voice:
    """It is how to speak to the person who answers.

    familiar means *tu*, for a minor. about_other means that the facts happen to somebody else.
    """

    familiar: bool = False
    about_other: bool = False


@dataclass(frozen=True)
class Wording:
    """It is one sentence in the variants that exist.

    vous speaks to an adult about themself, and serves whenever nothing else fits. tu speaks to a minor. other is about
    somebody else, in words that suit a minor and an adult alike.
    """

    vous: Text
    tu: Text | None = None
    other: Text | None = None

    def spoken(self, voice: Voice) -> Text:
        """Return the variant for this voice."""
        if voice.about_other and self.other is not None:
            return self.other
        if voice.familiar and self.tu is not None:
            return self.tu
        return self.vous


@dataclass(frozen=True)
class Option:
    """It is one possible answer. value is a stable English identifier."""

    value: str
    label: Wording
    hint: Wording | None = None


class When:
    """It is a condition, which holds when every named question was answered with one of the named values."""

    def __init__(self, **accepted: str | tuple[str, ...]) -> None:
        self.accepted = {
            question: frozenset((values,) if isinstance(values, str) else values)
            for question, values in accepted.items()
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, When) and self.accepted == other.accepted

    def __hash__(self) -> int:
        return hash(frozenset(self.accepted.items()))

    def holds(self, answers: Mapping[str, str]) -> bool:
        """Return whether these answers meet the condition."""
        return all(answers.get(question) in values for question, values in self.accepted.items())


@dataclass(frozen=True)
class Question:
    """It is one page of the orientation.

    id is a stable English identifier, the key of the answers. slug is in the address, on purpose without meaning for
    somebody who reads the history over a shoulder. An empty asked_when means always.
    """

    id: str
    slug: str
    text: Wording
    options: tuple[Option, ...]
    help_text: Wording | None = None
    asked_when: tuple[When, ...] = ()

    def is_asked(self, answers: Mapping[str, str]) -> bool:
        """Return whether this question belongs to the path of these earlier answers."""
        return not self.asked_when or any(condition.holds(answers) for condition in self.asked_when)

    def option(self, value: object) -> Option | None:
        """Return the option with that value, or None."""
        return next((option for option in self.options if option.value == value), None)


MINOR_AGES = ("under_15", "15_17", "under_18")
OTHERS = ("witness", "relative", "professional")

# --- what the code reads of the answers, whatever the questionnaire ---------------------------------------------------

SAFETY, DOOR, HELPED = "danger", "who", "helped"
# After these answers to the question about safety the other questions follow; the others lead to numbers at once.
SAFE = ("no", "screen")
# Who helps may say that they are under 18 themselves. It is kept beside the answers as « minor », asked by no question
# and kept of nobody else. It decides how they are spoken to, and that nobody under 18 waits behind others.
OWN_AGE = "own_age"
# Whoever helps somebody says as what, and the age of the person helped, in one answer: « relative_15_17 ».
AGES_OF_HELPED = ("under_15", "15_17", "adult", "unknown")
_OF_AN_ADULT = tuple(f"{role}_{age}" for role in OTHERS for age in ("adult", "unknown"))

_NO = Wording(_("Non"))
_UNSURE = Wording(_("Je ne sais pas"))


def _unless_minor(facts: str) -> tuple[When, ...]:
    """Return the conditions of a question that spares minors and whoever helps one: they are heard in any case."""
    return (When(facts=facts, who="adult"), When(facts=facts, helped=_OF_AN_ADULT))


QUESTIONS: tuple[Question, ...] = (
    Question(
        id=SAFETY,
        slug="maintenant",
        text=Wording(
            _("Avant tout, êtes-vous en sécurité ?"),
            tu=_("Avant tout, es-tu en sécurité ?"),
            other=_("Avant tout, tout le monde est-il en sécurité ?"),
        ),
        options=(
            Option(
                "yes",
                Wording(_("Je suis en danger maintenant"), other=_("Quelqu'un est en danger maintenant")),
            ),
            Option("suicidal", Wording(_("Je pense à mourir"), other=_("Quelqu'un pense à mourir"))),
            Option(
                "screen",
                Wording(_("Quelqu'un peut voir mon écran")),
                Wording(_("La suite restera neutre et brève.")),
            ),
            Option("no", Wording(_("Non, rien de tout cela"))),
        ),
    ),
    Question(
        id=DOOR,
        slug="qui",
        text=Wording(_("Pour qui est-ce ?")),
        options=(
            Option("adult", Wording(_("J'ai 18 ans ou plus"))),
            Option("minor", Wording(_("J'ai moins de 18 ans"))),
            Option("helper", Wording(_("J'aide quelqu'un")), Wording(_("Témoin, proche ou professionnel."))),
        ),
        asked_when=(When(danger=SAFE),),
    ),
    Question(
        id=HELPED,
        slug="lien",
        text=Wording(_("Qui aidez-vous ?"), tu=_("Qui aides-tu ?")),
        options=(
            Option("witness_under_15", Wording(_("Témoin, pour une personne de moins de 15 ans"))),
            Option("witness_15_17", Wording(_("Témoin, pour une personne de 15 à 17 ans"))),
            Option("witness_adult", Wording(_("Témoin, pour une personne de 18 ans ou plus"))),
            Option("witness_unknown", Wording(_("Témoin, pour une personne d'âge inconnu"))),
            Option("relative_under_15", Wording(_("Proche, pour une personne de moins de 15 ans"))),
            Option("relative_15_17", Wording(_("Proche, pour une personne de 15 à 17 ans"))),
            Option("relative_adult", Wording(_("Proche, pour une personne de 18 ans ou plus"))),
            Option("relative_unknown", Wording(_("Proche, pour une personne d'âge inconnu"))),
            Option("professional_under_15", Wording(_("Professionnel, pour une personne de moins de 15 ans"))),
            Option("professional_15_17", Wording(_("Professionnel, pour une personne de 15 à 17 ans"))),
            Option("professional_adult", Wording(_("Professionnel, pour une personne de 18 ans ou plus"))),
            Option("professional_unknown", Wording(_("Professionnel, pour une personne d'âge inconnu"))),
        ),
        asked_when=(When(danger=SAFE, who="helper"),),
    ),
    Question(
        id="facts",
        slug="faits",
        text=Wording(_("Que se passe-t-il ?")),
        options=(
            Option(
                "harassment",
                Wording(
                    _("On m'insulte, on me menace, on se moque de moi"),
                    other=_("On l'insulte, on la menace, on se moque d'elle"),
                ),
            ),
            Option(
                "image",
                Wording(_("Une image ou une vidéo de moi"), other=_("Une image ou une vidéo de la personne")),
            ),
            Option("account", Wording(_("Mon compte ou mon identité"), other=_("Son compte ou son identité"))),
            Option("couple", Wording(_("Mon couple, mon ex"), other=_("Son couple, son ex"))),
            Option("money", Wording(_("On me demande de l'argent"), other=_("On lui demande de l'argent"))),
            Option("content", Wording(_("J'ai vu un contenu illégal"))),
            Option("device", Wording(_("Virus, piratage, arnaque"))),
            Option("other", Wording(_("Autre chose"))),
        ),
        asked_when=(When(danger=SAFE),),
    ),
    Question(
        id="repetition",
        slug="combien",
        text=Wording(_("Est-ce arrivé plusieurs fois ?")),
        options=(
            Option("repeated", Wording(_("Oui, plusieurs fois"))),
            Option("group", Wording(_("Oui, plusieurs personnes s'y sont mises"))),
            Option("threat", Wording(_("Une menace ou un chantage, même une fois"))),
            Option("once", Wording(_("Non, une seule fois"))),
            Option("unsure", _UNSURE),
        ),
        asked_when=_unless_minor("harassment"),
    ),
    Question(
        id="image_money",
        slug="precision-11",
        text=Wording(_("L'une de ces choses est-elle vraie ?")),
        options=(
            Option(
                "yes",
                Wording(_("On me demande de l'argent"), other=_("On lui demande de l'argent")),
            ),
            Option(
                "minor",
                Wording(
                    _("J'avais moins de 18 ans sur l'image"),
                    other=_("La personne avait moins de 18 ans sur l'image"),
                ),
            ),
            Option("no", Wording(_("Non, aucune"))),
            Option("unsure", _UNSURE),
        ),
        asked_when=_unless_minor("image"),
    ),
    Question(
        id="account_purpose",
        slug="precision-6",
        text=Wording(_("À quoi cela sert-il ?")),
        options=(
            Option("hurt", Wording(_("À faire du mal")), Wording(_("Se moquer, publier, surveiller, menacer…"))),
            Option("money", Wording(_("À prendre ou à demander de l'argent"))),
            Option("unsure", _UNSURE),
        ),
        asked_when=(When(facts="account"),),
    ),
    Question(
        id="demand",
        slug="precision-8",
        text=Wording(_("Contre quoi demande-t-on de l'argent ?")),
        options=(
            Option("image", Wording(_("Des images intimes"))),
            Option("threat", Wording(_("Des menaces, sans image"))),
            Option("scam", Wording(_("Une vente, un amour, un colis, une dette"))),
            Option("device", Wording(_("Un appareil ou un compte bloqué"))),
        ),
        asked_when=(When(facts="money"),),
    ),
    Question(
        id="content_kind",
        slug="precision-4",
        text=Wording(_("Qui peut voir ce contenu ?")),
        options=(
            Option("public", Wording(_("Tout le monde"))),
            Option("private", Wording(_("Un groupe fermé, ou moi seul"), other=_("Un groupe fermé"))),
            Option(
                "target",
                Wording(_("Il me vise, ou vise quelqu'un que je connais"), other=_("Il vise la personne que j'aide")),
            ),
        ),
        asked_when=(When(facts="content"),),
    ),
    Question(
        id="scam",
        slug="precision-1",
        text=Wording(_("De quoi s'agit-il ?")),
        options=(
            Option("scam", Wording(_("Une arnaque : fausse vente, faux amour, faux message"))),
            Option("card", Wording(_("Une carte bancaire utilisée en ligne, pas perdue"))),
            Option("ransom", Wording(_("Un appareil bloqué contre de l'argent"))),
            Option("virus", Wording(_("Un virus ou un piratage"))),
            Option("sms", Wording(_("Des SMS non voulus"))),
            Option("organisation", Wording(_("Une entreprise ou une association est touchée"))),
        ),
        asked_when=(When(facts="device"),),
    ),
)

BY_ID: Mapping[str, Question] = {question.id: question for question in QUESTIONS}
BY_SLUG: Mapping[str, Question] = {question.slug: question for question in QUESTIONS}
