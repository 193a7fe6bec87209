"""Bounds the bytes of a request's body: a form, a frame or a file, whatever it says it is.

Held twice: by our server before the body comes, from what the head says (`pnav.server.http_channel.Channel`); and where
the body is read, for a body in pieces, which does not say how long it is, and for any other server
(`pnav.server.page_handler`).
"""

import re

# A page's longest text is a draft of 20,000 characters: 240,000 bytes when each is an emoji. In the admin a whole
# questionnaire (`triage.admin.DOCUMENT_MAX_LENGTH`) or a sheet of accounts is sent: what the proxy lets pass.
BODY_MAX_BYTES = 256 * 1024
ADMIN_BODY_MAX_BYTES = 1024 * 1024
ADMIN = "/admin/"
# The page of captures takes one file as a plain form, for who has no script: the largest that a service may allow
# (`common.service_settings.definitions.CAPTURE_SIZE`), and what a form adds to it. A script sends slices, below
# BODY_MAX_BYTES, to another address. What is longer than a form lies sealed on the disk (`common.sealed_files.spool`).
CAPTURE_BODY_MAX_BYTES = 15_000_000 + 64 * 1024
CAPTURES_PAGE = "chat:captures"
# An agent hands a file to the person in the same way (docs/adr/0100): `console:hand_over`.
HANDED_OVER = re.compile(r"/console/echange/[0-9a-f-]{36}/documents/")
BODY = "pnav.body"  # the key of a scope that has its long body with it, as a `Spool`


def is_capture_form(path: str) -> bool:
    """Whether a request for this path may carry a capture, in any table of addresses; or a file from an agent."""
    from pnav import addresses  # it asks for Django's settings, which whoever starts a server has not read yet

    plain = path.partition("?")[0]
    return plain in addresses.every_address(CAPTURES_PAGE) or HANDED_OVER.fullmatch(plain) is not None


def body_max_bytes(path: str) -> int:
    """How many bytes a request for this path may carry."""
    if path.startswith(ADMIN):
        return ADMIN_BODY_MAX_BYTES
    return CAPTURE_BODY_MAX_BYTES if is_capture_form(path) else BODY_MAX_BYTES
