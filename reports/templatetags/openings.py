"""How many openings wait for somebody, for the frame of their pages."""

from typing import Any

from django import template
from django.utils import timezone

from reports import openings

register = template.Library()


@register.inclusion_tag("openings/_link.html")
def openings_link(user: Any) -> dict[str, Any]:
    """The way to the openings, with how many wait for this account, and whether one is urgent or late."""
    waiting = openings.waiting_for(user)
    now = timezone.now()
    return {
        "count": len(waiting),
        "is_red": any(one.is_urgent or openings.is_late(one, now) for one in waiting),
    }
