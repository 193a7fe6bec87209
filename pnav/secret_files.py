"""This module reads secrets from environment variables or from files: `NAME`, or `NAME_FILE` with the path of a mounted
file.

A variable can be seen by anybody who may inspect the container, and is inherited by every process. A file is read once,
and the vault that mounts it can replace it. Errors name the variable, never its value.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# The most bytes, so that a wrong path (a device, or a huge file) is an error and is not read to its end.
LONGEST = 65_536


def read(environment: Mapping[str, str], name: str) -> str:
    """Return the secret of this name without spaces or line breaks around it; "" when it is not given.

    Raises ImproperlyConfigured when it is given twice, and when its file is missing, not readable, not text, empty or
    too long.
    """
    value, path = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if not path:
        return value.strip()
    if value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both given: keep one.")
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LONGEST + 1)
        text = raw.decode().strip()
    except (OSError, ValueError) as error:  # ValueError: the content is not text, or the path is none
        raise ImproperlyConfigured(f"{name}_FILE cannot be read ({type(error).__name__}).") from None
    if not text or len(raw) > LONGEST:
        raise ImproperlyConfigured(f"{name}_FILE is empty or too long.")
    return text


def with_password(address: str, password: str, *, name: str) -> str:
    """Return the address of a server with this password in it, percent-encoded.

    password: "" leaves the address unchanged. name: the variable of the address, for errors. Raises
    ImproperlyConfigured when the address already has a password, or is no address.
    """
    try:
        parts = urlsplit(address)
        has_password = bool(parts.password)
    except ValueError:  # its message contains a part of the address
        raise ImproperlyConfigured(f"{name} is no address.") from None
    if not password:
        return address
    if has_password:
        raise ImproperlyConfigured(f"{name} holds a password, and another one is given beside it: keep one.")
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.rstrip(':')}:{quote(password, safe='')}@{host}").geturl()
