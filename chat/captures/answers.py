"""Answers requests for drawings of captures, and says what a document contains about captures.

A document never contains the captures themselves.
"""

from itertools import chain
from typing import cast
from uuid import UUID

from django.http import Http404, HttpResponse
from django.template.defaultfilters import date as format_date
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.captures import handouts, queries, store
from chat.models import Capture, Conversation
from common.encryption import UnsealError
from common.sealed_files.answer import PieceByPiece

WHOLE_MOST = 1024 * 1024  # bytes up to which a drawing is read as a whole; most have some hundred thousand


def drawing_of(capture: Capture, page: int) -> HttpResponse:
    """Return the answer with this drawing; the caller has proven access. The browser does not cache it.

    A drawing of noise may have `common.offload.drawing.DRAWN_MOST` bytes. One that is longer than WHOLE_MOST is sent
    piece by piece, with one chunk in memory at a time.
    """
    headers = {"Cache-Control": "no-store", "Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"}
    row = queries.drawing_row(capture, page)
    if row is None:
        raise Http404
    try:
        pieces = queries.drawing_pieces(row)
        if row.size <= WHOLE_MOST:
            return HttpResponse(b"".join(pieces), content_type="image/webp", headers=headers)
        first = next(pieces)  # so that a store that is away is noticed before anything is sent
    except (store.StoreAway, UnsealError):
        return HttpResponse(status=503, headers={"Cache-Control": "no-store"})
    answer = PieceByPiece(chain((first,), pieces), length=row.size, name="")
    for name, value in {**headers, "Content-Type": "image/webp"}.items():
        answer[name] = value
    return cast(HttpResponse, answer)  # `pnav.server.page_handler` serves it like any other answer


def pages_of(one: queries.Seen, route: str, public_id: UUID) -> list[dict[str, object]]:
    """Return the drawings of a capture for a template.

    route: the name of the audience's URL. public_id: the id in that URL.
    """
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


def as_pairs(conversation: Conversation) -> list[tuple[str, str]]:
    """Return the captures that the agent has seen, in order, for a document: when each came, and how it is identified.

    Names of files are left out, because they may contain the person's own. Two statements, for at most
    `definitions.CAPTURES_MOST` captures.
    """
    pairs = []
    for one in queries.seen_captures(conversation):
        told = [_("Capture n° %(number)s") % {"number": one.number}, one.kind_label, filesizeformat(one.size)]
        if one.fact_number is not None:
            told.append(_("avec le fait n° %(number)s") % {"number": one.fact_number})
        if one.locked_at is not None:
            told.append(_("mise de côté"))
        lines = [", ".join(filter(None, told)), one.sha256 and f"SHA-256 {one.sha256}"]
        received_at = format_date(timezone.localtime(one.received_at), "d/m/Y H:i") if one.received_at else ""
        pairs.append((received_at, "\n".join(filter(None, lines))))
    return pairs


def handed_pairs(conversation: Conversation) -> list[tuple[str, str]]:
    """Return the files that were sent to the person, in order, for the same document: when, and what each is."""
    pairs = []
    for one in handouts.of_agent(conversation):
        lines = [
            one.title,
            ", ".join([one.kind_label, filesizeformat(one.size)]),
            one.sha256 and f"SHA-256 {one.sha256}",
        ]
        sent_at = format_date(timezone.localtime(one.shown_at), "d/m/Y H:i") if one.shown_at else ""
        pairs.append((sent_at, "\n".join(filter(None, lines))))
    return pairs
