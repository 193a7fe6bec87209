"""Addresses of a page that its own templates ask for: in another language, and whether it lies in discreet mode."""

from typing import Any

from django import template

from pnav import addresses

register = template.Library()


@register.simple_tag(takes_context=True)
def language_url(context: Any, code: str) -> str:
    """`{% language_url code %}`: where this page is read in this language.

    Without a request (a page that was drawn ahead): the home page in it. An error that is drawn in discreet mode leads
    to an address of discreet mode, whatever was asked for.
    """
    request = context.get("request")
    address = request.path if request is not None else "/"
    if addresses.current().is_discreet and not addresses.table_at(address).is_discreet:
        address = addresses.DISCREET.address(addresses.read(address)[1]) or addresses.DISCREET.reverse("pages:home")
    return addresses.choosing(address, code)


@register.simple_tag
def in_discreet_mode() -> bool:
    """`{% in_discreet_mode as discreet %}`, for pages that are drawn without a context."""
    return addresses.current().is_discreet
