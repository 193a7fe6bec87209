"""To something else, and what is being written in the exchange goes along. Without a script too. See `chat.drafts`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chat import access, drafts
from chat.views import without_visit

PLACES = {"suites": "chat:follow_up", "passage": "chat:handover"}


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Keep the text (`body`) and go where the button says (`to`)."""
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    drafts.keep(request, current, request.POST.get("body", ""))
    return redirect(PLACES.get(request.POST.get("to", ""), "chat:conversation"))
