"""The site as production serves it, as an ASGI application: but a password is not hashed anew when its agent signs in.

The tests make passwords with one iteration (tests/hashers.py). Django writes what is weaker than its own again, at each
first sign-in: a quarter of a second of a processor. That production's are slow is seen in tests/test_standard.py.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

settings.PASSWORD_HASHERS = ["tests.hashers.QuickHasher", *settings.PASSWORD_HASHERS]

from pnav.asgi import application  # noqa: E402

__all__ = ["application"]
