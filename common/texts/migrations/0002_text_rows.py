"""Texts of sentences as rows, one for each language and voice, in place of the columns `vous`, `tu` and `en`.

The columns stay in this release, so that processes of the version before go on reading and writing them while it is
rolled out: triggers keep columns and rows in step, both ways. The release after drops the triggers, their functions and
the columns (docs/adr/0060).
"""

import django.db.models.deletion
from django.db import migrations, models

ROWS = """
SELECT sentence.key AS owner_id, said.language, said.part, said.text
FROM sentences_changedsentence AS sentence, LATERAL (VALUES
    ('fr', 'vous', sentence.vous), ('fr', 'tu', sentence.tu), ('en', 'vous', sentence.en), ('en', 'tu', sentence.en)
) AS said (language, part, text)
"""
COPY = f"INSERT INTO sentences_sentencetext (owner_id, language, part, text) {ROWS} WHERE said.text <> ''"  # noqa: S608
# A trigger that another one set off does nothing: what one writes would come back. « en » was said in both voices.
IN_STEP = f"""
CREATE FUNCTION sentences_rows_follow_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NULL;
    END IF;
    DELETE FROM sentences_sentencetext AS row USING ({ROWS} WHERE sentence.key = NEW.key AND said.text = '') AS gone
    WHERE (row.owner_id, row.language, row.part) = (gone.owner_id, gone.language, gone.part);
    INSERT INTO sentences_sentencetext (owner_id, language, part, text)
    {ROWS} WHERE sentence.key = NEW.key AND said.text <> ''
    ON CONFLICT (owner_id, language, part) DO UPDATE SET text = EXCLUDED.text;
    RETURN NULL;
END
$$;
CREATE TRIGGER rows_follow_columns AFTER INSERT OR UPDATE OF vous, tu, en ON sentences_changedsentence
    FOR EACH ROW EXECUTE FUNCTION sentences_rows_follow_columns();

CREATE FUNCTION sentences_columns_follow_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := CASE TG_OP WHEN 'DELETE' THEN OLD.owner_id ELSE NEW.owner_id END;
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NULL;
    END IF;
    UPDATE sentences_changedsentence AS sentence SET (vous, tu, en) = (
        SELECT COALESCE(max(text) FILTER (WHERE language = 'fr' AND part = 'vous'), ''),
               COALESCE(max(text) FILTER (WHERE language = 'fr' AND part = 'tu'), ''),
               COALESCE(max(text) FILTER (WHERE language = 'en' AND part = 'vous'), '')
        FROM sentences_sentencetext WHERE owner_id = owner
    ) WHERE sentence.key = owner;
    RETURN NULL;
END
$$;
CREATE TRIGGER columns_follow_rows AFTER INSERT OR UPDATE OR DELETE ON sentences_sentencetext
    FOR EACH ROW EXECUTE FUNCTION sentences_columns_follow_rows();
"""  # noqa: S608  nothing but constants
APART = """
DROP TRIGGER rows_follow_columns ON sentences_changedsentence;
DROP TRIGGER columns_follow_rows ON sentences_sentencetext;
DROP FUNCTION sentences_rows_follow_columns();
DROP FUNCTION sentences_columns_follow_rows();
"""
COLUMNS = ("vous", "tu", "en")


class Migration(migrations.Migration):

    dependencies = [
        ("sentences", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SentenceText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=20, verbose_name="langue")),
                ("part", models.CharField(max_length=20, verbose_name="partie")),
                ("text", models.TextField(verbose_name="texte")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        related_name="text_rows",
                        to="sentences.changedsentence",
                    ),
                ),
            ],
            options={
                "ordering": ["language", "part"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "language", "part"), name="sentences_one_text_a_voice")
                ],
            },
        ),
        # A process of this version writes a row without these columns.
        *(
            migrations.AlterField("changedsentence", name, models.TextField(blank=True, db_default=""))
            for name in COLUMNS
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("changedsentence", name) for name in COLUMNS]
        ),
        migrations.RunSQL(IN_STEP, APART),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]
