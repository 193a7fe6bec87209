-- The roles beside the owner of the schema, as whom this is run. The image of PostgreSQL runs it once, on an empty volume.
-- It can be run again at any time, by hand or by `deploy/restore --roles`: it makes what is missing, gives today's
-- passwords and rights, and changes nothing else (docs/operations.md, docs/restore.md).
\set SHOW_CONTEXT never
\set password `cat "$POSTGRES_WEB_PASSWORD_FILE"`
\set backup_password `cat "${POSTGRES_BACKUP_PASSWORD_FILE:-/dev/null}"`
SELECT set_config('pnav.password', :'password', false), set_config('pnav.backup_password', :'backup_password', false) \g /dev/null

-- Of the web processes and the worker: it reads and writes lines, and cannot change the schema, which `migrate` does as
-- its owner.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pnav_web') THEN
    CREATE ROLE pnav_web;
  END IF;
  EXECUTE format('ALTER ROLE pnav_web LOGIN PASSWORD %L', current_setting('pnav.password'));
  -- Said where it changes something only: whoever has no such right may not even take it away, and an owner who may
  -- make roles (CREATEROLE) need have none of them.
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pnav_web'
             AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)) THEN
    ALTER ROLE pnav_web NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
  END IF;
END $$;

-- What holds where a process cannot say it as it connects, behind a pooler (docs/adr/0095): seconds of a statement, of a
-- wait for a lock, of a transaction that stands still. A connection that says DATABASE_STATEMENT_SECONDS goes by that.
ALTER ROLE pnav_web SET statement_timeout = '8s';
ALTER ROLE pnav_web SET lock_timeout = '8s';
ALTER ROLE pnav_web SET idle_in_transaction_session_timeout = '32s';
-- No statement is compiled: that takes longer than each of ours.
ALTER ROLE pnav_web SET jit = off;

GRANT USAGE ON SCHEMA public TO pnav_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pnav_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO pnav_web;
-- Default privileges are those of what one role makes. Run by a superuser who is not the owner of the database (`postgres` on a
-- plain machine), they are given for what the owner will make, too: else `pnav_web` could not read what `migrate` makes.
DO $$
DECLARE
  owner text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
BEGIN
  IF owner <> current_user AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pnav_web', owner);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO pnav_web', owner);
  END IF;
END $$;

-- Of `deploy/backup`, where a file with its password is named: it reads everything, as every backup does, and writes one
-- row, which says when a backup was taken.
DO $$
BEGIN
  IF current_setting('pnav.backup_password') <> '' THEN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pnav_backup') THEN
      CREATE ROLE pnav_backup;
    END IF;
    EXECUTE format('ALTER ROLE pnav_backup LOGIN PASSWORD %L', current_setting('pnav.backup_password'));
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pnav_backup'
               AND (rolsuper OR rolcreatedb OR rolcreaterole OR NOT rolreplication OR rolbypassrls)) THEN
      ALTER ROLE pnav_backup REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;  -- as a superuser
    END IF;
    GRANT pg_read_all_data TO pnav_backup;
    IF to_regclass('public.reports_backupstatus') IS NOT NULL THEN
      GRANT SELECT, INSERT, UPDATE ON public.reports_backupstatus TO pnav_backup;
    END IF;
  END IF;
END $$;
