"""`{% sheet "pnav/site.css" %}`: a style sheet of a page, which the answer's header names too (ADR 0070)."""

from django import template
from django.template import Context
from django.template.base import FilterExpression, Node, Parser, Token
from django.templatetags.static import StaticNode
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pnav.integrity import attributes_of
from pnav.sheets import name_sheet

register = template.Library()


class SheetNode(Node):
    """No `StaticNode`: those are drawn once a language (`pnav.pages.build.loader`), and each request names its own."""

    def __init__(self, path: FilterExpression) -> None:
        self.path = path

    def render(self, context: Context) -> SafeString:
        address = StaticNode.handle_simple(self.path.resolve(context))
        if request := context.get("request"):
            name_sheet(request, address)
        return format_html('<link rel="stylesheet" href="{}"{}>', address, mark_safe(attributes_of(address)))  # noqa: S308  our own digest


@register.tag
def sheet(parser: Parser, token: Token) -> SheetNode:
    _name, path = token.split_contents()
    return SheetNode(parser.compile_filter(path))
