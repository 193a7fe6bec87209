import uuid

from django.db import migrations, models

from common import encryption


def seal(apps, schema_editor):
    """Opinions written until now: as `actions.give_feedback` seals them."""
    feedback = apps.get_model("pages", "Feedback")
    for one in feedback.objects.iterator():
        one.place = uuid.uuid4()
        if one.text:
            one.sealed_text = encryption.seal(one.text, context=f"feedback:{one.place}")
        one.save(update_fields=["place", "sealed_text"])


def unseal(apps, schema_editor):
    feedback = apps.get_model("pages", "Feedback")
    for one in feedback.objects.exclude(sealed_text=None).iterator():
        one.text = encryption.unseal(one.sealed_text, context=f"feedback:{one.place}")
        one.save(update_fields=["text"])


class Migration(migrations.Migration):
    dependencies = [
        ("pages", "0003_text_lengths"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="feedback", name="feedback_text_not_too_long"),
        migrations.AddField("feedback", "place", models.UUIDField(null=True, editable=False)),
        migrations.AddField("feedback", "sealed_text", models.BinaryField(null=True, editable=False)),
        migrations.RunPython(seal, unseal),
        migrations.AlterField("feedback", "place", models.UUIDField(default=uuid.uuid4, unique=True, editable=False)),
        migrations.RemoveField(model_name="feedback", name="text"),
        # A column that is dropped stays in the file, and so do the lines as they were: the table is written anew.
        migrations.RunSQL(
            "ALTER TABLE pages_feedback ALTER created_at TYPE timestamptz USING created_at + interval '0 s'",
            migrations.RunSQL.noop,
        ),
    ]
