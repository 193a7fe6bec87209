"""These are the sentences of the visitor's pages around the thread: waiting room, end, code de reprise, coming back."""

from django.utils.translation import gettext_lazy as _

from chat.texts.thread import CODE, LEFT_QUEUE, LINE
from common.texts.catalogue import Place, Variable, add

WAITING = Place("chat.waiting", "Salle d'attente")
EXCHANGE = Place("chat.exchange", "Page de l'échange")
PIECES = Place("chat.pieces", "Messages de l'échange, page par page")
FRAME = Place("chat.frame", "Cadre des nouveautés, pour qui n'a pas JavaScript")
AFTER = Place("chat.after", "Après l'échange")
ENDED = Place("chat.ended", "Visite terminée sur cet appareil")
BEGIN = Place("chat.begin", "Entrée du tchat, avant qu'un échange soit ouvert")
END = Place("chat.end", "Terminer l'échange, quitter la file")
RESUME = Place("chat.resume", "Reprendre un échange avec un code")
AWAY = Place("chat.away", "Page de secours, quand la base de données ne répond pas")
AROUND = Place("chat.around", "Pages autour de l'échange : boutons et mots qui se répètent")

DELETED_ON = Variable("date", "le jour de la suppression", "26 octobre 2027")
NO_SCRIPT = "Lue sans JavaScript seulement : l'aperçu ne la montre qu'à un navigateur qui n'en a pas."
DISCREET = "Quand quelqu'un peut voir l'écran : ne dit pas ce qu'est cette page."
OTHER = "À qui aide quelqu'un : témoin, proche ou professionnel."
PROFESSIONAL = "À qui aide quelqu'un dans son métier."

