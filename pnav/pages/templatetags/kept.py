"""`{% kept a b=x shared c filled d %}…{% endkept %}`: a part of a page, nearly the same for everybody, drawn once.

    {% kept discreet has_code=code|yesno shared information filled csrf_token %}
      {% if discreet %}…{% endif %} {{ information.title }} {% csrf_token %}
    {% endkept %}

What stands first decides what is drawn: each combination is drawn once for each language and kept until the
sentences are read again (`common.texts.cache`: 20 seconds, or at once in the process that saved a change). These are
words, numbers and booleans of ours, few of each, and never what somebody typed: a site keeps every combination.
What is `shared` is the same for all who have that combination, as long as it is kept: contents of the admin, lists of
the code. It is looked at only when the part is drawn, so it may be lazy: at other visits it is not read.
What is `filled` is written, and differs for everybody: it is put between the texts at each visit, escaped unless it is
safe. A condition may ask whether it is there, and nothing else.

The part knows these names and no others, so that nothing of one reader is kept for another. One that it asks for and
that is not named (`familiar` above all, where a sentence has two voices) is a mistake of the template: the part is then
drawn for this page alone, and `unnamed` says so.

Where the context says `is_preview`, or sentences are being previewed, it is drawn and not kept.
"""

import logging
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.utils.safestring import SafeString

from common.texts import cache as text_cache
from common.texts import patterns

logger = logging.getLogger(__name__)
register = template.Library()

type Named = dict[str, FilterExpression]
SHARED, FILLED = "shared", "filled"
_PLAIN = frozenset({bool, int, str, NoneType})
# Names that Django's own tags look for and can do without.
_OF_DJANGO = {"forloop", "block", "True", "False", "None"}


class Unnamed(Exception):
    """A kept part asks for a name that its tag does not list."""


def _report(where: str, names: str) -> None:
    logger.error("a kept part of a page (%s) asks for what its tag does not name: %s", where, names)


# Tests raise Unnamed instead of logging.
unnamed: Callable[[str, str], None] = _report


class _Known(dict[str, Any]):
    """These are the variables of a part, which remembers what else was asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.others: set[str] = set()

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        self.others.add(str(name))
        return False


def _plain(value: Any) -> Any:
    """Return a deciding value in a form that can be kept: a lazy object would keep the request that it was made for."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bool | int | str):
        return value.__class__(value)
    raise template.TemplateSyntaxError(f"words, numbers and booleans decide what is kept, not {type(value).__name__}")


class KeptNode(Node):
    """Draws a part and keeps it beside the runs of sentences."""

    def __init__(self, nodelist: NodeList, deciding: Named, shared: Named, filled: Named) -> None:
        self.nodelist, self.deciding, self.shared, self.filled = nodelist, deciding, shared, filled

    def render(self, context: Any) -> SafeString:
        deciding = [_plain(value.resolve(context)) for value in self.deciding.values()]
        filled = [value.resolve(context) for value in self.filled.values()]
        if context.get("is_preview") or text_cache.is_previewing():
            return self._drawn_here(context, deciding, filled)
        kept = text_cache.patterns()
        place = (self, *deciding, *map(bool, filled))
        if (pieces := kept.get(place)) is None:
            known = _Known(
                self._values(context, deciding, [patterns.mark(at) if one else "" for at, one in enumerate(filled)])
            )
            pieces = patterns.cut(self.nodelist.render(context.new(known)))
            if others := known.others - _OF_DJANGO:
                unnamed(f"{self.origin}, line {self.token and self.token.lineno}", ", ".join(sorted(others)))
                return self._drawn_here(context, deciding, filled)
            kept[place] = pieces
        return patterns.fill(pieces, filled)

    def _drawn_here(self, context: Any, deciding: Sequence[Any], filled: Sequence[Any]) -> SafeString:
        with context.push(**self._values(context, deciding, filled)):
            return self.nodelist.render(context)

    def _values(self, context: Any, deciding: Sequence[Any], filled: Sequence[Any]) -> dict[str, Any]:
        shared = {name: value.resolve(context) for name, value in self.shared.items()}
        own = zip((*self.deciding, *self.filled), (*deciding, *filled), strict=True)
        return shared | dict(own)


@register.tag("kept")
def do_kept(parser: Parser, token: Token) -> KeptNode:
    tag, *rest = token.split_contents()
    groups: dict[str, Named] = {"": {}, SHARED: {}, FILLED: {}}
    group = ""
    for word in rest:
        if word in groups:
            group = word
            continue
        given = token_kwargs([word], parser) or {word: parser.compile_filter(word)}
        if not all(name.isidentifier() for name in given):
            raise template.TemplateSyntaxError(f"{tag}: {word} needs a name")
        groups[group] |= given
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(nodelist, *groups.values())
