"""`{% sentence "chat.waiting_told" %}`: a sentence of the catalogue, in the voice of the page."""

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
    """The node of `{% sentence %}`: one text of the catalogue, in the language and voice of the page."""

    def __init__(
        self, sentence: Sentence, values: dict[str, FilterExpression], *, how: str = "", name: str = ""
    ) -> None:
        self.sentence, self.values, self.how, self.name = sentence, values, how, name
        self.has_voices = sentence.tu is not None

    @property
    def is_fixed(self) -> bool:
        """Whether it says the same at every visit, until the shelf is read again."""
        return not self.values and not self.name

    def render(self, context: Any) -> SafeString | str:
        # Who has one voice is not asked for: the frame of a page would read a visit for it.
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
    """Sentences and the fixed text between them, drawn once for each voice until the shelf is read again.

    The loader makes one where it can: a page of a hundred sentences then costs a search in a dictionary for each run,
    which is 9 % of the conversation's page and 18 % of a result's (docs/adr/0073).
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
        # Texts of a template, and sentences that escaped themselves.
        return mark_safe("".join([node.render(context) for node in self.nodes]))  # noqa: S308


@register.tag("sentence")
def do_sentence(parser: Parser, token: Token) -> SentenceNode:
    """`{% sentence "key" [bare|plain] [name=value …] [as name] %}`; *tu* where the page is `familiar`.

    A number is a link, but for: bare, text of an attribute or a title, which holds no mark-up; plain, text within a
    link or a button, which holds no link. as: text kept under a name. A key that the catalogue does not have is a
    mistake of the template, and said when it is read.
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
    """`{{ line.say|spoken:is_familiar }}`: a sentence that a view hands over."""
    return sentence.spoken(familiar=bool(familiar))
