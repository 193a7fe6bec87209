"""Loads templates whose fixed parts are drawn once for each language, not once for each page.

Most tags of a page give the same text at every visit: `{% translate "…" %}`, `{% url "name" %}`, `{% static "…" %}`.
This loader keeps one compiled template for each language, with such tags replaced by their text and the templates that
it includes by name joined to it. What depends on anything else (a variable, `as name`, an argument) stays a tag.
The texts of a template get the spaces of French typography then, once (`common.texts.typography`), and lose theirs that
only indent.
Sentences of Pnav that hold no variable, with the text around them, become one piece that is drawn again only when one
was changed (`RunNode`). Templates need to know nothing of it.

It halves what the conversation's page costs: 3.0 ms instead of 6.2, of which the includes that are joined are 0.3 and
the runs of sentences 0.3 (`benchmarks.gains`, docs/adr/0073).
"""

import re
from collections.abc import Iterator
from itertools import groupby
from threading import RLock
from typing import Any

from django.template import Context, Origin
from django.template.base import FilterExpression, Node, NodeList, Template, TextNode, TokenType, Variable
from django.template.defaulttags import (
    CommentNode,
    CycleNode,
    IfChangedNode,
    LoadNode,
    PartialDefNode,
    PartialNode,
    ResetCycleNode,
    URLNode,
)
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, LanguageNode, TranslateNode
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from common.texts.templatetags.texts import RunNode, SentenceNode
from common.texts.typography import keep_together
from pnav.integrity import add_integrity

_INDENTATION = re.compile(r"\n[ \t\r\n]+")
_STATEFUL = (BlockNode, ExtendsNode, CycleNode, ResetCycleNode, IfChangedNode, PartialDefNode, PartialNode)


class Loader(cached.Loader):
    """It is Django's cache of templates, with a copy for each language, URL prefix and table of addresses."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{super().cache_key(template_name, skip)}\n{get_language()}\n{get_script_prefix()}\n{get_urlconf()}"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lock = RLock()
        self._ready: set[str] = set()

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        """Return a template, folded once.

        Pages are drawn in several threads, and none may draw a template that another thread is folding.
        """
        key = self.cache_key(template_name, skip)
        if key in self._ready:
            return super().get_template(template_name, skip)
        with self._lock:
            is_new = key not in self.get_template_cache
            template = super().get_template(template_name, skip)
            if is_new:
                self._fold(template.nodelist)
                self._ready.add(key)
            return template

    def reset(self) -> None:
        with self._lock:
            self._ready.clear()
            super().reset()

    def _fold(self, nodes: NodeList) -> None:
        """Replace, in place, each constant node by its text, and join neighbouring texts."""
        folded: list[Node] = []
        for found in nodes:
            node = self._joined(found)
            text = _fixed_text(node)
            if text is None:
                node = _in_typography(node)
                if not isinstance(node, LanguageNode):  # another language is active inside
                    for children in _children(node):
                        self._fold(children)
                folded.append(node)
            elif folded and isinstance(folded[-1], TextNode):
                folded[-1] = TextNode(folded[-1].s + text)
            elif text:
                folded.append(TextNode(text))
        nodes[:] = _in_runs([TextNode(_drawn(one.s)) if isinstance(one, TextNode) else one for one in folded])

    def _joined(self, node: Node) -> Node:
        """Return the nodes of the template that `{% include "name" %}` names, if that template keeps no state of its
        own.

        Any other node is returned unchanged.
        """
        if not isinstance(node, IncludeNode) or not _is_literal(node.template):
            return node
        try:
            template = self.engine.get_template(str(node.template.var))
        except TemplateDoesNotExist:
            return node  # the page that draws it reports the error
        if any(template.nodelist.get_nodes_by_type(kind) for kind in _STATEFUL):
            return node
        return _Joined(template, node.extra_context, node.isolated_context)


class _Joined(Node):
    """An include whose template is at hand: its variables are its own, and those given with it."""

    def __init__(self, template: Any, given: dict[str, FilterExpression], is_isolated: bool) -> None:
        self.template, self.given, self.is_isolated = template, given, is_isolated

    def render(self, context: Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self.given.items()}
        if self.is_isolated:
            return self.template._render(context.new(values))
        with context.push(**values):
            return self.template._render(context)


class _Unbroken(Node):
    """A translation that names variables, drawn or stored `as name`, with the spaces of French typography."""

    def __init__(self, node: TranslateNode | BlockTranslateNode) -> None:
        self.node, self.name = node, node.asvar

    def render(self, context: Context) -> SafeString:
        drawn = self.node.render(context)
        if self.name:
            kept = context[self.name]
            context[self.name] = (
                SafeString(keep_together(kept)) if isinstance(kept, SafeString) else keep_together(str(kept))
            )
        return SafeString(keep_together(drawn))


def _drawn(text: str) -> str:
    """Return the text of a template as pages send it: with French typography, without indentation and empty lines, and
    with the digest of each script and style that it loads (`pnav.integrity`).

    They are a twentieth of what a page weighs, compressed. A line still ends where it ended, so nothing that a browser
    draws changes; no template holds a text whose indentation is drawn.
    """
    return add_integrity(keep_together(_INDENTATION.sub("\n", text)))


def _in_typography(node: Node) -> Node:
    return _Unbroken(node) if isinstance(node, TranslateNode | BlockTranslateNode) else node


def _in_runs(nodes: list[Node]) -> list[Node]:
    """Join each constant sentence to its neighbours of that kind and to the text between them."""
    joined: list[Node] = []
    for is_fixed, group in groupby(nodes, key=_is_said_the_same):
        found = list(group)
        if is_fixed and len(found) > 1 and any(isinstance(node, SentenceNode) for node in found):
            joined.append(RunNode(found))
        else:
            joined.extend(found)
    return joined


def _is_said_the_same(node: Node) -> bool:
    return isinstance(node, TextNode) or (isinstance(node, SentenceNode) and node.is_fixed)


def _children(node: Node) -> Iterator[NodeList]:
    for value in vars(node).values():
        if isinstance(value, NodeList):
            yield value
    for _condition, nodes in getattr(node, "conditions_nodelists", ()):  # the branches of {% if %}
        yield nodes


def _fixed_text(node: Node) -> str | None:
    """Return what this node always draws in this language; None when that depends on the page."""
    match node:
        case TextNode():
            return node.s
        case LoadNode() | CommentNode():
            return ""
        case TranslateNode(asvar=None, message_context=None) if _is_literal(node.filter_expression):
            return str(node.render(Context()))
        case BlockTranslateNode(asvar=None, message_context=None) if _is_text(node):
            return gettext(node.render_token_list(node.singular)[0]) % {}  # a per cent sign is doubled until here
        case StaticNode(varname=None) if _is_literal(node.path):
            return _try(node)
        case URLNode(asvar=None, args=[]) if not node.kwargs and _is_literal(node.view_name):
            return _try(node)
    return None


def _is_text(node: BlockTranslateNode) -> bool:
    """Return whether it names no variable, so that it is a `{% translate %}` of several lines."""
    return (
        not node.extra_context and not node.plural and all(part.token_type == TokenType.TEXT for part in node.singular)
    )


def _is_literal(expression: Any) -> bool:
    if not isinstance(expression, FilterExpression) or expression.filters:
        return False
    var = expression.var
    return isinstance(var, str) or (isinstance(var, Variable) and isinstance(var.literal, str))


def _try(node: Node) -> str | None:
    try:
        return str(node.render(Context()))
    except (NoReverseMatch, ValueError):
        return None  # the page that draws it reports the error, where it occurs
