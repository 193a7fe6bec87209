from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """The code de reprise is made of words, hashed slowly, with an end. Codes of before go with their column."""

    dependencies = [("chat", "0002_initial")]

    operations = [
        migrations.RemoveField("conversation", "resume_digest"),
        migrations.AddField(
            "conversation", "resume_digest", models.BinaryField(editable=False, null=True, unique=True)
        ),
        migrations.AddField("conversation", "resume_issued_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("conversation", "resume_until", models.DateTimeField(editable=False, null=True)),
        migrations.AddConstraint(
            "conversation",
            models.CheckConstraint(
                condition=Q(resume_digest__isnull=True, resume_issued_at__isnull=True, resume_until__isnull=True)
                | Q(resume_digest__isnull=False, resume_issued_at__isnull=False, resume_until__isnull=False),
                name="conversation_code_is_whole",
            ),
        ),
        migrations.AddConstraint(
            "conversation",
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(resume_digest__isnull=True),
                name="conversation_closed_has_no_code",
            ),
        ),
    ]
