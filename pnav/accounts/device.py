"""This module knows devices that signed in before: each counts failed attempts by itself, so that others cannot lock it
out.

Whoever knows an agent's name can fail on purpose until the account's limit is reached. A signed cookie says that this
browser has already signed in to the account: its attempts are counted apart. It opens nothing, and holds no name and no
address. After OWASP, « Slow down online guessing attacks with device cookies ». See docs/adr/0034.
"""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device" if settings.DEMO else "__Host-device"
SALT = "pnav.accounts.device"
DAYS = 90  # an agent back from a long leave meets the ordinary limits
ACCOUNTS = 20  # a post may be shared by a team; the cookie stays below a kilobyte


@dataclass(frozen=True, slots=True)
class Device:
    """id: random, "" for a browser that nobody signed in from. accounts: keys, the latest last."""

    id: str = ""
    accounts: tuple[str, ...] = ()

    @property
    def counter(self) -> str:
        """Return the name of this device in the keys of the limits; "" when it is not known."""
        return f"device-{self.id}" if self.id else ""


def account_key(login: str) -> str:
    """Return the name of an account in the keys of the limits: a hash, which holds nothing of what was typed.

    Upper case first, as the database compares names: « ı » and « ſ » are « I » and « S » there, and one account here.
    """
    name = login.strip().upper().casefold()
    return salted_hmac("pnav.accounts.login", name, algorithm="sha256").hexdigest()[:32]


def known(request: HttpRequest) -> Device:
    """Return the device of this request. A cookie that is old, or that we did not write, is none."""
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
    """Say with this answer that the account signed in from this browser. It must have proved everything."""
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
