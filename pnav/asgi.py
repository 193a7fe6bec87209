"""HTTP and WebSocket in one application, for `daphne pnav.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
application = get_asgi_application()
