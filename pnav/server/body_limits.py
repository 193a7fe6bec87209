"""This module says how many bytes the body of an HTTP request may have, by its path and whatever its type.

The bound is enforced twice. Our server compares it with the Content-Length before the body comes
(`pnav.server.http_channel.Channel`). The handler of pages compares it with what it reads, because a body in chunks does
not say its length, and because another server may be in use (`pnav.server.page_handler`).
"""

import re

# The longest text of a page is a draft of 20,000 characters, which is 240,000 bytes when each is an emoji. A form of
# the admin may hold a whole questionnaire (`triage.admin.DOCUMENT_MAX_LENGTH`) or a sheet of accounts; its bound is the
# proxy's.
BODY_MAX_BYTES = 256 * 1024
ADMIN_BODY_MAX_BYTES = 1024 * 1024
ADMIN = "/admin/"
# Without JavaScript, the page of captures sends one file as a plain form. The bound is the largest file that a service
# may allow (`common.service_settings.definitions.CAPTURE_SIZE`), and what a form adds to it. With JavaScript the page
# sends slices shorter than BODY_MAX_BYTES to another address. A longer body is kept encrypted on the disk
# (`common.sealed_files.spool`).
CAPTURE_BODY_MAX_BYTES = 15_000_000 + 64 * 1024
CAPTURES_PAGE = "chat:captures"
# An agent hands a file to the person in the same way (docs/adr/0100): `console:hand_over`.
HANDED_OVER = re.compile(r"/console/echange/[0-9a-f-]{36}/documents/")
BODY = "pnav.body"  # the key under which a scope holds its long body, as a `Spool`


def is_capture_form(path: str) -> bool:
    """Return whether a request for this path may carry a capture, in any table of addresses, or a file from an
    agent."""
    from pnav import addresses  # it needs Django's settings, which are not read yet when a server is started

    plain = path.partition("?")[0]
    return plain in addresses.every_address(CAPTURES_PAGE) or HANDED_OVER.fullmatch(plain) is not None


def body_max_bytes(path: str) -> int:
    """Return how many bytes the body of a request for this path may have."""
    if path.startswith(ADMIN):
        return ADMIN_BODY_MAX_BYTES
    return CAPTURE_BODY_MAX_BYTES if is_capture_form(path) else BODY_MAX_BYTES
