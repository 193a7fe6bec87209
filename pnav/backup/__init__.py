"""Backups of one PostgreSQL server, sealed, and the way back: `deploy/backup`, `deploy/restore` (docs/adr/0092).

`pg_basebackup` and `pg_receivewal` do the copying. These modules seal what they write, name it, count it, delete it
when it is old enough, and put it back. They read no settings of the site and hold none of its secrets:
only `check`, which `manage.py check_backup` runs on a restored site, knows its tables.
"""
