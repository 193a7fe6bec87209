"""`{% waiting_rows rows %}`: the people in the queue, of whom the console and the board may have a hundred."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from common.texts.patterns import Pattern

register = template.Library()

_WAITING = Pattern(
    "console/_waiting_person.html",
    [
        f"row.{field}"
        for field in (
            *("role_name", "force_name", "since", "waited", "place", "role", "force", "whereabouts"),
            *("seen", "unseen", "key", "give"),
        )
    ],
)


@register.simple_tag
def waiting_rows(rows: Iterable[Any], *, may_give: bool = False) -> SafeString:
    """Draw `console/_waiting_person.html` for each row of the queue (`inbox.QueueRow`).

    may_give: whether those whose turn may come have a link to the page by which a supervisor gives them to an agent.
    """
    zone = timezone.get_current_timezone()
    drawn = []
    for row in rows:
        one = row.person
        # There are few kinds of rows: three degrees, four whereabouts, a minor or not, crowded, marked, in an
        # emergency or not.
        fill = _WAITING.filler(
            urgency=one.urgency_name,
            urgency_label=str(one.urgency.label),
            whereabouts=one.whereabouts.value,
            is_minor=one.is_minor,
            is_crowded=one.is_crowded,
            is_marked=one.is_marked,
            has_emergency=one.has_emergency,
            may_give=may_give and one.whereabouts.holds_turn,
        )
        drawn.append(
            fill(
                one.role.value,
                one.force.value if one.force else "",
                one.since.astimezone(zone).isoformat(),
                row.waited,
                one.place,
                str(one.role.label),
                str(one.force.label) if one.force else "",
                str(one.whereabouts.label),
                one.seen_at.astimezone(zone).isoformat(),
                row.unseen,
                one.conversation,
                reverse("console:give_waiting", args=[one.conversation]) if may_give else "",
            )
        )
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template
