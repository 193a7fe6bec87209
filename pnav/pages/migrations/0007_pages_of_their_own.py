"""Sections belong to a page, and numbers say how to write to the service.

Both columns have a default of the database: processes of the version before write rows without them. They show every
section on the home page until they are replaced (docs/adr/0067).
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0006_text_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="contentblock",
            name="page",
            field=models.CharField(
                choices=[
                    ("home", "Accueil"),
                    ("law", "La loi"),
                    ("removal", "Faire retirer un contenu"),
                    ("numbers", "Les numéros"),
                    ("minors", "Moins de 18 ans"),
                    ("minors_simple", "Moins de 18 ans, en plus simple"),
                    ("professionals", "Professionnels"),
                ],
                db_default="home",
                default="home",
                max_length=20,
                verbose_name="page",
            ),
        ),
        migrations.AlterField(  # the help text alone
            model_name="contentblock",
            name="body",
            field=models.TextField(
                help_text="Une ligne vide sépare les paragraphes. « - » en début de ligne fait une liste, « 1. » une liste numérotée, « ### » un intertitre, **texte** du gras, [texte](adresse) un lien. « +++ Titre » replie ce qui suit, « +++ » seul referme. « - [ ] question | conseil » fait une case à cocher, sous laquelle le conseil se montre ; rien n'est envoyé.",
                max_length=20000,
                verbose_name="texte",
            ),
        ),
        migrations.AddField(
            model_name="helpnumber",
            name="written",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Tchat, application, SMS ou formulaire, pour qui ne peut pas parler. [texte](adresse) fait un lien.",
                max_length=300,
                verbose_name="par écrit",
            ),
        ),
    ]
