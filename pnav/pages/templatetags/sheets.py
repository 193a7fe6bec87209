"""`{% sheet "pnav/site.css" %}` loads a style sheet of a page, which the header of the answer names too (ADR 0070)."""

from django import template
from django.template import Context
from django.template.base import Node, Parser, Token
from django.templatetags.static import StaticNode
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pnav.integrity import attributes_of
from pnav.sheets import name_sheet

register = template.Library()


class SheetNode(Node):
    """Draws the link to a sheet. It is no `StaticNode`, because each request must name its own sheets.

    Those are drawn once for each language (`pnav.pages.build.loader`). The text of this one is drawn once too: that
    took 9 µs for each sheet, and a page has two or three.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def render(self, context: Context) -> SafeString:
        address, drawn = self._drawn
        if request := context.get("request"):
            name_sheet(request, address)
        return drawn

    @cached_property
    def _drawn(self) -> tuple[str, SafeString]:
        address = StaticNode.handle_simple(self.path)
        return address, format_html('<link rel="stylesheet" href="{}"{}>', address, mark_safe(attributes_of(address)))  # noqa: S308  our own digest


@register.tag
def sheet(parser: Parser, token: Token) -> SheetNode:
    _name, path = token.split_contents()
    expression = parser.compile_filter(path)
    if expression.is_var or expression.filters:
        raise template.TemplateSyntaxError("sheet: the name of a file, as it stands")
    return SheetNode(expression.var)
