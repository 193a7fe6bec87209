"""What a minor reads in *tu* of the home page, the law, removal and numbers: the same facts, in a text of its own.

Each is made of the text as it stands, by what stands before and after here. Where somebody wrote a section anew, so that
one of these words is missing or *vous* stands elsewhere, nothing is written: it says *vous* to everybody, as it did. A
process of the version before keeps these rows and does not read them.
"""

import re

from django.db import migrations

LANGUAGE = "fr"
POLITE = re.compile(r"\b(vous|votre|vos|vôtres?)\b", re.IGNORECASE)
# slug: (part, before and after), for each part that says *vous*
SECTIONS = {
    # --- home ---------------------------------------------------------------------------------------------------------
    "service": [
        ("body", [
            ("Vous échangez **par écrit", "Tu échanges **par écrit"),
            ("que l'on vous dit", "que l'on te dit"),
            ("Votre ville dit si votre secteur", "Ta ville dit si ton secteur"),
            ("En danger, appelez le", "En danger, appelle le"),
        ]),
    ],
    "premiers-gestes": [
        ("body", [
            ("**Gardez des preuves**", "**Garde des preuves**"),
            ("**Bloquez** les", "**Bloque** les"),
            ("**Verrouillez** vos comptes, **renforcez** vos paramètres",
             "**Verrouille** tes comptes, **renforce** tes paramètres"),
            ("**N'enregistrez pas et n'envoyez pas** une image intime d'un mineur : notez",
             "**N'enregistre pas et n'envoie pas** une image intime d'un mineur : note"),
            ("**Parlez-en** à quelqu'un de proche. Vous n'avez pas", "**Parles-en** à quelqu'un de proche. Tu n'as pas"),
        ]),
    ],
    "formes": [
        ("body", [
            ("qui vous humilie", "qui t'humilie"),
            ("Vous n'êtes pas sûr ? Parlez-en ici : on vous dira", "Tu n'es pas sûr ? Parles-en ici : on te dira"),
        ]),
    ],
    "loi": [
        ("body", [
            ("que vos conditions de vie se dégradent ou que votre dignité",
             "que tes conditions de vie se dégradent ou que ta dignité"),
        ]),
    ],
    "prise-en-charge": [
        ("body", [
            ("Après votre signalement, on peut vous accompagner", "Après ton signalement, on peut t'accompagner"),
            ("près de chez vous", "près de chez toi"),
            ("qui vous **informe sur vos droits**", "qui t'**informe sur tes droits**"),
        ]),
    ],
    "retrait": [
        ("body", [
            ("Vous pouvez demander au site", "Tu peux demander au site"),
            ("Vous pouvez aussi demander à un moteur", "Tu peux aussi demander à un moteur"),
            ("adressez-vous à la CNIL", "adresse-toi à la CNIL"),
        ]),
    ],
    "bon-a-savoir": [
        ("body", [
            ("**Votre anonymat.** Vous n'avez pas à donner votre nom.", "**Ton anonymat.** Tu n'as pas à donner ton nom."),
            ("**Votre code postal** suffit. Personne ne vérifie que c'est le vôtre.",
             "**Ton code postal** suffit. Personne ne vérifie que c'est le tien."),
            ("On peut vous accompagner", "On peut t'accompagner"),
            ("mais votre navigateur", "mais ton navigateur"),
        ]),
    ],
    # --- /loi/ --------------------------------------------------------------------------------------------------------
    "loi-definition": [
        ("body", [
            ("que vos conditions de vie se dégradent, que votre dignité",
             "que tes conditions de vie se dégradent, que ta dignité"),
        ]),
    ],
    "loi-peines": [("body", [("les jours où vous ne pouvez pas vivre", "les jours où tu ne peux pas vivre")])],
    "loi-un-seul-acte": [
        ("body", [
            ("Vous pouvez en parler ici.", "Tu peux en parler ici."),
            ("qu'elle va vous faire du mal", "qu'elle va te faire du mal"),
            ("se fait passer pour vous, ou se sert de vos données, pour troubler votre vie ou salir votre nom",
             "se fait passer pour toi, ou se sert de tes données, pour troubler ta vie ou salir ton nom"),
            ("**Vos informations privées révélées** pour vous exposer à un danger, vous ou votre famille",
             "**Tes informations privées révélées** pour t'exposer à un danger, toi ou ta famille"),
        ]),
    ],
    "loi-images": [
        ("body", [
            ("diffusée sans votre accord**", "diffusée sans ton accord**"),
            ("même si vous étiez d'accord pour la photo, même si vous l'avez prise vous-même",
             "même si tu étais d'accord pour la photo, même si tu l'as prise toi-même"),
            ("**Une image de votre vie privée**, sans votre accord", "**Une image de ta vie privée**, sans ton accord"),
            ("Notez l'adresse, le compte, la date. N'enregistrez pas et n'envoyez pas l'image",
             "Note l'adresse, le compte, la date. N'enregistre pas et n'envoie pas l'image"),
            ("Écrivez en quelques mots ce que l'on voit, puis parlez-en ici",
             "Écris en quelques mots ce que l'on voit, puis parles-en ici"),
            ("Si l'image est la vôtre, vous êtes la victime : personne ne peut vous le reprocher ici.",
             "Si l'image est la tienne, tu es la victime : personne ne peut te le reprocher ici."),
        ]),
    ],
    "loi-couple": [
        ("body", [
            ("**Lire vos messages en cachette**", "**Lire tes messages en cachette**"),
            ("**Savoir où vous êtes** sans votre accord", "**Savoir où tu es** sans ton accord"),
            ("Vous pouvez en parler ici", "Tu peux en parler ici"),
        ]),
    ],
    "loi-demarches": [
        ("body", [
            ("On vous donne un récépissé, et une copie si vous la demandez. Vous pouvez aussi écrire",
             "On te donne un récépissé, et une copie si tu la demandes. Tu peux aussi écrire"),
        ]),
    ],
    "loi-anonymat": [
        ("title", [("Votre nom", "Ton nom")]),
        ("body", [
            ("Vous n'avez pas à donner votre nom pour parler ici", "Tu n'as pas à donner ton nom pour parler ici"),
            ("Si votre vie est en danger, on peut chercher qui vous êtes, pour vous aider.",
             "Si ta vie est en danger, on peut chercher qui tu es, pour t'aider."),
        ]),
    ],
    "loi-autres-situations": [
        ("body", [
            ("alors que vous l'avez encore", "alors que tu l'as encore"),
            ("parlez-en ici. Si c'est", "parles-en ici. Si c'est"),
            ("vous pouvez en parler ici, on vous orientera", "tu peux en parler ici, on t'orientera"),
        ]),
    ],
    # --- /retrait/ ----------------------------------------------------------------------------------------------------
    "retrait-avant": [
        ("title", [("gardez la trace", "garde la trace")]),
        ("body", [
            ("Faites une **capture d'écran**", "Fais une **capture d'écran**"),
            ("Gardez la **conversation entière**", "Garde la **conversation entière**"),
            ("Notez les **liens**", "Note les **liens**"),
            ("signalez et bloquez.", "signale et bloque."),
            ("notez l'adresse, le compte, la date. N'enregistrez pas et n'envoyez pas l'image.",
             "note l'adresse, le compte, la date. N'enregistre pas et n'envoie pas l'image."),
            ("N'attendez pas.", "N'attends pas."),
        ]),
    ],
    "retrait-demande": [
        ("body", [
            ("deux voies ; prenez les deux", "deux voies ; prends les deux"),
            ("le site doit alors vous répondre", "le site doit alors te répondre"),
            ("Votre nom et une adresse électronique", "Ton nom et une adresse électronique"),
            ("qui dit que vous êtes de bonne foi", "qui dit que tu es de bonne foi"),
            ("et vos démarches auprès", "et tes démarches auprès"),
        ]),
    ],
    "retrait-sites": [
        ("body", [
            ("si vous ne trouvez pas, cherchez « Signaler »", "si tu ne trouves pas, cherche « Signaler »"),
            ("pour quelqu'un que vous connaissez", "pour quelqu'un que tu connais"),
            ("Restez appuyé sur le contenu", "Reste appuyé sur le contenu"),
            ("et dites que cela vous vise", "et dis que cela te vise"),
            ("Ne cochez pas « supprimer la discussion » : c'est votre preuve",
             "Ne coche pas « supprimer la discussion » : c'est ta preuve"),
            ("Copiez d'abord le **lien du message**. Puis restez appuyé",
             "Copie d'abord le **lien du message**. Puis reste appuyé"),
            ("Cherchez le bouton « Signaler ». Dans un jeu, notez", "Cherche le bouton « Signaler ». Dans un jeu, note"),
        ]),
    ],
    "retrait-images-intimes": [
        ("title", [("Une image intime de vous", "Une image intime de toi")]),
        ("body", [
            ("**Vous aviez 18 ans ou plus** sur l'image", "**Une image prise à 18 ans ou plus**"),
            ("**sur votre appareil**", "**sur ton appareil**"),
            ("Notez le numéro du dossier", "Note le numéro du dossier"),
            ("**Vous aviez moins de 18 ans** sur l'image, même si vous êtes adulte aujourd'hui :",
             "**Tu as moins de 18 ans** sur l'image :"),
            ("**Ne téléchargez et ne faites jamais passer une image pour la déposer.**",
             "**Ne télécharge et ne fais jamais passer une image pour la déposer.**"),
            ("On vous demande de l'argent ? **Ne payez pas, ne répondez plus, gardez les preuves.** Vous n'y êtes pour "
             "rien. Parlez-en ici ; si vous pensez à mourir, appelez le",
             "On te demande de l'argent ? **Ne paie pas, ne réponds plus, garde les preuves.** Tu n'y es pour "
             "rien. Parles-en ici ; si tu penses à mourir, appelle le"),
        ]),
    ],
    "retrait-moteurs": [
        ("body", [
            ("Vous pouvez demander qu'un résultat", "Tu peux demander qu'un résultat"),
            ("Vous pouvez aussi demander au site d'effacer vos données",
             "Tu peux aussi demander au site d'effacer tes données"),
            ("adressez-vous à la **CNIL**, en ligne, avec la copie de votre demande",
             "adresse-toi à la **CNIL**, en ligne, avec la copie de ta demande"),
            ("gardez d'abord les preuves", "garde d'abord les preuves"),
        ]),
    ],
    "retrait-refus": [("body", [("**Contestez auprès du site**", "**Conteste auprès du site**")])],
    # --- /numeros/ ----------------------------------------------------------------------------------------------------
    "numeros-sans-parler": [
        ("title", [("Vous ne pouvez pas parler ?", "Tu ne peux pas parler ?")]),
        ("body", [
            ("**Vous pensez à mourir**", "**Tu penses à mourir**"),
            ("Si vous ne pouvez pas appeler, écrivez au 114", "Si tu ne peux pas appeler, écris au 114"),
            ("**Vous êtes jeune, ou parent**", "**Pour les jeunes et leurs parents**"),
        ]),
    ],
    "numeros-choisir": [("body", [("ne raccrochez pas", "ne raccroche pas")])],
    "numeros-mefiance": [
        ("title", [("Méfiez-vous des faux", "Méfie-toi des faux")]),
        ("body", [("Fiez-vous aux adresses", "Fie-toi aux adresses")]),
    ],
}  # fmt: skip
NUMBERS = {
    "114": [
        ("audience", [
            ("Si vous ne pouvez pas parler ou entendre, ou si vous devez rester discret",
             "Si tu ne peux pas parler ou entendre, ou si tu dois rester discret"),
        ]),
    ],
    "3114": [
        ("audience", [
            ("Vous pensez au suicide, ou vous avez peur pour quelqu'un",
             "Tu penses au suicide, ou tu as peur pour quelqu'un"),
        ]),
    ],
}  # fmt: skip


def in_tu(text, pairs):
    """The text in *tu*; empty where it is not the one that these words were written for."""
    for before, after in pairs:
        if text.count(before) != 1:
            return ""
        text = text.replace(before, after)
    return "" if POLITE.search(text) else text


def _write(rows, owner, parts):
    for part, pairs in parts:
        polite = getattr(owner, part).replace("\r\n", "\n")
        if text := in_tu(polite, pairs):
            rows.objects.get_or_create(
                owner=owner,
                language=LANGUAGE,
                part=f"{part}_tu",
                defaults={"text": text, "source_text": polite},
            )


def say_tu(apps, schema_editor):
    """Bounded by the sections and numbers that stand above: a query or two for each."""
    for slug, parts in SECTIONS.items():
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            _write(apps.get_model("pages", "ContentText"), block, parts)
    for digits, parts in NUMBERS.items():
        for number in apps.get_model("pages", "HelpNumber").objects.filter(number=digits):
            _write(apps.get_model("pages", "HelpNumberText"), number, parts)


class Migration(migrations.Migration):
    dependencies = [("pages", "0017_number_in_doubt")]

    operations = [migrations.RunPython(say_tu, migrations.RunPython.noop)]
