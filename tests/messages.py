"""`python -m tests.messages`: collect the strings to translate into pnav/locale, then compile. Needs gettext."""

import os

from tests.variables import VARIABLES

os.environ.update(
    VARIABLES,
    DATABASE_URL="postgres://nobody@localhost/none",
    REDIS_URL="redis://localhost",
    DJANGO_SETTINGS_MODULE="pnav.settings",
)

if __name__ == "__main__":
    import django
    from django.core.management import call_command

    django.setup()
    ignored = ["tests/*", "benchmarks/*", ".venv/*", ".local/*"]
    call_command("makemessages", locale=["en"], ignore_patterns=ignored, add_location="file", no_wrap=True)
    call_command("build_messages")
