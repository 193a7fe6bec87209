from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep when an agent's pages last saw a sign of them, so that two devices know of each other (docs/adr/0139)."""

    dependencies = [
        ("chat", "0064_withheld_fact"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="sign_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
