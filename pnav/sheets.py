"""Names a page's style sheets in a `Link` header, so that a browser asks for them before it has read the page.

Nothing is drawn before the sheets are there. On a slow telephone (400 ms, 400 kbit/s) the text of a page takes some
200 ms to come after its headers, and only then would its sheets be asked for (docs/adr/0070). At most a header of some
70 bytes a sheet, for the few sheets that a template names.
"""

from django.http import HttpRequest, HttpResponseBase

from pnav.integrity import attributes_of

_NAMED = "_pnav_sheets"


def name_sheet(request: HttpRequest, address: str) -> None:
    """Keep the address of a sheet that a page of this request loads; a second time changes nothing."""
    named: dict[str, None] = request.__dict__.setdefault(_NAMED, {})
    named[address] = None


def _checked(address: str) -> str:
    """What makes of it the same request as the page's own link is, which has the digest."""
    return attributes_of(address).replace(" ", "; ")


def add_link(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Name the sheets in the header of an answer that is a page, to who was never here; other answers stay as they are.

    Whoever comes with a cookie of ours has been here: the sheets are in the browser's cache, and are not named again.
    """
    named = request.__dict__.get(_NAMED)
    if named and not request.COOKIES and response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers["Link"] = ", ".join(
            f"<{address}>; rel=preload; as=style{_checked(address)}" for address in named
        )
    return response
