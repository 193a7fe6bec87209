"""`{% module "pnav/chat/page.js" %}`: a native JavaScript module in a page, with what it imports fetched at once."""

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.templatetags.static import StaticNode
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from pnav.pages.build.modules import imported_modules

register = template.Library()


class ModuleNode(StaticNode):
    """It draws the script, and before it one `modulepreload` a module that it needs.

    Without these a browser would learn of each further module only by reading the one before it: a round trip a level
    of imports. Browsers that know no `modulepreload` load the modules all the same.
    """

    priority = ""  # what each of its files says of how soon it is needed

    def render(self, context: Context) -> SafeString:
        name = self.path.resolve(context)
        preloads = format_html_join(
            "\n",
            '<link rel="modulepreload" href="{}"{}>',
            ((self.handle_simple(one), self.priority) for one in imported_modules(name)),
        )
        script = format_html('<script type="module" src="{}"{}></script>', self.handle_simple(name), self.priority)
        return format_html("{}\n{}", preloads, script) if preloads else script


class LateModuleNode(ModuleNode):
    """The same, of scripts that nobody needs before the page is drawn: on a slow line they leave it to the sheets.

    Until they are there the page works as without scripts.
    """

    priority = mark_safe(' fetchpriority="low"')


@register.tag
def module(parser: Parser, token: Token) -> StaticNode:
    return ModuleNode.handle_token(parser, token)


@register.tag
def late_module(parser: Parser, token: Token) -> StaticNode:
    return LateModuleNode.handle_token(parser, token)
