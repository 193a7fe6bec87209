"""The first platforms of the removal kit, and who helps.

What the reference facts state is dated, and shown; what they leave open is in the row's doubt, and not in its texts. A row
without a date is one whose page nobody has found yet: it waits in the admin and is shown to nobody. From then on they
belong to the administrators: a row that is there already is left as it is.
"""

from datetime import date

from django.db import migrations

CHECKED = date(2026, 11, 27)
UNKNOWN = "Page officielle et chemin : aucune source. À vérifier avant de montrer cette ligne."

# slug, name, kind, url, (where, conditions) in French, the same in English, source, doubt
STATED = [
    ("facebook", "Facebook", "network", "", (
        "« Signaler » sur le profil, la publication ou le message.",
        "",
    ), (
        "\"Report\" on the profile, the post or the message.",
        "",
    ), "Page d'aide de Facebook, d'après outilstice.com, 2016", "Adresse du formulaire pour qui n'a pas de compte."),
    ("instagram", "Instagram", "network", "https://help.instagram.com/616583228400289", (
        "⋯, « Signaler », puis « Intimidation ou harcèlement » : aussi quand c'est pour quelqu'un que l'on connaît.\n\nLa suite se lit dans Aide, « Demandes d'assistance », « Signalements ».",
        "La page officielle ci-dessous parle du chantage.",
    ), (
        "⋯, \"Report\", then \"Bullying or harassment\": also when it is for somebody one knows.\n\nWhat follows is in Help, \"Support requests\", \"Reports\".",
        "The official page below is about blackmail.",
    ), "help.instagram.com ; BFM, 07/09/2023", ""),
    ("snapchat", "Snapchat", "network", "https://values.snap.com/safety/safety-reporting", (
        "Rester appuyé sur le contenu, puis « Signaler ». « Mes signalements » garde la suite pendant 30 jours. Un formulaire anonyme existe.",
        "Une copie du contenu part avec le signalement. La personne signalée ne sait pas par qui.",
    ), (
        "Press and hold the content, then \"Report\". \"My reports\" keeps what follows for 30 days. There is an anonymous form.",
        "A copy of the content goes with the report. The person who is reported does not know by whom.",
    ), "values.snap.com ; help.snapchat.com", "Un message éphémère disparaît et l'expéditeur peut voir une capture : sans source."),
    ("tiktok", "TikTok", "network", "https://support.tiktok.com", (
        "La flèche de partage, ou rester appuyé, puis « Signaler » : vidéo, commentaire, direct, message. Un formulaire à part existe pour les faux comptes.",
        "",
    ), (
        "The share arrow, or press and hold, then \"Report\": video, comment, live, message. There is a form of its own for fake accounts.",
        "",
    ), "support.tiktok.com", "Formulaire européen pour un contenu illicite."),
    ("x", "X", "network", "https://help.x.com/rules-and-policies/personal-information", (
        "⋯, « Signaler », et dire que cela vise soi-même. Plusieurs publications peuvent aller dans un seul signalement.",
        "Les données privées et la nudité ont leur règle. Le formulaire « Take It Down Act » de X est réservé aux personnes qui sont aux États-Unis.",
    ), (
        "⋯, \"Report\", and say that it is about oneself. Several posts can go with one report.",
        "Private data and nudity have their own rule. The form \"Take It Down Act\" of X is for people in the United States only.",
    ), "help.x.com", ""),
    ("youtube", "YouTube", "network", "", (
        "⋯ sous la vidéo, le commentaire ou la chaîne, puis « Signaler », pour harcèlement.",
        "",
    ), (
        "⋯ under the video, the comment or the channel, then \"Report\", for harassment.",
        "",
    ), "Faits de référence, T22", "Page officielle, et formulaire pour la vie privée : aucune source."),
    ("whatsapp", "WhatsApp", "messenger", "https://faq.whatsapp.com/414631957536067", (
        "« Signaler » envoie les cinq derniers messages reçus.",
        "L'autre ne le sait pas. Ne pas cocher « supprimer la discussion » : c'est la preuve. Bloquer la garde.",
    ), (
        "\"Report\" sends the last five messages received.",
        "The other person does not know. Do not tick \"delete chat\": it is the evidence. Blocking keeps it.",
    ), "faq.whatsapp.com", ""),
    ("discord", "Discord", "messenger", "https://support.discord.com", (
        "Copier d'abord le lien du message. Puis rester appuyé, ou clic droit, et « Signaler le message ».",
        "Un message supprimé ne peut plus être signalé. Un seul signalement suffit : les signalements groupés ou répétés peuvent être sanctionnés. Les parents, et qui n'a pas de compte, ont un formulaire.",
    ), (
        "First copy the link of the message. Then press and hold, or right click, and \"Report message\".",
        "A deleted message can no longer be reported. One report is enough: grouped or repeated reports may be punished. Parents, and whoever has no account, have a form.",
    ), "support.discord.com 360000291932 ; discord.com/safety", ""),
    ("roblox", "Roblox", "game", "https://en.help.roblox.com", (
        "Le menu, le drapeau à côté du nom du joueur, ou l'onglet « Report » : choisir la personne et la raison. On peut aussi la bloquer.",
        "Noter avant de quitter : nom du joueur, serveur ou partie, date, heure. Le vocal laisse peu de traces : écrire ce qui a été dit.",
    ), (
        "The menu, the flag beside the player's name, or the tab \"Report\": choose the person and the reason. One can also block them.",
        "Note before leaving: name of the player, server or game, date, hour. Voice leaves little trace: write down what was said.",
    ), "en.help.roblox.com", "Page sans date."),
    ("google", "Google", "search", "https://support.google.com/websearch/answer/9673730", (
        "Un formulaire pour chaque cas : [données personnelles](https://support.google.com/websearch/answer/9673730), [fausse image sexuelle](https://support.google.com/websearch/answer/9116649), [images](https://support.google.com/websearch/answer/4628134).",
        "Seules les adresses tapées sont examinées. Une confirmation arrive par courriel. Un représentant peut agir. La page elle-même reste en ligne. Bing et Qwant se demandent chacun à part.",
    ), (
        "A form for each case: [personal data](https://support.google.com/websearch/answer/9673730), [false sexual image](https://support.google.com/websearch/answer/9116649), [images](https://support.google.com/websearch/answer/4628134).",
        "Only the addresses typed are examined. A confirmation comes by e-mail. A representative may act. The page itself stays online. Bing and Qwant are asked each separately.",
    ), "support.google.com", "Images de mineurs (2021) : formulaire à vérifier."),
]

