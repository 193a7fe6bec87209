"""Creates the accounts of the demonstration.

They are four agents, a supervisor of each force, three custodians, a psychologist, an analyst, two units and two
administrators.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.db import transaction

from chat.models import Agent, CannedReply, Unit, UnitAccount
from chat.models.macro import Macro
from chat.rules.emergency import Situation
from locations import lookup
from locations.models import Force, ReceptionPoint
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp
from reports.models import CaptureContact


@dataclass(frozen=True, slots=True)
class Part:
    """It is one account of the cast. public_name, force: those of people who answer. place: where a unit is, for its
    account."""

    role: str
    username: str
    public_name: str = ""
    force: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """It is what is needed to sign in with an account of the demonstration. totp_secret: in base 32."""

    role: str
    username: str
    password: str
    totp_secret: str


UNITS = {
    Force.POLICE: "Police nationale – équipe de démonstration",
    Force.GENDARMERIE: "Gendarmerie nationale – équipe de démonstration",
}

CAST = (
    Part(Role.AGENT, "police1", "Camille", Force.POLICE),
    Part(Role.AGENT, "police2", "Karim", Force.POLICE),
    Part(Role.AGENT, "gendarme1", "Louise", Force.GENDARMERIE),
    Part(Role.AGENT, "gendarme2", "Yann", Force.GENDARMERIE),
    Part(Role.SUPERVISOR, "superviseur", "Dominique", Force.POLICE),
    Part(Role.SUPERVISOR, "superviseur2", "Claude", Force.GENDARMERIE),
    Part(Role.CUSTODIAN, "referent"),
    Part(Role.CUSTODIAN, "referent2"),
    Part(Role.CUSTODIAN, "referent3"),
    Part(Role.PSYCHOLOGIST, "psychologue"),
    Part(Role.ANALYST, "analyste"),
    Part(Role.UNIT, "unite1", place="93200 Saint-Denis"),
    Part(Role.UNIT, "unite2", place="59000 Lille"),
    Part(Role.ADMINISTRATOR, "admin"),
    Part(Role.ADMINISTRATOR, "admin2"),
)


def new_secrets() -> dict[str, dict[str, str]]:
    """Draw a new password and a TOTP secret for each part of the cast, by user name."""
    return {
        part.username: {"password": secrets.token_urlsafe(12), "totp_secret": generate_totp_secret()} for part in CAST
    }


def accounts_of(known: dict[str, dict[str, str]]) -> list[Account]:
    """Return the accounts of the cast with these secrets."""
    return [
        Account(part.role, part.username, known[part.username]["password"], known[part.username]["totp_secret"])
        for part in CAST
    ]


@transaction.atomic
def create_cast(known: dict[str, dict[str, str]]) -> None:
    """Create or refresh the accounts; known: what `new_secrets` drew for this installation."""
    units = {
        force: Unit.objects.get_or_create(name=name, defaults={"force": force})[0] for force, name in UNITS.items()
    }
    CaptureContact.objects.get_or_create(
        pk=CaptureContact.THE_ONE,
        defaults={"name": "Permanence de la démonstration (fictive)", "reach": "personne à appeler : aucune"},
    )
    for part in CAST:
        secret = known[part.username]
        user = User.objects.filter(username=part.username).first() or User(username=part.username)
        user.role = part.role
        if not user.check_password(secret["password"]):
            user.set_password(secret["password"])
        user.save()
        totp = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
        if totp is None:
            enrol_totp(user, secret["totp_secret"])
        if part.force:
            Agent.objects.get_or_create(
                user=user, defaults={"unit": units[Force(part.force)], "public_name": part.public_name}
            )
        if part.place:
            UnitAccount.objects.update_or_create(user=user, defaults={"point": _unit_of(part.place)})


# The macros of the console: the title, the title of the shared reply that the macro inserts, and other fields of
# `Macro`.
MACROS: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("Danger : ouvrir la procédure", "Vérifier la sécurité", {"situation": Situation.DANGER}),
    ("Préparer une plainte", "Parler de la plainte", {"proposes_complaint": True}),
    ("Je relis et je reviens", "Prévenir que je relis", {"minutes": 5}),
    ("Proposer un retrait", "Garder les preuves", {"proposes_removal": True}),
)


def create_macros() -> None:
    """Create macros for people who try the console, unless an administrator has made some."""
    if Macro.objects.exists():
        return
    shared = CannedReply.objects.filter(title__in=[reply for _title, reply, _acts in MACROS])
    replies = {reply.title: reply for reply in shared}
    Macro.objects.bulk_create(
        Macro(title=title, reply=replies.get(reply), order=order, **acts)
        for order, (title, reply, acts) in enumerate(MACROS, 1)
    )


def _unit_of(place: str) -> ReceptionPoint | None:
    """Return the first unit that a search for this place finds; None before places are loaded."""
    return next((match.unit for found in lookup.search(place).places for match in found.units), None)


def as_json(base_url: str, accounts: list[Account]) -> dict[str, Any]:
    """Return the contents of `.local/demo.json`, in which people and scripts find the address and the accounts."""
    return {"base_url": base_url, "accounts": [asdict(account) for account in accounts]}
