"""Tags for the frame of the disclosure pages: how many requests wait, and which keys a browser still needs."""

from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.openings import actions as opening_actions
from reports.openings.actions import BrowserKeys

register = template.Library()


@register.inclusion_tag("openings/_link.html")
def openings_link(user: Any) -> dict[str, Any]:
    """Return the link to the disclosure requests: how many wait for this account, and whether one is urgent or late."""
    waiting = opening_actions.waiting_for(user)
    now = timezone.now()
    if any(one.is_urgent for one in waiting):
        word = _("urgent")
    else:
        word = _("en retard") if any(opening_actions.is_late(one, now) for one in waiting) else ""
    return {"count": len(waiting), "word": word}


@register.simple_tag
def opening_keys(user: Any) -> BrowserKeys:
    """Return which keys the script of these pages has to keep for this account."""
    return opening_actions.browser_keys(user)
