"""Where one asks that a content be removed, and who helps: rows of the admin, shown once they are verified."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pages', '0011_shorter_home'),
    ]

    operations = [
        migrations.CreateModel(
            name='RemovalPlatform',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verified_on', models.DateField(blank=True, null=True, verbose_name='vérifié le')),
                ('source', models.CharField(blank=True, max_length=300, verbose_name='source')),
                ('doubt', models.TextField(blank=True, help_text='Ce qui reste à vérifier. Jamais affiché au public.', verbose_name='doute')),
                ('slug', models.SlugField(unique=True, verbose_name='clé')),
                ('name', models.CharField(max_length=60, verbose_name='nom')),
                ('kind', models.CharField(choices=[('network', 'Réseaux sociaux'), ('messenger', 'Messageries'), ('game', 'Jeux'), ('search', 'Moteurs de recherche'), ('host', 'Sites et hébergeurs'), ('help', 'Qui peut aider')], max_length=20, verbose_name='sorte')),
                ('url', models.URLField(blank=True, max_length=300, verbose_name='page officielle')),
                ('where', models.TextField(blank=True, help_text="Une ligne vide sépare les paragraphes. « - » en début de ligne fait une liste, « 1. » une liste numérotée, « ### » un intertitre, **texte** du gras, [texte](adresse) un lien. « +++ Titre » replie ce qui suit, « +++ » seul referme. « - [ ] question | conseil » fait une case à cocher, sous laquelle le conseil se montre ; rien n'est envoyé.", max_length=1000, verbose_name='où demander')),
                ('conditions', models.TextField(blank=True, help_text="Une ligne vide sépare les paragraphes. « - » en début de ligne fait une liste, « 1. » une liste numérotée, « ### » un intertitre, **texte** du gras, [texte](adresse) un lien. « +++ Titre » replie ce qui suit, « +++ » seul referme. « - [ ] question | conseil » fait une case à cocher, sous laquelle le conseil se montre ; rien n'est envoyé.", max_length=1000, verbose_name='conditions')),
                ('audience', models.CharField(choices=[('everybody', 'Tout le monde'), ('adult', '18 ans ou plus'), ('minor', 'Moins de 18 ans')], default='everybody', max_length=20, verbose_name='pour qui (qui peut aider)')),
                ('is_for_images', models.BooleanField(default=False, verbose_name='pour une image intime seulement')),
                ('order', models.PositiveSmallIntegerField(default=100, verbose_name='ordre')),
            ],
            options={
                'verbose_name': 'plateforme (retrait)',
                'verbose_name_plural': 'plateformes (retrait)',
                'ordering': ['order', 'slug'],
            },
        ),
        migrations.CreateModel(
            name='RemovalPlatformText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=20, verbose_name='langue')),
                ('part', models.CharField(max_length=20, verbose_name='partie')),
                ('text', models.TextField(verbose_name='texte')),
                ('source_text', models.TextField(editable=False, null=True, verbose_name='texte traduit')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.DB_CASCADE, related_name='text_rows', to='pages.removalplatform')),
            ],
            options={
                'ordering': ['language', 'part'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('owner', 'language', 'part'), name='pages_one_text_of_a_platform')],
            },
        ),
    ]
