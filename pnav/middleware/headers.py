"""Set the security headers of every response, errors and static files included.

The content policy is `settings.SECURE_CSP`; here is where it differs by area, and all that Django does not send. The
outermost middleware, so that no other one answers without it. Reasons: docs/adr/0035.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP, build_policy
from django.utils.decorators import sync_and_async_middleware

from pnav.sheets import add_link

# What no page of ours asks of a device, but the page of an exchange, which may leave its screen on, and those of the
# account, which copy recovery codes. Sound stays: pages
# ring. Names that Chromium knows, for it complains of others on each page.
CLOSED = (
    "accelerometer", "browsing-topics", "camera", "clipboard-read", "clipboard-write", "compute-pressure",
    "digital-credentials-create", "digital-credentials-get", "display-capture", "encrypted-media", "fullscreen",
    "gamepad", "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "keyboard-map",
    "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "speaker-selection", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
AWAKE = "screen-wake-lock"
COPYING = "clipboard-write"
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")


def _features(*, passkeys: str = "()", awake: str = "()", copying: str = "()") -> str:
    features = {
        **dict.fromkeys(CLOSED, "()"),
        **dict.fromkeys(PASSKEYS, passkeys),
        AWAKE: awake,
        COPYING: copying,
    }
    return ", ".join([f"{name}={who}" for name, who in features.items()])


EVERYWHERE = {
    "X-Frame-Options": "DENY",  # Django's comes too late for what is refused before it
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": _features(),
}
# By the beginning of the address.
AREAS = {
    "/compte/": {"Permissions-Policy": _features(passkeys="(self)", copying="(self)")},  # recovery codes are copied
    "/tchat/": {"Permissions-Policy": _features(awake="(self)")},
}
# What pages load and what is no document: browsers read nothing there of what documents are told, and its 900 bytes
# would be most of what a small script costs on a first visit. A script may be a worker's, which belongs to the page
# that starts it only under the same embedder policy. A drawing (SVG) that is opened by itself is a document.
LOADED = ("text/javascript", "text/css", "font/", "image/png")
FOR_DOCUMENTS = ("Permissions-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Referrer-Policy")
WORKERS = "text/javascript"
# Which policy of Trusted Types scripts may create there, in the place of none at all.
NO_POLICY = build_policy({"trusted-types": [CSP.NONE]})
TRUST = {
    "/console/": "trusted-types pnav-console",  # console/pages.js reads pages of this site, starts a worker
    "/unite/": "trusted-types pnav-console",  # for console/steps.js
    "/admin/": "trusted-types default",  # jQuery and select2 write HTML: static/pnav/admin-trust.js
}
# Signing in and out at a provider are forms whose answer leads there, and browsers hold that to `form-action`.
FORMS_LEAD_TO_THE_PROVIDER = ("/compte/", "/admin/")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _policy_of(path: str, policy: str) -> str:
    """The content policy of an area: what views changed in it stays."""
    for area, trust in TRUST.items():
        if path.startswith(area):
            policy = policy.replace(NO_POLICY, trust)
    if settings.OPENID_ISSUER and path.startswith(FORMS_LEAD_TO_THE_PROVIDER):
        policy = policy.replace("form-action ", f"form-action {_origin(settings.OPENID_ISSUER)} ")
    return policy


def add_headers(path: str, response: HttpResponseBase) -> HttpResponseBase:
    """Add what every answer says, and what its area says otherwise.

    Nothing is stored unless whoever made the answer said for how long (files): after a quick exit, « Back » shows
    nothing, and the next person at a post finds nothing. It also keeps pages out of the back-forward cache.
    """
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    kind = response.headers.get("Content-Type", "")
    if kind.startswith(LOADED):
        for name in FOR_DOCUMENTS if kind.startswith(WORKERS) else (*FOR_DOCUMENTS, "Cross-Origin-Embedder-Policy"):
            del response.headers[name]
    for area, headers in AREAS.items():
        if path.startswith(area):
            for name, value in headers.items():
                response.headers[name] = value
    if policy := response.headers.get(CSP.HEADER_ENFORCE):
        response.headers[CSP.HEADER_ENFORCE] = _policy_of(path, policy)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _forget_known_token(request: HttpRequest, response: HttpResponseBase) -> None:
    """Send the token against forms from elsewhere once, not with each page that has a form: a hundred bytes.

    Django does, so that a cookie with an age lives longer; ours has none (CSRF_COOKIE_AGE).
    """
    known = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    sent = response.cookies.get(settings.CSRF_COOKIE_NAME)
    if sent is not None and known and sent.value == known:
        del response.cookies[settings.CSRF_COOKIE_NAME]


@sync_and_async_middleware
def on_every_answer(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Any]:
    """`add_headers`, for the stack of the pages and for that of the probes."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponseBase:
            response = await get_response(request)
            add_link(request, response)
            return add_headers(request.path_info, response)  # the ordinary path by now (`pnav.middleware.addresses`)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)  # type: ignore[assignment]
        add_link(request, response)
        _forget_known_token(request, response)
        return add_headers(request.path_info, response)

    return in_thread
