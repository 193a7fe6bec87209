"""Recognises devices that signed in before and counts their failed attempts apart, so that others cannot lock them out.

Somebody who knows an agent's name can fail on purpose until the account's limit is reached. A signed cookie says that
this browser has already signed in to the account, so its attempts are counted apart. The cookie gives no access, and
holds no name and no address. This follows OWASP, « Slow down online guessing attacks with device cookies ». See
docs/adr/0034.
"""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device" if settings.DEMO else "__Host-device"
SALT = "pnav.accounts.device"
DAYS = 90  # an agent who comes back from a longer leave meets the ordinary limits
ACCOUNTS = 20  # a post may be shared by a team; the cookie stays below a kilobyte


@dataclass(frozen=True, slots=True)
class Device:
    """It is a browser. id: random; "" when nobody signed in from it. accounts: their keys, the latest last."""

    id: str = ""
    accounts: tuple[str, ...] = ()

    @property
    def counter(self) -> str:
        """Return the name of this device in the keys of the limits; "" when it is not known."""
        return f"device-{self.id}" if self.id else ""


def account_key(login: str) -> str:
    """Return the name of an account in the keys of the limits: a hash, from which what was typed cannot be read.

    Upper case comes first because the database compares names so: « ı » and « ſ » are « I » and « S » there, and must
    be one account here.
    """
    name = login.strip().upper().casefold()
    return salted_hmac("pnav.accounts.login", name, algorithm="sha256").hexdigest()[:32]


def known(request: HttpRequest) -> Device:
    """Return the device of this request. A cookie that is old, or that we did not write, counts as none."""
    return read(request.COOKIES.get(COOKIE, ""))


def read(text: str) -> Device:
    """Return the device of a cookie's text."""
    if not text:
        return Device()
    try:
        value = signing.loads(text, salt=SALT, max_age=DAYS * 24 * 60 * 60)
    except signing.BadSignature:
        return Device()
    return Device(value["id"], tuple(value["accounts"]))


def remember(request: HttpRequest, response: HttpResponse, login: str) -> None:
    """Set the cookie that says that the account signed in from this browser.

    The session must have proved everything.
    """
    device, account = known(request), account_key(login)
    accounts = [*(one for one in device.accounts if one != account), account][-ACCOUNTS:]
    response.set_cookie(
        COOKIE,
        signing.dumps({"id": device.id or secrets.token_hex(16), "accounts": accounts}, salt=SALT),
        max_age=DAYS * 24 * 60 * 60,
        secure=not settings.DEMO,
        httponly=True,
        samesite="Lax",
    )
