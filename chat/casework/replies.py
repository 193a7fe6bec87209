"""This module reads the canned replies for one conversation: the agent's own, the shared ones, and partners to name.

Variables are filled by `chat.rules.reply_template`, from the person's chosen point d'accueil. An agent's own replies
are saved here too.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chat.casework import proposals
from chat.casework.person_summary import PersonSummary
from chat.models import Agent, CannedReply, OwnReply
from chat.rules import reply_template
from chat.rules.reply_template import Audience, Reply, Source
from common import clock, plain_text
from common.choices import label_of
from common.encryption import UnsealError
from common.kept_values import known_to
from common.texts import languages
from locations import hours
from locations.models import Partner, ReceptionPoint
from reports.models import ReporterRole

logger = logging.getLogger(__name__)

OWN_AT_MOST = 100
HELPERS = frozenset({ReporterRole.WITNESS, ReporterRole.RELATIVE, ReporterRole.PROFESSIONAL})


class TooMany(Exception):
    """The agent has OWN_AT_MOST replies of their own already."""


def variable_values(agent: Agent, dossier: PersonSummary) -> dict[str, str]:
    """Return the values of the variables in this conversation; a value that is not known is empty."""
    known = _values(agent.public_name, dossier.unit, str(dossier.report.municipality or ""))
    if known["unite"] and dossier.report.is_nearest:  # the nearest unit may not be the competent one
        known["unite"] += f" {reply_template.MISSING}{_('vérifier que cette unité est compétente')}]"
    return known


def _values(first_name: str, unit: ReceptionPoint | None, commune: str) -> dict[str, str]:
    return {
        "prenom": plain_text.plain(first_name),
        "unite": unit.name if unit else "",
        "adresse": ", ".join(unit.address_lines) if unit else "",
        "telephone": unit.telephone if unit else "",
        "horaires": " ; ".join(proposals.hours_told(unit, " : ")) if unit else "",
        "commune": commune,
    }


# --- preview of a shared reply ----------------------------------------------------------------------------------------

SAMPLE_NAME = "Camille"


def sample_unit(force: str) -> ReceptionPoint:
    """Return a unit of which everything is known, of this force if it is not ""; an invented one if there is none."""
    known = ReceptionPoint.objects.exclude(telephone="").exclude(address="").filter(opening_hours__isnull=False)
    unit = (known.filter(force=force) if force else known).order_by("pk").first()
    return unit or ReceptionPoint(
        name=_("Unité d'exemple"),
        address=_("1 rue de l'Exemple"),
        postal_code="00000",
        town=_("Commune"),
        telephone="01 00 00 00 00",
        opening_hours={day: [["09:00", "12:00"], ["14:00", "18:00"]] for day in hours.DAYS},
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """It is a shared reply as an agent gets it in their text area.

    to: to whom it speaks, in words. is_known: whether it is filled with a known unit.
    """

    to: str
    is_known: bool
    text: str

    @property
    def is_unfinished(self) -> bool:
        """Return whether a variable had no value, so that the agent has to fill it in."""
        return reply_template.is_unfinished(self.text)


def sampled(row: CannedReply, unit: ReceptionPoint) -> list[Shown]:
    """Return the reply as an adult and as a minor would get it, each with this unit and without any."""
    told = [(_("À un adulte"), row.vous)]
    told.append((_("À un mineur"), reply_template.choose(row.vous, row.tu, familiar=True)))
    known = _values(SAMPLE_NAME, unit, unit.town)
    nothing = _values(SAMPLE_NAME, None, "")
    return [
        Shown(to, is_known, reply_template.fill(text, known if is_known else nothing))
        for to, text in told
        for is_known in (True, False)
    ]


# --- of a conversation ------------------------------------------------------------------------------------------------


def of_conversation(agent: Agent, dossier: PersonSummary, *, has_own: bool = True) -> list[Reply]:
    """Return the filled replies for a conversation: the agent's own, then shared ones for this role, then partners.

    has_own: false where it is known that the agent has none.

    Each is in the voice for this person and, where there is such a text, in the language in which they write. If that
    is not the source language, each reply says which language it is in; those of partners, a name and a number, do not.
    """
    known, familiar = variable_values(agent, dossier), dossier.familiar
    language = dossier.answered_in
    is_foreign = language != languages.source()
    found = []
    for own in own_replies(agent) if has_own else ():
        text, of_text = own.spoken(familiar=familiar, language=language)
        found.append(
            Reply(
                str(own.public_id),
                Source.OWN,
                own.shown_title,
                reply_template.fill(text, known),
                _("à moi"),
                languages.name(of_text) if is_foreign else "",
                of_text if is_foreign else "",
            )
        )
    here = Q(unit__isnull=True) | Q(unit=agent.unit)
    to_them = ["", audience_of(dossier.report.role)]
    shared = CannedReply.objects.filter(here, is_active=True, force__in=["", agent.force], audience__in=to_them)
    for row in shared.prefetch_related("text_rows") if is_foreign else shared:
        text, of_text = row.spoken(familiar=familiar, language=language)
        found.append(
            Reply(
                str(row.public_id),
                Source.SHARED,
                plain_text.plain(row.title),
                reply_template.fill(text, known),
                "" if row.subject == reply_template.Subject.OTHER else label_of(reply_template.Subject, row.subject),
                languages.name(of_text) if is_foreign else "",
                of_text if is_foreign else "",
                words=plain_text.plain(row.words),
            )
        )
    partners = [partner for group in dossier.partners for partner, _kilometres in group.partners]
    return found + [reply for reply in map(partner_reply, partners) if reply is not None]


def audience_of(role: str) -> Audience:
    """Return which audience of replies a person of this role belongs to."""
    return Audience.HELPER if role in HELPERS else Audience.VICTIM


def partner_reply(partner: Partner) -> Reply | None:
    """Return a reply that names a partner and how to reach it; None when neither telephone nor address is known."""
    ways = [way for way in (partner.telephone, partner.url) if way]
    if not ways:
        return None
    text = f"{partner.name} : {', '.join(ways)}"
    return Reply(f"partenaire-{partner.pk}", Source.PARTNER, partner.name, text, _("partenaire"))


# --- an agent's own ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """It is an agent's own reply, decrypted. texts: those in other languages, by their names (`text_names`)."""

    public_id: uuid.UUID
    title: str
    vous: str
    tu: str
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown_title(self) -> str:
        """Return the title as it is shown, with invisible characters made visible."""
        return plain_text.plain(self.title)

    @property
    def shown(self) -> str:
        """Return the text with « vous », as it is shown."""
        return plain_text.plain(self.vous)

    def spoken(self, *, familiar: bool, language: str) -> tuple[str, str]:
        """Return the text in this voice, and its language: the one asked for if it has such a text, else the source."""
        if language != languages.source():
            polite, tu = (self.texts.get(languages.text_name(language, voice), "") for voice in languages.VOICES)
            if text := reply_template.choose(polite, tu, familiar=familiar):
                return text, language
        return reply_template.choose(self.vous, self.tu, familiar=familiar), languages.source()


