"""The names by which the sentences say the numbers of the first contents; a number that was changed since has none."""

from django.db import migrations, models

NAMES = {
    "17": "numero_police",
    "112": "numero_europe",
    "15": "numero_samu",
    "114": "numero_sms",
    "3114": "numero_suicide",
    "3018": "numero_jeunes",
    "119": "numero_enfance",
    "116006": "numero_victimes",
}


def name_numbers(apps, schema_editor):
    for number in apps.get_model("pages", "HelpNumber").objects.using(schema_editor.connection.alias):
        number.name = NAMES.get(number.number.replace(" ", ""))
        number.save(update_fields=["name"])


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0004_sealed_feedback"),
    ]

    operations = [
        migrations.AddField(
            model_name="helpnumber",
            name="name",
            field=models.CharField(
                blank=True,
                help_text="Les phrases de Pnav qui disent ce numéro l'écrivent par ce nom : il suit ce qui est ici.",
                max_length=40,
                null=True,
                unique=True,
                verbose_name="nom dans les phrases",
            ),
        ),
        migrations.RunPython(name_numbers, migrations.RunPython.noop),
    ]
