"""Ask which supervisor decides about a request. The answer comes from an app above, which knows units (docs/adr/0054).

`settings.DECIDERS` names the module that answers. A supervisor decides for their own units, or for another one while
they are on call for it; whoever may not decide is told nothing of the request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings
from django.db.models import Q

from reports.models import OpeningRequest


@dataclass(frozen=True, slots=True)
class Title:
    """The right to decide that a supervisor has. on_call: the key of their on-call duty; None in their own units."""

    on_call: int | None = None

    @property
    def told(self) -> str:
        """Return what the register adds to the act; nothing for one's own unit. `audit_wording` says it in French."""
        return "" if self.on_call is None else f", on call {self.on_call}"


@dataclass(frozen=True, slots=True)
class Standby:
    """The supervisor who is on call for a unit now, as it is shown. until: when the duty ends by itself."""

    name: str
    unit: str
    until: datetime


class Deciders(Protocol):
    """What the module that `settings.DECIDERS` names answers. Each costs a query or a few, but `openings_of`, which is
    part of one."""

    def openings_of(self, user: Any, now: datetime) -> Q:
        """Selects the requests to open a seal that this supervisor decides about."""

    def askers_of(self, user: Any, now: datetime) -> Sequence[int]:
        """Return the accounts among whose requests all of `openings_of` are: the agents of these units."""

    def title_for_opening(self, user: Any, request: OpeningRequest, now: datetime) -> Title | None:
        """Their right to decide about this one; None when they have none."""

    def title_for_report(self, user: Any, report_id: int, now: datetime) -> Title | None:
        """Their right to decide what is kept of this report; None when they have none."""

    def standby_for_opening(self, request: OpeningRequest, now: datetime) -> Sequence[Standby]:
        """Return the supervisor who may also decide about this request now, being on call."""


def get_deciders() -> Deciders:
    """The module above that knows who decides, as `settings.DECIDERS` names it."""
    return cast(Deciders, import_module(settings.DECIDERS))
