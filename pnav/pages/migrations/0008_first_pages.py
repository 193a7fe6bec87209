"""The first sections of the pages of their own (/loi/, /retrait/, /numeros/, /mineurs/, /professionnels/), and what is
known of the numbers since: ways to write to them, hours that were settled or put in doubt.

From then on they belong to the administrators: an existing section is left as it is, and so is a number that somebody
changed. Sources of each fact: the `source` of its row; what the sources leave open: its `doubt`, and then no date of
verification. What is in doubt is not in the text.
"""

from datetime import date

from django.db import migrations

CHECKED = date(2026, 11, 27)
PENAL = "Code pénal, sur doctrine.fr et dans des articles d'avocats (2023-2024)"
MINORS = "masecurite.interieur.gouv.fr, « Espace Mineurs », 20/11/2025, et « mineurs », 12/11/2025"
F1567 = "service-public.gouv.fr, fiche F1567, 25/07/2024"
LAWYER = "À vérifier par un avocat : « Notez l'adresse… N'enregistrez pas et n'envoyez pas l'image » (aucune formulation officielle trouvée)."

# page, slug, (title, body) in French, the same in English, source, doubt
SECTIONS = [
    # --- /loi/ ---------------------------------------------------------------------------------------------------------
    ("law", "loi-definition", (
        "Le cyberharcèlement est un délit",
        """
Le cyberharcèlement est un harcèlement qui passe par internet : courriel, réseaux sociaux, forums, jeux en ligne… Les messages peuvent être publics ou privés. L'auteur peut se cacher derrière un pseudonyme.

Il peut venir d'une personne, de plusieurs, ou d'une foule. Il y a harcèlement quand :

- une personne **recommence**, **ou** quand chaque membre d'un groupe agit une seule fois en sachant que les autres le font aussi (« raid numérique ») ;
- **et** que vos conditions de vie se dégradent, que votre dignité est atteinte, ou que la situation devient intimidante, hostile ou offensante.

Des faits qui durent depuis plusieurs années comptent. Le harcèlement peut continuer après la fin des actes, parce que les contenus restent en ligne.
"""), (
        "Cyber-harassment is an offence",
        """
Cyber-harassment is harassment over the internet: e-mail, social networks, forums, online games… The messages may be public or private. The author may hide behind a pseudonym.

It may come from one person, from several, or from a crowd. It is harassment when:

- one person **does it again**, **or** each member of a group acts once, knowing that the others do it too (a "raid numérique");
- **and** your living conditions get worse, your dignity is attacked, or the situation becomes intimidating, hostile or offensive.

Facts that have lasted for several years count. Harassment can go on after the acts have stopped, because the contents stay online.
"""), "Code pénal, art. 222-33-2-2 ; service-public.gouv.fr, fiche F32239, 31/10/2025", ""),
    ("law", "loi-peines", (
        "Les peines",
        """
L'article 222-33-2-2 du code pénal prévoit, **au plus** :

- **1 an** d'emprisonnement et **15 000 €** d'amende : la peine de base ;
- **2 ans** et **30 000 €** avec une circonstance aggravante. Passer par internet en est déjà une ;
- **3 ans** et **45 000 €** avec deux circonstances aggravantes : par exemple en ligne, contre une personne mineure.

+++ Les circonstances aggravantes

- Plus de 8 jours d'incapacité totale de travail (ITT).
- La victime est mineure.
- La victime est une personne vulnérable, et cela se voit.
- Les faits passent par internet ou par un moyen numérique.
- La victime est une personne élue.
- Une personne mineure était présente.

+++ Qu'est-ce que l'ITT ?

Le médecin compte les jours où vous ne pouvez pas vivre comme d'habitude. Le mal psychologique compte aussi. Au-delà de 8 jours, la peine encourue est plus lourde.

+++ Les comptes des auteurs

Une personne condamnée peut aussi voir ses comptes suspendus : 6 mois au plus, 1 an si elle recommence (article 131-35-1).
"""), (
        "The penalties",
        """
Article 222-33-2-2 of the code pénal provides for **at most**:

- **1 year** of imprisonment and a fine of **15,000 €**: the basic penalty;
- **2 years** and **30,000 €** with one aggravating circumstance. Acting online is already one;
- **3 years** and **45,000 €** with two aggravating circumstances: for example online, against a minor.

+++ Aggravating circumstances

- More than 8 days of total incapacity for work (ITT).
- The victim is a minor.
- The victim is vulnerable, and it shows.
- The facts go through the internet or another digital means.
- The victim is an elected person.
- A minor was present.

+++ What is the ITT?

The doctor counts the days on which you cannot live as usual. Psychological harm counts too. Beyond 8 days the possible penalty is heavier.

+++ The authors' accounts

Somebody who is convicted may also have their accounts suspended: 6 months at most, 1 year if they do it again (article 131-35-1).
"""), "Code pénal, art. 222-33-2-2, version du 23/03/2024 (loi 2024-247) ; art. 131-35-1 (loi SREN)", ""),
    ("law", "loi-un-seul-acte", (
        "Quand un seul acte suffit",
        """
Une seule menace, un seul chantage ou une seule menace sexuelle n'est pas du harcèlement. Mais ce peut être une infraction, **tout de suite**. Vous pouvez en parler ici.

- **Une menace** : une personne dit qu'elle va vous faire du mal.
- **Un chantage** : « donne-moi de l'argent ou une photo, sinon je montre ton secret ». Il existe même si rien n'est jamais publié.
- **Une usurpation d'identité** : une personne se fait passer pour vous, ou se sert de vos données, pour troubler votre vie ou salir votre nom. Jusqu'à 1 an d'emprisonnement et 15 000 € d'amende, en ligne aussi (article 226-4-1).
- **Vos informations privées révélées** pour vous exposer à un danger, vous ou votre famille : jusqu'à 3 ans et 45 000 € (article 223-1-1).
"""), (
        "When a single act is enough",
        """
A single threat, a single blackmail or a single sexual threat is not harassment. But it can be an offence **at once**. You may talk about it here.

- **A threat**: somebody says that they will hurt you.
- **Blackmail**: "give me money or a picture, or I show your secret". It exists even if nothing is ever published.
- **Identity theft**: somebody pretends to be you, or uses your data, to disturb your life or to dirty your name. Up to 1 year's imprisonment and a fine of 15,000 €, online too (article 226-4-1).
- **Private information revealed** to put you or your family in danger: up to 3 years and 45,000 € (article 223-1-1).
"""), PENAL,
     "Peines à vérifier avant de les écrire : menaces (222-17, 222-18), chantage et extorsion (312-10, 312-1), "
     "usurpation par un partenaire (226-4-1), révélation qui vise un mineur (223-1-1)."),
    ("law", "loi-images", (
        "Les images",
        """
- **Une image intime diffusée sans votre accord** : jusqu'à 2 ans d'emprisonnement et 60 000 € d'amende, même si vous étiez d'accord pour la photo, même si vous l'avez prise vous-même (article 226-2-1).
- **Une image de votre vie privée**, sans votre accord : jusqu'à 1 an et 45 000 € (article 226-1).
- **Un montage sexuel** fabriqué par un ordinateur (« deepfake ») : jusqu'à 2 ans et 60 000 €, et 3 ans et 75 000 € en ligne (article 226-8-1).
- **L'image sexuelle d'une personne mineure** : jusqu'à 5 ans et 75 000 € pour qui l'envoie ou la diffuse, 7 ans et 100 000 € quand le public peut la voir en ligne (article 227-23). La garder est aussi interdit et puni.

+++ J'ai vu l'image sexuelle d'une personne mineure

Notez l'adresse, le compte, la date. N'enregistrez pas et n'envoyez pas l'image, même pour la signaler. Écrivez en quelques mots ce que l'on voit, puis parlez-en ici, à PHAROS, à Point de Contact ou au [3018](tel:3018).

Si l'image est la vôtre, vous êtes la victime : personne ne peut vous le reprocher ici. [Que faire, quand on a moins de 18 ans](/mineurs/#mineurs-images)
"""), (
        "Images",
        """
- **An intimate image spread without your agreement**: up to 2 years' imprisonment and a fine of 60,000 €, even if you agreed to the picture, even if you took it yourself (article 226-2-1).
- **An image of your private life**, without your agreement: up to 1 year and 45,000 € (article 226-1).
- **A sexual fake** made by a computer ("deepfake"): up to 2 years and 60,000 €, and 3 years and 75,000 € online (article 226-8-1).
- **The sexual image of a minor**: up to 5 years and 75,000 € for whoever sends or spreads it, 7 years and 100,000 € when the public can see it online (article 227-23). Keeping it is forbidden and punished too.

+++ I saw the sexual image of a minor

Note the address, the account, the date. Do not save the image and do not send it, even to report it. Write in a few words what one sees, then talk about it here, to PHAROS, to Point de Contact or to [3018](tel:3018).

If the image shows you, you are the victim: nobody here can blame you. [What to do when one is under 18](/mineurs/#mineurs-images)
"""), PENAL + " ; Point de Contact",
     LAWYER + " Peine de la détention (227-23) : 2 ans et 30 000 € selon les copies, modifiée depuis. Montage non sexuel (226-8) : "
     "peine de base à vérifier."),
    ("law", "loi-couple", (
        "Dans le couple, ou après",
        """
- **Lire vos messages en cachette**, ou installer un outil pour le faire : jusqu'à 1 an d'emprisonnement et 45 000 € d'amende, et jusqu'à 2 ans et 60 000 € quand l'auteur est un partenaire (article 226-15).
- **Savoir où vous êtes** sans votre accord est interdit (article 226-1).
- **Harceler** la personne avec qui l'on vit ou a vécu est un délit.

Vous pouvez en parler ici, et au [3919](tel:3919).
"""), (
        "In a couple, or after",
        """
- **Reading your messages secretly**, or installing a tool for it: up to 1 year's imprisonment and a fine of 45,000 €, and up to 2 years and 60,000 € when the author is a partner (article 226-15).
- **Knowing where you are** without your agreement is forbidden (article 226-1).
- **Harassing** somebody one lives or has lived with is an offence.

You may talk about it here, and to [3919](tel:3919).
"""), "Clubic, Slate, 05/2023 (226-15) ; rapport du Sénat (226-1, loi du 30/07/2020)",
     "À vérifier : harcèlement par un partenaire (222-33-2-1) ; que retirer seul un logiciel espion peut alerter l'auteur (sans source)."),
    ("law", "loi-ecole", (
        "À l'école",
        """
Aucun élève, aucun étudiant ne doit subir de harcèlement (code de l'éducation, article L111-6).

Le **harcèlement scolaire** vient de quelqu'un qui étudie ou travaille dans le même établissement (code pénal, article 222-33-2-3). Il est puni, **au plus** :

- de 3 ans d'emprisonnement et 45 000 € d'amende ;
- de 5 ans et 75 000 € avec plus de 8 jours d'ITT ;
- de 10 ans et 150 000 € s'il a mené à un suicide ou à une tentative.

La loi s'applique encore quand l'un des deux a quitté l'établissement.
"""), (
        "At school",
        """
No pupil and no student must suffer harassment (code de l'éducation, article L111-6).

**Harassment at school** comes from somebody who studies or works in the same establishment (code pénal, article 222-33-2-3). It is punished by **at most**:

- 3 years' imprisonment and a fine of 45,000 €;
- 5 years and 75,000 € with more than 8 days of ITT;
- 10 years and 150,000 € if it led to a suicide or to an attempt.

The law still applies after one of the two has left the establishment.
"""), "Code pénal, art. 222-33-2-3 (loi 2022-299), sur doctrine.fr ; Gazette des communes, 03/2022", ""),
    ("law", "loi-demarches", (
        "Signaler, témoigner, porter plainte",
        """
- **Signaler** : dire à la police, à la gendarmerie ou au site ce qui se passe. Le tchat est un signalement ; ce n'est pas une plainte.
- **Porter plainte** : demander à la justice d'agir. La police et la gendarmerie doivent prendre la plainte. On vous donne un récépissé, et une copie si vous la demandez. Vous pouvez aussi écrire au procureur de la République.
- **Témoigner** : dire ce que l'on a vu ou entendu. Un témoin peut signaler, et demander un retrait. La plainte, elle, est celle de la victime.

+++ Quelles preuves garder ?

Captures d'écran, messages, enregistrements audio ou vidéo, témoignages, certificat médical : avec la date de chacun, et le plus précisément possible. Un commissaire de justice peut constater les faits ; c'est payant.

Une exception : l'image sexuelle d'une personne mineure. On note l'adresse, le compte, la date ; on ne l'enregistre pas et on ne l'envoie pas.
"""), (
        "Report, testify, file a complaint",
        """
- **Report** (signaler): tell the police, the gendarmerie or the site what is happening. The chat is a report; it is not a complaint.
- **File a complaint** (porter plainte): ask the courts to act. Police and gendarmerie must take the complaint. You are given a receipt, and a copy if you ask for it. You may also write to the public prosecutor (procureur de la République).
- **Testify** (témoigner): tell what one saw or heard. A witness may report, and ask for a removal. The complaint is the victim's.

+++ Which evidence should I keep?

Screenshots, messages, audio or video recordings, witness statements, a medical certificate: with the date of each, as precisely as you can. A bailiff (commissaire de justice) can certify the facts; this is paid.

One exception: the sexual image of a minor. One notes the address, the account, the date; one does not save it and does not send it.
"""), F1567 + " ; F32239, 31/10/2025 ; justice.fr, 31/10/2025", LAWYER),
    ("law", "loi-anonymat", (
        "Votre nom",
        """
Vous n'avez pas à donner votre nom pour parler ici. L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves.

Si votre vie est en danger, on peut chercher qui vous êtes, pour vous aider.
"""), (
        "Your name",
        """
You need not give your name to talk here. Anonymity may be lifted after authorisation by the public prosecutor (procureur de la République), for the most serious facts.

If your life is in danger, we may look for who you are, to help you.
"""), "masecurite.interieur.gouv.fr, page de référence, 09/12/2025 ; L'Essor et Libération, 20/11/2025",
     "Danger pour la vie : rédaction exacte à vérifier."),

    # --- /retrait/ -----------------------------------------------------------------------------------------------------
    ("removal", "retrait-avant", (
        "Avant de demander : gardez la trace",
        """
1. Faites une **capture d'écran** où l'on voit l'adresse entière, le nom du compte, la date et l'heure.
2. Gardez la **conversation entière**, pas seulement un message.
3. Notez les **liens** dans un texte.
4. **Ensuite seulement**, signalez et bloquez.

**Pas pour l'image sexuelle d'une personne mineure** : notez l'adresse, le compte, la date. N'enregistrez pas et n'envoyez pas l'image.

N'attendez pas. Et un contenu retiré n'arrête pas une enquête : la police et la gendarmerie peuvent interroger l'hébergeur.
"""), (
        "Before you ask: keep a trace",
        """
1. Take a **screenshot** that shows the whole address, the name of the account, the date and the hour.
2. Keep the **whole conversation**, not one message only.
3. Write the **links** down in a text.
4. **Only then** report and block.

**Not for the sexual image of a minor**: note the address, the account, the date. Do not save the image and do not send it.

Do not wait. And a content that is removed does not end an inquiry: police and gendarmerie can ask the host.
"""), "CNIL ; univ-tours.fr d'après Service-public", LAWYER + " Durées de conservation des hébergeurs (décret 2021-1362) : à vérifier avant de les écrire."),
    ("removal", "retrait-demande", (
        "Demander au site",
        """
Chaque site a un bouton **« Signaler »**. On y trouve souvent deux voies ; prenez les deux :

- le contenu est **contraire aux règles du site** ;
- le contenu est **illicite** : le site doit alors vous répondre et donner ses raisons.

Tout le monde peut le faire, avec ou sans compte. La loi européenne (DSA, article 16) demande une réponse, sans délai précis.

+++ Que doit contenir la demande ?

- L'adresse exacte de chaque contenu, et ce qui aide à le trouver : nom du compte, date.
- La description du contenu et les raisons : ce qui est illicite, et pourquoi.
- Votre nom et une adresse électronique. Ils ne sont pas demandés pour des images d'abus sexuels sur mineurs.
- Une phrase qui dit que vous êtes de bonne foi.

La période des faits et vos démarches auprès de l'auteur peuvent aider ; elles ne sont pas obligatoires.

Une demande que l'on sait fausse est punie : 1 an d'emprisonnement et 15 000 € d'amende.
"""), (
        "Ask the site",
        """
Each site has a button **"Report"** (« Signaler »). There are often two ways; take both:

- the content is **against the rules of the site**;
- the content is **illegal**: the site then has to answer you and to give its reasons.

Anybody can do it, with or without an account. European law (DSA, article 16) asks for an answer, with no exact time limit.

+++ What must the notice hold?

- The exact address of each content, and what helps to find it: name of the account, date.
- The description of the content and the reasons: what is illegal, and why.
- Your name and an e-mail address. They are not asked for images of sexual abuse of minors.
- A sentence that says that you are in good faith.

The period of the facts and the steps that you took with the author may help; they are not mandatory.

A notice that one knows to be false is punished: 1 year's imprisonment and a fine of 15,000 €.
"""), "Règlement européen 2022/2065 (DSA), art. 16 ; service-public.gouv.fr, fiche F32239", ""),
    ("removal", "retrait-sites", (
        "Où est le bouton, site par site",
        """
Les écrans changent : si vous ne trouvez pas, cherchez « Signaler » dans l'aide du site.

+++ Instagram, Facebook

- Instagram : ⋯, « Signaler », puis « Intimidation ou harcèlement ». Cela marche aussi quand c'est pour quelqu'un que vous connaissez.
- Facebook : « Signaler » sur le profil, la publication ou le message.

+++ Snapchat

Restez appuyé sur le contenu, puis « Signaler ». Une copie part avec la demande. La personne signalée ne sait pas par qui. « Mes signalements » garde la suite pendant 30 jours.

+++ TikTok, YouTube

- TikTok : la flèche de partage, ou rester appuyé, puis « Signaler ». Pour un commentaire, un direct ou un message aussi.
- YouTube : ⋯ sous la vidéo, le commentaire ou la chaîne, puis « Signaler ».

+++ X

⋯, « Signaler », et dites que cela vous vise. On peut joindre plusieurs publications à une seule demande.

+++ WhatsApp

« Signaler » envoie les cinq derniers messages reçus ; l'autre ne le sait pas. Ne cochez pas « supprimer la discussion » : c'est votre preuve. Bloquer la garde.

+++ Discord

Copiez d'abord le **lien du message**. Puis restez appuyé, ou clic droit, « Signaler le message ». Un message supprimé ne peut plus être signalé.

+++ Ailleurs

Cherchez le bouton « Signaler ». Dans un jeu, notez le nom du joueur, le serveur ou la partie, la date et l'heure avant de quitter.
"""), (
        "Where the button is, site by site",
        """
Screens change: if you do not find it, look for "Report" in the help of the site.

+++ Instagram, Facebook

- Instagram: ⋯, "Report", then "Bullying or harassment". It also works for somebody whom you know.
- Facebook: "Report" on the profile, the post or the message.

+++ Snapchat

Press and hold the content, then "Report". A copy goes with the notice. The person who is reported does not know by whom. "My reports" keeps what follows for 30 days.

+++ TikTok, YouTube

- TikTok: the share arrow, or press and hold, then "Report". For a comment, a live or a message too.
- YouTube: ⋯ under the video, the comment or the channel, then "Report".

+++ X

⋯, "Report", and say that it is about you. Several posts can go with one report.

+++ WhatsApp

"Report" sends the last five messages received; the other person does not know. Do not tick "delete chat": it is your evidence. Blocking keeps it.

+++ Discord

First copy the **link of the message**. Then press and hold, or right click, "Report message". A deleted message can no longer be reported.

+++ Elsewhere

Look for the button "Report". In a game, note the name of the player, the server or the game, the date and the hour before you leave.
"""), "Pages d'aide d'Instagram, Snapchat, TikTok, X, WhatsApp et Discord ; BFM, 07/09/2023",
     "À vérifier : adresses des formulaires de Facebook (sans compte), TikTok (contenu illicite), YouTube (vie privée), Telegram ; Reddit, Twitch, LinkedIn, Steam, "
     "PlayStation, Nintendo : aucune source."),
    ("removal", "retrait-images-intimes", (
        "Une image intime de vous",
        """
- **Vous aviez 18 ans ou plus** sur l'image : [StopNCII.org](https://stopncii.org) fabrique une empreinte de l'image **sur votre appareil**. L'image n'est pas envoyée. Les sites qui participent cherchent l'empreinte. Notez le numéro du dossier et le code : on ne peut pas les retrouver.
- **Vous aviez moins de 18 ans** sur l'image, même si vous êtes adulte aujourd'hui : [Take It Down](https://takeitdown.ncmec.org), sans donner de nom. Là aussi, seule l'empreinte quitte l'appareil. **Ne téléchargez et ne faites jamais passer une image pour la déposer.**
- [Point de Contact](https://pointdecontact.net) : un formulaire gratuit et anonyme, qui prévient la police.

Ces services n'agissent pas sur les messages privés, ni sur les sites qui ne participent pas.

On vous demande de l'argent ? **Ne payez pas, ne répondez plus, gardez les preuves.** Vous n'y êtes pour rien. Parlez-en ici ; si vous pensez à mourir, appelez le [3114](tel:3114).
"""), (
        "An intimate image of you",
        """
- **You were 18 or over** in the image: [StopNCII.org](https://stopncii.org) makes a fingerprint of the image **on your device**. The image is not sent. The sites that take part look for the fingerprint. Note the case number and the code: they cannot be recovered.
- **You were under 18** in the image, even if you are an adult today: [Take It Down](https://takeitdown.ncmec.org), without giving a name. Here too the fingerprint alone leaves the device. **Never download an image or have it passed to you in order to submit it.**
- [Point de Contact](https://pointdecontact.net): a free and anonymous form, which tells the police.

These services do nothing about private messages, nor about sites that do not take part.

Somebody asks you for money? **Do not pay, stop answering, keep the evidence.** It is not your fault. Talk about it here; if you think of dying, call [3114](tel:3114).
"""), "stopncii.org (FAQ) ; Take It Down (FAQ) ; pointdecontact.net ; cybermalveillance.gouv.fr, sextorsion",
     "À vérifier : listes des sites qui participent, version française de Take It Down, images fabriquées par ordinateur (StopNCII), outil « Disrupt » de Point de Contact."),
    ("removal", "retrait-moteurs", (
        "Moteurs de recherche et CNIL",
        """
Vous pouvez demander qu'un résultat n'apparaisse plus (déréférencement) : à Google, à Bing et à Qwant, séparément. La page, elle, reste en ligne.

Vous pouvez aussi demander au site d'effacer vos données. Il a **un mois** pour répondre. Sans réponse, ou si elle ne suffit pas, adressez-vous à la **CNIL**, en ligne, avec la copie de votre demande. Ce n'est pas une plainte à la police : gardez d'abord les preuves.
"""), (
        "Search engines and CNIL",
        """
You can ask that a result no longer appears (de-referencing): from Google, Bing and Qwant, each separately. The page itself stays online.

You can also ask the site to erase your data. It has **one month** to answer. Without an answer, or if it is not enough, turn to the **CNIL**, online, with the copy of your request. This is not a complaint to the police: keep the evidence first.
"""), "CNIL ; service-public.gouv.fr, fiche P10100", "Images de mineurs chez Google : formulaire à vérifier."),
    ("removal", "retrait-refus", (
        "Le site refuse, ou ne répond pas",
        """
- **Contestez auprès du site** : c'est gratuit, pendant au moins 6 mois après sa décision (DSA, article 20), aussi pour qui a fait le signalement.
- **Un organisme certifié** peut donner un avis, hors du tribunal. Le site n'est pas obligé de le suivre, et le tribunal reste ouvert (DSA, article 21).
- **Un signaleur de confiance** est traité en priorité : le [3018](tel:3018) (e-Enfance) et Point de Contact en sont. Le site décide quand même.
- **PHAROS** reçoit ce que tout le monde peut voir : site, réseau, forum, blog, tchat public ; pas les messages privés. Un seul signalement suffit : faire répéter la demande par des amis n'aide pas. [17 Cyber](https://17cyber.gouv.fr/) y conduit.
- **L'Arcom** veille en France à ce que les plateformes respectent la loi européenne. Elle ne fait pas retirer une publication.
"""), (
        "The site refuses, or does not answer",
        """
- **Contest with the site**: it is free, for at least 6 months after its decision (DSA, article 20), also for whoever made the report.
- **A certified body** can give an opinion, outside the courts. The site need not follow it, and the courts stay open (DSA, article 21).
- **A trusted flagger** is dealt with first: [3018](tel:3018) (e-Enfance) and Point de Contact are such. The site decides all the same.
- **PHAROS** takes what anybody can see: site, network, forum, blog, public chat; not private messages. One report is enough: having friends repeat it does not help. [17 Cyber](https://17cyber.gouv.fr/) leads there.
- **Arcom** sees to it in France that platforms respect European law. It does not have one post removed.
"""), "DSA, art. 20 à 22 et 53 ; arcom.fr, 12/05/2025 ; service-public.gouv.fr, fiches F31979 et R17674",
     "À vérifier : liste des signaleurs de confiance et formulaire de plainte de l'Arcom, organismes certifiés, coordonnées demandées par PHAROS."),

    # --- /numeros/ -----------------------------------------------------------------------------------------------------
    ("numbers", "numeros-sans-parler", (
        "Vous ne pouvez pas parler ?",
        """
- **En danger** : le **114** par SMS, par l'application « Urgence 114 » ou sur [urgence114.fr](https://urgence114.fr) : texte, photos, vidéo, langue des signes. Gratuit, jour et nuit, aussi quand il faut rester discret. Personne ne répond à un appel vocal.
- **Vous pensez à mourir** : le [3114](tel:3114) répond par téléphone, jour et nuit. Si vous ne pouvez pas appeler, écrivez au 114, ou à un policier [ici](/orientation/).
- **Vous êtes jeune, ou parent** : le 3018 a un tchat et une application.
"""), (
        "You cannot speak?",
        """
- **In danger**: **114** by text message, by the app "Urgence 114" or on [urgence114.fr](https://urgence114.fr): text, pictures, video, sign language. Free, day and night, also when one must stay unnoticed. Nobody answers a voice call.
- **You think of dying**: [3114](tel:3114) answers by telephone, day and night. If you cannot call, write to 114, or to a police officer [here](/orientation/).
- **You are young, or a parent**: 3018 has a chat and an app.
"""), "handicap.fr, 2024 (114) ; 3114.fr ; Villetaneuse, 28/09/2023 (3018)", "3114 : aucun tchat trouvé. 3018 : messageries (Messenger, WhatsApp) à vérifier."),
    ("numbers", "numeros-choisir", (
        "Quel numéro pour quoi ?",
        """
- **Danger, maintenant** : [17](tel:17) ou [112](tel:112), [114](sms:114) par SMS. Vie en danger : [15](tel:15).
- **Envie de mourir**, pour soi ou pour un proche : [3114](tel:3114). On répond souvent en moins de 10 minutes : ne raccrochez pas.
- **Violences en ligne, moins de 18 ans** : [3018](tel:3018), pour les enfants, les jeunes et leurs parents.
- **Un enfant en danger**, chez lui par exemple : [119](tel:119). L'appel ne se voit pas sur la facture.
- **Violences dans le couple**, en ligne aussi : [3919](tel:3919).
- **Être aidé après les faits** : [116 006](tel:116006). Depuis l'étranger ou l'outre-mer : [+33 1 80 52 33 76](tel:+33180523376).
- **Arnaque** : [0805 805 817](tel:0805805817). **SMS indésirable** : [33700](sms:33700).
"""), (
        "Which number for what?",
        """
- **Danger now**: [17](tel:17) or [112](tel:112), [114](sms:114) by text message. Life at risk: [15](tel:15).
- **Thoughts of dying**, one's own or somebody close's: [3114](tel:3114). Often answered in under 10 minutes: do not hang up.
- **Violence online, under 18**: [3018](tel:3018), for children, young people and their parents.
- **A child in danger**, at home for example: [119](tel:119). The call does not show on the bill.
- **Violence in a couple**, online too: [3919](tel:3919).
- **Being helped afterwards**: [116 006](tel:116006). From abroad or overseas: [+33 1 80 52 33 76](tel:+33180523376).
- **Scam**: [0805 805 817](tel:0805805817). **Unwanted text message**: [33700](sms:33700).
"""), "Sources de chaque numéro : voir les numéros d'aide", ""),
    ("numbers", "numeros-mefiance", (
        "Méfiez-vous des faux sites d'aide",
        """
Des sites imitent les pages d'aide et font payer. Fiez-vous aux adresses en .gouv.fr, aux associations nommées ici et aux plateformes elles-mêmes.

D'anciens numéros se lisent encore : le 3020 et « Net Écoute » sont devenus le **3018**. Par SMS, le numéro d'urgence est le **114**, pas le 112.
"""), (
        "Beware of false help sites",
        """
Some sites imitate help pages and ask for money. Trust addresses in .gouv.fr, the associations named here and the platforms themselves.

Former numbers can still be read: 3020 and "Net Écoute" became **3018**. By text message the emergency number is **114**, not 112.
"""), "e-Enfance, 13/04/2021 ; question au Sénat, 12/10/2023", ""),

    # --- /mineurs/ : tu --------------------------------------------------------------------------------------------------
    ("minors", "mineurs-test", (
        "Est-ce que c'est du harcèlement ? Fais le point",
        """
Coche ce qui t'arrive. **Rien n'est envoyé, rien n'est gardé** : tout s'efface quand tu quittes la page.

- [ ] On m'insulte, on se moque de moi ou on me menace, et ça recommence | Quand ça recommence, c'est peut-être du harcèlement, et c'est interdit. Garde les messages et parle-nous.
- [ ] Ils sont plusieurs, même si chacun ne l'a fait qu'une fois | Un groupe qui s'en prend à toi, ce peut être du harcèlement aussi. On appelle ça un raid.
- [ ] Un groupe ou une page a été créé contre moi | Note l'adresse et fais des captures. On peut demander le retrait.
- [ ] Quelqu'un montre, ou menace de montrer, une photo intime de moi | N'envoie rien de plus, ne paie pas, arrête de répondre. C'est toi la victime. Ne copie pas l'image et ne la fais passer à personne, même pas à nous.
- [ ] Un adulte me demande des photos intimes | C'est interdit pour l'adulte, même sans menace. Ce n'est jamais ta faute.
- [ ] Mon copain, ma copine ou mon ex lit mes messages ou veut savoir où je suis | Ce n'est pas une preuve d'amour. C'est interdit, et on peut t'aider.
- [ ] On se fait passer pour moi, ou on a pris mon compte | Préviens tes amis par un autre moyen et parle-nous.
- [ ] Je n'ose plus aller en cours, je dors mal, je n'ai plus envie de rien | Ce que tu vis compte. Parles-en à un adulte en qui tu as confiance, au [3018](tel:3018) ou ici.
- [ ] Je pense à mourir, ou à me faire du mal | Appelle le [3114](tel:3114), jour et nuit, gratuit. Si ta vie est en danger : [15](tel:15) ou [17](tel:17). Tu ne peux pas parler : [114](sms:114) par SMS. Tu peux aussi nous écrire tout de suite.
- [ ] J'ai peur à la maison | Appelle le [119](tel:119), jour et nuit, gratuit ; l'appel ne se voit pas sur la facture. En danger maintenant : [17](tel:17).

**Tu as coché une case, même une seule ?** Tu peux nous en parler. Tu n'as rien coché, mais ça ne va pas ? Tu peux aussi.
"""), (
        "Is it harassment? Take stock",
        """
Tick what happens to you. **Nothing is sent, nothing is kept**: all of it goes when you leave the page.

- [ ] I am insulted, mocked or threatened, and it happens again | When it happens again it may be harassment, and that is forbidden. Keep the messages and talk to us.
- [ ] There are several of them, even if each did it only once | A group that goes for you may be harassment too. It is called a raid.
- [ ] A group or a page was made against me | Note the address and take screenshots. One can ask for its removal.
- [ ] Somebody shows, or threatens to show, an intimate picture of me | Send nothing more, do not pay, stop answering. You are the victim. Do not copy the image and do not pass it to anybody, not even to us.
- [ ] An adult asks me for intimate pictures | It is forbidden for the adult, even without a threat. It is never your fault.
- [ ] My boyfriend, girlfriend or ex reads my messages or wants to know where I am | That is no proof of love. It is forbidden, and you can be helped.
- [ ] Somebody pretends to be me, or took my account | Warn your friends in another way and talk to us.
- [ ] I no longer dare to go to school, I sleep badly, I feel like nothing | What you live through counts. Talk about it to an adult you trust, to [3018](tel:3018) or here.
- [ ] I think of dying, or of hurting myself | Call [3114](tel:3114), day and night, free. If your life is in danger: [15](tel:15) or [17](tel:17). You cannot speak: [114](sms:114) by text message. You may also write to us right now.
- [ ] I am afraid at home | Call [119](tel:119), day and night, free; the call does not show on the bill. In danger now: [17](tel:17).

**You ticked a box, even one?** You may talk to us about it. You ticked nothing, but things are not well? You may too.
"""), MINORS + " ; cybermalveillance.gouv.fr, sextorsion", "Textes du test : écrits par nous d'après la fiche des faits ; à relire par un psychologue."),
    ("minors", "mineurs-ecole", (
        "À l'école, au collège, au lycée",
        """
Personne n'a le droit de te harceler, ni en classe, ni dans un groupe de discussion, ni le soir sur ton téléphone.

- Garde les messages et fais des captures : l'adresse ou le nom du compte, la date, l'heure.
- Parles-en à un adulte de ton établissement en qui tu as confiance. Toutes les écoles, tous les collèges et tous les lycées suivent le programme **pHARe** contre le harcèlement : des adultes y sont formés pour ça.
- Ton établissement peut agir aussi quand celui qui te harcèle vient **d'un autre collège ou lycée**, et en ligne.
- À l'école primaire, celui qui harcèle peut être éloigné jusqu'à 5 jours, puis changé d'école.
- La loi te protège encore si l'un des deux a changé d'établissement.

Tu as vu quelqu'un se faire harceler ? **Ne partage pas, n'aime pas, ne commente pas**, même pour défendre. Signale, et dis-le-nous.
"""), (
        "At school",
        """
Nobody has the right to harass you: not in class, not in a group chat, not in the evening on your phone.

- Keep the messages and take screenshots: the address or the name of the account, the date, the hour.
- Talk about it to an adult of your school whom you trust. All schools follow the programme **pHARe** against harassment: adults there are trained for it.
- Your school can also act when the one who harasses you comes **from another school**, and online.
- In primary school the one who harasses can be kept out for up to 5 days, then moved to another school.
- The law still protects you if one of you has changed schools.

You saw somebody being harassed? **Do not share, do not like, do not comment**, even to defend. Report it, and tell us.
"""), "gouvernement.fr, 27/09/2023 (pHARe) ; décret 2023-782 du 16/08/2023 ; code pénal, art. 222-33-2-3",
     "À vérifier : un référent harcèlement dans chaque établissement ; questionnaire annuel où l'élève peut donner un nom."),
    ("minors", "mineurs-couple", (
        "Avec ton copain, ta copine ou ton ex",
        """
Être ensemble ne donne pas tous les droits. Il est interdit de :

- lire tes messages en cachette ou mettre une appli pour te surveiller ;
- savoir où tu es sans ton accord ;
- montrer une photo intime de toi sans ton accord, même si tu étais d'accord pour la prendre ;
- te menacer, t'insulter encore et encore, te faire chanter.

Tu peux nous en parler, même si tu es encore avec cette personne, même si tu l'aimes. Personne ne te dira ce que tu dois ressentir.
"""), (
        "With your boyfriend, your girlfriend or your ex",
        """
Being together does not give every right. It is forbidden to:

- read your messages secretly or put an app to watch you;
- know where you are without your agreement;
- show an intimate picture of you without your agreement, even if you agreed to taking it;
- threaten you, insult you again and again, blackmail you.

You may talk to us about it, even if you are still with that person, even if you love them. Nobody will tell you what you should feel.
"""), PENAL, "À vérifier : retirer seul un logiciel espion peut alerter l'auteur (sans source ; conseil laissé de côté)."),
    ("minors", "mineurs-jeux", (
        "Dans un jeu",
        """
- **Avant de quitter la partie** : note le nom du joueur, le jeu et le serveur, la date et l'heure. Si c'était en vocal, écris ce qui a été dit : il n'en reste presque rien.
- **Dans le jeu** : cherche « Signaler » (parfois « Report ») et « Bloquer ». Sur Roblox : le drapeau à côté du nom du joueur, dans le menu.
- **Quelqu'un te demande** ton adresse, une photo ou de parler ailleurs ? Tu as le droit de dire non et de bloquer. Dis-le à un adulte, ou à nous.

Être trop jeune pour un jeu ou un réseau ne t'enlève aucun droit à être aidé.
"""), (
        "In a game",
        """
- **Before you leave the game**: note the name of the player, the game and the server, the date and the hour. If it was by voice, write down what was said: hardly anything of it remains.
- **In the game**: look for "Report" and "Block". On Roblox: the flag beside the player's name, in the menu.
- **Somebody asks you** for your address, a picture or to talk elsewhere? You have the right to say no and to block. Tell an adult, or us.

Being too young for a game or a network takes away no right to be helped.
"""), "en.help.roblox.com", "Sans source : PlayStation, Nintendo, Steam. À vérifier : le chemin de Roblox."),
    ("minors", "mineurs-images", (
        "Une photo ou une vidéo intime",
        """
**Ce n'est pas ta faute.** C'est la personne qui menace ou qui montre l'image qui est en tort. Ça arrive aussi aux garçons.

1. **Ne paie pas** et n'envoie rien d'autre. Payer fait demander encore plus.
2. **Arrête de répondre.** Laisse la conversation où elle est : ne l'efface pas.
3. **Note** le nom du compte, les liens, les dates. Garde les messages.
4. **Ne copie pas l'image**, ne l'envoie à personne, même pas à nous.
5. **Ensuite, bloque**, et règle tes comptes en privé.
6. **Dis-le** à un adulte en qui tu as confiance, au [3018](tel:3018), ou ici.

Des idées noires ? [3114](tel:3114), jour et nuit. En danger : [17](tel:17), ou [114](sms:114) par SMS.

+++ Empêcher que l'image circule

[Take It Down](https://takeitdown.ncmec.org) aide les personnes qui avaient moins de 18 ans sur l'image. On ne te demande pas ton nom. Seule une empreinte quitte ton appareil, pas l'image. Il faut déjà avoir l'image : **ne la télécharge pas et ne te la fais pas envoyer pour ça.** Ça ne marche que sur les services qui participent.

+++ Un adulte t'a demandé une photo

Un adulte qui demande une image sexuelle à un mineur risque jusqu'à 7 ans de prison et 100 000 € d'amende, et 10 ans et 150 000 € si tu as moins de 15 ans. Même sans menace. C'est lui qui est en tort.
"""), (
        "An intimate picture or video",
        """
**It is not your fault.** The one who threatens or shows the image is in the wrong. It happens to boys too.

1. **Do not pay** and send nothing else. Paying brings new demands.
2. **Stop answering.** Leave the conversation where it is: do not delete it.
3. **Note** the name of the account, the links, the dates. Keep the messages.
4. **Do not copy the image**, do not send it to anybody, not even to us.
5. **Then block**, and set your accounts to private.
6. **Tell** an adult you trust, [3018](tel:3018), or us.

Dark thoughts? [3114](tel:3114), day and night. In danger: [17](tel:17), or [114](sms:114) by text message.

+++ Keep the image from going round

[Take It Down](https://takeitdown.ncmec.org) helps people who were under 18 in the image. You are not asked for your name. Only a fingerprint leaves your device, not the image. You must have the image already: **do not download it and do not have it sent to you for this.** It works only on services that take part.

+++ An adult asked you for a picture

An adult who asks a minor for a sexual image risks up to 7 years in prison and a fine of 100,000 €, and 10 years and 150,000 € if you are under 15. Even without a threat. They are the one in the wrong.
"""), "cybermalveillance.gouv.fr, sextorsion ; Take It Down (FAQ) ; code pénal, art. 227-22-2 et 227-23-1 (loi 2021-478)",
     LAWYER + " Liste des services qui participent à Take It Down, et sa version française."),
    ("minors", "mineurs-droits", (
        "Tes droits",
        """
- Tu peux **venir ici à n'importe quel âge**, et signaler ce qui t'arrive ou ce que tu as vu.
- Tu peux **porter plainte** : seul, avec tes parents, avec un adulte que tu choisis, ou avec une association d'aide aux victimes. Même contre quelqu'un de ta famille.
- La police et la gendarmerie **doivent prendre ta plainte**. On te donne un récépissé.
- Tu peux **demander le retrait** d'un contenu, et signaler à PHAROS ce que tout le monde peut voir. [Faire retirer un contenu](/retrait/)
- Tu peux **voir un avocat**. C'est souvent gratuit pour les mineurs : demande. Les points-justice t'informent sans tes parents, gratuitement et sans donner ton nom : [3039](tel:3039).
- Tes deux parents protègent ton image ensemble, et **doivent t'écouter** selon ton âge.

+++ Est-ce que ça reste secret ?

Tu n'as pas à donner ton nom. Mais personne ne peut te promettre un secret total : si tu es en grand danger, on peut chercher qui tu es, pour te protéger. Tu peux demander à l'agent ce qu'il fera, avant de raconter.

+++ Et mes parents ?

Tes parents peuvent porter plainte pour toi, même si tu n'es pas d'accord. Ça peut faire hésiter, c'est normal. Tu peux poser la question à l'agent qui te répond.
"""), (
        "Your rights",
        """
- You may **come here at any age**, and report what happens to you or what you saw.
- You may **file a complaint**: alone, with your parents, with an adult of your choice, or with a victim-help association. Even against somebody of your family.
- Police and gendarmerie **must take your complaint**. You are given a receipt.
- You may **ask for the removal** of a content, and report to PHAROS what anybody can see. [Having content removed](/retrait/)
- You may **see a lawyer**. It is often free for minors: ask. The points-justice inform you without your parents, free and without your name: [3039](tel:3039).
- Your two parents protect your image together, and **have to involve you** according to your age.

+++ Does it stay secret?

You need not give your name. But nobody can promise you absolute secrecy: if you are in great danger, we may look for who you are, to protect you. You may ask the agent what they will do before you tell.

+++ And my parents?

Your parents may file a complaint for you, even if you do not agree. That can make one hesitate, which is normal. You may ask the agent who answers you.
"""), F1567 + " ; " + MINORS + " ; Code civil, art. 372-1 (loi 2024-120)",
     "À vérifier : si et quand les agents préviennent les parents (aucune source : ne rien promettre) ; avocat gratuit (sources contraires) ; levée de l'anonymat en danger "
     "(rédaction exacte) ; loi sur les réseaux sociaux avant 15 ans."),
    ("minors", "mineurs-qui", (
        "À qui en parler",
        """
- **Un adulte en qui tu as confiance** : parent, grand frère ou grande sœur, professeur, infirmière, entraîneur. Tu peux lui montrer cette page.
- **Ici**, par écrit, à un policier ou un gendarme formé, jour et nuit, gratuit.
- **3018** : violences en ligne. [Appel](tel:3018), tchat sur [3018.fr](https://3018.fr), application « 3018 » où l'on range ses preuves. 7j/7 de 9h à 23h, gratuit, anonyme.
- **119** : danger chez toi ou chez un ami. [Appel](tel:119) jour et nuit, gratuit, invisible sur la facture. Formulaire sur [allo119.gouv.fr](https://allo119.gouv.fr), pas pour un danger immédiat.
- **3114** : idées noires. [Appel](tel:3114) jour et nuit, gratuit.
- **Fil Santé Jeunes** : de 12 à 25 ans, [0 800 235 236](tel:0800235236), 7j/7 de 9h à 23h, anonyme et gratuit.
- **En danger maintenant** : [17](tel:17), ou [114](sms:114) par SMS.

Tu ne sais pas comment commencer ? Tu peux dire : « Il m'arrive quelque chose sur internet et je n'y arrive plus tout seul. »
"""), (
        "Who to tell",
        """
- **An adult you trust**: parent, older brother or sister, teacher, nurse, coach. You may show them this page.
- **Here**, in writing, to a trained police officer or gendarme, day and night, free.
- **3018**: violence online. [Call](tel:3018), chat on [3018.fr](https://3018.fr), app "3018" where one keeps one's evidence. Every day from 9 am to 11 pm, free, anonymous.
- **119**: danger at your home or at a friend's. [Call](tel:119) day and night, free, does not show on the bill. Form on [allo119.gouv.fr](https://allo119.gouv.fr), not for immediate danger.
- **3114**: dark thoughts. [Call](tel:3114) day and night, free.
- **Fil Santé Jeunes**: from 12 to 25, [0 800 235 236](tel:0800235236), every day from 9 am to 11 pm, anonymous and free.
- **In danger now**: [17](tel:17), or [114](sms:114) by text message.

You do not know how to begin? You may say: "Something is happening to me on the internet and I cannot cope alone any more."
"""), "service-public.gouv.fr, fiche F32239 ; Villetaneuse, 28/09/2023 ; Vers le Haut, 2025", "119 : horaires du tchat des moins de 21 ans (2021) à vérifier. Fil Santé Jeunes : horaires du tchat à vérifier."),

    # --- /mineurs/plus-simple/ : tu, phrases courtes -----------------------------------------------------------------------
    ("minors_simple", "simple-ce-qui-arrive", (
        "Ce qui t'arrive a un nom",
        """
- **Cyberharcèlement** : des personnes te font du mal sur internet ou le téléphone. Elles recommencent. Ou elles sont plusieurs.
- **Menace** : une personne dit qu'elle va te faire du mal.
- **Chantage** : une personne dit « donne-moi de l'argent ou une photo, sinon je montre ton secret ».
- **Fausse image** : une image fabriquée par un ordinateur. On croit que c'est toi. Ce n'est pas toi.
- **Se faire passer pour toi** : une personne utilise ton nom.

**C'est interdit. Ce n'est pas ta faute.**
"""), (
        "What happens to you has a name",
        """
- **Cyber-harassment**: people hurt you on the internet or the phone. They do it again. Or there are several of them.
- **Threat**: a person says that they will hurt you.
- **Blackmail**: a person says "give me money or a picture, or I show your secret".
- **False image**: an image made by a computer. People think it is you. It is not you.
- **Pretending to be you**: a person uses your name.

**It is forbidden. It is not your fault.**
"""), "Définitions écrites pour ce site (FALC à faire relire par des lecteurs)", "Aucun texte FALC officiel trouvé : à faire relire par des enfants."),
    ("minors_simple", "simple-ce-que-tu-peux-faire", (
        "Ce que tu peux faire",
        """
1. **Ne réponds pas.** N'envoie pas de photo. Ne donne pas d'argent.
2. **Montre** les messages à un adulte que tu aimes bien.
3. **Bloque** la personne : elle ne peut plus t'écrire avec ce compte.
4. **Viens nous parler.** Tu écris. Un policier ou un gendarme te répond. C'est gratuit. Tu n'as pas à dire ton nom.

Une photo de toi sans habits ? N'envoie pas cette photo, même à nous. Dis-le avec des mots.
"""), (
        "What you can do",
        """
1. **Do not answer.** Send no picture. Give no money.
2. **Show** the messages to an adult you like.
3. **Block** the person: they can no longer write to you with that account.
4. **Come and talk to us.** You write. A police officer or a gendarme answers. It is free. You need not say your name.

A picture of you without clothes? Do not send that picture, not even to us. Say it with words.
"""), "cybermalveillance.gouv.fr, sextorsion ; F32239", "À faire relire par des enfants."),
    ("minors_simple", "simple-appeler", (
        "Tu peux appeler",
        """
- [3018](tel:3018) : on te fait du mal sur internet. Tous les jours, de 9h à 23h.
- [119](tel:119) : on te fait du mal à la maison. Jour et nuit.
- [3114](tel:3114) : tu es si triste que tu penses à mourir. Jour et nuit.
- [17](tel:17) : tu es en danger maintenant. Tu ne peux pas parler ? Écris au [114](sms:114).

**C'est gratuit.** Tu peux appeler tout seul.
"""), (
        "You can call",
        """
- [3018](tel:3018): somebody hurts you on the internet. Every day, from 9 am to 11 pm.
- [119](tel:119): somebody hurts you at home. Day and night.
- [3114](tel:3114): you are so sad that you think of dying. Day and night.
- [17](tel:17): you are in danger now. You cannot speak? Write to [114](sms:114).

**It is free.** You may call by yourself.
"""), "service-public.gouv.fr, fiche F32239", ""),
    ("minors_simple", "simple-tes-droits", (
        "Tu as des droits",
        """
- Tu as le droit d'être protégé.
- Tu as le droit de parler ici, à ton âge.
- Tu as le droit de **porter plainte** : tu dis à la police ou à la gendarmerie ce qu'on t'a fait. Le policier doit l'écrire.
- Tu es **anonyme** : on ne connaît pas ton nom. Si tu es en grand danger, on peut chercher qui tu es, pour t'aider.

Tu es trop petit pour ce jeu ou ce réseau ? Ça ne fait rien. On t'aide quand même.
"""), (
        "You have rights",
        """
- You have the right to be protected.
- You have the right to talk here, at your age.
- You have the right to **file a complaint**: you tell the police or the gendarmerie what was done to you. The police officer must write it down.
- You are **anonymous**: your name is not known. If you are in great danger, we may look for who you are, to help you.

You are too young for that game or that network? It does not matter. We help you all the same.
"""), MINORS + " ; " + F1567, "Levée de l'anonymat en danger : rédaction exacte à vérifier."),

    # --- /professionnels/ --------------------------------------------------------------------------------------------------
    ("professionals", "pro-entendre", (
        "Quand quelqu'un vous en parle",
        """
1. **Croyez la personne**, et dites-le-lui. Elle n'y est pour rien.
2. **N'enquêtez pas** : pas de longues questions, pas de fouille du téléphone.
3. **Notez ses mots**, les siens, avec la date et l'heure.
4. **Ne copiez pas l'image sexuelle d'une personne mineure**, et ne la transférez à personne : notez l'adresse, le compte, la date, et ce que l'on voit en quelques mots.
5. **Prévenez** la personne qui convient (plus bas), et dites à l'enfant ou à votre collègue ce que vous allez faire.
6. **Accompagnez** vers le tchat, le [3018](tel:3018) ou la plainte.

Danger immédiat : [17](tel:17), [112](tel:112), [114](sms:114) par SMS. Idées suicidaires : [3114](tel:3114), pour les professionnels aussi ; vie en danger : [15](tel:15).
"""), (
        "When somebody tells you about it",
        """
1. **Believe the person**, and say so. It is not their fault.
2. **Do not investigate**: no long questions, no search of the phone.
3. **Write down their words**, theirs, with the date and the hour.
4. **Do not copy the sexual image of a minor**, and pass it to nobody: note the address, the account, the date, and what one sees in a few words.
5. **Tell** the right person (below), and tell the child or your colleague what you are going to do.
6. **Go with them** to the chat, to [3018](tel:3018) or to the complaint.

Immediate danger: [17](tel:17), [112](tel:112), [114](sms:114) by text message. Thoughts of suicide: [3114](tel:3114), for professionals too; life at risk: [15](tel:15).
"""), "Synthèse des fiches sur les professionnels ; 3114.fr", LAWYER + " Conduite à tenir : synthèse, à relire par un formateur."),
    ("professionals", "pro-enfance", (
        "Protéger une personne mineure",
        """
- **Danger ou risque de danger** : une **information préoccupante** à la cellule de recueil (CRIP) du département. Les professionnels prennent le formulaire du département ; il n'existe pas de numéro national des CRIP.
- **Une infraction, ou une protection immédiate** : un **signalement** au procureur de la République (tribunal judiciaire), avec copie à la CRIP.
- **Extrême urgence** : [17](tel:17).
- **Toute personne** peut appeler le [119](tel:119), jour et nuit.

Une personne mineure peut porter plainte seule. Ses parents le peuvent aussi, même sans son accord : dites-le avec délicatesse, c'est parfois ce qui la retient.
"""), (
        "Protecting a minor",
        """
- **Danger or risk of danger**: an **information préoccupante** to the collecting unit (CRIP) of the département. Professionals take the département's form; there is no national number of the CRIPs.
- **An offence, or protection at once**: a **signalement** to the public prosecutor (procureur de la République, tribunal judiciaire), with a copy to the CRIP.
- **Extreme urgency**: [17](tel:17).
- **Anybody** may call [119](tel:119), day and night.

A minor may file a complaint alone. The parents may too, even without the child's agreement: say it gently, it is sometimes what holds the child back.
"""), "Code de l'action sociale et des familles, art. L226-3 et R226-2-2 ; pages de la Loire-Atlantique, du Nord, du Finistère et des Côtes-d'Armor ; " + F1567,
     "Article 434-3 du code pénal (ne pas informer d'une agression ou de mauvais traitements) : peines et champ à vérifier ; il ne nomme pas le cyberharcèlement."),
    ("professionals", "pro-obligations", (
        "Agents publics : l'article 40",
        """
Une autorité, un officier public ou un fonctionnaire qui apprend **dans ses fonctions** un crime ou un délit en informe **sans délai** le procureur de la République, et lui transmet ce qu'il a (code de procédure pénale, article 40, alinéa 2). Les tribunaux y comptent les agents contractuels ; les salariés de droit privé n'en sont pas.

Le cyberharcèlement est un délit : un enseignant, par exemple, est concerné. Il n'est pas dit, en revanche, que tout adulte doit signaler chaque insulte entre élèves ; l'image sexuelle d'un mineur, ou le chantage qui s'en sert, est bien plus grave.
"""), (
        "Public agents: article 40",
        """
An authority, a public officer or a civil servant who learns of a crime or an offence **in their functions** informs the public prosecutor **without delay**, and passes on what they have (code de procédure pénale, article 40, second paragraph). Courts include contract agents; employees under private law are outside.

Cyber-harassment is an offence: a teacher, for example, is concerned. It is not said, however, that every adult must report each insult between pupils; the sexual image of a minor, or blackmail that uses it, is far graver.
"""), "Code de procédure pénale, art. 40, sur secretpro.fr ; projet-callisto, 19/07/2025", "Voie interne de chaque administration : sans source. Le raisonnement sur le cyberharcèlement est le nôtre : à relire par un juriste."),
    ("professionals", "pro-secret", (
        "Le secret professionnel",
        """
Le secret professionnel (code pénal, article 226-13) cède dans les cas de l'article 226-14 :

- **toute personne** peut dire aux autorités les sévices subis par un mineur ou une personne vulnérable ;
- **un professionnel de santé** peut en informer le procureur ou la CRIP, avec l'accord de la victime ; l'accord n'est pas nécessaire pour un mineur ;
- **violences dans le couple** : pour un adulte en danger de mort immédiat et sous emprise, en cherchant son accord.

Un signalement fait de bonne foi n'engage pas la responsabilité de son auteur.

Un assistant de service social, l'aide sociale à l'enfance ou la PMI sont tenus au secret par leur profession ou leur mission.
"""), (
        "Professional secrecy",
        """
Professional secrecy (code pénal, article 226-13) yields in the cases of article 226-14:

- **anybody** may tell the authorities of abuse of a minor or of a vulnerable person;
- **a health professional** may tell the prosecutor or the CRIP, with the victim's agreement; it is not needed for a minor;
- **violence in a couple**: for an adult in immediate danger of death and under control, agreement being sought.

A report made in good faith does not engage the liability of its author.

Social workers, the child-welfare service (ASE) and the PMI are bound to secrecy by their profession or mission.
"""), "Code pénal, art. 226-13 et 226-14, sur secretpro.fr ; ASH",
     "À vérifier : numérotation actuelle de l'article 226-14 ; partage d'informations (CASF 226-3) ; règles du certificat médical (HAS)."),
    ("professionals", "pro-ecole", (
        "À l'école",
        """
- Le programme **pHARe** est obligatoire dans les écoles, les collèges et les lycées : une équipe formée, des élèves ambassadeurs, 10 heures d'apprentissage par an, des référents dans chaque académie et chaque département.
- Dans le premier degré, l'auteur peut être éloigné jusqu'à 5 jours, puis changer d'école sans l'accord de ses parents.
- Au collège et au lycée, un élève peut être sanctionné pour avoir harcelé un élève **d'un autre établissement**, en ligne aussi (décret 2023-782).
- Le **harcèlement scolaire** est un délit, avec des peines propres. [Ce que dit la loi](/loi/#loi-ecole)
"""), (
        "At school",
        """
- The programme **pHARe** is compulsory in all schools: a trained team, pupil ambassadors, 10 hours of learning a year, contact persons in each académie and each département.
- In primary school the author may be kept out for up to 5 days, then moved to another school without the parents' agreement.
- In secondary school a pupil can be sanctioned for having harassed a pupil **of another establishment**, online too (décret 2023-782).
- **Harassment at school** is an offence, with penalties of its own. [What the law says](/loi/#loi-ecole)
"""), "gouvernement.fr, 27/09/2023 ; Avenir Gendarmerie, 04/09/2023", "À vérifier : un référent harcèlement dans chaque établissement ; questionnaire annuel."),
    ("professionals", "pro-parents", (
        "Que dire aux parents",
        """
- **Leur enfant n'y est pour rien**, même s'il a envoyé une photo, même s'il était trop jeune pour ce réseau.
- **Garder les preuves** avant de bloquer : captures, liens, dates. Sauf l'image sexuelle d'un mineur : ni copie, ni envoi.
- **Ne pas payer, ne plus répondre** en cas de chantage.
- **L'enfant peut venir ici**, seul ou avec eux. Eux aussi : un proche peut nous écrire.
- Le [3018](tel:3018) conseille aussi les parents, 7j/7 de 9h à 23h.
- Les deux parents protègent ensemble l'image de leur enfant et l'associent selon son âge (code civil, article 372-1).

Ne promettez pas le secret : un danger grave est signalé.
"""), (
        "What to tell parents",
        """
- **It is not their child's fault**, even if the child sent a picture, even if the child was too young for that network.
- **Keep the evidence** before blocking: screenshots, links, dates. Except for the sexual image of a minor: no copy, no sending.
- **Do not pay, stop answering** in case of blackmail.
- **The child may come here**, alone or with them. So may they: a relative can write to us.
- [3018](tel:3018) advises parents too, every day from 9 am to 11 pm.
- Both parents protect their child's image together and involve the child according to age (code civil, article 372-1).

Do not promise secrecy: grave danger is reported.
"""), "eurojuris, 18/11/2024 (loi 2024-120) ; Villetaneuse, 28/09/2023 ; cybermalveillance.gouv.fr", LAWYER),
    ("professionals", "pro-travail", (
        "Au travail",
        """
L'employeur doit **prévenir, faire cesser et sanctionner** le harcèlement moral et sexuel (code du travail, articles L1152-4, L1153-5 et L4121-2). Au regard du code du travail, le harcèlement moral ne demande ni lien hiérarchique, ni intention (L1152-1) ; le code pénal le punit jusqu'à 2 ans d'emprisonnement et 30 000 € d'amende (222-33-2).

Un salarié visé par un raid venu de l'extérieur est victime de cyberharcèlement : il peut venir ici.
"""), (
        "At work",
        """
The employer must **prevent, stop and punish** moral and sexual harassment (code du travail, articles L1152-4, L1153-5 and L4121-2). Under labour law moral harassment needs neither a hierarchy nor an intent (L1152-1); the code pénal punishes it by up to 2 years' imprisonment and a fine of 30,000 € (222-33-2).

An employee who is the target of a raid from outside is a victim of cyber-harassment: they may come here.
"""), "francmuller ; village-justice, 02/03/2023 ; CFTC, 01/07/2024", "À vérifier : protection de qui témoigne, droit d'alerte du CSE ; protection fonctionnelle des agents publics et article 222-33 : sans source."),
    ("professionals", "pro-ici", (
        "Ce que ce service fait avec vous",
        """
Vous pouvez écrire ici pour la personne que vous aidez, ou avec elle : gratuit, jour et nuit. On vous demandera votre rôle et l'âge de la personne.

Un témoin peut attester par écrit de ce qu'il a vu ou entendu, et de rien d'autre (cerfa 11527). Une fausse attestation est punie d'un an d'emprisonnement et 15 000 € d'amende (article 441-7).
"""), (
        "What this service does with you",
        """
You may write here for the person you help, or with them: free, day and night. You will be asked for your role and the person's age.

A witness may attest in writing what they saw or heard, and nothing else (cerfa 11527). A false statement is punished by one year's imprisonment and a fine of 15,000 € (article 441-7).
"""), "masecurite.interieur.gouv.fr, page de référence, 09/12/2025 ; code de procédure civile, art. 202",
     "À vérifier : attestation écrite à la main ou tapée ; attestation d'un mineur ou d'une personne tenue au secret."),
]  # fmt: skip

