"""`{% sentence "chat.waiting_told" %}`: a sentence of the catalogue, in the voice of the page."""

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, Token, token_kwargs
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sentences import shelf
from sentences.catalogue import CATALOGUE, Sentence

register = template.Library()


class SentenceNode(Node):
    def __init__(self, sentence: Sentence, values: dict[str, FilterExpression], is_bare: bool) -> None:
        self.sentence, self.values, self.is_bare = sentence, values, is_bare

    def render(self, context: Any) -> SafeString | str:
        familiar = bool(context.get("familiar"))
        values = {name: value.resolve(context) for name, value in self.values.items()}
        if self.is_bare:
            text = self.sentence.say(familiar=familiar, **values)
            return template.base.render_value_in_context(text, context)
        text = self.sentence.html(familiar=familiar, **values)
        if shelf.is_trying(self.sentence.key):
            return format_html('<mark id="apercu">{}</mark>', text)
        return text


@register.tag("sentence")
def do_sentence(parser: Parser, token: Token) -> SentenceNode:
    """`{% sentence "key" [bare] [name=value …] %}`; *tu* where the page is `familiar`.

    bare: plain text, for an attribute or a title; otherwise numbers are links. A key that the catalogue does not have
    is a mistake of the template, and said when it is read.
    """
    name, *rest = token.split_contents()
    if not rest:
        raise template.TemplateSyntaxError(f"{name} needs the key of a sentence")
    key = rest.pop(0).strip("\"'")
    if key not in CATALOGUE:
        raise template.TemplateSyntaxError(f"no sentence is called {key}")
    is_bare = bool(rest) and rest[0] == "bare"
    rest = rest[1:] if is_bare else rest
    values = token_kwargs(rest, parser)
    if rest:
        raise template.TemplateSyntaxError(f"{name}: {' '.join(rest)} is not understood")
    return SentenceNode(CATALOGUE[key], values, is_bare)


@register.filter
def spoken(sentence: Sentence, familiar: bool) -> str:
    """`{{ line.say|spoken:is_familiar }}`: a sentence that a view hands over."""
    return sentence.spoken(familiar=bool(familiar))
