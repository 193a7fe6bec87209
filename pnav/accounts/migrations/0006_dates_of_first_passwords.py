from django.db import migrations

# First passwords that were handed over before they had an end have three days from now.
DATES = """
UPDATE accounts_user SET first_password_until = now() + interval '3 days'
WHERE password_is_temporary AND first_password_until IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_first_passwords_end"),
    ]

    operations = [
        migrations.RunSQL(DATES, migrations.RunSQL.noop),
    ]