add(
    "chat.lost_danger",
    LINE,
    _("En danger, appelez le {numero_police} ou le {numero_europe} ; par SMS, le {numero_sms}."),
    _("En danger, appelle le {numero_police} ou le {numero_europe} ; par SMS, le {numero_sms}."),
)
add("chat.waiting_title", WAITING, _("Quelqu'un va vous répondre"), _("Quelqu'un va te répondre"))
add(
    "chat.waiting_title_discreet",
    WAITING,
    _("Votre demande est enregistrée"),
    _("Ta demande est enregistrée"),
    note=DISCREET,
)
add(
    "chat.waiting_told",
    WAITING,
    _(
        "Votre demande est bien arrivée. Un policier ou un gendarme formé pour cela vous répondra ici. "
        "Vous avez bien fait de venir."
    ),
    _(
        "Ta demande est bien arrivée. Un policier ou un gendarme formé pour cela te répondra ici. Tu as "
        "bien fait de venir."
    ),
)
add("chat.agent_label", EXCHANGE, _("Vous parlez avec"), _("Tu parles avec"), note="Le nom de l'interlocuteur suit.")
add(
    "chat.no_emergency_line",
    EXCHANGE,
    _("Ce tchat n'est pas un numéro d'urgence. En danger : {numero_police}, ou {numero_sms} par SMS."),
)
add(
    "chat.goes_on",
    EXCHANGE,
    _("Cet échange sera effacé le {date} au plus tôt."),
    variables=[DELETED_ON],
)
add(
    "chat.frame_place",
    WAITING,
    _(
        "Le cadre au-dessus du message donne la place dans la file et les nouveaux messages. Il se met à jour seul. "
        "S'il reste vide : « Actualiser »."
    ),
    note=NO_SCRIPT,
)
add(
    "chat.frame_active",
    EXCHANGE,
    _("Les nouveaux messages arrivent seuls dans ce cadre. S'il reste vide : « Actualiser »."),
    note=NO_SCRIPT,
)
add(
    "chat.frame_gone",
    FRAME,
    _("Cette visite a pris fin sur cet appareil. Ce qui reste affiché autour de ce cadre s'efface avec ce lien :"),
)
add("chat.frame_ended", FRAME, _("L'échange est terminé."))
add(
    "chat.frame_see",
    FRAME,
    _("« Actualiser », sous les messages, montre la suite et garde le message en cours."),
)
add(
    "chat.frame_long",
    FRAME,
    _("L'attente est longue : « Actualiser », sous les messages, montre d'autres aides, et garde le message en cours."),
)
add("chat.frame_arrived", FRAME, _("Quelqu'un est là pour vous."), _("Quelqu'un est là pour toi."))
add(
    "chat.frame_summary",
    FRAME,
    _(
        "Un résumé est à lire avant la suite : « Actualiser », sous les messages, montre comment, et garde le "
        "message en cours."
    ),
)
add("chat.frame_none", FRAME, _("Pas encore de nouveau message. Ils apparaîtront ici."))
add(
    "chat.frame_follow",
    FRAME,
    _(
        "Une suite est à lire : « Actualiser », sous les messages, montre le bouton qui y mène, et garde le message "
        "en cours."
    ),
)
add(
    "chat.frame_document",
    FRAME,
    _(
        "Un document vous attend : « Actualiser », sous les messages, montre le bouton qui y mène, et garde le message "
        "en cours."
    ),
    _(
        "Un document t'attend : « Actualiser », sous les messages, montre le bouton qui y mène, et garde le message "
        "en cours."
    ),
)
add(
    "chat.frame_aside",
    FRAME,
    _("Une suite est à lire : le bouton au-dessus de ce cadre y mène."),
)
add(
    "chat.away_told",
    AWAY,
    _(
        "Le service ne répond pas en ce moment. Le texte est gardé ici : il peut être envoyé de nouveau dans "
        "un instant, sans risque de partir deux fois."
    ),
)
add(
    "chat.away_danger",
    AWAY,
    _(
        "En danger : appelez le {numero_police} ou le {numero_europe}. Si vous ne pouvez pas parler, écrivez "
        "au {numero_sms} par SMS. Moins de 18 ans : {numero_enfance}, jour et nuit."
    ),
    _(
        "En danger : appelle le {numero_police} ou le {numero_europe}. Si tu ne peux pas parler, écris "
        "au {numero_sms} par SMS. Moins de 18 ans : {numero_enfance}, jour et nuit."
    ),
    note="Dite aussi pendant un afflux, après trop d'avis, et après trop d'essais de connexion.",
)
add(
    "chat.lost",
    LINE,
    _(
        "Connexion perdue. Vérifiez votre réseau et gardez cette page ouverte : ce qui est envoyé partira au retour, "
        "ce qui est dans le champ quand vous l'enverrez."
    ),
    _(
        "Connexion perdue. Vérifie ton réseau et garde cette page ouverte : ce qui est envoyé partira au retour, "
        "ce qui est dans le champ quand tu l'enverras."
    ),
    note="Un message qui n'était pas parti est de nouveau dans le champ après un rechargement : rien ne l'envoie.",
)
add(
    "chat.waiting_told_discreet",
    WAITING,
    _("Restez sur cette page : la réponse arrivera ici."),
    _("Reste sur cette page : la réponse arrivera ici."),
    note=DISCREET,
)
add(
    "chat.urgent_first",
    WAITING,
    _("Les situations les plus urgentes passent d'abord : votre place peut changer. Elle se met à jour seule."),
    _("Les situations les plus urgentes passent d'abord : ta place peut changer. Elle se met à jour seule."),
)
add(
    "chat.active_told",
    EXCHANGE,
    _("Prenez votre temps. Vous pouvez tout dire, ou vous arrêter quand vous voulez."),
    _("Prends ton temps. Tu peux tout dire, ou t'arrêter quand tu veux."),
)
add("chat.ended_title", AFTER, _("L'échange est terminé"))
add("chat.ended_told", AFTER, _("Merci d'avoir parlé : c'est un pas important."))
add(
    "chat.left_told",
    LEFT_QUEUE,
    _("Aucun agent n'avait encore pu vous répondre, ni vous lire. Ce n'est pas à cause de vous."),
    _("Aucun agent n'avait encore pu te répondre, ni te lire. Ce n'est pas à cause de toi."),
)
add(
    "chat.left_again",
    LEFT_QUEUE,
    _("Vous pouvez revenir quand vous voulez, jour et nuit. Une nouvelle place vous sera donnée dans la file."),
    _("Tu peux revenir quand tu veux, jour et nuit. Une nouvelle place te sera donnée dans la file."),
)
add(
    "chat.left_doors",
    LEFT_QUEUE,
    _("Si vous préférez parler à quelqu'un d'autre, voici des numéros, avec leurs heures :"),
    _("Si tu préfères parler à quelqu'un d'autre, voici des numéros, avec leurs heures :"),
)
add("chat.told_title", AFTER, _("Ce que votre interlocuteur vous laisse"), _("Ce que ton interlocuteur te laisse"))
add("chat.summary_asked", EXCHANGE, _("Un résumé attend votre relecture."), _("Un résumé attend ta relecture."))
add(
    "chat.write_already",
    WAITING,
    _("Vous pouvez déjà écrire : la personne qui vous répondra lira tout."),
    _("Tu peux déjà écrire : la personne qui te répondra lira tout."),
)
add(
    "chat.cannot_wait",
    WAITING,
    _("Si vous ne pouvez pas attendre, voici des numéros, avec leurs heures :"),
    _("Si tu ne peux pas attendre, voici des numéros, avec leurs heures :"),
)
add("chat.after_title", AFTER, _("Et maintenant ?"))
add("chat.asleep_title", WAITING, _("Si l'écran s'éteint"))
add(
    "chat.asleep_told",
    WAITING,
    _(
        "L'écran peut s'éteindre {asleep} minutes : votre tour est gardé. S'il vient alors, on vous "
        "attend {woken} minutes, puis la personne suivante passe. Au réveil, vous retrouvez votre place."
    ),
    _(
        "L'écran peut s'éteindre {asleep} minutes : ton tour est gardé. S'il vient alors, on t'attend "
        "{woken} minutes, puis la personne suivante passe. Au réveil, tu retrouves ta place."
    ),
    variables=[
        Variable("asleep", "combien de minutes un tour est gardé à une page en veille", "10"),
        Variable("woken", "combien de minutes l'agent attend qui dort", "2"),
    ],
)
add(
    "chat.code_keeps",
    WAITING,
    _("Avec ce code, vous pouvez fermer la page : votre place est gardée {minutes} minutes."),
    _("Avec ce code, tu peux fermer la page : ta place est gardée {minutes} minutes."),
    variables=[Variable("minutes", "combien de minutes la place est gardée", "60")],
)
add("chat.long_title", WAITING, _("L'attente est longue"))
add(
    "chat.long_told",
    WAITING,
    _(
        "Votre place est gardée. En attendant, d'autres personnes peuvent vous écouter : voici des numéros, avec leurs "
        "heures. Vous pouvez aussi revenir plus tard, avec un code."
    ),
    _(
        "Ta place est gardée. En attendant, d'autres personnes peuvent t'écouter : voici des numéros, avec leurs "
        "heures. Tu peux aussi revenir plus tard, avec un code."
    ),
)
add("chat.warn_told", WAITING, _("Quand quelqu'un répond :"), note="Suivent : un son, une vibration, une notification.")
add(
    "chat.come_back_told",
    EXCHANGE,
    _("Un code de reprise vous ramène ici, même sur un autre appareil."),
    _("Un code de reprise te ramène ici, même sur un autre appareil."),
)
add("chat.code_replaces", EXCHANGE, _("Il remplace le précédent."))
add("chat.very_bad_title", EXCHANGE, _("Si vous vous sentez très mal"), _("Si tu te sens très mal"))
add("chat.why_here", WAITING, _("Pourquoi un policier ou un gendarme ?"))
add("chat.ready_title", WAITING, _("Que préparer en attendant ?"))
add(
    "chat.ready_told",
    WAITING,
    _("Rien n'est obligatoire. Si vous le pouvez, gardez sous la main :"),
    _("Rien n'est obligatoire. Si tu le peux, garde sous la main :"),
)
add("chat.ready_captures", WAITING, _("les captures d'écran et les messages, avec leur date ;"))
add("chat.ready_sounds", WAITING, _("les sons et les vidéos ;"))
add("chat.ready_accounts", WAITING, _("les noms de comptes et les adresses des pages ;"))
add("chat.ready_witnesses", WAITING, _("le nom des personnes qui ont vu les faits ;"))
add("chat.ready_certificate", WAITING, _("un certificat médical, s'il y en a un."))
add(
    "chat.ready_no_answer",
    WAITING,
    _("Ne répondez pas à l'auteur des faits. Vous pouvez le bloquer, une fois les captures d'écran faites."),
    _("Ne réponds pas à l'auteur des faits. Tu peux le bloquer, une fois les captures d'écran faites."),
)
add(
    "chat.ready_no_answer_other",
    WAITING,
    _("Mieux vaut ne pas répondre à l'auteur des faits. La personne peut le bloquer, une fois les preuves gardées."),
    note=OTHER,
)
add(
    "chat.ready_image_minor",
    WAITING,
    _("Une image intime d'une personne de moins de 18 ans : notez l'adresse, le compte, la date. Ne la copiez pas."),
    _("Une image intime : note l'adresse, le compte, la date. Ne la copie pas et ne l'envoie à personne."),
    note="Pour tout le monde : un adulte peut avoir une image de ses 17 ans. En tu, qui lit est mineur.",
)
add("chat.after_complaint_title", AFTER, _("Porter plainte"))
add("chat.after_complaint_title_other", AFTER, _("Témoigner, accompagner"), note=OTHER)
add(
    "chat.after_complaint_other",
    AFTER,
    _(
        "La personne qui subit les faits peut porter plainte, dans un commissariat ou une gendarmerie. Pour un mineur, "
        "ses parents le peuvent aussi. Vous pouvez l'accompagner, ou y dire ce que vous avez vu. Un signalement n'est "
        "pas une plainte."
    ),
    _(
        "La personne qui subit les faits peut porter plainte, dans un commissariat ou une gendarmerie. Pour un mineur, "
        "ses parents le peuvent aussi. Tu peux l'accompagner, ou y dire ce que tu as vu. Un signalement n'est pas une "
        "plainte."
    ),
    note=OTHER,
)
add("chat.after_complaint_title_professional", AFTER, _("Vos obligations, et la plainte"),
    _("Tes obligations, et la plainte"), note=PROFESSIONAL)  # fmt: skip
