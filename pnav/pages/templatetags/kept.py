"""`{% kept %}…{% endkept %}`: a part of a page that is the same for everybody who reads in one language and voice.

It is drawn once and kept until the sentences are read again (`common.texts.cache`: 20 seconds, or at once in the
process that saved a change). What it needs of the database should come from something lazy: it is then not read either.

Nothing inside may depend on who reads, on the time or on the visit, but for the language, the voice and the addresses
(the loader of templates has a copy for each language and table of addresses). Where the context says `is_preview`, or
sentences are being previewed, it is drawn and not kept.
"""

from itertools import count
from typing import Any

from django import template
from django.template.base import Node, NodeList, Parser, Token
from django.utils.safestring import SafeString

from common.texts import cache as text_cache

register = template.Library()
_numbers = count()


class KeptNode(Node):
    """Kept beside the runs of sentences. A site has as many as its templates have tags, languages and tables."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self.place = f"kept {next(_numbers)}"

    def render(self, context: Any) -> SafeString:
        if context.get("is_preview") or text_cache.is_previewing():
            return self.nodelist.render(context)
        kept = text_cache.runs()
        place = (self.place, bool(context.get("familiar")))
        if (text := kept.get(place)) is None:
            text = kept[place] = self.nodelist.render(context)
        return text


@register.tag("kept")
def do_kept(parser: Parser, token: Token) -> KeptNode:
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(nodelist)
