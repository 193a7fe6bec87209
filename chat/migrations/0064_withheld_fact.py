from django.db import migrations, models


class Migration(migrations.Migration):
    """A fact says whether it stands in the place of an image that may not be sent."""

    dependencies = [
        ("chat", "0063_given_out_of_turn"),
    ]

    operations = [
        migrations.AddField(
            model_name="journalfact",
            name="is_withheld",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
