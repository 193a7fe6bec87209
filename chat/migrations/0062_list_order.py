from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep with an agent's account in which order they have the list of their conversations (docs/adr/0137)."""

    dependencies = [
        ("chat", "0061_words_and_a_reply_to_silence"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="list_order",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=20),
        ),
    ]
