"""Settings for the machine without a network where the seal's key is made and values are opened.

No database, no address, no secret: `python manage.py make_seal_key --settings=pnav.offline …`. Such a machine must not
hold what `pnav.settings` asks for, the content keys above all.
"""

INSTALLED_APPS = ["reports", "triage", "locations"]
DATABASES: dict[str, dict[str, str]] = {}
LANGUAGE_CODE = "fr"
USE_TZ = True
