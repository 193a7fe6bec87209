"""This module has what the templates of a page ask of its address: whether it lies in discreet mode."""

from django import template

from pnav import addresses

register = template.Library()


@register.simple_tag
def in_discreet_mode() -> bool:
    """`{% in_discreet_mode as discreet %}`, for pages that are drawn without a context."""
    return addresses.current().is_discreet
