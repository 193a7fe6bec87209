"""Short sections of the home page: what stood folded in them is said on the pages of their own since 0008.

A second visit of the home page cost 10.3 kB, of which a third was folded text that few opened. What leaves says nothing
that its page does not say: evidence, what makes harassment and single acts in /loi/, with a section more on what is no
harassment; the demand and search engines in /retrait/. A section
that somebody changed is left as it is, and so is a translation that somebody changed: it is then marked as outdated,
for its French says something else now (docs/adr/0064).
"""

from importlib import import_module

from django.db import migrations

# slug: the whole text in French, and in English
SHORT = {
    "service": (
        """
Vous échangez **par écrit, en direct, avec un policier ou un gendarme** formé au cyberharcèlement. C'est la « plateforme numérique des signalements et d'accompagnement des victimes » (Pnav).

- C'est **gratuit**, 24 heures sur 24 et 7 jours sur 7, depuis un ordinateur, une tablette ou un téléphone.
- Pour toute personne, **mineure ou majeure** : victime, témoin, proche ou professionnel.
- **Un seul interlocuteur**, sauf relais que l'on vous dit. Un échange dure en moyenne 55 minutes (chiffre de 2021), parfois plusieurs heures.
- Votre ville dit si votre secteur dépend de la police ou de la gendarmerie, qui répond d'abord.

Ce n'est pas un numéro d'urgence. En danger, appelez le [17](tel:17).
""",
        """
You exchange **written messages, live, with a police officer or a gendarme** trained in cyber-harassment. This is the « plateforme numérique des signalements et d'accompagnement des victimes » (Pnav).

- It is **free**, 24 hours a day and 7 days a week, from a computer, a tablet or a phone.
- For anyone, **minor or adult**: victim, witness, relative or professional.
- **One person answers you**, unless you are told of a relay. An exchange lasts 55 minutes on average (2021 figure), sometimes several hours.
- Your town tells whether your area depends on the police or on the gendarmerie, who answers first.

This is not an emergency line. In danger, call [17](tel:17).
""",
    ),
    "premiers-gestes": (
        """
1. **Gardez des preuves** : des captures d'écran avant que les messages disparaissent, avec leur date. [Quelles preuves garder ?](/loi/#loi-demarches)
2. **Bloquez** les comptes des auteurs.
3. **Verrouillez** vos comptes, **renforcez** vos paramètres de confidentialité.
4. **N'enregistrez pas et n'envoyez pas** une image intime d'un mineur : notez l'adresse, le compte, la date.
5. **Parlez-en** à quelqu'un de proche. Vous n'avez pas à rester seul.
""",
        """
1. **Keep evidence**: screenshots before the messages disappear, with their date. [Which evidence should I keep?](/loi/#loi-demarches)
2. **Block** the authors' accounts.
3. **Lock** your accounts, **tighten** your privacy settings.
4. **Do not save and do not send** an intimate image of a minor: note the address, the account, the date.
5. **Talk** to somebody close. You need not stay alone.
""",
    ),
    "formes": (
        """
- Des intimidations, des insultes, des moqueries ou des menaces, en ligne ou au téléphone ; des rumeurs que l'on répand.
- Un compte piraté, une identité numérique volée.
- Un groupe ou une page créés contre un camarade de classe.
- Une photo ou une vidéo qui vous humilie, **sans qu'on demande d'argent**.
- Des cyberviolences dans le couple.

Vous n'êtes pas sûr ? Parlez-en ici : on vous dira qui peut aider.
""",
        """
- Intimidation, insults, mockery or threats, online or on the phone; rumours being spread.
- A hacked account, a stolen digital identity.
- A group or a page created against a schoolmate.
- A photo or a video that shows you in a bad light, **with no money asked**.
- Cyber-violence in a couple.

Not sure? Talk about it here: you will be told who can help.
""",
    ),
    "loi": (
        """
Le cyberharcèlement passe par internet : courriel, réseaux sociaux, forums, jeux en ligne… **C'est un délit**, en public comme en privé, même sous un pseudonyme.

Il y a harcèlement quand une personne **recommence**, ou quand chaque membre d'un groupe agit une seule fois (« raid numérique »), **et** que vos conditions de vie se dégradent ou que votre dignité est atteinte.

Les peines vont jusqu'à **3 ans d'emprisonnement et 45 000 € d'amende** (code pénal, article 222-33-2-2). Une menace ou un chantage peut être puni dès la première fois.
""",
        """
Cyber-harassment goes over the internet: e-mail, social networks, forums, online games… **It is an offence**, in public as in private, even under a pseudonym.

It is harassment when one person **does it again**, or each member of a group acts once (a "raid numérique"), **and** your living conditions get worse or your dignity is attacked.

The penalty is up to **3 years' imprisonment and a fine of 45,000 €** (code pénal, article 222-33-2-2). A threat or blackmail may be punished from the first time.
""",
    ),
    "autres-situations": (
        """
Ces situations sont graves aussi. Un autre service les suit, **17 Cyber** :

- **Une arnaque en ligne** : fausse boutique, messagerie piratée, argent exigé…
- **Un contenu illicite** : apologie du terrorisme, incitation à la haine raciale, infractions contre des mineurs…
- **Une cyberattaque** : rançongiciel, piratage, virus, faux ordre de virement…

[Où mène 17 Cyber, et les cas où l'on hésite](/loi/#loi-autres-situations)
""",
        """
These situations are serious too. Another service deals with them, **17 Cyber**:

- **An online scam**: a fake shop, a hacked mailbox, money extorted…
- **Illicit content**: apology of terrorism, incitement to racial hatred, offences against minors…
- **A cyber-attack**: ransomware, hacking, a virus, a fake transfer order…

[Where 17 Cyber leads, and the cases where one hesitates](/loi/#loi-autres-situations)
""",
    ),
    "prise-en-charge": (
        """
**Une prise en charge unique.** Après votre signalement, on peut vous accompagner : pour **déposer plainte**, vers les **services de la justice**, une **association d'aide aux victimes** près de chez vous, un **psychologue**, un organisme qui vous **informe sur vos droits**.
""",
        """
**A single care.** After your report, you can be accompanied: to **file a complaint**, to the **justice services**, to a **victim-help association** near you, to a **psychologist**, to a body that **informs you of your rights**.
""",
    ),
    "bon-a-savoir": (
        """
- **Votre anonymat.** Vous n'avez pas à donner votre nom. L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves.
- **Votre code postal** suffit. Personne ne vérifie que c'est le vôtre.
- **Ce n'est pas une plainte.** On peut vous accompagner pour porter plainte ensuite.
- **Quitter rapidement** cache cette page, mais votre navigateur garde un historique. [Voir ce qui reste et comment l'éviter](/quitter/)
""",
        """
- **Your anonymity.** You need not give your name. Anonymity may be lifted after authorisation by the public prosecutor (procureur de la République), for the most serious facts.
- **Your postal code** is enough. Nobody checks that it is yours.
- **It is not a complaint.** You can be accompanied to file a complaint afterwards.
- **Leave quickly** hides this page, but your browser keeps a history. [See what remains and how to avoid it](/quitter/)
""",
    ),
    "retrait": (
        """
Vous pouvez demander au site qui héberge le contenu de le retirer. Vous pouvez aussi demander à un moteur de recherche de ne plus l'afficher (déréférencement). Sans réponse après 1 mois, adressez-vous à la CNIL.
""",
        """
You can ask the site that hosts the content to remove it. You can also ask a search engine to show it no more (de-referencing). Without an answer after 1 month, turn to the CNIL.
""",
    ),
}  # fmt: skip
# The section of the home page that had no page of its own yet stands whole on the page of the law.
MOVED, MOVED_TO, LAST_ON_ITS_PAGE = "autres-situations", "loi-autres-situations", 900


