"""What each translation translates, so that one whose source text changed is seen (docs/adr/0064).

Null for what is there already and for what the version before writes: it is filled in when its row is next saved.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("sentences", "0002_text_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="sentencetext",
            name="source_text",
            field=models.TextField(editable=False, null=True, verbose_name="texte traduit"),
        ),
    ]
