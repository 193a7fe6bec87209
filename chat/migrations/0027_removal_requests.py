"""The days of requests for removal, the counts of what became of contents, and a proposal of the removal kit."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    safe_because = {
        "new-value proposal.kind": "The version before says the kind of a proposal by `label_of`, which draws an unknown "
        "one as it is stored, and offers its answers like those of every other.",
    }

    dependencies = [
        ('chat', '0026_macros'),
    ]

    operations = [
        migrations.AddField(
            model_name='macro',
            name='proposes_removal',
            field=models.BooleanField(db_default=False, default=False, verbose_name='proposer de faire retirer un contenu'),
        ),
        migrations.AlterField(
            model_name='proposal',
            name='kind',
            field=models.CharField(choices=[('question', 'Question à réponses prêtes'), ('partner', 'Partenaire'), ('complaint', 'Plainte'), ('appointment', 'Rendez-vous'), ('removal', "Retrait d'un contenu")], max_length=20),
        ),
        migrations.CreateModel(
            name='RemovalCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('week', models.DateField()),
                ('answer', models.CharField(choices=[('removed', 'Retiré'), ('still_there', 'Encore là')], max_length=20)),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'contenus retirés, par semaine',
                'verbose_name_plural': 'contenus retirés, par semaine',
                'ordering': ['week', 'answer'],
                'constraints': [models.UniqueConstraint(fields=('week', 'answer'), name='removal_count_once_a_week'), models.CheckConstraint(condition=models.Q(('count__gte', 0)), name='removal_count_from_zero')],
            },
        ),
        migrations.CreateModel(
            name='RemovalRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_on', models.DateField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='removal_requests', to='chat.conversation')),
            ],
            options={
                'verbose_name': 'demande de retrait',
                'verbose_name_plural': 'demandes de retrait',
                'ordering': ['asked_on'],
                'constraints': [models.UniqueConstraint(fields=('conversation', 'asked_on'), name='removal_request_once_a_day')],
            },
        ),
    ]
