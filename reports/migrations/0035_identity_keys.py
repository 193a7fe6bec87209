from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.lookups import Exact

LENGTH = models.Func("sealed", function="octet_length", output_field=models.IntegerField())


class Migration(migrations.Migration):
    """What is under seal may be sealed with the key of its exchange as well, which makes it longer (docs/adr/0114)."""

    safe_because = {
        "constraint sealedvalue.sealed_of_two_sizes": (
            "It takes the place of one that allowed the first of the two sizes alone, which is all that the version "
            "before writes; its rows are read by the next migration."
        ),
    }

    dependencies = [("reports", "0034_capture_contact")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="identity_key_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RemoveConstraint(model_name="sealedvalue", name="sealed_of_one_size"),
        AddConstraintNotValid(
            model_name="sealedvalue",
            constraint=models.CheckConstraint(
                condition=models.Q(Exact(LENGTH, 1657)) | models.Q(Exact(LENGTH, 1702)), name="sealed_of_two_sizes"
            ),
        ),
    ]
