"""These are Django's settings for the machine without a network on which the seal's key is made and identities are
decrypted.

They need no database, address or secret: `python manage.py make_seal_key --settings=pnav.offline …`. Such a machine
must not have what `pnav.settings` requires, above all not the content keys.
"""

INSTALLED_APPS = ["reports", "triage", "locations"]
DATABASES: dict[str, dict[str, str]] = {}
LANGUAGE_CODE = "fr"
USE_TZ = True
