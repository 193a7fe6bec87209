"""To something else, and what is being written in the exchange goes along. Without a script too. See
`chat.visitor.draft_session`."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import is_valid_path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from chat import access
from chat.visitor import draft_session
from chat.visitor.base import when_away, without_visit


def _is_ours(address: str) -> bool:
    """Only a page of this site, without its name: a button of the page has nothing else."""
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return False
    return bool(is_valid_path(urlsplit(address).path))


@require_POST
@when_away
def leave(request: HttpRequest) -> HttpResponse:
    """Keep the text (`body`) and go where the button says (`to`, an address)."""
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    draft_session.keep_draft(request, current, request.POST.get("body", ""))
    to = request.POST.get("to", "")
    return redirect(to if _is_ours(to) else reverse("chat:conversation"))
