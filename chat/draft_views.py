"""To something else, and what is being written in the exchange goes along. Without a script too. See `chat.drafts`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chat import access, drafts
from chat.views import when_away, without_visit

# The end of the thread is « Actualiser »: the page again, as it is now.
PLACES = {"suites": ("chat:follow_up", ""), "passage": ("chat:handover", ""), "echange": ("chat:conversation", "#fin")}
ELSE = ("chat:conversation", "")


@require_POST
@when_away
def leave(request: HttpRequest) -> HttpResponse:
    """Keep the text (`body`) and go where the button says (`to`)."""
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    drafts.keep(request, current, request.POST.get("body", ""))
    name, part = PLACES.get(request.POST.get("to", ""), ELSE)
    return redirect(reverse(name) + part)
