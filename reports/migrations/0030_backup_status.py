from django.db import migrations, models

# The role is made by deploy/roles.sql, which gives it the table where it runs after this.
GRANT = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pnav_backup') THEN
    GRANT SELECT, INSERT, UPDATE ON reports_backupstatus TO pnav_backup;
  END IF;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0029_proof_of_date'),
    ]
    safe_because = {"sql do begin if": "The right to a table that was made just before, which nobody else uses: no lock that anybody waits for."}

    operations = [
        migrations.CreateModel(
            name='BackupStatus',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('base_at', models.DateTimeField(null=True)),
                ('base_bytes', models.BigIntegerField(db_default=0, default=0)),
                ('base_seconds', models.FloatField(db_default=0, default=0)),
                ('wal_at', models.DateTimeField(null=True)),
                ('since', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(db_default=0, default=0)),
            ],
        ),
        migrations.RunSQL(GRANT, migrations.RunSQL.noop),
    ]
