"""Tells the templates of a page whether its address is in discreet mode."""

from django import template

from pnav import addresses

register = template.Library()


@register.simple_tag
def in_discreet_mode() -> bool:
    """Return whether the page is in discreet mode: `{% in_discreet_mode as discreet %}`, for pages without context."""
    return addresses.current().is_discreet
