"""Encrypts second factors again with the first key of the ring, as `rotate_keys` does for contents."""

import base64
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from common import encryption
from pnav.accounts.adapters import MFAAdapter
from pnav.accounts.second_factor import of_account

# Where allauth keeps a secret in an authenticator's data, by type. Passkeys hold only public keys.
SEALED_FIELDS = {
    Authenticator.Type.TOTP.value: "secret",
    Authenticator.Type.RECOVERY_CODES.value: "seed",
}


class Command(BaseCommand):
    """Encrypt TOTP secrets and the seeds of recovery codes again. The command can be stopped and started again."""

    help = "Rechiffre les seconds facteurs avec la première clé de CONTENT_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        current = encryption.current_key_name()
        adapter = MFAAdapter()
        count = 0
        with transaction.atomic():
            # There are few rows for each agent, so one short transaction is enough.
            for authenticator in Authenticator.objects.filter(type__in=SEALED_FIELDS).select_for_update():
                field = SEALED_FIELDS[authenticator.type]
                sealed = authenticator.data[field]
                if encryption.key_name(base64.b64decode(sealed)) == current:
                    continue
                count += 1
                if not dry_run:
                    with of_account(authenticator.user_id):
                        authenticator.data[field] = adapter.encrypt(adapter.decrypt(sealed))
                    authenticator.save(update_fields=["data"])
        self.stdout.write(f"{count} second(s) facteur(s) {'à rechiffrer' if dry_run else 'rechiffré(s)'}.")
