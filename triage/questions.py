"""What a question is, and the questions of the questionnaire that the code brings.

A question is asked when one of its conditions holds on the answers given before it; the order of QUESTIONS is the
order on screen. Nothing here decides an outcome: see results.py and rules.py. Whoever changes a question, an option, a
condition or a rule here changes VERSION too: reports keep the version under which they were answered.

Source of the questions: the orientation table and its traps in the service's reference facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

VERSION = "2026-08-1"

type Text = str | _StrPromise  # a sentence, translated when it is shown


@dataclass(frozen=True)
class Voice:
    """How to speak to the person who answers.

    familiar: *tu*, for a minor. about_other: the facts happen to somebody else.
    """

    familiar: bool = False
    about_other: bool = False


@dataclass(frozen=True)
class Wording:
    """One sentence in the variants that exist.

    vous: to an adult about themself, and whenever nothing else fits. tu: to a minor. other: about somebody else, in
    words that suit a minor and an adult alike.
    """

    vous: Text
    tu: Text | None = None
    other: Text | None = None

    def spoken(self, voice: Voice) -> Text:
        """The variant for this voice."""
        if voice.about_other and self.other is not None:
            return self.other
        if voice.familiar and self.tu is not None:
            return self.tu
        return self.vous


@dataclass(frozen=True)
class Option:
    """One possible answer. value: stable English identifier."""

    value: str
    label: Wording
    hint: Wording | None = None


class When:
    """A condition: every named question was answered with one of the named values."""

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
        """Whether these answers meet the condition."""
        return all(answers.get(question) in values for question, values in self.accepted.items())


@dataclass(frozen=True)
class Question:
    """One page of the orientation.

    id: stable English identifier, key of the answers. slug: in the address, on purpose without meaning for somebody
    who reads the history over a shoulder. asked_when: empty = always.
    """

    id: str
    slug: str
    text: Wording
    options: tuple[Option, ...]
    help_text: Wording | None = None
    asked_when: tuple[When, ...] = ()

    def is_asked(self, answers: Mapping[str, str]) -> bool:
        """Whether this question belongs to the path of these earlier answers."""
        return not self.asked_when or any(condition.holds(answers) for condition in self.asked_when)

    def option(self, value: object) -> Option | None:
        """The option of that value, or None."""
        return next((option for option in self.options if option.value == value), None)


MINOR_AGES = ("under_15", "15_17")
OTHERS = ("witness", "relative", "professional")

_YES = Wording(_("Oui"))
_NO = Wording(_("Non"))
_UNSURE = Wording(_("Je ne sais pas"))

QUESTIONS: tuple[Question, ...] = (
    Question(
        id="danger",
        slug="maintenant",
        text=Wording(
            _("Êtes-vous en danger en ce moment, vous ou une autre personne ?"),
            tu=_("Es-tu en danger en ce moment, toi ou une autre personne ?"),
        ),
        options=(
            Option("no", Wording(_("Non, pas en ce moment"))),
            Option(
                "yes",
                Wording(_("Oui, quelqu'un est en danger maintenant")),
                Wording(_("Une agression est en cours, ou quelqu'un arrive, frappe, menace sur place.")),
            ),
            Option(
                "suicidal",
                Wording(
                    _("Je pense à mourir, ou j'ai peur qu'une personne mette fin à ses jours"),
                ),
                Wording(_("On peut en parler tout de suite avec quelqu'un, de jour comme de nuit.")),
            ),
        ),
    ),
    Question(
        id="screen",
        slug="autour",
        text=Wording(
            _("Quelqu'un peut-il voir votre écran ?"),
            tu=_("Quelqu'un peut-il voir ton écran ?"),
        ),
        help_text=Wording(
            _(
                "Si oui, les pages auront un titre neutre. Le bouton « Quitter rapidement » reste toujours visible. "
                "L'historique de votre navigateur garde une trace de votre visite."
            ),
            tu=_(
                "Si oui, les pages auront un titre neutre. Le bouton « Quitter rapidement » reste toujours visible. "
                "L'historique de ton navigateur garde une trace de ta visite."
            ),
        ),
        options=(
            Option("no", _NO),
            Option("yes", Wording(_("Oui, ou peut-être"))),
        ),
        asked_when=(When(danger="no"),),
    ),
    Question(
        id="role",
        slug="qui",
        text=Wording(_("Qui êtes-vous ?"), tu=_("Qui es-tu ?")),
        options=(
            Option(
                "victim",
                Wording(_("Les faits m'arrivent à moi")),
            ),
            Option(
                "witness",
                Wording(_("J'ai vu des faits : je suis témoin")),
            ),
            Option(
                "relative",
                Wording(_("Je suis un proche de la personne qui subit les faits")),
                Wording(_("Parent, ami, frère, sœur, camarade…")),
            ),
            Option(
                "professional",
                Wording(_("J'aide une personne dans mon métier")),
                Wording(_("Enseignant, soignant, éducateur, employeur…")),
            ),
            Option(
                "organisation",
                Wording(_("Mon entreprise, mon association ou mon administration est touchée")),
                Wording(_("L'organisation elle-même, et pas une personne qui y travaille.")),
            ),
        ),
        asked_when=(When(danger="no"),),
    ),
    Question(
        id="age",
        slug="age",
        text=Wording(_("Quel âge avez-vous ?"), tu=_("Quel âge as-tu ?")),
        help_text=Wording(
            _("Un enfant ou un adolescent peut signaler seul, et porter plainte seul."),
        ),
        options=(
            Option("under_15", Wording(_("Moins de 15 ans"))),
            Option("15_17", Wording(_("De 15 à 17 ans"))),
            Option("adult", Wording(_("18 ans ou plus"))),
        ),
        asked_when=(When(role=("victim", "witness", "relative")),),
    ),
    Question(
        id="facts",
        slug="faits",
        text=Wording(_("Que se passe-t-il ?")),
        help_text=Wording(
            _("Choisissez ce qui pèse le plus. Vous pourrez dire le reste ensuite."),
            tu=_("Choisis ce qui pèse le plus. Tu pourras dire le reste ensuite."),
        ),
        options=(
            Option(
                "harassment",
                Wording(_("Des insultes, des moqueries, des menaces ou des rumeurs")),
                Wording(_("Par message, sur un réseau social, un forum, un jeu, au téléphone…")),
            ),
            Option(
                "page",
                Wording(
                    _("Une page, un groupe ou une discussion créés contre moi"),
                    other=_("Une page, un groupe ou une discussion créés contre la personne"),
                ),
            ),
            Option(
                "image",
                Wording(
                    _("Une photo ou une vidéo de moi, intime ou humiliante"),
                    other=_("Une photo ou une vidéo de la personne, intime ou humiliante"),
                ),
                Wording(_("Déjà montrée, ou quelqu'un menace de la montrer.")),
            ),
            Option(
                "threat",
                Wording(_("Un chantage, une menace grave ou sexuelle")),
                Wording(_("Même une seule fois.")),
            ),
            Option(
                "couple",
                Wording(
                    _("Mon partenaire ou mon ex me surveille, me menace ou me fait du mal en ligne"),
                    other=_("Un partenaire ou un ex surveille, menace ou fait du mal en ligne"),
                ),
            ),
            Option(
                "account",
                Wording(
                    _("Mon compte est piraté, ou quelqu'un se fait passer pour moi"),
                    other=_("Un compte est piraté, ou quelqu'un se fait passer pour la personne"),
                ),
            ),
            Option(
                "money",
                Wording(_("Une arnaque, ou de l'argent volé ou demandé")),
                Wording(_("Fausse vente, fausse location, faux amour, carte bancaire…")),
            ),
            Option(
                "device",
                Wording(_("Un appareil bloqué, un virus, un piratage")),
            ),
            Option(
                "content",
                Wording(_("Un contenu illégal vu en ligne")),
                Wording(_("Terrorisme, haine, violence, mise en danger, atteinte à des enfants…")),
            ),
            Option("sms", Wording(_("Des SMS que je n'ai pas voulus"), other=_("Des SMS non voulus"))),
            Option("other", Wording(_("Autre chose, ou je ne sais pas"))),
        ),
        asked_when=(When(role=("victim", *OTHERS)),),
    ),
    Question(
        id="scam",
        slug="precision-1",
        text=Wording(_("De quoi s'agit-il ?")),
        options=(
            Option("sale", Wording(_("Une fausse vente ou une fausse location"))),
            Option("romance", Wording(_("Un faux amour : quelqu'un a gagné la confiance, puis demandé de l'argent"))),
            Option("mailbox", Wording(_("Une messagerie piratée, pour demander de l'argent aux contacts"))),
            Option(
                "card",
                Wording(
                    _("Une carte bancaire utilisée en ligne, que j'ai toujours"),
                    other=_("Une carte bancaire utilisée en ligne, que la personne a toujours"),
                ),
            ),
            Option("card_lost", Wording(_("Une carte bancaire perdue ou volée, puis utilisée"))),
            Option("ransom", Wording(_("Un appareil bloqué : on demande de l'argent pour le débloquer"))),
            Option(
                "image",
                Wording(_("De l'argent demandé contre des photos ou des vidéos intimes")),
            ),
            Option("other", Wording(_("Une autre arnaque"))),
        ),
        asked_when=(When(facts="money"),),
    ),
    Question(
        id="device_money",
        slug="precision-2",
        text=Wording(_("Demande-t-on de l'argent pour débloquer l'appareil ?")),
        options=(Option("yes", _YES), Option("no", _NO), Option("unsure", _UNSURE)),
        asked_when=(When(facts="device"),),
    ),
    Question(
        id="content_target",
        slug="precision-3",
        text=Wording(
            _("Ce contenu vous vise-t-il, vous ou une personne que vous connaissez ?"),
            tu=_("Ce contenu te vise-t-il, toi ou une personne que tu connais ?"),
        ),
        options=(Option("yes", _YES), Option("no", _NO)),
        asked_when=(When(facts="content"),),
    ),
    Question(
        id="content_public",
        slug="precision-4",
        text=Wording(_("Tout le monde peut-il voir ce contenu ?")),
        options=(
            Option("public", Wording(_("Oui, il est public"))),
            Option(
                "private",
                Wording(_("Non, il est privé")),
                Wording(_("Message personnel, groupe fermé, compte privé…")),
            ),
        ),
        asked_when=(When(content_target="no"),),
    ),
    Question(
        id="sms_kind",
        slug="precision-5",
        text=Wording(_("Que disent ces SMS ?")),
        options=(
            Option("spam", Wording(_("De la publicité, ou un lien suspect"))),
            Option(
                "person",
                Wording(
                    _("Ils me visent : insultes, menaces, messages d'une personne"),
                    other=_("Ils visent la personne : insultes, menaces"),
                ),
            ),
        ),
        asked_when=(When(facts="sms"),),
    ),
    Question(
        id="account_purpose",
        slug="precision-6",
        text=Wording(_("À quoi sert ce piratage ou cette fausse identité ?")),
        options=(
            Option(
                "hurt",
                Wording(_("À faire du mal")),
                Wording(_("Se moquer, publier en se faisant passer pour quelqu'un, isoler, surveiller…")),
            ),
            Option(
                "money",
                Wording(_("À prendre ou à demander de l'argent")),
                Wording(_("Par exemple, demander de l'argent aux contacts.")),
            ),
            Option("image", Wording(_("À menacer de montrer des photos ou des vidéos intimes"))),
            Option("unsure", _UNSURE),
        ),
        asked_when=(When(facts="account"),),
    ),
    Question(
        id="repetition",
        slug="combien",
        text=Wording(_("Est-ce arrivé plusieurs fois ?")),
        help_text=Wording(_("Messages publics ou privés, cela compte de la même façon.")),
        options=(
            Option("repeated", Wording(_("Oui, plusieurs fois, par une personne"))),
            Option(
                "group",
                Wording(_("Oui, plusieurs personnes s'y sont mises")),
                Wording(_("Même si chacune ne l'a fait qu'une fois.")),
            ),
            Option("once", Wording(_("Non, une seule fois, par une seule personne"))),
            Option("unsure", _UNSURE),
        ),
        asked_when=(When(facts="harassment"), When(content_target="yes"), When(sms_kind="person")),
    ),
    Question(
        id="single_act",
        slug="precision-7",
        text=Wording(_("Qu'est-ce que c'était ?")),
        options=(
            Option("threat", Wording(_("Une menace"))),
            Option("blackmail", Wording(_("Un chantage ou une menace sexuelle"))),
            Option("image", Wording(_("Une photo ou une vidéo intime ou humiliante"))),
            Option(
                "insult",
                Wording(_("Une insulte, ou une accusation fausse qui salit (diffamation)")),
            ),
            Option("other", Wording(_("Une moquerie, une rumeur ou autre chose"))),
        ),
        asked_when=(When(repetition="once"),),
    ),
    Question(
        id="demand",
        slug="precision-8",
        text=Wording(_("Que demande cette personne ?")),
        options=(
            Option("money", Wording(_("De l'argent"))),
            Option("sexual", Wording(_("Des photos, des vidéos ou des actes sexuels"))),
            Option("other", Wording(_("Autre chose"))),
            Option("nothing", Wording(_("Rien : c'est une menace"))),
        ),
        asked_when=(When(facts="threat"), When(single_act="blackmail")),
    ),
    Question(
        id="blackmail_image",
        slug="precision-9",
        text=Wording(_("Menace-t-on de montrer des photos ou des vidéos intimes ?")),
        options=(Option("yes", _YES), Option("no", _NO)),
        asked_when=(When(demand="money"),),
    ),
    Question(
        id="image_kind",
        slug="precision-10",
        text=Wording(_("Que montre l'image ?")),
        options=(
            Option("intimate", Wording(_("Quelque chose d'intime : corps, nudité, sexualité"))),
            Option("humiliating", Wording(_("Rien d'intime, mais elle est humiliante ou truquée"))),
        ),
        asked_when=(When(facts="image"), When(single_act="image")),
    ),
    Question(
        id="image_money",
        slug="precision-11",
        text=Wording(
            _("Demande-t-on de l'argent pour ne pas montrer ces images ?"),
        ),
        options=(Option("no", _NO), Option("yes", _YES), Option("unsure", _UNSURE)),
        asked_when=(When(facts="image"), When(single_act="image"), When(account_purpose="image")),
    ),
    Question(
        id="insult_public",
        slug="precision-12",
        text=Wording(_("Tout le monde peut-il voir ce message ?")),
        options=(
            Option("public", Wording(_("Oui, il est public"))),
            Option("private", Wording(_("Non, il est privé"))),
        ),
        asked_when=(When(single_act="insult"),),
    ),
    Question(
        id="victim_age",
        slug="age-personne",
        text=Wording(_("Quel âge a la personne qui subit les faits ?")),
        options=(
            Option("under_15", Wording(_("Moins de 15 ans"))),
            Option("15_17", Wording(_("De 15 à 17 ans"))),
            Option("adult", Wording(_("18 ans ou plus"))),
            Option("unknown", _UNSURE),
        ),
        asked_when=(
            When(role=OTHERS, facts=("harassment", "page", "image", "threat", "couple", "other")),
            When(role=OTHERS, account_purpose=("hurt", "image")),
            When(role=OTHERS, scam="image"),
            When(role=OTHERS, content_target="yes"),
            When(role=OTHERS, sms_kind="person"),
        ),
    ),
    Question(
        id="author",
        slug="auteur",
        text=Wording(
            _("Savez-vous qui fait cela ?"),
            tu=_("Sais-tu qui fait cela ?"),
        ),
        help_text=Wording(_("On ne demande aucun nom.")),
        options=(
            Option("school", Wording(_("Quelqu'un du collège, du lycée ou des études"))),
            Option(
                "couple",
                Wording(_("Mon partenaire ou mon ex"), other=_("Le partenaire ou l'ex de la personne")),
            ),
            Option(
                "family",
                Wording(
                    _("Quelqu'un de ma famille, ou qui vit chez moi"),
                    other=_("Quelqu'un de sa famille, ou qui vit avec elle"),
                ),
            ),
            Option("work", Wording(_("Quelqu'un du travail"))),
            Option("known", Wording(_("Une autre personne connue"))),
            Option("unknown", Wording(_("Non, ou j'ai un doute"))),
        ),
        asked_when=(
            When(repetition=("repeated", "group", "unsure")),
            When(single_act="threat"),
            When(demand=("sexual", "other", "nothing")),
            When(blackmail_image="no"),
            When(facts="page"),
            When(image_money=("no", "unsure")),
            When(account_purpose="hurt"),
        ),
    ),
    Question(
        id="home",
        slug="maison",
        text=Wording(
            _("Êtes-vous en danger à la maison ?"),
            tu=_("Es-tu en danger à la maison ?"),
            other=_("La personne est-elle en danger à la maison ?"),
        ),
        options=(Option("yes", _YES), Option("no", _NO), Option("unsure", _UNSURE)),
        asked_when=(
            When(role="victim", age=MINOR_AGES, author="family"),
            When(victim_age=MINOR_AGES, author="family"),
        ),
    ),
)

BY_ID: Mapping[str, Question] = {question.id: question for question in QUESTIONS}
BY_SLUG: Mapping[str, Question] = {question.slug: question for question in QUESTIONS}
