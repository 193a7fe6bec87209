"""These are encrypted backups of one PostgreSQL server, and the way to restore them (docs/adr/0092).

The programs are `deploy/backup` and `deploy/restore`. `pg_basebackup` and `pg_receivewal` do the copying. These modules
encrypt what they write, name it, count it, delete it when it is old enough, and restore it. They read no settings of
the site and hold none of its secrets. Only `check`, which `manage.py check_backup` runs on a restored site, knows its
tables.
"""
