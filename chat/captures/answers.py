"""The answer with a drawing, for the pages of whoever may see it; and where they lie on those pages."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse

from chat.captures import queries, store
from chat.models import Capture
from common.encryption import UnsealError


def drawing_of(capture: Capture, page: int) -> HttpResponse:
    """The answer with this drawing, for whoever has proven access. The browser keeps none of it."""
    try:
        content = queries.read_drawing(capture, page)
    except (store.StoreAway, UnsealError):
        return HttpResponse(status=503, headers={"Cache-Control": "no-store"})
    if content is None:
        raise Http404
    return HttpResponse(
        content,
        content_type="image/webp",
        headers={"Cache-Control": "no-store", "Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"},
    )


def pages_of(one: queries.Seen, route: str, public_id: UUID) -> list[dict[str, object]]:
    """The drawings of a capture for a template. route: of the audience; public_id: of what it is reached by there."""
    if not one.is_drawn:
        return []
    return [
        {
            "number": page,
            "width": width,
            "height": height,
            "address": reverse(route, args=[public_id, one.public_id, page]),
        }
        for page, width, height in one.pages
    ]
