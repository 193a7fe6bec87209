"""This module says which elements of an offence are present, absent or still open, from what an agent has ticked. Pure.

The source of every sentence is the service's reference facts (code pénal, art. 222-33-2-2; service-public.gouv.fr
F32239). Where they give no article, `article` is empty, and the page says that it has to be verified before anybody
cites it. Nothing here qualifies the facts legally, which is the prosecutor's task.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.choices import label_of
from triage.questionnaire.questions import Text


class Element(TextChoices):
    """It is a fact to which an agent answers yes or no, or which is left open. Stored values must not change."""

    ONLINE = "online", _("Par internet ou par téléphone")
    REPEATED = "repeated", _("Une même personne recommence")
    GROUP = "group", _("Plusieurs personnes, une fois chacune")
    GROUP_AWARE = "group_aware", _("Chacune sait que d'autres le font")
    LIVING = "living", _("Conditions de vie dégradées")
    DIGNITY = "dignity", _("Atteinte à la dignité")
    HOSTILE = "hostile", _("Situation intimidante, hostile ou offensante")
    HEALTH = "health", _("Effet sur la santé")
    PUBLIC = "public", _("Messages publics")
    PRIVATE = "private", _("Messages privés")
    THREAT = "threat", _("Menace")
    BLACKMAIL = "blackmail", _("Chantage")
    SEXUAL_THREAT = "sexual_threat", _("Menace sexuelle")
    IMAGE = "image", _("Photo ou vidéo humiliante ou intime")
    MONEY = "money", _("Argent demandé")
    MINOR = "minor", _("Victime mineure")
    COUPLE = "couple", _("Dans le couple")
    SCHOOL = "school", _("À l'école")


# The question to ask about each element, in the person's words.
QUESTIONS: dict[str, Text] = {
    Element.ONLINE: _(
        "Où est-ce que cela se passe : réseau social, messagerie, jeu, forum, courrier électronique, téléphone ?"
    ),
    Element.REPEATED: _("Est-ce que la même personne l'a fait plusieurs fois ? Depuis quand ?"),
    Element.GROUP: _("Est-ce que plusieurs personnes s'y mettent, même une seule fois chacune ?"),
    Element.GROUP_AWARE: _("Est-ce qu'elles savent que d'autres font la même chose (appel, groupe, page commune) ?"),
    Element.LIVING: _("Qu'est-ce que cela a changé dans la vie de tous les jours ?"),
    Element.DIGNITY: _("Qu'est-ce qui a été dit ou montré d'humiliant ?"),
    Element.HOSTILE: _("Est-ce que cela fait peur, ou met dans une situation hostile ?"),
    Element.HEALTH: _("Est-ce qu'un médecin a été vu ? Y a-t-il un certificat médical ?"),
    Element.PUBLIC: _("Est-ce que tout le monde peut le voir ?"),
    Element.PRIVATE: _("Est-ce arrivé en messages privés ?"),
    Element.THREAT: _("Est-ce qu'il y a eu des menaces, même une seule fois ? Lesquelles, mot pour mot ?"),
    Element.BLACKMAIL: _("Est-ce que quelque chose a été exigé contre un silence ou une image ?"),
    Element.SEXUAL_THREAT: _("Est-ce qu'une menace était sexuelle ?"),
    Element.IMAGE: _("Est-ce qu'une photo ou une vidéo est utilisée ?"),
    Element.MONEY: _("Est-ce que de l'argent est demandé ?"),
    Element.MINOR: _("Quel âge a la personne visée ?"),
    Element.COUPLE: _("Est-ce la ou le partenaire, ou une ou un ex ?"),
    Element.SCHOOL: _("Est-ce que cela vient de l'école, du collège ou du lycée ?"),
}


class Evidence(TextChoices):
    """These are the kinds of evidence that the person kept. Source: reference facts, « Evidence »."""

    SCREENSHOTS = "screenshots", _("Captures d'écran")
    MESSAGES = "messages", _("Messages")
    RECORDINGS = "recordings", _("Sons ou vidéos")
    WITNESSES = "witnesses", _("Témoignages")
    CERTIFICATE = "certificate", _("Certificat médical")
    CERTIFIED = "certified", _("Constat d'un commissaire de justice (payant)")


class Standing(StrEnum):
    """It is the state of an element, or of a whole offence."""

    PRESENT = "present"
    ABSENT = "absent"
    MISSING = "missing"

    @property
    def label(self) -> Text:
        """Return the state in the words of the fact sheet."""
        return {
            Standing.PRESENT: _("établi par l'échange"),
            Standing.ABSENT: _("écarté"),
            Standing.MISSING: _("manque encore"),
        }[self]


@dataclass(frozen=True, slots=True)
class Need:
    """It is one thing that an offence requires. ways: sets of elements, each of which is enough if all its elements
    are."""

    label: Text
    ways: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Offence:
    """It is an offence and what it requires. article: "" when the reference facts give none. note: what else they
    say."""

    key: str
    title: Text
    article: str
    needs: tuple[Need, ...]
    note: Text = ""


HARASSMENT = Offence(
    key="harassment",
    title=_("Cyberharcèlement"),
    article="code pénal, art. 222-33-2-2",
    needs=(
        Need(_("En ligne"), ((Element.ONLINE,),)),
        Need(
            _("Répétition : une personne qui recommence, ou un groupe où chacun agit une fois"),
            ((Element.REPEATED,), (Element.GROUP, Element.GROUP_AWARE)),
        ),
        Need(
            _("Effet : vie dégradée, dignité atteinte ou situation hostile"),
            ((Element.LIVING,), (Element.DIGNITY,), (Element.HOSTILE,)),
        ),
    ),
    note=_("Public ou privé : les deux comptent. Les faits de plusieurs années comptent aussi."),
)
SINGLE_ACT = Offence(
    key="single_act",
    title=_("Menace, chantage ou menace sexuelle, même une seule fois"),
    article="",
    needs=(
        Need(
            _("Une menace, un chantage ou une menace sexuelle"),
            ((Element.THREAT,), (Element.BLACKMAIL,), (Element.SEXUAL_THREAT,)),
        ),
    ),
    note=_("Ce n'est pas du harcèlement, mais cela peut être une infraction à lui seul."),
)
OFFENCES = (HARASSMENT, SINGLE_ACT)


@dataclass(frozen=True, slots=True)
class Met:
    """It is the state of one need. elements: those that fulfil it, or that are absent. questions: what could be
    asked."""

    label: Text
    standing: Standing
    elements: tuple[str, ...] = ()
    questions: tuple[Text, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Return the elements in the words of the fact sheet, in order."""
        return [label_of(Element, element) for element in self.elements]

    @property
    def asks(self) -> list[tuple[str, Text]]:
        """Return the open elements, each with its question."""
        return list(zip(self.elements, self.questions, strict=True)) if self.questions else []