def _same(one, other):
    """Whether two texts are the same, whatever a form made of the ends of lines."""
    return one.replace("\r\n", "\n").strip() == other.strip()


def _move(ContentBlock, ContentText, french, english, source, doubt):
    body = french[1].strip()
    block, is_new = ContentBlock.objects.get_or_create(
        slug=MOVED_TO,
        defaults={
            "page": "law",
            "order": LAST_ON_ITS_PAGE,
            "title": french[0],
            "body": body,
            "source": source,
            "doubt": doubt,
        },
    )
    if is_new:
        for part, text, source_text in (("title", english[0], french[0]), ("body", english[1].strip(), body)):
            ContentText.objects.create(owner=block, language="en", part=part, text=text, source_text=source_text)


def shorten(apps, schema_editor):
    """Bounded by the sections of SHORT: some queries for each."""
    first = import_module("pnav.pages.migrations.0002_first_contents")
    corrected = import_module("pnav.pages.migrations.0010_short_sections")
    ContentBlock, ContentText = apps.get_model("pages", "ContentBlock"), apps.get_model("pages", "ContentText")
    for slug, french, english, source, doubt in first.BLOCKS:
        if slug not in SHORT:
            continue
        if slug == MOVED:
            _move(ContentBlock, ContentText, french, english, source, doubt)
        for_french, for_english = corrected.CHANGES.get(slug, ((), ()))
        block = ContentBlock.objects.filter(slug=slug).first()
        if block is None or not _same(block.body, corrected._changed(french[1].strip(), for_french)):
            continue
        before, block.body = block.body, SHORT[slug][0].strip()
        block.save(update_fields=["body"])
        for row in ContentText.objects.filter(owner=block, part="body"):
            if row.language == "en" and _same(row.text, corrected._changed(english[1].strip(), for_english)):
                row.text, row.source_text = SHORT[slug][1].strip(), block.body
            elif row.source_text is None:
                row.source_text = before.replace("\r\n", "\n")
            row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("pages", "0010_short_sections")]

    operations = [migrations.RunPython(shorten, migrations.RunPython.noop)]
