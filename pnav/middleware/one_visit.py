"""Refuses what an open page of one exchange sends to another one, which was opened in the same browser since
(`chat.visitor.visit_mark`).
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import render

from chat.database import DATABASE_AWAY
from chat.visitor import visit_mark
from chat.visitor.base import entrance_page, json_answer, wants_json
from common.database_errors import describe_error

logger = logging.getLogger(__name__)

# These forms say themselves whose they are: by the words that are typed, or the summary or appointment that they
# answer. The frame of news has an answer of its own.
NAME_THEIR_OWN = {
    "chat:resume", "chat:erasure_by_words", "chat:follow_up", "chat:follow_up_meeting", "chat:news",
}  # fmt: skip


class OneVisit:
    """It is the middleware. It stands after Django's against forgery, which has read the form."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return answer

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Say in place of the view that the visit of that page is over. Nothing of what it sent is kept or done."""
        match = request.resolver_match
        if request.method != "POST" or match is None or match.namespace != "chat" or match.view_name in NAME_THEIR_OWN:
            return None
        try:
            sent = request.POST.get("csrfmiddlewaretoken", "") or request.META.get(settings.CSRF_HEADER_NAME, "")
            if not visit_mark.is_of_another(request, sent):
                return None
        except UnreadablePostError:  # whoever sent it is gone
            return None
        except DATABASE_AWAY as error:  # the view needs the same session, and gives back what was sent
            logger.warning("mark of a page: the database does not answer (%s)", describe_error(error))
            return None
        if wants_json(request) or settings.CSRF_HEADER_NAME in request.META:
            return json_answer({"error": "no_session"}, 401)
        return render(request, "chat/ended.html", entrance_page(), status=409)
