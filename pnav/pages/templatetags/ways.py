"""`{% way %}` draws a link of the frame, or a button where something is being written.

The button belongs to the form that is being written and leads to the same page, for somebody without scripts
(docs/adr/0048). One template draws the menu in both ways, and one the footer.

    {% way "pnav-nav__link" section="home" %}{% url "pages:home" %}{% named %}{% translate "Accueil" %}{% endway %}

It is a button where the context says `carried`. section: the section whose pages mark this link as the current one.
"""

from typing import Any

from django import template
from django.template.base import Node, NodeList, Parser, TextNode, Token, token_kwargs
from django.template.defaulttags import URLNode
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
HERE = mark_safe(' aria-current="page"')


class WayNode(Node):
    """It is a link or button. Its parts are lists of nodes, which the loader folds like any others; what never changes
    is a text.
    """

    child_nodelists = ("button", "address", "nodelist")

    def __init__(self, looks: str, section: str, button: NodeList, address: NodeList, words: NodeList) -> None:
        self.link = format_html('<a class="{}" href="', looks)
        self.section, self.button, self.address, self.nodelist = section, button, address, words

    def render(self, context: Any) -> SafeString:
        is_carried = context.get("carried")
        start, end = (_drawn(self.button, context), "</button>") if is_carried else (self.link, "</a>")
        here = HERE if self.section and context.get("section") == self.section else ""
        # Lines of the template around an address are no part of it, because the value of a button is sent as it is.
        address, words = _drawn(self.address, context).strip(), _drawn(self.nodelist, context)
        return SafeString(f'{start}{address}"{here}>{words}{end}')  # each part is escaped already


def _drawn(nodes: NodeList, context: Any) -> str:
    """Return the nodes as text. Most are one text by now (pnav.pages.build.loader), which needs no drawing."""
    if len(nodes) == 1 and isinstance(nodes[0], TextNode):
        return nodes[0].s
    return nodes.render(context)


@register.tag("way")
def do_way(parser: Parser, token: Token) -> WayNode:
    name, *rest = token.split_contents()
    if not rest:
        raise template.TemplateSyntaxError(f"{name} needs the classes of what it draws")
    looks = rest.pop(0).strip("\"'")
    given = token_kwargs(rest, parser)
    if rest or set(given) - {"section"}:
        raise template.TemplateSyntaxError(f'{name}: section="…" alone is understood')
    section = str(given["section"].var) if given else ""
    address = parser.parse(("named",))
    parser.delete_first_token()
    words = parser.parse(("endway",))
    parser.delete_first_token()
    button = NodeList(
        [
            TextNode(format_html('<button class="{}" type="submit" form="compose" formaction="', looks)),
            URLNode(parser.compile_filter('"chat:draft"'), [], {}, None),
            TextNode('" name="to" value="'),
        ]
    )
    return WayNode(looks, section, button, address, words)
