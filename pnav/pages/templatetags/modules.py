"""`{% module "pnav/chat/page.js" %}` loads a native JavaScript module, and fetches what it imports at once."""

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.templatetags.static import StaticNode
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from pnav.pages.build.modules import imported_modules

register = template.Library()


class ModuleNode(StaticNode):
    """Draws the script, and before it a `modulepreload` for each module that it needs.

    Without these a browser would learn of each further module only by reading the one before it, which is a round trip
    for each level of imports. Browsers that do not know `modulepreload` load the modules all the same. Where the script
    does not run, the classic script before it draws what stands in `<noscript>`. It counts the scripts that are marked
    here, because an extension of the browser may put others into the page.
    """

    priority = mark_safe("")  # the attributes that say how soon each file is needed
    counted = mark_safe(" data-counted")
    instead = "pnav/without-modules.js"

    def render(self, context: Context) -> SafeString:
        name = self.path.resolve(context)
        preloads = format_html_join(
            "\n",
            '<link rel="modulepreload" href="{}"{}>',
            ((self.handle_simple(one), self.priority) for one in imported_modules(name)),
        )
        more = self.priority + self.counted
        script = format_html('<script type="module" src="{}"{}></script>', self.handle_simple(name), more)
        if self.instead:
            script = format_html('<script src="{}" async></script>\n{}', self.handle_simple(self.instead), script)
        return format_html("{}\n{}", preloads, script) if preloads else script


class LateModuleNode(ModuleNode):
    """The same, for scripts that are not needed before the page is drawn: on a slow line they let the sheets go first.

    Until they are loaded the page works as without scripts. Nothing in `<noscript>` stands for them.
    """

    priority = mark_safe(' fetchpriority="low"')
    counted = mark_safe("")
    instead = ""


@register.tag
def module(parser: Parser, token: Token) -> StaticNode:
    return ModuleNode.handle_token(parser, token)


@register.tag
def late_module(parser: Parser, token: Token) -> StaticNode:
    return LateModuleNode.handle_token(parser, token)