# number: order, (label, audience, hours, written) in French, the same in English, free, doubt, source
NEW_NUMBER = (
    "0 800 235 236", 85,
    ("Fil Santé Jeunes", "De 12 à 25 ans. Anonyme", "7j/7, de 9h à 23h", "Tchat individuel sur son site"),
    ("Fil Santé Jeunes", "From 12 to 25. Anonymous", "7 days a week, 9 am to 11 pm", "One-to-one chat on its site"),
)  # fmt: skip

# number: (in French, in English, doubt that is added)
WRITTEN = {
    "114": (
        "SMS au 114, application « Urgence 114 », [urgence114.fr](https://urgence114.fr) : texte, photos, vidéo, langue des signes",
        "Text message to 114, app \"Urgence 114\", [urgence114.fr](https://urgence114.fr): text, pictures, video, sign language",
        "",
    ),
    "3018": (
        "Tchat sur [3018.fr](https://3018.fr) et application « 3018 »",
        "Chat on [3018.fr](https://3018.fr) and app \"3018\"",
        "Messageries (Messenger, WhatsApp) : à vérifier avant de les écrire.",
    ),
    "119": (
        "Formulaire sur [allo119.gouv.fr](https://allo119.gouv.fr), pas pour un danger immédiat",
        "Form on [allo119.gouv.fr](https://allo119.gouv.fr), not for immediate danger",
        "Tchat des moins de 21 ans : jours et heures de 2021, à vérifier avant de les écrire.",
    ),
    "3114": ("", "", "Tchat : aucun trouvé. Accès pour les personnes sourdes en cours en 2024."),
}


