"""These are the template tags about places, for any page."""

from django import template

from locations import national
from locations.importing import data_sources

register = template.Library()


@register.simple_tag(name="data_sources")
def _data_sources() -> list[data_sources.DataSource]:
    """Answer `{% data_sources as sources %}`: the editions loaded, for the footer. It is empty before any import."""
    return data_sources.data_sources()


@register.filter
def in_language(text: str) -> str:
    """Answer `{{ partner.presentation|in_language }}`: a national number's words in the visitor's language."""
    return national.in_language(text)
