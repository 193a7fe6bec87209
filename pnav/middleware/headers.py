"""Sets the security headers of every response, errors and static files included (docs/adr/0035).

`settings.SECURE_CSP` is the content security policy; this module has its differences by area, and the headers that
Django does not send. It is the outermost middleware, so that no other one answers without these headers.
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

# The features that our pages may not use. Exceptions are the page of an exchange, which may keep the screen on, and the
# pages of the account, which copy recovery codes. Sound is allowed, because pages ring. Only names that Chromium knows
# are here, because it logs a warning on each page for any other.
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
    "X-Frame-Options": "DENY",  # Django's middleware does not reach responses that are refused before it
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": _features(),
}
# More headers, by the beginning of the path.
AREAS = {
    "/compte/": {"Permissions-Policy": _features(passkeys="(self)", copying="(self)")},  # recovery codes are copied
    "/tchat/": {"Permissions-Policy": _features(awake="(self)")},
}
# The types of files that pages load and that are no documents. Browsers ignore the headers for documents there, whose
# 900 bytes would be most of what a small script costs on a first visit. A script may be a worker's, which runs only
# under the same embedder policy as its page. An SVG that is opened by itself is a document.
LOADED = ("text/javascript", "text/css", "font/", "image/png")
FOR_DOCUMENTS = ("Permissions-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Referrer-Policy")
WORKERS = "text/javascript"
# The Trusted Types policy that scripts of these areas may create; elsewhere they may create none.
NO_POLICY = build_policy({"trusted-types": [CSP.NONE]})
TRUST = {
    "/console/": "trusted-types pnav-console",  # console/pages.js reads pages of this site and starts a worker
    "/unite/": "trusted-types pnav-console",  # console/unit-steps.js reads pages of this site
    "/admin/": "trusted-types default",  # jQuery and select2 write HTML: static/pnav/admin-trust.js
}
# The forms to sign in and out at a provider redirect there, and browsers apply `form-action` to that redirect.
FORMS_LEAD_TO_THE_PROVIDER = ("/compte/", "/admin/")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _policy_of(path: str, policy: str) -> str:
    """Return a response's content security policy as its area needs it. What views changed in it is kept."""
    for area, trust in TRUST.items():
        if path.startswith(area):
            policy = policy.replace(NO_POLICY, trust)
    if settings.OPENID_ISSUER and path.startswith(FORMS_LEAD_TO_THE_PROVIDER):
        policy = policy.replace("form-action ", f"form-action {_origin(settings.OPENID_ISSUER)} ")
    return policy


def add_headers(path: str, response: HttpResponseBase) -> HttpResponseBase:
    """Add the headers of every response, and those of its area.

    No response is stored by the browser unless it says itself for how long, as files do. So after a quick exit « Back »
    shows nothing, and neither does a shared computer to its next user. It also keeps pages out of the back-forward
    cache.
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
    """Do not send the CSRF cookie again to a browser that has it, which saves a hundred bytes for each form.

    Django sends it with each form so that it expires later; ours has no expiry (CSRF_COOKIE_AGE).
    """
    known = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    sent = response.cookies.get(settings.CSRF_COOKIE_NAME)
    if sent is not None and known and sent.value == known:
        del response.cookies[settings.CSRF_COOKIE_NAME]


@sync_and_async_middleware
def on_every_answer(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Any]:
    """Return the middleware that calls `add_headers`, for the synchronous stack of pages and the asynchronous one of
    probes.

    For pages it also adds the `Link` header of `pnav.sheets`, and removes a CSRF cookie that the browser has already.
    """
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponseBase:
            response = await get_response(request)
            add_link(request, response)
            # By now this is the ordinary path (`pnav.middleware.addresses`).
            return add_headers(request.path_info, response)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)  # type: ignore[assignment]
        add_link(request, response)
        _forget_known_token(request, response)
        return add_headers(request.path_info, response)

    return in_thread