def text_names() -> list[tuple[str, str]]:
    """Return the names of a reply's texts in other languages (`languages.text_name`), each with its language."""
    return [(languages.text_name(code, voice), code) for code in languages.others() for voice in languages.VOICES]


def read(row: OwnReply) -> Own | None:
    """Decrypt a reply; None when no key opens it."""
    try:
        return Own(public_id=row.public_id, **known_to(Own, row.content()))
    except UnsealError:
        logger.error("own reply cannot be opened %s", row.public_id)
        return None


def own_replies(agent: Agent) -> list[Own]:
    """Return the agent's own replies by title; one that no key opens is left out."""
    found = [own for own in map(read, OwnReply.objects.filter(agent=agent)) if own is not None]
    return sorted(found, key=lambda own: own.title.casefold())


@transaction.atomic
def save_own(
    *,
    agent: Agent,
    title: str,
    vous: str,
    tu: str,
    texts: Mapping[str, str] | None = None,
    row: OwnReply | None = None,
) -> OwnReply:
    """Create an agent's own reply, or change `row` (obtained by `access.own_reply`). Raises TooMany.

    vous, tu: the text in both voices. texts: in other languages, by `text_names`. Creating locks the agent.
    """
    if row is None:
        if Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk).own_replies.count() >= OWN_AT_MOST:
            raise TooMany
        row = OwnReply(agent=agent)
    row.seal(title=title, vous=vous, tu=tu, texts=texts or {})
    row.changed_at = clock.now()
    row.save()
    return row
