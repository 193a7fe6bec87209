"""Says what the page of an overloaded service shows. `pnav.server.busy` sends it, and the admin previews its texts."""

from typing import Any

PAGE, SENT, FRAME, FORM = "page", "sent", "frame", "form"
TOO_LARGE, FILE_TOO_LARGE = "too_large", "file_too_large"
RETRY_SECONDS = 5


def busy_page(kind: str, *, style: str = "", is_discreet: bool = False) -> dict[str, Any]:
    """Return what the page shows, besides what was typed.

    kind: what was refused, one of the above. style: the CSS of the page itself, which loads no other file.
    """
    is_too_large = kind in (TOO_LARGE, FILE_TOO_LARGE)
    return {"kind": kind, "too_large": is_too_large, "style": style, "seconds": RETRY_SECONDS, "discreet": is_discreet}
