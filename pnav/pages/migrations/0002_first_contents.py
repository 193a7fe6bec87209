"""The numbers and the sections of the information page, as they were when the site was first set up.

From then on they belong to the administrators: an existing number or section is left as it is.
Sources of each fact: the `source` of its row; what the sources leave open: its `doubt`.
"""

from datetime import date

from django.db import migrations

REFERENCE = "masecurite.interieur.gouv.fr, page de référence du service, 09/12/2025"
SERVICE_PUBLIC = "service-public.gouv.fr, fiche F32239, 31/10/2025"
CHECKED = date(2025, 12, 9)

# number, use, free, emergency, (label, audience, hours) in French, the same in English, doubt, source
NUMBERS = [
    ("17", "call", True, True,
     ("Police secours", "Danger immédiat, infraction en cours", "24h/24 et 7j/7"),
     ("Police emergency", "Immediate danger, offence in progress", "24 hours a day, 7 days a week"),
     "", REFERENCE),
    ("112", "call", True, True,
     ("Urgence européenne", "Toute urgence, partout en Europe", "24h/24 et 7j/7"),
     ("European emergency number", "Any emergency, anywhere in Europe", "24 hours a day, 7 days a week"),
     "", REFERENCE),
    ("114", "text", True, True,
     ("Urgence sans la voix", "Si vous ne pouvez pas parler ou entendre, ou si vous devez rester discret : SMS, tchat ou vidéo",
      "24h/24 et 7j/7"),
     ("Emergency without speaking", "If you cannot speak or hear, or must stay unnoticed: text, chat or video",
      "24 hours a day, 7 days a week"),
     "", "masecurite.interieur.gouv.fr, « sauve des vies », 26/11/2024"),
    ("15", "call", True, True,
     ("Samu", "Urgence médicale, vie en danger", "24h/24 et 7j/7"),
     ("Medical emergency", "Medical emergency, life at risk", "24 hours a day, 7 days a week"),
     "", REFERENCE),
    ("18", "call", True, True,
     ("Pompiers", "Incendie, accident, secours", "24h/24 et 7j/7"),
     ("Fire brigade", "Fire, accident, rescue", "24 hours a day, 7 days a week"),
     "", REFERENCE),
    ("3018", "call", True, False,
     ("Violences numériques", "Enfants, adolescents, jeunes et leurs proches. Anonyme", "7j/7, de 9h à 23h"),
     ("Digital violence", "Children, teenagers, young people and their relatives. Anonymous", "7 days a week, 9 am to 11 pm"),
     "", SERVICE_PUBLIC),
    ("119", "call", True, False,
     ("Enfance en danger", "Un enfant est en danger, par exemple chez lui", "24h/24 et 7j/7"),
     ("Child in danger", "A child is in danger, for example at home", "24 hours a day, 7 days a week"),
     "", SERVICE_PUBLIC),
    ("3114", "call", True, False,
     ("Prévention du suicide", "Vous pensez au suicide, ou vous avez peur pour quelqu'un", "24h/24 et 7j/7"),
     ("Suicide prevention", "You think of suicide, or you fear for somebody", "24 hours a day, 7 days a week"),
     "", "3114.fr"),
    ("116 006", "call", True, False,
     ("France Victimes", "Toutes les victimes", "7j/7, de 9h à 19h"),
     ("France Victimes", "Every victim", "7 days a week, 9 am to 7 pm"),
     "", SERVICE_PUBLIC),
    ("3919", "call", False, False,
     ("Violences faites aux femmes", "Femmes victimes de violences", ""),
     ("Violence against women", "Women who are victims of violence", ""),
     "Horaires et gratuité à vérifier avant de les afficher.", ""),
    ("0805 805 817", "call", False, False,
     ("Info Escroqueries", "Victimes d'une arnaque", "du lundi au vendredi, de 9h à 18h30"),
     ("Scam information line", "Victims of a scam", "Monday to Friday, 9 am to 6.30 pm"),
     "", SERVICE_PUBLIC),
    ("33700", "text", False, False,
     ("SMS indésirables", "Signaler un SMS non désiré", ""),
     ("Unwanted text messages", "Report an unwanted text message", ""),
     "", SERVICE_PUBLIC),
]  # fmt: skip

