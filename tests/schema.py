"""`python -m tests.schema` checks whether the models have all their migrations, and whether these may run while the
version before still serves (`tests.migrations`). No server is needed.

`python -m tests.schema write APP NAME` writes the migration of one app (`make migration`).
"""

import os
import sys

from tests.support.variables import VARIABLES

os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")


def missing() -> list[str]:
    """Return what `makemigrations` would write, line by line. It would first ask the database, which this does not."""
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    ours = {app.label for app in apps.get_app_configs() if app.name.partition(".")[0] in OURS}
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)
    return [
        f"{label}: {operation.describe()}"
        for label, migrations in sorted(changes.items())
        if label in ours
        for migration in migrations
        for operation in migration.operations
    ]


OURS = {"pnav", "chat", "reports", "triage", "locations", "common"}


class NoDatabase:
    """A router that tells `makemigrations` that there is no database whose history it has to check."""

    def allow_migrate(self, *_args: object, **_hints: object) -> bool:
        return False


def write(app: str, name: str) -> None:
    """Run `makemigrations` for one app."""
    from django.core.management import call_command
    from django.db import router

    router.routers = [NoDatabase()]
    call_command("makemigrations", app, name=name)


if __name__ == "__main__":
    import django
    from django.utils import translation

    django.setup()
    translation.deactivate_all()  # migrations hold texts in the source language
    if sys.argv[1:2] == ["write"]:
        if len(sys.argv) != 4:
            sys.exit("make migration APP=chat NAME=what_it_does")
        write(*sys.argv[2:])
        sys.exit()
    from tests import migrations

    lines = [f"no migration for this: {line}" for line in missing()] + migrations.problems()
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(1 if lines else 0)
