"""The site without collected static files, as an ASGI application, which saves a minute where nobody looks at
a page.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

from pnav.asgi import application  # noqa: E402

__all__ = ["application"]