def add_sections(apps):
    ContentBlock, ContentText = apps.get_model("pages", "ContentBlock"), apps.get_model("pages", "ContentText")
    positions = {}
    for page, slug, french, english, source, doubt in SECTIONS:
        positions[page] = positions.get(page, 0) + 10
        block, is_new = ContentBlock.objects.get_or_create(
            slug=slug,
            defaults={
                "page": page, "order": positions[page], "title": french[0], "body": french[1].strip(),
                "source": source, "doubt": doubt, "verified_on": None if doubt else CHECKED,
            },
        )  # fmt: skip
        if is_new:
            translations = (("title", english[0]), ("body", english[1].strip()))
            ContentText.objects.bulk_create(
                ContentText(owner=block, language="en", part=part, text=text) for part, text in translations
            )


def add_ways_to_write(apps):
    HelpNumber, HelpNumberText = apps.get_model("pages", "HelpNumber"), apps.get_model("pages", "HelpNumberText")

    def translate(number, parts):
        for part, text in parts:
            if text:
                HelpNumberText.objects.get_or_create(owner=number, language="en", part=part, defaults={"text": text})

    for digits, (french, english, doubt) in WRITTEN.items():
        for number in HelpNumber.objects.filter(number=digits, written=""):
            number.written = french
            number.doubt = " ".join(filter(None, (number.doubt, doubt)))
            number.save(update_fields=["written", "doubt"])
            translate(number, [("written", english)])
    # Settled since the first contents: the hours, not whether the call is free.
    for number in HelpNumber.objects.filter(number="3919", hours="", written=""):
        number.hours = "24h/24 et 7j/7"
        number.written = "Tchat de la Fédération nationale Solidarité Femmes, du lundi au vendredi, de 13h à 20h"
        number.doubt, number.source = "Gratuité à vérifier avant de l'afficher.", "Libération, 03/02/2026"
        number.save(update_fields=["hours", "written", "doubt", "source"])
        translate(number, [
            ("hours", "24 hours a day, 7 days a week"),
            ("written", "Chat of the Fédération nationale Solidarité Femmes, Monday to Friday, 1 pm to 8 pm"),
        ])  # fmt: skip
    # Every source agrees on these hours; one has an hour more.
    HelpNumber.objects.filter(number="116 006", hours="7j/7, de 9h à 19h", doubt="").update(
        doubt="Jusqu'à 20h selon France Victimes ; adresse électronique : deux versions. À vérifier."
    )
    digits, order, french, english = NEW_NUMBER
    number, is_new = HelpNumber.objects.get_or_create(
        number=digits,
        defaults={
            "use": "call", "is_free": True, "is_emergency": False, "order": order,
            "label": french[0], "audience": french[1], "hours": french[2], "written": french[3],
            "source": "Vers le Haut, 2025 ; Le Figaro", "doubt": "Horaires du tchat : à vérifier avant de les écrire.",
        },
    )  # fmt: skip
    if is_new:
        translate(number, zip(("label", "audience", "hours", "written"), english, strict=True))


def add(apps, schema_editor):
    add_sections(apps)
    add_ways_to_write(apps)


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0007_pages_of_their_own"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
