"""The admin lists the variables of canned replies (chat.admin): the model no longer does, and nothing changes below."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0018_absences")]

    operations = [
        migrations.AlterField("cannedreply", "vous", models.TextField(max_length=2000, verbose_name="texte (vous)")),
    ]
