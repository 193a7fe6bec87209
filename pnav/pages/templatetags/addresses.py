"""Tells the templates of a page whether its address is in discreet mode, and the addresses of public pages."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from pnav import addresses
from pnav.pages import public_links

register = template.Library()


@register.simple_tag
def in_discreet_mode() -> bool:
    """Return whether the page is in discreet mode: `{% in_discreet_mode as discreet %}`, for pages without context."""
    return addresses.current().is_discreet


@register.simple_tag(takes_context=True)
def site_origin(context: Any) -> str:
    """Return the scheme and host under which others know this site."""
    return addresses.site_origin(context["request"])


@register.simple_tag
def public_links_as_json() -> SafeString:
    """Return the pages of information for the script that puts their addresses into an answer (`public_links`)."""
    return public_links.read_links()
