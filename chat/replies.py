"""The replies that an agent can start from in one conversation: their own, the shared ones, partners to name.

Readings, and what an agent does with their own. Filled by `chat.canned` from the person's chosen point d'accueil.
"""

import logging
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chat import canned, clock, display
from chat.canned import Reply, Source
from chat.desk import Dossier
from chat.models import Agent, CannedReply, OwnReply
from reports.keyring import UnsealError

logger = logging.getLogger(__name__)

OWN_AT_MOST = 100


class TooMany(Exception):
    """An agent has OWN_AT_MOST replies already."""


def values(agent: Agent, dossier: Dossier) -> dict[str, str]:
    """What the variables say in this conversation; empty where nothing is known."""
    unit = dossier.unit
    name = unit.name if unit else ""
    if name and dossier.report.is_nearest:  # the nearest one is not said to be the one
        name += f" {canned.MISSING}{_('vérifier que cette unité est compétente')}]"
    return {
        "prenom": display.plain(agent.public_name),
        "unite": name,
        "adresse": ", ".join(unit.address_lines) if unit else "",
        "telephone": unit.telephone if unit else "",
        "horaires": " ; ".join(f"{line.days} : {line.hours}" for line in dossier.opening_hours),
        "commune": str(dossier.report.municipality or ""),
    }


def of_conversation(agent: Agent, dossier: Dossier) -> list[Reply]:
    """The agent's own first, then the shared ones, then partners: filled, in the voice of this person."""
    known, familiar = values(agent, dossier), dossier.familiar
    found = [
        Reply(str(own.public_id), Source.OWN, own.title, canned.fill(own.spoken(familiar=familiar), known))
        for own in own_replies(agent)
    ]
    here = Q(unit__isnull=True) | Q(unit=agent.unit)
    shared = CannedReply.objects.filter(here, is_active=True, force__in=["", agent.force])
    found += [
        Reply(
            str(row.public_id),
            Source.SHARED,
            row.title,
            canned.fill(canned.choose(row.vous, row.tu, familiar=familiar), known),
        )
        for row in shared
    ]
    for group in dossier.partners:
        for partner, _kilometres in group.partners:
            parts = [part for part in (partner.telephone, partner.url) if part]
            if parts:
                text = f"{partner.name} : {', '.join(parts)}"
                found.append(Reply(f"partenaire-{partner.pk}", Source.PARTNER, partner.name, text))
    return found


# --- an agent's own ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """A reply of one's own, opened."""

    public_id: uuid.UUID
    title: str
    vous: str
    tu: str

    def spoken(self, *, familiar: bool) -> str:
        return canned.choose(self.vous, self.tu, familiar=familiar)


def read(row: OwnReply) -> Own | None:
    """None when no key opens it."""
    try:
        return Own(public_id=row.public_id, **row.content())
    except UnsealError:
        logger.error("own reply cannot be opened %s", row.public_id)
        return None


def own_replies(agent: Agent) -> list[Own]:
    """In the order of their titles; one that no key opens is left out."""
    found = [own for own in map(read, OwnReply.objects.filter(agent=agent)) if own is not None]
    return sorted(found, key=lambda own: own.title.casefold())


@transaction.atomic
def save_own(*, agent: Agent, title: str, vous: str, tu: str, row: OwnReply | None = None) -> OwnReply:
    """Make a reply, or change one of one's own (`access.own_reply`). Raises TooMany."""
    if row is None:
        if Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk).own_replies.count() >= OWN_AT_MOST:
            raise TooMany
        row = OwnReply(agent=agent)
    row.seal(title=title, vous=vous, tu=tu)
    row.changed_at = clock.now()
    row.save()
    return row
