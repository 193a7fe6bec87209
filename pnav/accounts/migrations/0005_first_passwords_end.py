from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_confirmed_link"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="first_password_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=Q(first_password_until=None) | Q(password_is_temporary=True),
                name="user_first_passwords_alone_end",
            ),
        ),
    ]