add(
    "chat.after_complaint_professional",
    AFTER,
    _(
        "Agent public, même contractuel, vous informez sans délai le procureur d'un crime ou d'un délit appris dans "
        "vos fonctions (article 40). Pour un mineur en danger, vous pouvez prévenir la cellule du département (CRIP) ; "
        "danger immédiat : {numero_police}. Porter plainte revient à la personne qui subit les faits ; pour un mineur, "
        "ses parents le peuvent aussi. Vous pouvez l'accompagner. Un signalement n'est pas une plainte."
    ),
    _(
        "Agent public, même contractuel, tu informes sans délai le procureur d'un crime ou d'un délit appris dans tes "
        "fonctions (article 40). Pour un mineur en danger, tu peux prévenir la cellule du département (CRIP) ; danger "
        "immédiat : {numero_police}. Porter plainte revient à la personne qui subit les faits ; pour un mineur, ses "
        "parents le peuvent aussi. Tu peux l'accompagner. Un signalement n'est pas une plainte."
    ),
    note=PROFESSIONAL,
    max_length=500,
)
add(
    "chat.after_complaint",
    AFTER,
    _("Vous pouvez porter plainte dans un commissariat ou une gendarmerie. Un signalement n'est pas une plainte."),
    _(
        "Tu peux porter plainte, même sans tes parents, dans un commissariat ou une gendarmerie. Un "
        "signalement n'est pas une plainte."
    ),
)
add("chat.after_near_title", AFTER, _("Trouver de l'aide près de chez soi"))
add(
    "chat.after_near",
    AFTER,
    _("Aide aux victimes, informations sur le droit, psychologues : les contacts du point d'accueil."),
)
add("chat.after_evidence_title", AFTER, _("Garder les preuves"))
add(
    "chat.after_evidence",
    AFTER,
    _(
        "Captures d'écran, messages, sons, vidéos, témoignages, certificat médical : gardez tout, avec les "
        "dates. Ce qui date de plusieurs années compte aussi."
    ),
    _(
        "Captures d'écran, messages, sons, vidéos, témoignages, certificat médical : garde tout, avec les "
        "dates. Ce qui date de plusieurs années compte aussi."
    ),
)
add("chat.after_again_title", AFTER, _("Si cela recommence"))
add(
    "chat.after_again",
    AFTER,
    _("Revenez quand vous le souhaitez, jour et nuit, même pour une seule question."),
    _("Reviens quand tu veux, jour et nuit, même pour une seule question."),
)
add(
    "chat.after_readable",
    AFTER,
    _(
        "Cette page reste lisible jusqu'à la fin de votre visite. Ensuite, elle ne s'ouvre plus, même avec un "
        "code de reprise : notez ce qui vous est utile."
    ),
    _(
        "Cette page reste lisible jusqu'à la fin de ta visite. Ensuite, elle ne s'ouvre plus, même avec un "
        "code de reprise : note ce qui t'est utile."
    ),
)
VISIT_ENDED_TITLE = add("chat.visit_ended_title", ENDED, _("Cette visite a pris fin sur cet appareil"))
VISIT_ENDED = add(
    "chat.visit_ended",
    ENDED,
    _("Ses messages ne s'affichent plus ici. Un texte qui n'était pas encore envoyé n'a pas été gardé."),
)
add("chat.visit_ended_danger", ENDED, _("En danger"))
add("chat.end_title", END, _("Terminer l'échange ?"))
add(
    "chat.end_told",
    END,
    _("Votre interlocuteur en sera prévenu. Vous pourrez relire les messages et voir la suite."),
    _("Ton interlocuteur en sera prévenu. Tu pourras relire les messages et voir la suite."),
)
add(
    "chat.end_rather_code",
    END,
    _("Vous devez seulement vous absenter ? Ne terminez pas : créez plutôt un code de reprise, vous pourrez revenir."),
    _("Tu dois juste t'absenter ? Ne termine pas : crée plutôt un code de reprise, tu pourras revenir."),
)
add("chat.leave_title", END, _("Quitter la file d'attente ?"))
add(
    "chat.leave_told",
    END,
    _("Votre place sera perdue. Ce que vous avez écrit reste lisible ici jusqu'à la fin de votre visite."),
    _("Ta place sera perdue. Ce que tu as écrit reste lisible ici jusqu'à la fin de ta visite."),
)
add(
    "chat.leave_come_back",
    END,
    _("Vous pourrez revenir quand vous voulez, jour et nuit."),
    _("Tu pourras revenir quand tu veux, jour et nuit."),
)
add(
    "chat.code_over",
    CODE,
    _(
        "L'échange est terminé : son code de reprise n'en ouvre plus les messages. S'il y a des suites, il ouvre "
        "leur page."
    ),
)
add(
    "chat.code_note",
    CODE,
    _("Notez ces cinq mots maintenant, dans cet ordre : ils ne seront plus affichés."),
    _("Note ces cinq mots maintenant, dans cet ordre : ils ne seront plus affichés."),
)
add("chat.code_will_go", CODE, _("Ces mots disparaîtront de l'écran dans dix minutes."))
add(
    "chat.code_shown_once",
    CODE,
    _(
        "Il n'a été affiché qu'une fois. Si vous ne l'avez pas noté, créez-en un autre : celui d'avant ne "
        "fonctionnera plus."
    ),
    _("Il n'a été affiché qu'une fois. Si tu ne l'as pas noté, crée-en un autre : celui d'avant ne marchera plus."),
)
add(
    "chat.code_none",
    CODE,
    _("Aucun code ne fonctionne pour le moment. Si vous partez, vous ne pourrez pas revenir depuis un autre appareil."),
    _("Aucun code ne fonctionne pour le moment. Si tu pars, tu ne pourras pas revenir depuis un autre appareil."),
)
add(
    "chat.code_annul_why",
    CODE,
    _("Papier perdu, ou vu par quelqu'un ? Un code annulé ne fonctionne plus, sans effacer l'échange."),
)
add(
    "chat.code_paper",
    CODE,
    _(
        "Écrivez ces mots dans un cahier ou sur un papier : on dirait une simple liste. Vous pouvez aussi les "
        "confier à une personne de confiance."
    ),
    _(
        "Écris ces mots dans un cahier ou sur un papier : on dirait une simple liste. Tu peux aussi les "
        "confier à quelqu'un de confiance."
    ),
)
add(
    "chat.code_no_device",
    CODE,
    _("Ne les enregistrez pas sur un appareil que quelqu'un d'autre peut ouvrir : ni photo, ni capture, ni note."),
    _("Ne les enregistre pas sur un appareil que quelqu'un d'autre peut ouvrir : ni photo, ni capture, ni note."),
)
add(
    "chat.code_opens",
    CODE,
    _(
        "Toute personne qui a ces mots peut lire votre échange. S'ils ont été vus, annulez le code ou "
        "créez-en un autre."
    ),
    _("Toute personne qui a ces mots peut lire ton échange. S'ils ont été vus, annule le code ou crée-en un autre."),
)
add(
    "chat.code_ends",
    CODE,
    _("Le code s'arrête aussi avec l'échange : quand il est terminé, personne ne peut plus y revenir."),
)
add(
    "chat.resume_told",
    RESUME,
    _("Votre code de reprise vous ramène à votre place et à vos messages, depuis n'importe quel appareil."),
    _("Ton code de reprise te ramène à ta place et à tes messages, depuis n'importe quel appareil."),
)
add(
    "chat.resume_hint",
    RESUME,
    _("Cinq mots en français, dans l'ordre. Les majuscules, les accents et les espaces ne comptent pas."),
)
add(
    "chat.resume_no_code",
    RESUME,
    _("Pas de code ? Vous pouvez commencer un nouvel échange : aucun nom n'est demandé."),
    _("Pas de code ? Tu peux commencer un nouvel échange : aucun nom n'est demandé."),
)
add("chat.thread", PIECES, _("Messages de l'échange"))
add(
    "chat.thread_range",
    PIECES,
    _("Messages {first} à {last}, sur {total}."),
    variables=[
        Variable("first", "le numéro du premier message de la page", "101"),
        Variable("last", "celui du dernier", "200"),
        Variable("total", "combien il y en a dans l'échange", "250"),
    ],
)
add("chat.thread_none", PIECES, _("Il n'y a pas de message ici."))
add("chat.body_label", EXCHANGE, _("Votre message"), _("Ton message"))
add("chat.code_label", EXCHANGE, _("Code de reprise :"))
add("chat.leave_button", EXCHANGE, _("Quitter la file d'attente"))
add("chat.end_button", EXCHANGE, _("Terminer l'échange"))
add("chat.visit_over", ENDED, _("Visite terminée"))
add("chat.away_title", AWAY, _("Message pas encore envoyé"))
add("chat.away_title_fact", AWAY, _("Pas encore noté"), note="Titre de la page, après « Noter un fait ».")
add("chat.away_title_answer", AWAY, _("Réponse pas encore envoyée"))
add("chat.away_title_alone", AWAY, _("Connexion interrompue"))
add("chat.away_again", AWAY, _("Nouvel essai dans quelques secondes."))
add(
    "chat.away_kept",
    AWAY,
    _(
        "Le service ne répond pas en ce moment. Ce qui vient d'être envoyé est gardé sur cette page et peut être "
        "envoyé de nouveau dans un instant."
    ),
)
add(
    "chat.away_file",
    AWAY,
    _(
        "Le service ne répond pas en ce moment. Le fichier n'a pas été gardé : il faudra le choisir de nouveau dans un "
        "instant."
    ),
)
add("chat.away_choose", AWAY, _("Choisir le fichier de nouveau"))
add("chat.code_title", AROUND, _("Code de reprise"))
add("chat.news_title", AROUND, _("Nouveaux messages"))
FOLLOW_TITLE = add("follow_up.page_title", AROUND, _("Suites"))
MY_APPOINTMENT = add("follow_up.meeting_link", AROUND, _("Mon rendez-vous"))
FILE_NUMBER = add("follow_up.file_label", AROUND, _("Numéro de dossier :"))
add(
    "chat.code_how",
    CODE,
    _(
        "Pour revenir, sur n'importe quel appareil : la page « Reprendre mon échange », à l'adresse "
        "{address} de ce site."
    ),
    variables=[Variable("address", "l'adresse de la page où le code s'écrit", "/tchat/reprendre/")],
)
add("chat.resume_title", RESUME, _("Reprendre mon échange"))
RESUME_LOOKING = add(
    "chat.resume_looking",
    RESUME,
    _("Recherche en cours… Cela peut prendre une demi-minute. Gardez cette page ouverte."),
    _("Recherche en cours… Cela peut prendre une demi-minute. Garde cette page ouverte."),
    note="À côté du bouton, dès que le code est envoyé.",
)
add("chat.begin_title", BEGIN, _("Parler à un policier ou à un gendarme"), note="Aussi dans la barre de titre.")
add("chat.begin_title_discreet", BEGIN, _("Commencer ou reprendre"), note=DISCREET)
add(
    "chat.begin_told",
    BEGIN,
    _(
        "C'est gratuit, jour et nuit, sans donner de nom. Si un échange est déjà ouvert, son code de reprise "
        "ramène à la même place et aux mêmes messages."
    ),
)
add("chat.begin_told_discreet", BEGIN, _("Un code ramène à ce qui a été commencé."), note=DISCREET)
add(
    "chat.address_sealed",
    BEGIN,
    _(
        "L'adresse technique de votre connexion est mise sous scellé : ni l'agent ni nous ne pouvons la lire. On ne "
        "l'ouvre qu'avec l'autorisation du procureur de la République, pour les faits les plus graves, ou si une vie "
        "est en danger."
    ),
    _(
        "L'adresse technique de ta connexion est mise sous scellé : ni l'agent ni nous ne pouvons la lire. On ne "
        "l'ouvre qu'avec l'autorisation du procureur de la République, pour les faits les plus graves, ou si une vie "
        "est en danger."
    ),
)
add(
    "chat.address_sealed_discreet",
    BEGIN,
    _(
        "L'adresse technique de votre connexion est gardée chiffrée : personne ici ne peut la lire. La loi dit dans "
        "quels cas, les plus graves, elle peut être ouverte."
    ),
    _(
        "L'adresse technique de ta connexion est gardée chiffrée : personne ici ne peut la lire. La loi dit dans quels "
        "cas, les plus graves, elle peut être ouverte."
    ),
    note=DISCREET,
)
