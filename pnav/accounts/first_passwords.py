"""The first password of an account, drawn for whoever it is for: handed over once, and changed at the first sign-in."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from pnav.accounts.models import User

SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another when it is read from paper
GROUPS, LENGTH = 4, 4  # 79 bits
TRIES = 20


def draw(user: User) -> str:
    """Such as « k7mq-x2fd-9wpc-hj3n ». It passes the validators that a password of this account has to."""
    for _attempt in range(TRIES):
        password = "-".join("".join(secrets.choice(SIGNS) for _sign in range(LENGTH)) for _group in range(GROUPS))
        try:
            validate_password(password, user)
        except ValidationError:
            continue
        return password
    raise RuntimeError("The validators refuse whatever is drawn.")
