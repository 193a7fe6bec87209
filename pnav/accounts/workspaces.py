"""Where each role works: the first room is where a sign-in leads."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pnav.accounts.models import Role, User


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the site behind the sign-in. url_name: its first page; label: what people call it."""

    url_name: str
    label: Any

    @property
    def url(self) -> str:
        return reverse(self.url_name)


CONSOLE = Room("console:home", _("Console"))
OPENINGS = Room("openings:index", _("Levées d'anonymat"))
ROOMS: dict[str, list[Room]] = {
    Role.AGENT: [CONSOLE, OPENINGS],
    Role.SUPERVISOR: [CONSOLE, OPENINGS],
    Role.CUSTODIAN: [OPENINGS],
    Role.PSYCHOLOGIST: [Room("listening:index", _("Écoute"))],
    Role.UNIT: [Room("unit:index", _("Transmissions reçues"))],
    Role.ADMINISTRATOR: [Room("admin:index", _("Administration"))],
}


def rooms_of(user: User) -> list[Room]:
    """The rooms of this account's role."""
    return ROOMS.get(user.role, [])
