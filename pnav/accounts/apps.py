from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AccountsConfig(AppConfig):
    default = True
    name = "pnav.accounts"
    label = "accounts"
    verbose_name = "Équipe"

    def ready(self) -> None:
        """Read the keys, register the system checks, install the check of codes, and connect to allauth's signals.

        The keys are read here so that a wrong one stops the process instead of failing for a visitor.
        """
        from django.conf import settings

        from common import encryption
        from pnav import checks  # noqa: F401  importing it registers the checks
        from pnav.accounts import checks as account_checks  # noqa: F401  likewise
        from pnav.accounts import reauthentication, sign_in_log, totp

        encryption.parse_keys(settings.CONTENT_KEYS)
        totp.install()
        sign_in_log.listen()
        reauthentication.listen()


class PnavAdminConfig(admin_apps.AdminConfig):
    """It is Django's admin with our frame. INSTALLED_APPS names it in place of `django.contrib.admin`."""

    default = False
    default_site = "pnav.accounts.admin_site.site.PnavAdminSite"

    def ready(self) -> None:
        super().ready()
        from pnav.accounts.admin_site.site import close_foreign_models

        close_foreign_models()