# slug, name, url, audience, for images only, (where, conditions) in French, the same in English, source, doubt
HELPERS = [
    ("3018", "3018", "https://3018.fr", "minor", False, (
        "Par téléphone au [3018](tel:3018), par tchat sur 3018.fr, ou par l'application « 3018 », dont le coffre garde les preuves et peut les passer à l'équipe.",
        "Pour les moins de 18 ans et leurs parents : gratuit, anonyme, 7j/7 de 9h à 23h. C'est un signaleur de confiance : ses demandes passent en priorité. Le site décide quand même, et aucun délai n'est promis.",
    ), (
        "By telephone at [3018](tel:3018), by chat on 3018.fr, or by the app \"3018\", whose safe keeps the evidence and can pass it to the team.",
        "For people under 18 and their parents: free, anonymous, every day from 9:00 to 23:00. It is a trusted flagger: its requests are dealt with first. The site decides all the same, and no time limit is promised.",
    ), "Villetaneuse, 28/09/2023 ; arcom.fr, 12/05/2025", "Messageries (Messenger, WhatsApp) : à vérifier. « En quelques heures » : ne pas le promettre."),
    ("stopncii", "StopNCII.org", "https://stopncii.org", "adult", True, (
        "Il fabrique une empreinte de l'image **sur l'appareil** : l'image y reste, elle n'est jamais envoyée. Les sites qui participent cherchent l'empreinte.",
        "18 ans ou plus, une image de soi, prise à 18 ans ou plus. Noter le numéro du dossier et le code : on ne peut pas les retrouver.",
    ), (
        "It makes a fingerprint of the image **on the device**: the image stays there, it is never sent. The sites that take part look for the fingerprint.",
        "18 or over, an image of oneself, taken at 18 or over. Note the case number and the code: they cannot be recovered.",
    ), "stopncii.org (FAQ)", "Liste des sites qui participent ; images fabriquées par ordinateur ; messages privés."),
    ("take-it-down", "Take It Down", "https://takeitdown.ncmec.org", "everybody", True, (
        "Pour une image prise **avant 18 ans**, même si la personne est adulte aujourd'hui. Aucun nom n'est demandé, et seule une empreinte quitte l'appareil.",
        "L'image doit déjà être sur l'appareil de la personne : **ne jamais la télécharger ni la faire passer pour la déposer.** Seuls des sites qui participent, sans chiffrement, peuvent agir. Ce n'est pas le formulaire « Take It Down Act » de X, réservé aux États-Unis.",
    ), (
        "For an image taken **before 18**, even if the person is an adult today. No name is asked, and only a fingerprint leaves the device.",
        "The image must be on the person's device already: **never download it or have it passed on in order to submit it.** Only sites that take part, without encryption, can act. It is not the form \"Take It Down Act\" of X, which is for the United States only.",
    ), "Take It Down (FAQ)", "Liste des sites qui participent et version française."),
    ("point-de-contact", "Point de Contact", "https://pointdecontact.net", "everybody", False, (
        "Un formulaire gratuit et anonyme, une application, ou un module du navigateur : abus sexuels sur mineurs, haine, images intimes. La police est prévenue.",
        "Avec une adresse électronique, on reçoit une réponse. C'est un signaleur de confiance : ses demandes passent en priorité. Le site décide quand même.",
    ), (
        "A free and anonymous form, an app, or a module of the browser: sexual abuse of minors, hate, intimate images. The police are told.",
        "With an e-mail address one gets an answer. It is a trusted flagger: its requests are dealt with first. The site decides all the same.",
    ), "pointdecontact.net ; arcom.fr, 12/05/2025", "Son outil « Disrupt » reçoit l'image elle-même : à vérifier, et à ne pas indiquer à un mineur."),
    ("pharos", "PHAROS", "", "everybody", False, (
        "Pour un contenu illicite que tout le monde peut voir, pas pour un message privé. [17 Cyber](https://17cyber.gouv.fr/) y conduit.",
        "Un seul signalement suffit : le faire répéter par des amis n'aide pas.",
    ), (
        "For illegal content that anybody can see, not for a private message. [17 Cyber](https://17cyber.gouv.fr/) leads there.",
        "One report is enough: having friends repeat it does not help.",
    ), "service-public.gouv.fr, fiches F31979 et R17674", "Coordonnées demandées."),
]