@dataclass(frozen=True, slots=True)
class Reading:
    """It is the state of one offence: absent when a need is, present when all needs are, otherwise missing."""

    offence: Offence
    standing: Standing
    needs: tuple[Met, ...]


def read(*, present: Collection[str], absent: Collection[str]) -> list[Reading]:
    """Return the state of each offence, given the ticked elements. An element in neither collection is open."""
    return [_reading(offence, present, absent) for offence in OFFENCES]


def _reading(offence: Offence, present: Collection[str], absent: Collection[str]) -> Reading:
    needs = tuple(_met(need, present, absent) for need in offence.needs)
    standings = {met.standing for met in needs}
    if Standing.ABSENT in standings:
        return Reading(offence, Standing.ABSENT, needs)
    return Reading(offence, Standing.MISSING if Standing.MISSING in standings else Standing.PRESENT, needs)


def _met(need: Need, present: Collection[str], absent: Collection[str]) -> Met:
    full = [way for way in need.ways if all(element in present for element in way)]
    if full:
        return Met(need.label, Standing.PRESENT, tuple(element for way in full for element in way))
    possible = [way for way in need.ways if not any(element in absent for element in way)]
    if not possible:
        put_aside = tuple(element for way in need.ways for element in way if element in absent)
        return Met(need.label, Standing.ABSENT, put_aside)
    open_ones = tuple(element for way in possible for element in way if element not in present)
    return Met(need.label, Standing.MISSING, open_ones, tuple(QUESTIONS[element] for element in open_ones))


@dataclass(frozen=True, slots=True)
class Remark:
    """It is a remark of the reference facts on a circumstance. is_to_verify: it is in doubt there, or has no
    article."""

    text: Text
    is_to_verify: bool = False


def remarks(*, present: Collection[str]) -> list[Remark]:
    """Return what else follows from the facts that are present."""
    return list(_remarks(present))


def _remarks(present: Collection[str]) -> Iterator[Remark]:
    if Element.MINOR in present:
        yield Remark(_("Victime mineure : elle peut signaler et porter plainte seule. 3018 ; 119 si danger chez elle."))
        yield Remark(
            _("Cyberharcèlement d'un mineur : cas aggravé, jusqu'à 3 ans et 45 000 € (art. 222-33-2-2)."),
            is_to_verify=True,
        )
    if Element.COUPLE in present:
        yield Remark(
            _("Cyberviolence dans le couple : elle relève de ce service. Cherchez l'article avant de le citer."),
            is_to_verify=True,
        )
    if Element.SCHOOL in present:
        yield Remark(_("Faits à l'école : cherchez l'article avant de le citer."), is_to_verify=True)
    if Element.MONEY in present and Element.IMAGE in present:
        yield Remark(
            _("Argent demandé contre une image : un mineur reste ici, avec le 3018.")
            if Element.MINOR in present
            else _("Argent demandé contre une image : un adulte va vers 17 Cyber, puis THESEE ; un mineur reste ici.")
        )
    if Element.HEALTH in present:
        yield Remark(_("Effet sur la santé : un certificat médical est une preuve."))
    if Element.PUBLIC in present:
        yield Remark(
            _("Contenu illicite que tout le monde voit : 17 Cyber, vers PHAROS. Pas les insultes dont on est victime.")
        )
