-- The role of the web processes and the worker: it reads and writes lines, and cannot change the schema, which `migrate`
-- does as its owner. The image of PostgreSQL runs this once, on an empty volume. On a database that exists already,
-- run it by hand, as the owner: see docs/operations.md.
\set password `cat "$POSTGRES_WEB_PASSWORD_FILE"`
CREATE ROLE pnav_web LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
GRANT USAGE ON SCHEMA public TO pnav_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pnav_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pnav_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO pnav_web;
