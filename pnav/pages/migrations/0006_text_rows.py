"""Translations of contents and help numbers as rows, one for each language and column, in place of `…_en` columns.

The columns stay in this release, so that processes of the version before go on reading and writing them while it is
rolled out: triggers keep columns and rows in step, both ways. The release after drops the triggers, their functions and
the columns (docs/adr/0060).
"""

import django.db.models.deletion
from django.db import migrations, models

TABLES = {
    "pages_helpnumber": ("pages_helpnumbertext", ("label", "audience", "hours")),
    "pages_contentblock": ("pages_contenttext", ("title", "body")),
}
# A trigger that another one set off does nothing: what one writes would come back.
IN_STEP = """
CREATE FUNCTION {owners}_rows_follow_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NULL;
    END IF;
    DELETE FROM {rows} AS row USING ({said} WHERE owner.id = NEW.id AND said.text = '') AS gone
    WHERE (row.owner_id, row.language, row.part) = (gone.owner_id, gone.language, gone.part);
    INSERT INTO {rows} (owner_id, language, part, text) {said} WHERE owner.id = NEW.id AND said.text <> ''
    ON CONFLICT (owner_id, language, part) DO UPDATE SET text = EXCLUDED.text;
    RETURN NULL;
END
$$;
CREATE TRIGGER rows_follow_columns AFTER INSERT OR UPDATE OF {columns} ON {owners}
    FOR EACH ROW EXECUTE FUNCTION {owners}_rows_follow_columns();

CREATE FUNCTION {owners}_columns_follow_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.owner_id ELSE NEW.owner_id END;
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NULL;
    END IF;
    UPDATE {owners} AS owner SET ({columns}) = (SELECT {found} FROM {rows} WHERE owner_id = changed AND language = 'en')
    WHERE owner.id = changed;
    RETURN NULL;
END
$$;
CREATE TRIGGER columns_follow_rows AFTER INSERT OR UPDATE OR DELETE ON {rows}
    FOR EACH ROW EXECUTE FUNCTION {owners}_columns_follow_rows();

INSERT INTO {rows} (owner_id, language, part, text) {said} WHERE said.text <> '';
"""
SAID = """
SELECT owner.id AS owner_id, 'en' AS language, said.part, said.text
FROM {owners} AS owner, LATERAL (VALUES {values}) AS said (part, text)
"""  # noqa: S608  nothing but constants
APART = """
DROP TRIGGER rows_follow_columns ON {owners};
DROP TRIGGER columns_follow_rows ON {rows};
DROP FUNCTION {owners}_rows_follow_columns();
DROP FUNCTION {owners}_columns_follow_rows();
"""


def in_step(owners):
    """The statements that keep this table's columns and rows in step, and those that undo them."""
    rows, parts = TABLES[owners]
    values = ", ".join(f"('{part}', owner.{part}_en)" for part in parts)
    words = {
        "owners": owners,
        "rows": rows,
        "columns": ", ".join(f"{part}_en" for part in parts),
        "said": SAID.format(owners=owners, values=values),
        "found": ", ".join(f"COALESCE(max(text) FILTER (WHERE part = '{part}'), '')" for part in parts),
    }
    return migrations.RunSQL(IN_STEP.format(**words), APART.format(**words))


def text_rows(name, owner, constraint):
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("language", models.CharField(max_length=20, verbose_name="langue")),
            ("part", models.CharField(max_length=20, verbose_name="partie")),
            ("text", models.TextField(verbose_name="texte")),
            (
                "owner",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.DB_CASCADE, related_name="text_rows", to=f"pages.{owner}"
                ),
            ),
        ],
        options={
            "ordering": ["language", "part"],
            "abstract": False,
            "constraints": [models.UniqueConstraint(fields=("owner", "language", "part"), name=constraint)],
        },
    )


COLUMNS = [
    ("helpnumber", "label_en", models.CharField(blank=True, max_length=120, db_default="")),
    ("helpnumber", "audience_en", models.CharField(blank=True, max_length=200, db_default="")),
    ("helpnumber", "hours_en", models.CharField(blank=True, max_length=120, db_default="")),
    ("contentblock", "title_en", models.CharField(blank=True, max_length=150, db_default="")),
    ("contentblock", "body_en", models.TextField(blank=True, max_length=20000, db_default="")),
]


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0005_names_of_numbers"),
    ]

    operations = [
        text_rows("HelpNumberText", "helpnumber", "pages_one_text_of_a_number"),
        text_rows("ContentText", "contentblock", "pages_one_text_of_a_content"),
        # A process of this version writes a row without these columns.
        *(migrations.AlterField(model, name, field) for model, name, field in COLUMNS),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model, name) for model, name, _field in COLUMNS]
        ),
        *map(in_step, TABLES),
    ]
