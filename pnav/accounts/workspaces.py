"""These are the parts of the site where each role works. A sign-in leads to the first one."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pnav.accounts.models import Role, User


@dataclass(frozen=True, slots=True)
class Workspace:
    """It is a part of the site behind the sign-in. url_name: its first page. label: its name on screen."""

    url_name: str
    label: Any

    @property
    def url(self) -> str:
        """Return the address of its first page."""
        return reverse(self.url_name)


CONSOLE = Workspace("console:home", _("Console"))
OPENINGS = Workspace("openings:index", _("Levées d'anonymat"))
ROOMS: dict[str, list[Workspace]] = {
    Role.AGENT: [CONSOLE, OPENINGS],
    Role.SUPERVISOR: [CONSOLE, OPENINGS],
    Role.CUSTODIAN: [OPENINGS],
    Role.PSYCHOLOGIST: [Workspace("listening:index", _("Écoute"))],
    Role.UNIT: [Workspace("unit:index", _("Transmissions reçues"))],
    Role.ANALYST: [Workspace("console:history", _("Historique")), Workspace("console:staffing", _("Effectifs"))],
    Role.ADMINISTRATOR: [Workspace("admin:index", _("Administration"))],
}


def workspaces_of(user: User) -> list[Workspace]:
    """Return the workspaces of this account's role, in their order."""
    return ROOMS.get(user.role, [])
