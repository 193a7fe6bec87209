from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Every value under seal has one of the two sizes: those of before are read, and nobody waits."""

    dependencies = [("reports", "0035_identity_keys")]

    operations = [ValidateConstraint(model_name="sealedvalue", name="sealed_of_two_sizes")]
