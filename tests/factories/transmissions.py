"""Summaries for a unit, and the unit that receives them."""

import itertools
from typing import Any

from chat.captures import queries as captures
from chat.models import Conversation, Transmission, UnitAccount
from chat.referral import actions as referral_actions
from locations.models import ReceptionPoint
from pnav.accounts.models import Role, User
from tests.factories import locations as places

SUMMARY = "Insultes répétées depuis mars, sur deux comptes."
_numbers = itertools.count(1)


def station(**fields: Any) -> ReceptionPoint:
    """Open from 8 to 12 on weekdays, in Paris' time."""
    week = {day: [["08:00", "12:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {"sat": [], "sun": []}
    values: dict[str, Any] = {
        "name": f"Commissariat de Bondy {next(_numbers)}",
        "address": "1 rue de la Paix",
        "postal_code": "93140",
        "town": "Bondy",
        "telephone": "01 00 00 00 00",
        "department_code": "93",
        "opening_hours": week,
    }
    return places.reception_point(**values | fields)


def keep_no_hours() -> None:
    """Forget the hours of all units, so that what they do not read is late whatever the hour of the test."""
    ReceptionPoint.objects.update(opening_hours=None)


def account(point: ReceptionPoint | None = None, **fields: Any) -> UnitAccount:
    """Create the account of a member of this unit who may sign in."""
    name = f"unite{next(_numbers)}"
    user = User.objects.create_user(name, password="a password for tests", role=Role.UNIT, **fields)
    return UnitAccount.objects.create(user=user, point=point or station())


def asked(conversation: Conversation, unit: UnitAccount, summary: str = SUMMARY) -> Transmission:
    """Return a summary that waits for the person's answer."""
    assert conversation.assigned_to is not None and unit.point_id is not None
    return referral_actions.ask_consent(
        conversation_id=conversation.pk, point_id=unit.point_id, summary=summary, by=conversation.assigned_to.user
    )


def sent(conversation: Conversation, unit: UnitAccount, summary: str = SUMMARY) -> Transmission:
    """Return a summary that the person agreed to send, with the captures that were seen."""
    row = asked(conversation, unit, summary)
    referral_actions.answer_consent(
        conversation=conversation, public_id=row.public_id, agrees=True, captures=captures.agreed_now(conversation)
    )
    return Transmission.objects.select_related("conversation__report", "point").get(pk=row.pk)


def opened(conversation: Conversation, unit: UnitAccount, summary: str = SUMMARY) -> Transmission:
    """Return a summary that the unit has read."""
    row = sent(conversation, unit, summary)
    referral_actions.mark_read(transmission=row, by=unit.user)
    row.refresh_from_db()
    return row
