-- The role of the web processes and the worker: it reads and writes lines, and cannot change the schema, which `migrate`
-- does as its owner. The image of PostgreSQL runs this once, on an empty volume. On a database that exists already,
-- run it by hand, as the owner: see docs/operations.md.
\set password `cat "$POSTGRES_WEB_PASSWORD_FILE"`
CREATE ROLE pnav_web LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- What holds where a process cannot say it as it connects, behind a pooler (docs/adr/0095): seconds of a statement, of a
-- wait for a lock, of a transaction that stands still. A connection that says DATABASE_STATEMENT_SECONDS goes by that.
ALTER ROLE pnav_web SET statement_timeout = '8s';
ALTER ROLE pnav_web SET lock_timeout = '8s';
ALTER ROLE pnav_web SET idle_in_transaction_session_timeout = '32s';
GRANT USAGE ON SCHEMA public TO pnav_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pnav_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO pnav_web;
