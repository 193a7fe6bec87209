"""The judge of migrations finds what the version before could not bear, and accepts what it can."""

import pytest
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations as dj
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import Q
from django.db.models.functions import Now

from tests import migrations
from tests.migrations import CONSTRAINT, DROP, INDEX, MIXED, NEW_VALUE, NOT_NULL, RENAME, REWRITE, SQL, TYPE

SMALL = models.Q(size__lt=10)


def state() -> ProjectState:
    """Return the state of a unit and a region, as the version before knows them."""
    made = ProjectState()
    key = ("id", models.BigAutoField(primary_key=True))
    dj.CreateModel("Region", [key]).state_forwards("chat", made)
    fields = [
        key,
        ("name", models.CharField(max_length=20, null=True)),
        ("size", models.IntegerField(default=0, db_default=0)),
        ("region", models.ForeignKey("chat.Region", models.CASCADE, db_index=False, null=True)),
    ]
    dj.CreateModel("Unit", fields).state_forwards("chat", made)
    return made


def migration(*operations: object, **more: object) -> dj.Migration:
    return type("Migration", (dj.Migration,), {"operations": list(operations), **more})("0099_tried", "chat")


def judged(*operations: object) -> list[str]:
    return [problem.key for problem in migrations.judge(migration(*operations), state())]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (dj.AddField("unit", "town", models.CharField(max_length=9)), f"{NOT_NULL} unit.town"),
        (dj.AddField("unit", "town", models.CharField(max_length=9, default="")), f"{NOT_NULL} unit.town"),
        (dj.AddField("unit", "mark", models.FloatField(db_default=models.functions.Random())), f"{REWRITE} unit.mark"),
        (
            dj.AddField(
                "unit",
                "double",
                models.GeneratedField(
                    expression=models.F("size") * 2, output_field=models.IntegerField(), db_persist=True
                ),
            ),
            f"{REWRITE} unit.double",
        ),
        (
            dj.AddField("unit", "other", models.ForeignKey("chat.Region", models.CASCADE, null=True)),
            f"{INDEX} unit.other",
        ),
        (dj.AddField("unit", "code", models.CharField(max_length=9, null=True, unique=True)), f"{INDEX} unit.code"),
        (dj.AlterField("unit", "name", models.CharField(max_length=20, default="")), f"{NOT_NULL} unit.name"),
        (dj.AlterField("unit", "size", models.IntegerField(default=0)), f"{NOT_NULL} unit.size"),
        (dj.AlterField("unit", "size", models.BigIntegerField(default=0, db_default=0)), f"{TYPE} unit.size"),
        (dj.AlterField("unit", "name", models.CharField(max_length=10, null=True)), f"{TYPE} unit.name"),
        (
            dj.AlterField("unit", "name", models.CharField(max_length=20, null=True, db_index=True)),
            f"{INDEX} unit.name",
        ),
        (
            dj.AlterField("unit", "name", models.CharField(max_length=20, null=True, db_column="n")),
            f"{RENAME} unit.name",
        ),
        (
            dj.AlterField("unit", "region", models.ForeignKey("chat.Unit", models.CASCADE, db_index=False, null=True)),
            f"{CONSTRAINT} unit.region",
        ),
        (dj.RemoveField("unit", "name"), f"{DROP} unit.name"),
        (dj.DeleteModel("Unit"), f"{DROP} unit"),
        (dj.RenameField("unit", "name", "title"), f"{RENAME} unit.name"),
        (dj.RenameModel("Unit", "Team"), f"{RENAME} unit"),
        (dj.AlterModelTable("unit", "teams"), f"{RENAME} unit"),
        (dj.AddIndex("unit", models.Index(fields=["size"], name="unit_size")), f"{INDEX} unit.unit_size"),
        (
            dj.AddConstraint("unit", models.UniqueConstraint(fields=["size"], name="unit_one")),
            f"{INDEX} unit.unit_one",
        ),
        (
            dj.AddConstraint("unit", models.CheckConstraint(condition=SMALL, name="unit_small")),
            f"{CONSTRAINT} unit.unit_small",
        ),
        (
            AddConstraintNotValid("unit", models.CheckConstraint(condition=SMALL, name="unit_small")),
            f"{CONSTRAINT} unit.unit_small",
        ),
        (dj.AlterUniqueTogether("unit", {("name", "size")}), f"{INDEX} unit"),
        (dj.RunSQL("ALTER TABLE chat_unit DROP COLUMN name"), f"{SQL} alter table chat_unit"),
        (
            dj.SeparateDatabaseAndState(database_operations=[dj.RemoveField("unit", "name")]),
            f"{DROP} unit.name",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_version_before_cannot_bear_is_named(operation, expected):
    assert judged(operation) == [expected]


@pytest.mark.parametrize(
    "operation",
    [
        dj.AddField("unit", "town", models.CharField(max_length=9, null=True)),
        dj.AddField("unit", "town", models.CharField(max_length=9, default="", db_default="")),
        dj.AddField("unit", "made_at", models.DateTimeField(db_default=Now())),
        dj.AddField("unit", "near", models.ManyToManyField("chat.Region")),
        dj.AddField("unit", "other", models.ForeignKey("chat.Region", models.CASCADE, null=True, db_index=False)),
        dj.AlterField("unit", "name", models.CharField(max_length=40, null=True, choices=[("a", "A")])),
        dj.AlterField("unit", "name", models.TextField(null=True)),
        dj.AlterField("unit", "size", models.IntegerField(null=True)),
        dj.SeparateDatabaseAndState(state_operations=[dj.RemoveField("unit", "name")]),
        dj.RemoveIndex("unit", "unit_size"),
        ValidateConstraint("unit", "unit_small"),
        dj.RunPython(dj.RunPython.noop),
        dj.AlterModelOptions("unit", {"ordering": ["name"]}),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_it_bears_passes(operation):
    before = state()
    index = models.Index(fields=["size"], name="unit_size")
    dj.AddIndex("unit", index).state_forwards("chat", before)
    check = models.CheckConstraint(condition=SMALL, name="unit_small")
    dj.AddConstraint("unit", check).state_forwards("chat", before)
    assert migrations.judge(migration(operation), before) == []


def test_index_made_beside_the_traffic_passes():
    assert judged(AddIndexConcurrently("unit", models.Index(fields=["size"], name="unit_size"))) == []


def test_table_of_the_same_migration_is_nobodys_yet():
    key = ("id", models.BigAutoField(primary_key=True))
    index = models.Index(fields=["size"], name="part_size")
    assert (
        judged(
            dj.CreateModel("Part", [key]),
            dj.AddField("part", "size", models.IntegerField()),
            dj.AddIndex("part", index),
            dj.AddConstraint("part", models.CheckConstraint(condition=Q(size__gt=0), name="part_some")),
        )
        == []
    )


def test_second_operation_is_judged_after_the_first():
    """The column is wide already when it is widened again, and narrow when it is narrowed."""
    wide, narrow = (models.CharField(max_length=length, null=True) for length in (40, 30))
    assert judged(dj.AlterField("unit", "name", wide), dj.AlterField("unit", "name", narrow)) == [f"{TYPE} unit.name"]


def test_choice_that_the_version_before_does_not_know():
    """Another label changes nothing, nor do choices for a field that had none, because nobody reads the field
    by them.
    """
    before = state()
    size = models.IntegerField(default=0, db_default=0, choices=[(0, "petite"), ("groupe", [(1, "grande")])])
    dj.AlterField("unit", "size", size).state_forwards("chat", before)

    def changed(*choices: tuple[int, str]) -> list[str]:
        field = models.IntegerField(default=0, db_default=0, choices=choices)
        return [found.key for found in migrations.judge(migration(dj.AlterField("unit", "size", field)), before)]

    assert changed((0, "petite"), (1, "grande"), (2, "immense")) == [f"{NEW_VALUE} unit.size"]
    assert changed((0, "minuscule")) == []
    assert judged(dj.AlterField("unit", "size", size)) == []


def test_data_go_alone():
    column = dj.AddField("unit", "town", models.CharField(max_length=9, null=True))
    assert judged(column, dj.RunPython(dj.RunPython.noop)) == [f"{MIXED} 0099_tried"]


def test_migration_may_say_why():
    drop = dj.RemoveField("unit", "name")
    key = f"{DROP} unit.name"
    told = migration(drop, safe_because={key: "Nobody has read it since version 3: see ADR 0060."})
    found = migrations.judge(told, state())
    assert migrations.unexcused(told, found) == []
    assert migrations.unexcused(migration(drop), found) == [f"{key}: {migrations.WHY[DROP]}"]


def test_reason_for_nothing_and_reason_that_says_nothing_are_refused():
    stale = migration(safe_because={f"{DROP} unit.name": "Nobody has read it since version 3: see ADR 0060."})
    assert "which it does not do" in migrations.unexcused(stale, [])[0]
    drop = dj.RemoveField("unit", "name")
    empty = migration(drop, safe_because={f"{DROP} unit.name": "it is safe"})
    assert "is no reason" in migrations.unexcused(empty, migrations.judge(empty, state()))[0]


def test_every_app_of_ours_is_judged_from_a_migration_that_exists():
    from django.apps import apps

    loader = MigrationLoader(None)
    root = settings.BASE_DIR
    ours = {
        app.label for app in apps.get_app_configs() if str(app.path).startswith(str(root)) and ".venv" not in app.path
    }
    assert {label for label, _name in loader.disk_migrations if label in ours} == set(migrations.JUDGED_AFTER)
    assert set(migrations.JUDGED_AFTER.items()) <= set(loader.disk_migrations)


def test_migrations_of_the_site_are_borne_by_the_version_before():
    assert migrations.problems() == []


def test_former_migrations_would_have_been_named():
    """The judge reads real migrations: of those written before it, some drop columns, and some make an index under a
    lock.
    """
    loader = MigrationLoader(None)
    found = {
        problem.rule
        for (label, name), one in loader.disk_migrations.items()
        if label in migrations.JUDGED_AFTER
        for problem in migrations.judge(one, loader.project_state((label, name), at_end=False))
    }
    assert {DROP, INDEX, SQL, CONSTRAINT} <= found
