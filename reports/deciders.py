"""This module finds out which supervisor decides about a request, through a module of an app above, which knows units.

`settings.DECIDERS` names that module (docs/adr/0054). A supervisor decides for their own units, or for another one
while they are on call for it. For a supervisor who may not decide, the request does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings
from django.db.models import Q, QuerySet

from reports.models import OpeningRequest


@dataclass(frozen=True, slots=True)
class Title:
    """It is a supervisor's right to decide. on_call: the key of the on-call duty that gives it; None in their own
    units."""

    on_call: int | None = None

    @property
    def told(self) -> str:
        """Return what the register notes of this right; "" for one's own unit. `audit.wording` says it in French."""
        return "" if self.on_call is None else f", on call {self.on_call}"


@dataclass(frozen=True, slots=True)
class Standby:
    """It is the supervisor who is on call for a unit now, for display. until: when the duty ends by itself."""

    name: str
    unit: str
    until: datetime


class Deciders(Protocol):
    """These are the functions of the module that `settings.DECIDERS` names.

    Each takes a query or a few, except `exchanges_of` and `openings_of`, which are parts of a query.
    """

    def exchanges_of(self, user: Any) -> QuerySet[Any]:
        """Return the exchanges whose disclosure this account may ask for and hold, each with its `report`.

        These are what it answers, or answered until the end. When nobody has an exchange, it is the last agent's.
        """

    def answers_now(self, user: Any, request: OpeningRequest) -> bool:
        """Return whether this account answers the exchange of a request, which has not ended."""

    def openings_of(self, user: Any, now: datetime) -> Q:
        """Return the condition that selects the disclosure requests about which this supervisor decides."""

    def askers_of(self, user: Any, now: datetime) -> Sequence[int]:
        """Return the accounts of the agents whose requests include all of `openings_of`: those of these units."""

    def title_for_opening(self, user: Any, request: OpeningRequest, now: datetime) -> Title | None:
        """Return this supervisor's right to decide about a request; None when they have none."""

    def title_for_report(self, user: Any, report_id: int, now: datetime) -> Title | None:
        """Return this supervisor's right to decide what is kept of a report; None when they have none."""

    def standby_for_opening(self, request: OpeningRequest, now: datetime) -> Sequence[Standby]:
        """Return the supervisors who may decide about this request now because they are on call."""


def get_deciders() -> Deciders:
    """Return the module that `settings.DECIDERS` names."""
    return cast(Deciders, import_module(settings.DECIDERS))
