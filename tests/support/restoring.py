"""Restores the database to what the migrations left, after a test that committed.

Django empties every table, a hundred of them with their indexes, then writes its content types and permissions again.
That takes half a second for a test that wrote ten lines. Here PostgreSQL itself finds what has changed, and restores
that. Its lock waits, as emptying does, for transactions that the test left open elsewhere.
"""

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

TIMES = 5  # each takes the second after which PostgreSQL looks for deadlocks

# `kept` holds a copy of each table that has rows after the migrations. A table with a trigger before deletions is
# emptied whole: the audit log (docs/adr/0031) refuses to lose a row, and refuses to be emptied except in this database.
# Tables that refer to no other come first, because deleting their rows deletes rows of others. What looks at each table
# is one function whose statements PostgreSQL plans once in a session; it is written again when there are other tables.
REMEMBER = """
ALTER TABLE public.reports_accessrecord DISABLE TRIGGER register_is_not_emptied;
CREATE SCHEMA kept;
DO $$
DECLARE name text; has_lines boolean;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO has_lines;
        IF has_lines THEN
            EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
        END IF;
    END LOOP;
END $$;
CREATE TABLE kept.known AS SELECT ''::text AS tables;
CREATE FUNCTION kept.tables() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(oid::regclass::text, ', ' ORDER BY oid)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
$$;
CREATE FUNCTION kept.write() RETURNS void LANGUAGE plpgsql AS $write$
DECLARE one record; changed text; steps text := '';
BEGIN
    FOR one IN
        SELECT ours.relname AS name, kept.oid IS NOT NULL AS is_kept,
            EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = ours.oid AND NOT tgisinternal
                AND tgtype & 2 > 0 AND tgtype & 8 > 0  -- before, and at a deletion
            ) AS refuses
        FROM pg_class ours
        LEFT JOIN pg_class kept ON kept.relname = ours.relname AND kept.relnamespace = 'kept'::regnamespace
        WHERE ours.relnamespace = 'public'::regnamespace AND ours.relkind = 'r'
        ORDER BY EXISTS (SELECT FROM pg_constraint WHERE conrelid = ours.oid AND contype = 'f')
    LOOP
        changed := CASE WHEN one.is_kept
            THEN '(TABLE public.%1$I EXCEPT ALL TABLE kept.%1$I) UNION ALL '
                '(TABLE kept.%1$I EXCEPT ALL TABLE public.%1$I)'
            ELSE 'SELECT FROM public.%1$I' END;
        steps := steps || format(
            'IF EXISTS (' || changed || ') THEN '
            || CASE WHEN one.refuses THEN 'TRUNCATE public.%1$I; ' ELSE 'DELETE FROM public.%1$I; ' END
            || CASE WHEN one.is_kept THEN 'INSERT INTO public.%1$I SELECT * FROM kept.%1$I; ' ELSE '' END
            || 'END IF; ', one.name
        );
    END LOOP;
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION kept.bring_back_known() RETURNS void LANGUAGE plpgsql AS $$ BEGIN '
        'LOCK TABLE %s IN ACCESS EXCLUSIVE MODE; SET CONSTRAINTS ALL DEFERRED; %s END $$', kept.tables(), steps
    );
END $write$;
CREATE FUNCTION kept.bring_back() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF kept.tables() <> (TABLE kept.known) THEN
        PERFORM kept.write();
        UPDATE kept.known SET tables = kept.tables();
    END IF;
    PERFORM kept.bring_back_known();
END $$;
"""


class NotATestDatabase(RuntimeError):
    """The database is not one that the tests made, so what they change in it would stay."""


def require_test_database() -> None:
    """Raise NotATestDatabase unless the name of the database begins with `test_`, as those of Django's tests do.

    pytest-django makes none when no test of the run asks for one, and the connection then leads to DATABASE_URL.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        [name] = cursor.fetchone()
    if not name.startswith("test_"):
        raise NotATestDatabase(f"The name of the database « {name} » does not begin with « test_ ».")


def remember() -> None:
    """Keep what the migrations wrote, once, before the first test. Raises NotATestDatabase."""
    require_test_database()
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER)


def bring_back(_case: object) -> None:
    """Remove what a transactional test left, instead of the `flush` of Django's TransactionTestCase.

    A thread that a test left behind may hold one table and ask for another that is locked here. PostgreSQL then cancels
    one of the two after a second, and if it was this one, it is tried again, TIMES at most: the thread ends meanwhile.
    """
    for left in reversed(range(TIMES)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # A busy machine needs longer than a page may (`settings.DATABASES`).
                cursor.execute("SET LOCAL statement_timeout = '60s'")
                cursor.execute("SELECT kept.bring_back()")
            return
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, DeadlockDetected):
                raise