# Named, and shown to nobody yet.
UNVERIFIED = [
    ("linkedin", "LinkedIn", "network"), ("reddit", "Reddit", "network"), ("twitch", "Twitch", "network"),
    ("yubo", "Yubo", "network"), ("telegram", "Telegram", "messenger"), ("playstation", "PlayStation", "game"),
    ("nintendo", "Nintendo", "game"), ("steam", "Steam", "game"), ("xbox", "Xbox", "game"), ("bing", "Bing", "search"),
    ("qwant", "Qwant", "search"), ("ovhcloud", "OVHcloud", "host"), ("wordpress", "WordPress.com", "host"),
]  # fmt: skip


def add(apps, schema_editor):
    RemovalPlatform = apps.get_model("pages", "RemovalPlatform")
    order = 0

    def keep(slug, texts=(), english=(), **columns):
        nonlocal order
        order += 10
        given = dict(zip(("where", "conditions"), texts, strict=False))
        row, is_new = RemovalPlatform.objects.get_or_create(slug=slug, defaults={"order": order, **given, **columns})
        if is_new:
            for part, text in zip(("where", "conditions"), english, strict=False):
                if text:
                    row.text_rows.create(language="en", part=part, text=text, source_text=given[part])

    for slug, name, kind, url, french, english, source, doubt in STATED:
        keep(slug, french, english, name=name, kind=kind, url=url, source=source, doubt=doubt, verified_on=CHECKED)
    for slug, name, url, audience, is_for_images, french, english, source, doubt in HELPERS:
        keep(
            slug, french, english, name=name, kind="help", url=url, audience=audience, is_for_images=is_for_images,
            source=source, doubt=doubt, verified_on=CHECKED,
        )  # fmt: skip
    for slug, name, kind in UNVERIFIED:
        keep(slug, name=name, kind=kind, doubt=UNKNOWN)


class Migration(migrations.Migration):

    dependencies = [
        ("pages", "0012_removal_platforms"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