# slug, (title, body) in French, the same in English, source, doubt
BLOCKS = [
    ("service", (
        "À quoi sert ce service",
        """
Vous échangez **par écrit, en direct, avec un policier ou un gendarme** formé au cyberharcèlement.

- C'est **gratuit**, 24 heures sur 24 et 7 jours sur 7.
- Sans compte, et **sans donner votre nom**.
- Depuis un ordinateur, une tablette ou un téléphone.
- Pour toute personne, **mineure ou majeure** : victime, témoin, proche ou professionnel.
- **Un seul interlocuteur** pour tout l'échange : vous n'avez pas à tout répéter.

+++ En savoir plus sur l'équipe et la durée

Une cinquantaine de policiers et de gendarmes répondent. Un échange dure en moyenne 55 minutes (chiffre de 2021), parfois plusieurs heures : prenez votre temps.

On vous demande seulement un code postal. Il sert à savoir si votre secteur dépend de la police ou de la gendarmerie. Personne ne vérifie que c'est bien le vôtre.

Le nom complet du service est « plateforme numérique des signalements et d'accompagnement des victimes », ou Pnav. Elle est spécialisée dans le cyberharcèlement.

+++

Ce n'est pas un numéro d'urgence. En danger, appelez le [17](tel:17).
"""), (
        "What this service is for",
        """
You exchange **written messages, live, with a police officer or a gendarme** trained in cyber-harassment.

- It is **free**, 24 hours a day and 7 days a week.
- No account, and **no need to give your name**.
- From a computer, a tablet or a phone.
- For anyone, **minor or adult**: victim, witness, relative or professional.
- **One person answers you** for the whole exchange: you need not repeat everything.

+++ More about the team and the time it takes

About fifty police officers and gendarmes answer. An exchange lasts 55 minutes on average (2021 figure), sometimes several hours: take your time.

You are asked for a postal code only. It tells whether your area depends on the police or on the gendarmerie. Nobody checks that it is really yours.

The full name of the service is « plateforme numérique des signalements et d'accompagnement des victimes », or Pnav. It is specialised in cyber-harassment.

+++

This is not an emergency line. In danger, call [17](tel:17).
"""), REFERENCE + " ; Le Parisien, 05/10/2021 (durée, effectif)", ""),
    ("premiers-gestes", (
        "Les premiers gestes",
        """
1. **Gardez des preuves** : faites des captures d'écran avant que les messages disparaissent.
2. **Bloquez** les comptes des auteurs.
3. **Verrouillez** vos comptes sur les réseaux sociaux dès que possible.
4. **Renforcez** vos paramètres de confidentialité.
5. **Parlez-en** à quelqu'un de proche. Vous n'avez pas à rester seul.

+++ Quelles preuves garder ?

Captures d'écran, messages, enregistrements audio ou vidéo, témoignages, certificat médical. Notez la date de chacun, et soyez aussi précis que possible.

Un commissaire de justice peut constater les faits. C'est payant.

Des faits qui durent depuis plusieurs années comptent aussi.
"""), (
        "First gestures",
        """
1. **Keep evidence**: take screenshots before the messages disappear.
2. **Block** the authors' accounts.
3. **Lock** your social-network accounts as soon as possible.
4. **Tighten** your privacy settings.
5. **Talk** to somebody close. You need not stay alone.

+++ Which evidence should I keep?

Screenshots, messages, audio or video recordings, witness statements, a medical certificate. Note the date of each, as precisely as you can.

A bailiff (commissaire de justice) can certify the facts. This is paid.

Facts that have lasted for several years count too.
"""), REFERENCE + " ; " + SERVICE_PUBLIC, ""),
    ("formes", (
        "Les formes de cyberharcèlement",
        """
- Des intimidations, des insultes, des moqueries ou des menaces, en ligne ou au téléphone.
- Des rumeurs que l'on répand.
- Un compte piraté, une identité numérique volée.
- Une discussion, un groupe ou une page créés contre un camarade de classe.
- Une photo ou une vidéo qui vous humilie, **sans qu'on demande d'argent**.
- Des cyberviolences dans le couple.

Vous n'êtes pas sûr ? [Répondez à quelques questions](/orientation/), ou parlez-en directement.
"""), (
        "Forms of cyber-harassment",
        """
- Intimidation, insults, mockery or threats, online or on the phone.
- Rumours being spread.
- A hacked account, a stolen digital identity.
- A discussion, a group or a page created against a schoolmate.
- A photo or a video that shows you in a bad light, **with no money asked**.
- Cyber-violence in a couple.

Not sure? [Answer a few questions](/orientation/), or just talk about it.
"""), REFERENCE, ""),
    ("mineurs", (
        "Tu as moins de 18 ans ?",
        """
**Tu peux venir ici, à n'importe quel âge.** Tu peux signaler ce qui se passe, que cela t'arrive ou que tu l'aies vu.

Tu peux aussi porter plainte **seul**, dans un commissariat ou une gendarmerie.

Tu peux appeler le [3018](tel:3018) : gratuit, anonyme, 7j/7 de 9h à 23h. Si le danger est chez toi, appelle le [119](tel:119), gratuit, à toute heure.
"""), (
        "Are you under 18?",
        """
**You can come here, at any age.** You can report what is happening, whether it happens to you or you saw it.

You can also file a complaint **by yourself**, in a police station or a gendarmerie.

You can call [3018](tel:3018): free, anonymous, every day from 9 am to 11 pm. If the danger is at home, call [119](tel:119), free, at any time.
"""), "masecurite.interieur.gouv.fr, « Espace Mineurs », 20/11/2025", ""),
    ("loi", (
        "Ce que dit la loi",
        """
Le cyberharcèlement est un harcèlement qui passe par internet : courriel, réseaux sociaux, forums, jeux en ligne… **C'est un délit**, que les messages soient publics ou privés. L'auteur peut se cacher derrière un pseudonyme.

Il peut venir d'une personne, de plusieurs, ou d'une foule. Il y a harcèlement quand :

- une personne **recommence**, **ou** quand chaque membre d'un groupe agit une seule fois en sachant que les autres le font aussi (« raid numérique ») ;
- **et** que vos conditions de vie se dégradent, que votre dignité est atteinte, ou que la situation devient intimidante, hostile ou offensante.

Les peines vont jusqu'à **3 ans d'emprisonnement et 45 000 € d'amende** (code pénal, article 222-33-2-2).

+++ Un seul message, est-ce du cyberharcèlement ?

Une seule menace, un seul chantage ou une seule menace sexuelle n'est pas du harcèlement. Mais ce peut être une infraction, tout de suite. Vous pouvez en parler ici.

+++ Et si les messages ont cessé ?

Le cyberharcèlement peut continuer après la fin des actes, parce que les contenus restent en ligne.
"""), (
        "What the law says",
        """
Cyber-harassment is harassment over the internet: e-mail, social networks, forums, online games… **It is an offence**, whether the messages are public or private. The author may hide behind a pseudonym.

It may come from one person, from several, or from a crowd. It is harassment when:

- one person **does it again**, **or** each member of a group acts once, knowing that the others do it too (a "raid numérique");
- **and** your living conditions get worse, your dignity is attacked, or the situation becomes intimidating, hostile or offensive.

The penalty is up to **3 years' imprisonment and a fine of 45,000 €** (code pénal, article 222-33-2-2).

+++ Is a single message cyber-harassment?

A single threat, a single blackmail or a single sexual threat is not harassment. But it can be an offence at once. You may talk about it here.

+++ What if the messages have stopped?

Cyber-harassment can go on after the acts have stopped, because the contents stay online.
"""), "Code pénal, art. 222-33-2-2 ; service-public.gouv.fr, fiche F32239, 31/10/2025",
     "Peine de base 2 ans et 30 000 € ; 3 ans et 45 000 € dans les cas aggravés, dont la victime mineure : "
     "rédaction à vérifier avant de la détailler."),
    ("autres-situations", (
        "Ce qui n'est pas du cyberharcèlement",
        """
Ces situations sont graves aussi. Elles sont suivies par un autre service : **17 Cyber**.

### Une arnaque en ligne

Fausse boutique, messagerie piratée, argent exigé pour débloquer un ordinateur, fausse histoire d'amour…

### Un contenu ou un comportement illicite, vu ou subi

Violences, personnes mises en danger, menaces, apologie du terrorisme, injure ou diffamation, incitation à la haine raciale, infractions contre des mineurs…

### Une cyberattaque

Un particulier, une entreprise, une association ou une administration touchés par un rançongiciel, un piratage, un virus, un faux ordre de virement…

+++ Où mène 17 Cyber ?

Selon la situation : THESEE pour une arnaque, PHAROS pour un contenu public illicite, PERCEVAL pour une carte bancaire utilisée en ligne alors que vous l'avez encore.

+++ Et si on m'insulte ou me diffame, moi ?

Si cela se répète, ou vient d'un groupe, parlez-en ici. Si c'est arrivé une seule fois, les sources officielles ne disent pas toutes la même chose : vous pouvez en parler ici, on vous orientera.
"""), (
        "What is not cyber-harassment",
        """
These situations are serious too. Another service deals with them: **17 Cyber**.

### An online scam

A fake shop, a hacked mailbox, money extorted to unlock a computer, a romance fraud…

### Illicit content or behaviour, seen or suffered

Violence, people put in danger, threats, apology of terrorism, insult or defamation, incitement to racial hatred, offences against minors…

### A cyber-attack

An individual, a company, an association or an administration hit by ransomware, hacking, a virus, a fake transfer order…

+++ Where does 17 Cyber lead?

It depends: THESEE for a scam, PHAROS for illegal public content, PERCEVAL for a bank card used online while you still have it.

+++ What if I am the one insulted or defamed?

If it is repeated, or comes from a group, talk about it here. If it happened once, the official sources do not all say the same: you may talk about it here, you will be shown the way.
"""), REFERENCE + " ; service-public.gouv.fr, fiches F31979, F33954, R50520",
     "Injure ou diffamation subie une seule fois : les sources se contredisent."),
    ("prise-en-charge", (
        "Et après le tchat",
        """
**Une prise en charge unique.** Après votre signalement, on peut vous accompagner :

- pour **déposer plainte** ;
- vers les **services de la justice** ;
- vers une **association d'aide aux victimes** près de chez vous ;
- vers un **psychologue** ;
- vers un organisme qui vous **informe sur vos droits**.
"""), (
        "After the chat",
        """
**A single care.** After your report, you can be accompanied:

- to **file a complaint**;
- to the **justice services**;
- to a **victim-help association** near you;
- to a **psychologist**;
- to a body that **informs you of your rights**.
"""), REFERENCE, ""),
    ("retrait", (
        "Faire retirer un contenu",
        """
Vous pouvez demander au site qui héberge le contenu de le retirer.

+++ Que doit contenir la demande ?

- Qui vous êtes.
- La période des faits.
- La description exacte du contenu.
- Ce qui permet d'identifier l'auteur : adresse de la page, nom du compte.
- Les raisons du retrait.
- Vos démarches auprès de l'auteur, si vous en avez fait (ce n'est pas obligatoire).

Une demande que l'on sait fausse est punie : 1 an d'emprisonnement et 15 000 € d'amende.

+++ Et dans un moteur de recherche ?

Vous pouvez demander qu'un résultat n'apparaisse plus (déréférencement). Sans réponse après 1 mois, adressez-vous à la CNIL.
"""), (
        "Having content removed",
        """
You can ask the site that hosts the content to remove it.

+++ What must the notice hold?

- Who you are.
- The period of the facts.
- The exact description of the content.
- What identifies the author: address of the page, name of the account.
- The reasons for removal.
- The steps you took with the author, if any (this is not mandatory).

A notice that one knows to be false is punished: 1 year's imprisonment and a fine of 15,000 €.

+++ And in a search engine?

You can ask for a result to be de-referenced. Without an answer after 1 month, turn to the CNIL.
"""), "service-public.gouv.fr, fiches F32239 et P10100", ""),
    ("bon-a-savoir", (
        "Bon à savoir",
        """
- **Votre anonymat.** Vous n'avez pas à donner votre nom. L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves.
- **Votre code postal** suffit. Personne ne vérifie que c'est le vôtre.
- **Ce n'est pas une plainte.** Le signalement vous aide à savoir quoi faire. Vous pouvez être accompagné pour porter plainte ensuite.
- **Quitter rapidement** cache cette page tout de suite, mais votre navigateur garde un historique. [Voir ce qui reste et comment l'éviter](/quitter/).
"""), (
        "Good to know",
        """
- **Your anonymity.** You need not give your name. Anonymity may be lifted after authorisation by the public prosecutor (procureur de la République), for the most serious facts.
- **Your postal code** is enough. Nobody checks that it is yours.
- **It is not a complaint.** The report (signalement) helps you to know what to do. You can be accompanied to file a complaint afterwards.
- **Leave quickly** hides this page at once, but your browser keeps a history. [See what remains and how to avoid it](/quitter/).
"""), REFERENCE, ""),
]  # fmt: skip


def add(apps, schema_editor):
    HelpNumber = apps.get_model("pages", "HelpNumber")
    ContentBlock = apps.get_model("pages", "ContentBlock")
    for position, (number, use, free, emergency, french, english, doubt, source) in enumerate(NUMBERS, start=1):
        HelpNumber.objects.get_or_create(
            number=number,
            defaults={
                "use": use, "is_free": free, "is_emergency": emergency, "order": position * 10,
                "label": french[0], "audience": french[1], "hours": french[2],
                "label_en": english[0], "audience_en": english[1], "hours_en": english[2],
                "doubt": doubt, "source": source, "verified_on": None if doubt else CHECKED,
            },
        )  # fmt: skip
    for position, (slug, french, english, source, doubt) in enumerate(BLOCKS, start=1):
        ContentBlock.objects.get_or_create(
            slug=slug,
            defaults={
                "order": position * 10,
                "title": french[0], "body": french[1].strip(),
                "title_en": english[0], "body_en": english[1].strip(),
                "source": source, "doubt": doubt, "verified_on": CHECKED,
            },
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("pages", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
