"""This module tells which requests compute a slow hash, such as that of a password, so that they run in threads of
their own.

They are the POST requests to the addresses named here. A fixture notes every slow hash of the whole suite, and fails
the test in which one is computed for an address that is not here (tests/conftest.py).
"""

from typing import Any

from django.http import parse_cookie
from django.urls import Resolver404, resolve

from pnav import addresses
from pnav.accounts import device

NAMES = frozenset(
    {
        "account_login",
        "account_reauthenticate",
        "account_change_password",
        "admin:accounts_user_add",
        "admin:auth_user_password_change",
        "admin:accounts_user_import",
        "chat:code",
        "chat:resume",
        "chat:erasure",
        "chat:follow_up_code",
    }
)
# Addresses without parameters, which are in the table of each language.
VISITORS = tuple(sorted(name for name in NAMES if name.startswith("chat:")))
# How the paths of the other addresses begin; no other path is looked up.
AREAS = ("/compte/", "/admin/accounts/")


def is_slow(scope: dict[str, Any]) -> bool:
    """Return whether this request may compute a slow hash.

    Only a form in AREAS is looked up in the table of addresses. For any other form a few sets are asked.
    """
    if scope["method"] != "POST":
        return False
    if any(scope["path"] in addresses.every_address(name) for name in VISITORS):
        return True
    if not scope["path"].startswith(AREAS):
        return False
    try:
        return resolve(scope["path"]).view_name in NAMES
    except Resolver404:
        return False


def device_of(scope: dict[str, Any]) -> str:
    """Return the id of a device from which somebody has signed in before, by its cookie; "" for any other client."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    return device.read(parse_cookie(cookies).get(device.COOKIE, "")).id
