"""What the frame of the pages of openings says: how many wait for somebody, and which keys of a browser are wanted."""

from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.openings import actions as opening_actions
from reports.openings.actions import BrowserKeys

register = template.Library()


@register.inclusion_tag("openings/_link.html")
def openings_link(user: Any) -> dict[str, Any]:
    """The way to the openings, with how many wait for this account, and in a word whether one is urgent or late."""
    waiting = opening_actions.waiting_for(user)
    now = timezone.now()
    if any(one.is_urgent for one in waiting):
        word = _("urgent")
    else:
        word = _("en retard") if any(opening_actions.is_late(one, now) for one in waiting) else ""
    return {"count": len(waiting), "word": word}


@register.simple_tag
def opening_keys(user: Any) -> BrowserKeys:
    """Return which keys the script of these pages keeps for this account."""
    return opening_actions.browser_keys(user)
