import base64

from django.db import migrations

from common import encryption

LOOSE = "second-factor"  # what every secret was sealed for, whosever it was
SEALED_FIELDS = {"totp": "secret", "recovery_codes": "seed"}


def reseal(apps, *, is_bound):
    """Seal each secret for its account, or, backwards, for none. One that is already so is left: it can be run again.

    One that no key opens is left too: it served nobody any more.
    """
    lost = 0
    rows = apps.get_model("mfa", "Authenticator").objects.filter(type__in=SEALED_FIELDS)
    for row in rows.select_for_update():
        field = SEALED_FIELDS[row.type]
        bound = f"second-factor:{row.user_id}"
        before, after = (LOOSE, bound) if is_bound else (bound, LOOSE)
        sealed = base64.b64decode(row.data.get(field, ""))
        if _opened(sealed, after) is not None:
            continue
        secret = _opened(sealed, before)
        if secret is None:
            lost += 1
            continue
        row.data[field] = base64.b64encode(encryption.seal(secret, context=after)).decode()
        row.save(update_fields=["data"])
    if lost:
        print(f"{lost} second factor(s) are opened by no key of CONTENT_KEYS and were left as they are.")  # noqa: T201


def _opened(sealed, context):
    try:
        return encryption.unseal(sealed, context=context)
    except encryption.UnsealError:
        return None


def bind(apps, schema_editor):
    reseal(apps, is_bound=True)


def loosen(apps, schema_editor):
    reseal(apps, is_bound=False)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_dates_of_first_passwords"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunPython(bind, loosen),
    ]
