"""What each translation translates, so that one whose source text changed is seen (docs/adr/0064).

Null for what is there already and for what the version before writes: it is filled in when its row is next saved.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0008_first_pages"),
    ]

    operations = [
        migrations.AddField(
            model_name="contenttext",
            name="source_text",
            field=models.TextField(editable=False, null=True, verbose_name="texte traduit"),
        ),
        migrations.AddField(
            model_name="helpnumbertext",
            name="source_text",
            field=models.TextField(editable=False, null=True, verbose_name="texte traduit"),
        ),
    ]
