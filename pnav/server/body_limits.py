"""How many bytes of body a request may carry: a form, a frame or a file, whatever it says it is.

Held twice: by our server before the body comes, from what the head says (`pnav.server.http_channel.Channel`); and where
the body is read, for a body in pieces, which does not say how long it is, and for any other server
(`pnav.server.page_handler`).
"""

# A page's longest text is a draft of 20,000 characters: 240,000 bytes when each is an emoji. In the admin a whole
# questionnaire (`triage.admin.DOCUMENT_MAX_LENGTH`) or a sheet of accounts is sent: what the proxy lets pass.
BODY_MAX_BYTES = 256 * 1024
ADMIN_BODY_MAX_BYTES = 1024 * 1024
ADMIN = "/admin/"


def body_max_bytes(path: str) -> int:
    """How many bytes a request for this path may carry."""
    return ADMIN_BODY_MAX_BYTES if path.startswith(ADMIN) else BODY_MAX_BYTES
