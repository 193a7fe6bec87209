from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0020_page_out_of_sight")]

    operations = [
        migrations.CreateModel(
            name="WebHeartbeat",
            fields=[
                ("role", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
                ("back_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
    ]
