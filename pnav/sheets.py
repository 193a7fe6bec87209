"""Names a page's style sheets in a `Link` header, so that a browser asks for them before it has read the page.

Nothing is shown before the style sheets are there. On a slow telephone (400 ms, 400 kbit/s) the text of a page takes
some 200 ms to arrive after its headers, and only then would its sheets be requested (docs/adr/0070). The header takes
some 70 bytes for each of the few sheets that a template names.
"""

from django.http import HttpRequest, HttpResponseBase

from pnav.integrity import attributes_of

_NAMED = "_pnav_sheets"


def name_sheet(request: HttpRequest, address: str) -> None:
    """Note the address of a sheet that the page of this request loads. A second call with it changes nothing."""
    named: dict[str, None] = request.__dict__.setdefault(_NAMED, {})
    named[address] = None


def _checked(address: str) -> str:
    """Return the parameters that make the preload the same request as the page's own link, which has the digest."""
    return attributes_of(address).replace(" ", "; ")


def add_link(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the header to an answer that is a page, if the browser has sent no cookie.

    A browser that sends a cookie of ours has the sheets in its cache already.
    """
    named = request.__dict__.get(_NAMED)
    if named and not request.COOKIES and response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers["Link"] = ", ".join(
            f"<{address}>; rel=preload; as=style{_checked(address)}" for address in named
        )
    return response
