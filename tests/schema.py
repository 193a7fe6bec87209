"""`python -m tests.schema`: whether the models have all their migrations. No server is needed."""

import os
import sys

from tests.variables import VARIABLES

os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")


def missing() -> list[str]:
    """What `makemigrations` would write, a line each; it would ask the database first, which this does not."""
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

if __name__ == "__main__":
    import django
    from django.utils import translation

    django.setup()
    translation.deactivate_all()  # migrations hold texts of origin
    lines = missing()
    for line in lines:
        print(f"no migration for this: {line}", file=sys.stderr)
    sys.exit(1 if lines else 0)
