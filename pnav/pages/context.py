"""What the frame of every page needs to know."""

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import display


def _is_discreet(request: HttpRequest) -> bool:
    if find_spec("triage.session") is None:
        return False
    from triage.session import is_discreet

    return is_discreet(request)


def _choice(request: HttpRequest) -> object:
    if find_spec("locations.session") is None:
        return None
    from locations.session import current_choice

    return current_choice(request)


def site(request: HttpRequest) -> dict[str, Any]:
    """`theme`, `demo_notice`, `section`, `discreet`, `quick_exit_url` and, read only when shown, `reception_choice`."""
    match = request.resolver_match
    namespace = match.namespace if match else ""
    return {
        "section": match.url_name if match and namespace == "pages" else namespace,
        "theme": display.theme(request),
        "demo_notice": settings.DEMO_NOTICE,
        "discreet": SimpleLazyObject(lambda: _is_discreet(request)),
        "quick_exit_url": settings.QUICK_EXIT_URL,
        "reception_choice": SimpleLazyObject(lambda: _choice(request)),
    }
