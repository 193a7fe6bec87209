"""The site with the pages of benchmarks.slow, as an ASGI application."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

settings.ROOT_URLCONF = "benchmarks.slow"

from pnav.asgi import application  # noqa: E402

__all__ = ["application"]
