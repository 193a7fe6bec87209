from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pnav.accounts"
    label = "accounts"
    verbose_name = "Comptes"
