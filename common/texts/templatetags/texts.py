"""This is the tag `{% sentence "chat.waiting_told" %}`, which writes a sentence of the catalogue in the voice of the
page."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, Token, token_kwargs
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from common.texts import cache as text_cache
from common.texts.catalogue import CATALOGUE, Sentence

register = template.Library()


class SentenceNode(Node):
    """It is the node of `{% sentence %}`: one text of the catalogue, in the language and voice of the page."""

    def __init__(
        self, sentence: Sentence, values: dict[str, FilterExpression], *, how: str = "", name: str = ""
    ) -> None:
        self.sentence, self.values, self.how, self.name = sentence, values, how, name
        self.has_voices = sentence.tu is not None

    @property
    def is_fixed(self) -> bool:
        """Return whether the text is the same for everybody until the changed texts are read again."""
        return not self.values and not self.name

    def render(self, context: Any) -> SafeString | str:
        # `familiar` is not looked up for a sentence with one voice, because in the frame that would read the visit.
        familiar = self.has_voices and bool(context.get("familiar"))
        values = {name: value.resolve(context) for name, value in self.values.items()}
        if self.name:
            context[self.name] = self.sentence.say(familiar=familiar, **values)
            return ""
        if self.how == "":
            return self.sentence.html(familiar=familiar, **values)
        return escape(self.sentence.say(familiar=familiar, **values))


_numbers = count()


class RunNode(Node):
    """Sentences and the fixed text between them, rendered once for each voice until the changed texts are read again.

    The loader makes such a node where it can. Each then costs one look into a dictionary, which saves 9 % of the
    conversation's page and 18 % of a result's (docs/adr/0073).
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes, self.number = nodes, next(_numbers)
        sentences = [node.sentence for node in nodes if isinstance(node, SentenceNode)]
        self.keys = [sentence.key for sentence in sentences]
        self.has_voices = any(sentence.tu is not None for sentence in sentences)

    def render(self, context: Any) -> SafeString:
        if text_cache.is_previewing(*self.keys):
            return self._drawn(context)
        kept = text_cache.runs()
        place = (self.number, self.has_voices and bool(context.get("familiar")))
        if (text := kept.get(place)) is None:
            text = kept[place] = self._drawn(context)
        return text

    def _drawn(self, context: Any) -> SafeString:
        # These are texts of a template, and sentences that are already escaped.
        return mark_safe("".join([node.render(context) for node in self.nodes]))  # noqa: S308


@register.tag("sentence")
def do_sentence(parser: Parser, token: Token) -> SentenceNode:
    """Parse `{% sentence "key" [bare|plain] [name=value …] [as name] %}`. It says *tu* where the page is `familiar`.

    Help numbers become links, except with `bare` (the text of an attribute or a title, which may have no markup) and
    `plain` (text within a link or a button, which may have no link). `as` stores the text in a variable. A key that is
    not in the catalogue raises TemplateSyntaxError when the template is loaded.
    """
    tag, *rest = token.split_contents()
    if not rest:
        raise template.TemplateSyntaxError(f"{tag} needs the key of a sentence")
    key = rest.pop(0).strip("\"'")
    if key not in CATALOGUE:
        raise template.TemplateSyntaxError(f"no sentence is called {key}")
    how = rest.pop(0) if rest and rest[0] in {"bare", "plain"} else ""
    name = ""
    if len(rest) >= 2 and rest[-2] == "as":
        name, rest = rest[-1], rest[:-2]
    values = token_kwargs(rest, parser)
    if rest:
        raise template.TemplateSyntaxError(f"{tag}: {' '.join(rest)} is not understood")
    return SentenceNode(CATALOGUE[key], values, how=how, name=name)


@register.filter
def spoken(sentence: Sentence, familiar: bool) -> str:
    """Write a sentence that a view passes to the template: `{{ line.say|spoken:is_familiar }}`."""
    return sentence.spoken(familiar=bool(familiar))
