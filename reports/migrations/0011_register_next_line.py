from datetime import UTC, datetime

from django.db import migrations, models

# Whoever may insert could otherwise take the last of all numbers, or leave a digest that another line remembers already:
# nothing could be recorded after it. VOLATILE: each row sees those that the same statement inserted before it. The
# path is fixed: the role of the web processes may make temporary tables, which would be found first.
NEXT_LINE = """
CREATE FUNCTION reports_register_takes_the_next_line() RETURNS trigger LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT number, digest INTO last FROM public.reports_accessrecord ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.previous <> coalesce(last.digest, repeat('0', 64)) THEN
        RAISE EXCEPTION 'the register takes the next line only' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER register_takes_the_next_line BEFORE INSERT ON reports_accessrecord
    FOR EACH ROW EXECUTE FUNCTION reports_register_takes_the_next_line();
ALTER TABLE reports_accessrecord ENABLE ALWAYS TRIGGER register_takes_the_next_line;
"""
WITHOUT = """
DROP TRIGGER register_takes_the_next_line ON reports_accessrecord;
DROP FUNCTION reports_register_takes_the_next_line();
"""
# What a sound line never holds and a reader could not read. NOT VALID: a line that is there already stays, for
# `verify_register` to name.
READABLE = """
ALTER TABLE reports_accessrecord
    ADD CONSTRAINT access_digest_is_none_of_the_first CHECK (digest <> repeat('0', 64)) NOT VALID,
    ADD CONSTRAINT access_at_can_be_read
        CHECK (at >= '2000-01-01 00:00+00' AND at < '9000-01-01 00:00+00') NOT VALID
"""
UNREADABLE = """
ALTER TABLE reports_accessrecord
    DROP CONSTRAINT access_digest_is_none_of_the_first, DROP CONSTRAINT access_at_can_be_read
"""


class Migration(migrations.Migration):

    dependencies = [
        ("reports", "0010_papers"),
    ]

    operations = [
        migrations.RunSQL(NEXT_LINE, WITHOUT),
        migrations.RunSQL(
            READABLE,
            UNREADABLE,
            state_operations=[
                migrations.AddConstraint(
                    "accessrecord",
                    models.CheckConstraint(
                        condition=~models.Q(digest="0" * 64), name="access_digest_is_none_of_the_first"
                    ),
                ),
                migrations.AddConstraint(
                    "accessrecord",
                    models.CheckConstraint(
                        condition=models.Q(
                            at__gte=datetime(2000, 1, 1, tzinfo=UTC), at__lt=datetime(9000, 1, 1, tzinfo=UTC)
                        ),
                        name="access_at_can_be_read",
                    ),
                ),
            ],
        ),
    ]
