"""This is the page `/carte/`: a card to print and hand to somebody, which says where to write."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from common import qr_code
from common.texts import languages
from pnav import addresses

# `https://`, a name of 253 letters (RFC 1035, 2.3.4), a colon, a port, and the path of the home page.
LONGEST = 8 + 253 + 6 + 20


@lru_cache(maxsize=16)  # one for each host and language; drawing one takes some ten milliseconds
def _drawn(address: str) -> SafeString:
    return mark_safe(qr_code.svg(address))  # noqa: S308  our own drawing of our own address


@require_safe
def card(request: HttpRequest) -> HttpResponse:
    """Show the card, with the address of the home page in words and as a QR code, which is drawn here.

    Answer 400 to a host that no site has: Django takes a port of any length, and the code of two thousand digits takes
    a tenth of a second.
    """
    table = addresses.in_language(languages.current())
    address = f"{addresses.site_origin(request)}{table.address('/')}"
    if len(address) > LONGEST:
        raise SuspiciousOperation("The address of the card is longer than any site's.")
    return render(request, "pages/card.html", card_page(address))


def card_page(address: str) -> dict[str, Any]:
    """Return what the card shows. address: the whole address of the home page."""
    parts = urlsplit(address)
    said = f"{parts.netloc}{parts.path.rstrip('/')}"
    return {"address": address, "said_address": said, "qr_code": _drawn(address)}
