"""These are the sentences of « Ma copie »: its page, the papers in it, the page that checks it, the receipt."""

from django.utils.translation import gettext_lazy as _

from chat.texts.pages import DISCREET
from common.texts.catalogue import Place, Variable, add

COPY = Place("chat.copy", "Ma copie")
PAPER = Place("chat.copy_paper", "Ma copie : ce qui est sur le papier")
CHECKER = Place("chat.copy_checker", "Ma copie : les pages qui s'ouvrent sans connexion")
RECEIPT = Place("chat.receipt", "Récépissé")
DAY = Variable("day", "le jour", "28 novembre 2026")
HOUR = Variable("hour", "l'heure", "18:05")
WHO = Variable("who", "qui répond", "Camille, police nationale")
NAME = Variable("name", "le nom d'un fichier", "copie.pdf")
COUNT = Variable("count", "combien", "12")

# --- the page ---------------------------------------------------------------------------------------------------------

TITLE = add("copy.title", COPY, _("Ma copie"))
TITLE_DISCREET = add("copy.title_discreet", COPY, _("À emporter"), note=DISCREET)
add(
    "copy.what",
    COPY,
    _("Un dossier compressé : l'échange, vos faits notés, qui a lu, ce qui a été décidé, une page qui vérifie tout."),
    _("Un dossier compressé : l'échange, tes faits notés, qui a lu, ce qui a été décidé, une page qui vérifie tout."),
)
add("copy.what_discreet", COPY, _("Un dossier compressé, avec une page qui le vérifie."), note=DISCREET)
add(
    "copy.sealed",
    COPY,
    _("Le nom et le contact donnés restent sous scellés : ce site ne sait pas les ouvrir, ils n'y sont donc pas."),
)
DEVICE = add("copy.device", COPY, _("Êtes-vous la seule personne à utiliser cet appareil ?"),
    _("Es-tu la seule personne à utiliser cet appareil ?"))  # fmt: skip
DEVICE_MINE = add("copy.device_mine", COPY, _("Oui"))
DEVICE_SHARED = add("copy.device_shared", COPY, _("Non, ou je ne sais pas"))
DEVICE_MISSING = add("copy.device_missing", COPY, _("Répondez d'abord à cette question."),
    _("Réponds d'abord à cette question."))  # fmt: skip
add(
    "copy.shared_told",
    COPY,
    _("Un fichier téléchargé reste sur cet appareil : qui s'en sert peut l'ouvrir. Prenez-le plutôt sur le vôtre."),
    _("Un fichier téléchargé reste sur cet appareil : qui s'en sert peut l'ouvrir. Prends-le plutôt sur le tien."),
)
add(
    "copy.shared_lock",
    COPY,
    _("Sinon, fermez-le par des mots, puis effacez-le des téléchargements."),
    _("Sinon, ferme-le par des mots, puis efface-le des téléchargements."),
)
WITH_CAPTURES = add("copy.with_captures", COPY, _("Avec les captures et les documents reçus"))
WITH_CAPTURES_DISCREET = add(
    "copy.with_captures_discreet", COPY, _("Avec les fichiers envoyés et reçus"), note=DISCREET
)
LOCK = add("copy.lock", COPY, _("Fermer la copie par des mots"))
WORDS = add("copy.words", COPY, _("Ces mots"))
WORDS_HINT = add(
    "copy.words_hint",
    COPY,
    _("Notez-les sur papier, ou écrivez les vôtres. Ils ne sont gardés nulle part : sans eux, rien ne s'ouvre."),
    _("Note-les sur papier, ou écris les tiens. Ils ne sont gardés nulle part : sans eux, rien ne s'ouvre."),
)
WORDS_SHORT = add(
    "copy.words_short",
    COPY,
    _("Écrivez des mots plus longs : {count} lettres au moins."),
    _("Écris des mots plus longs : {count} lettres au moins."),
    variables=[COUNT],
)
WORDS_LONG = add("copy.words_long", COPY, _("C'est trop long : {count} lettres au plus."), variables=[COUNT])
add(
    "copy.name_told",
    COPY,
    _("Le fichier s'appelle « {name} ». Rien n'en est gardé ici."),
    variables=[Variable("name", "le nom du fichier, sans ce qui suit son point", "documents-2026-11-28")],
)
MANY = add("copy.many", COPY, _("Beaucoup de copies à la fois. Réessayez plus tard."),
    _("Beaucoup de copies à la fois. Réessaie plus tard."))  # fmt: skip
BUSY = add("copy.busy", COPY, _("La copie n'a pas pu être faite. Rien n'est perdu : réessayez dans quelques minutes."),
    _("La copie n'a pas pu être faite. Rien n'est perdu : réessaie dans quelques minutes."))  # fmt: skip
add(
    "copy.late",
    COPY,
    _("Votre copie se prépare. Le service est très occupé : cela peut prendre quelques minutes."),
    _("Ta copie se prépare. Le service est très occupé : cela peut prendre quelques minutes."),
)
add(
    "copy.late_discreet",
    COPY,
    _("Cela se prépare. Le service est très occupé : cela peut prendre quelques minutes."),
    note=DISCREET,
)
add(
    "copy.late_press",
    COPY,
    _("Dans une minute, appuyez sur « Enregistrer » : rien ne recommence, et rien n'est perdu."),
    _("Dans une minute, appuie sur « Enregistrer » : rien ne recommence, et rien n'est perdu."),
)
add(
    "copy.late_alone",
    COPY,
    _("Laissez cette page ouverte : le fichier s'enregistre seul dès qu'il est prêt."),
    _("Laisse cette page ouverte : le fichier s'enregistre seul dès qu'il est prêt."),
)
add("copy.late_given", COPY, _("C'est prêt : le fichier s'enregistre."))
add("copy.late_words", COPY, _("Les mots qui l'ouvriront :"))
STORE_AWAY = add(
    "copy.store_away",
    COPY,
    _("Les fichiers ne peuvent pas être lus en ce moment. Rien n'est perdu : réessayez, ou prenez la copie sans eux."),
    _("Les fichiers ne peuvent pas être lus en ce moment. Rien n'est perdu : réessaie, ou prends la copie sans eux."),
)
TOO_LARGE = add(
    "copy.too_large",
    COPY,
    _("C'est trop grand pour une seule copie. Rien n'est perdu : prenez-la sans les captures."),
    _("C'est trop grand pour une seule copie. Rien n'est perdu : prends-la sans les captures."),
)
add("copy.later_title", COPY, _("La prendre plus tard"))
add(
    "copy.later_off",
    COPY,
    _("Le code de « Suites » n'ouvre pas votre copie : qui le trouverait ne lirait rien de ce qui a été dit."),
    _("Le code de « Suites » n'ouvre pas ta copie : qui le trouverait ne lirait rien de ce qui a été dit."),
)
add(
    "copy.later_on",
    COPY,
    _("Votre code ouvre aussi cette page, après l'échange et jusqu'à la suppression. Qui le trouve peut tout lire."),
    _("Ton code ouvre aussi cette page, après l'échange et jusqu'à la suppression. Qui le trouve peut tout lire."),
)
LATER_IS_ON = add("copy.later_is_on", COPY, _("Votre code ouvrira aussi cette page."),
    _("Ton code ouvrira aussi cette page."))  # fmt: skip
LATER_IS_OFF = add("copy.later_is_off", COPY,
    _("Votre code n'ouvre plus cette page. Une fois l'échange fini, s'il n'y a rien d'autre à suivre, il "
      "n'ouvre plus rien."),
    _("Ton code n'ouvre plus cette page. Une fois l'échange fini, s'il n'y a rien d'autre à suivre, il "
      "n'ouvre plus rien."))  # fmt: skip
add("copy.check_title", COPY, _("Vérifier une copie"))
add(
    "copy.check_told",
    COPY,
    _("La page « verifier.html » est dans la copie. Elle marche sans connexion et dit quel fichier a changé."),
)

# --- on paper ---------------------------------------------------------------------------------------------------------

MADE = add(
    "copy.made",
    PAPER,
    _("Copie n° {number}, faite le {day} à {hour}."),
    variables=[Variable("number", "la combientième copie c'est", "1"), DAY, HOUR],
)
HOURS = add(
    "copy.hours",
    PAPER,
    _("Les heures sont celles de Paris ; celles des faits sont comme vous les avez notées."),
    _("Les heures sont celles de Paris ; celles des faits sont comme tu les as notées."),
)
HOURS_DISCREET = add(
    "copy.hours_discreet",
    PAPER,
    _("Les heures sont celles de Paris ; celles des notes sont comme vous les avez écrites."),
    _("Les heures sont celles de Paris ; celles des notes sont comme tu les as écrites."),
    note=DISCREET,
)
NO_COMPLAINT = add("copy.no_complaint", PAPER, _("Un signalement n'est pas une plainte."))
CHECKED_BY = add(
    "copy.checked_by",
    PAPER,
    _("Les mots exacts sont dans « copie.json ». « verifier.html » vérifie tous les fichiers."),
)
SEALED_TOO = add(
    "copy.sealed_paper",
    PAPER,
    _("Le nom et le contact donnés n'y sont pas : ils sont sous scellés, et ce site ne sait pas les ouvrir."),
)
PART_OF = add(
    "copy.part_of",
    PAPER,
    _("Partie {part} sur {count}."),
    variables=[Variable("part", "le numéro de cette partie", "1"), COUNT],
)
SIGN_CODES = add("copy.sign_codes", PAPER, _("Un signe qui ne se dessine pas est écrit par son code, entre ⟦ et ⟧."))
SUBJECT = add("copy.subject", PAPER, _("Sujet"), max_length=40)
ANSWER = add("copy.answer", PAPER, _("Réponse"), max_length=40)
REPORT = add("copy.report", PAPER, _("Le signalement"))
FILED_AT = add("copy.filed_at", PAPER, _("Déposé le"))
OPENED_AT = add("copy.opened_at", PAPER, _("Échange ouvert le"))
CLOSED_AT = add("copy.closed_at", PAPER, _("Échange terminé le"))
ID = add("copy.id", PAPER, _("Identifiant de l'échange"))
MESSAGES = add("copy.messages", PAPER, _("Les messages"))
FACTS = add("copy.facts", PAPER, _("Faits notés"))
FACTS_TITLE = add("copy.facts_title", PAPER, _("Mes faits notés"))
NO_WORD = add("copy.no_word", PAPER, _("Ce texte ne peut plus être ouvert."))
PRIVATE = add("copy.private", PAPER, _("privé"))
SHOWN = add("copy.shown", PAPER, _("montré le {day}"), variables=[DAY])
NOTED = add("copy.noted", PAPER, _("noté le {day}"), variables=[DAY])
CORRECTED = add("copy.corrected", PAPER, _("corrigé le {day}"), variables=[DAY])
WHERE = add("copy.where", PAPER, _("Où : {what}"), variables=[Variable("what", "où", "Instagram")])
ACCOUNT = add("copy.account", PAPER, _("Compte : {what}"), variables=[Variable("what", "le compte", "@lea")])
LINK = add("copy.link", PAPER, _("Lien : {what}"), variables=[Variable("what", "le lien", "exemple.fr/page")])
SEEN_BY = add("copy.witnesses_line", PAPER, _("Vu par : {what}"), variables=[Variable("what", "qui l'a vu", "Sam")])
PROOF_TITLE = add("copy.proof_title", COPY, _("La preuve d'un seul élément"))
PROOF_TITLE_DISCREET = add("copy.proof_title_discreet", COPY, _("Un seul élément"), note=DISCREET)
add(
    "copy.proof_told",
    COPY,
    _("Un petit fichier montre qu'un message, un fait ou une capture existait tel jour, sans rien montrer d'autre. "
      "La preuve se fait dans la nuit qui suit : votre copie contient celles qui sont déjà faites. "
      "Celle de la copie entière, PDF compris, se demande ici le lendemain."),
    _("Un petit fichier montre qu'un message, un fait ou une capture existait tel jour, sans rien montrer d'autre. "
      "La preuve se fait dans la nuit qui suit : ta copie contient celles qui sont déjà faites. "
      "Celle de la copie entière, PDF compris, se demande ici le lendemain."),
)  # fmt: skip
PROOF_OF = add("copy.proof_of", COPY, _("Preuve de quoi ?"))
PROOF_MESSAGE = add("copy.proof_message", COPY, _("Un message"))
PROOF_FACT = add("copy.proof_fact", COPY, _("Un fait noté"))
PROOF_NOTE = add("copy.proof_note", COPY, _("Une note"), note=DISCREET)
PROOF_CAPTURE = add("copy.proof_capture", COPY, _("Une capture"))
PROOF_FILE = add("copy.proof_file", COPY, _("Un document"), note=DISCREET)
PROOF_COPY = add("copy.proof_copy", COPY, _("Une copie entière"))
PROOF_KIND_MISSING = add("copy.proof_kind_missing", COPY, _("Choisissez de quoi."), _("Choisis de quoi."))
PROOF_NUMBER = add("copy.proof_number", COPY, _("Son numéro"))
PROOF_NUMBER_HINT = add(
    "copy.proof_number_hint",
    COPY,
    _("Il est écrit devant chaque élément dans la copie ; celui de la copie elle-même est en haut."),
)
PROOF_NUMBER_WRONG = add(
    "copy.proof_number_wrong", COPY, _("Écrivez ce numéro en chiffres."),
    _("Écris ce numéro en chiffres."),
)  # fmt: skip
PROOF_NONE = add("copy.proof_none", COPY, _("Rien n'a ce numéro ici."))
PROOF_TOMORROW = add(
    "copy.proof_tomorrow", COPY, _("Il n'y a pas encore de preuve : elle se fait dans la nuit qui suit.")
)
PROOF_MANY = add("copy.proof_many", COPY, _("Beaucoup de preuves à la fois : réessayez plus tard."),
                 _("Beaucoup de preuves à la fois : réessaie plus tard."))  # fmt: skip
CAPTURES = add("copy.captures", PAPER, _("Les captures"))
CAPTURE = add(
    "copy.capture",
    PAPER,
    _("Capture {number}, reçue le {day}"),
    variables=[Variable("number", "le numéro de la capture", "2"), DAY],
)
CAPTURE_UNREAD = add(
    "copy.capture_unread", PAPER, _("Elle se préparait encore : une copie faite un peu plus tard la contient.")
)
CAPTURE_CLOSED = add(
    "copy.capture_closed", PAPER, _("Elle ne peut plus être ouverte : elle n'est pas dans cette copie.")
)
CAPTURE_FOUND = add(
    "copy.capture_found",
    PAPER,
    _("Un programme malveillant y a été trouvé : le fichier n'est pas dans cette copie."),
)
CAPTURE_ASIDE = add("copy.capture_aside", PAPER, _("Elle a été mise de côté : elle n'est pas dans cette copie."))
DOCUMENT_UNREAD = add(
    "copy.document_unread", PAPER, _("Il se préparait encore : une copie faite un peu plus tard le contient.")
)
DOCUMENT_CLOSED = add("copy.document_closed", PAPER, _("Il ne peut pas être montré : il n'est pas dans cette copie."))
HANDOUTS = add("copy.handouts", PAPER, _("Les documents reçus"))
READERS = add("copy.readers", PAPER, _("Qui a lu"))
READERS_BOTH = add(
    "copy.readers_both", PAPER, _("Seulement vous et qui vous a répondu."), _("Seulement toi et qui t'a répondu.")
)
READERS_LAST = add(
    "copy.readers_last", PAPER, _("Seules les {count} dernières fois sont écrites ici."), variables=[COUNT]
)
HANDS = add("copy.hands", PAPER, _("Qui a répondu"))
TAKEN = add("copy.taken", PAPER, _("{who} a pris l'échange"), variables=[WHO])
BACK = add("copy.back", PAPER, _("L'échange est revenu dans la file"))
PASSED = add("copy.passed", PAPER, _("L'échange a été confié à quelqu'un d'autre"))
JOINED = add("copy.joined", PAPER, _("Un superviseur a rejoint l'échange"))
LEFT = add("copy.left", PAPER, _("Le superviseur a quitté l'échange"))
ENDED = add("copy.ended", PAPER, _("L'échange s'est terminé"))
DECIDED = add("copy.decided", PAPER, _("Ce qui a été proposé et décidé"))
NO_ANSWER = add("copy.unanswered", PAPER, _("sans réponse"))
REMOVAL = add("copy.removal", PAPER, _("Retrait demandé le"))
ERASURE = add("copy.erasure", PAPER, _("Effacement demandé le"))
NUMBER = add("copy.number", PAPER, _("N° de dossier"))
SENT_SUMMARY = add("copy.sent_summary", PAPER, _("Résumé pour l'unité"))
KEEPING = add("copy.keeping", PAPER, _("Jusqu'à quand"))
KEPT_UNTIL = add("copy.kept_until", PAPER, _("Supprimé le {day} au plus tôt, si rien ne s'ajoute."), variables=[DAY])

# --- pages that open from a disk --------------------------------------------------------------------------------------

add("copy_check.title", CHECKER, _("Vérifier une copie"))
add(
    "copy_check.told",
    CHECKER,
    _(
        "Choisissez le fichier compressé, avec sa preuve de date si vous l'avez, ou déposez-les ici. "
        "Rien ne quitte cet appareil."
    ),
    _(
        "Choisis le fichier compressé, avec sa preuve de date si tu l'as, ou dépose-les ici. "
        "Rien ne quitte cet appareil."
    ),
)
add("copy_check.no_script", CHECKER, _("Cette page a besoin de JavaScript."))
READING = add("copy_check.reading", CHECKER, _("Lecture en cours."))
WHOLE_SINCE = add(
    "copy_check.whole_since",
    CHECKER,
    _("Rien n'a changé depuis que cette copie a été donnée, le {day} au plus tard : {count} fichiers vérifiés, "
      "PDF compris."),
    variables=[Variable("day", "le jour", "2026-11-28"), COUNT],
)  # fmt: skip
UNBOUND = add(
    "copy_check.unbound",
    CHECKER,
    _("Tout n'a pas pu être vérifié. Les messages, faits et captures sont datés ; le reste (PDF, autres fichiers, "
      "autres lignes) ne l'est pas : choisissez aussi la preuve de date de cette copie. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    _("Tout n'a pas pu être vérifié. Les messages, faits et captures sont datés ; le reste (PDF, autres fichiers, "
      "autres lignes) ne l'est pas : choisis aussi la preuve de date de cette copie. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    variables=[COUNT],
)  # fmt: skip
UNBOUND_DISCREET = add(
    "copy_check.unbound_discreet",
    CHECKER,
    _("Tout n'a pas pu être vérifié. Les éléments sont datés ; le reste (PDF, autres fichiers, autres lignes) ne l'est "
      "pas : choisissez aussi la preuve de date de cette copie. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    _("Tout n'a pas pu être vérifié. Les éléments sont datés ; le reste (PDF, autres fichiers, autres lignes) ne l'est "
      "pas : choisis aussi la preuve de date de cette copie. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    variables=[COUNT],
    note=DISCREET,
)  # fmt: skip
COPY_PROOF = add("copy_check.copy_proof", CHECKER, _("{name} : preuve de date de cette copie"), variables=[NAME])
COPY_PROOF_WRONG = add(
    "copy_check.copy_proof_wrong",
    CHECKER,
    _("{name} : cette preuve ne tient pas, ou n'est pas celle de cette copie"),
    variables=[NAME],
)
COPY_PROOF_UNDATED = add(
    "copy_check.copy_proof_undated",
    CHECKER,
    _("{name} : preuve de cette copie, qu'aucune autorité n'a encore signée"),
    variables=[NAME],
)
SIGNED_BY = add(
    "copy_check.signed_by",
    CHECKER,
    _("Signé par {name}. Empreinte du certificat, à comparer avec celle que cette autorité publie : {fingerprint}"),
    variables=[
        Variable("name", "le nom de l'autorité", "Première"),
        Variable("fingerprint", "l'empreinte de son certificat", "5f0c2a1e"),
    ],
)
PARTLY = add(
    "copy_check.partly",
    CHECKER,
    _("Tout n'a pas pu être vérifié. Éléments sans preuve de date signée : {open}. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    variables=[COUNT, Variable("open", "combien d'éléments", "3")],
)  # fmt: skip
UNVOUCHED = add(
    "copy_check.unvouched",
    CHECKER,
    _("Tout n'a pas pu être vérifié. Aucune preuve de date n'est jointe. "
      "Fichiers conformes à la liste de cette copie : {count}."),
    variables=[COUNT],
)  # fmt: skip
CHANGED = add(
    "copy_check.changed", CHECKER, _("Cette copie a été modifiée. Fichiers en cause : {count}."), variables=[COUNT]
)
CHANGED_PROOFS = add(
    "copy_check.changed_proofs",
    CHECKER,
    _("Cette copie a été modifiée. Fichiers en cause : {count}. Preuves de date en cause : {proofs}."),
    variables=[COUNT, Variable("proofs", "combien de preuves", "2")],
)
BROKEN = add("copy_check.broken", CHECKER, _("Ce fichier n'est pas une copie, ou il est abîmé."))
ONE_ONLY = add(
    "copy_check.one_only",
    CHECKER,
    _("Rien n'a été vérifié : choisissez une seule copie, avec au plus sa preuve de date."),
    _("Rien n'a été vérifié : choisis une seule copie, avec au plus sa preuve de date."),
)
add(
    "copy_check.told_one",
    CHECKER,
    _("La preuve d'un seul élément se vérifie seule, ou avec le fichier dont elle parle."),
)
ONE_DATED = add(
    "copy_check.one_dated",
    CHECKER,
    _("Cette preuve tient : ce qui suit existait le {day} au plus tard."),
    variables=[Variable("day", "le jour", "2026-11-28")],
)
ONE_UNDATED = add(
    "copy_check.one_undated", CHECKER, _("Cette preuve est entière, mais aucune autorité ne l'a encore signée.")
)
ONE_WRONG = add(
    "copy_check.one_wrong",
    CHECKER,
    _("Cette preuve ne tient pas : elle a été modifiée, ou n'est pas celle de ce fichier."),
)
FILE_OK = add("copy_check.file_ok", CHECKER, _("{name} : intact"), variables=[NAME])
FILE_CHANGED = add("copy_check.file_changed", CHECKER, _("{name} : modifié"), variables=[NAME])
FILE_MISSING = add("copy_check.file_missing", CHECKER, _("{name} : manque"), variables=[NAME])
FILE_ADDED = add("copy_check.file_added", CHECKER, _("{name} : ajouté après coup"), variables=[NAME])
PROOFS = add(
    "copy_check.proofs",
    CHECKER,
    _("Preuves de date : {count}, du {first} au {last}."),
    variables=[
        COUNT,
        Variable("first", "le premier jour", "2026-11-27"),
        Variable("last", "le dernier jour", "2026-11-28"),
    ],
)
PROOF_WRONG = add("copy_check.proof_wrong", CHECKER, _("Preuve de date qui ne tient pas : {name}"), variables=[NAME])
PROOF_TAKEN = add(
    "copy_check.proof_taken",
    CHECKER,
    _("Preuve de date qui manque, alors qu'un message plus récent a la sienne : {name}"),
    variables=[NAME],
)
UNDATED = add(
    "copy_check.undated",
    CHECKER,
    _("Preuves qu'aucune autorité n'a encore signées : {count}."),
    variables=[COUNT],
)
UNPROVEN = add(
    "copy_check.unproven",
    CHECKER,
    _("Messages, faits et captures sans preuve de date : {count}. La preuve se fait dans la nuit qui suit."),
    variables=[COUNT],
)
UNPROVEN_DISCREET = add(
    "copy_check.unproven_discreet",
    CHECKER,
    _("Éléments sans preuve de date : {count}. La preuve se fait dans la nuit qui suit."),
    variables=[COUNT],
    note=DISCREET,
)
UNPROVEN_ONE = add("copy_check.unproven_one", CHECKER, _("Sans preuve de date : {name}"), variables=[NAME])
# What the names of proofs begin with, as « fait-2 ».
NAME_FACT = add("copy_check.name_fact", CHECKER, _("fait"))
NAME_NOTE = add("copy_check.name_note", CHECKER, _("note"), note=DISCREET)
NAME_CAPTURE = add("copy_check.name_capture", CHECKER, _("capture"))
NAME_FILE = add("copy_check.name_file", CHECKER, _("document"), note=DISCREET)
add("copy_lock.title", CHECKER, _("Documents fermés par des mots"))
add(
    "copy_lock.told",
    CHECKER,
    _("Écrivez les mots, puis enregistrez les documents. Rien ne quitte cet appareil."),
    _("Écris les mots, puis enregistre les documents. Rien ne quitte cet appareil."),
)
add("copy_lock.no_script", CHECKER, _("Cette page a besoin de JavaScript pour ouvrir les documents."))
OPENING = add("copy_lock.opening", CHECKER, _("Ouverture en cours."))
WRONG = add("copy_lock.wrong", CHECKER, _("Ces mots n'ouvrent pas ces documents."))
add(
    "copy_lock.apart",
    CHECKER,
    _("Le dossier a deux fichiers : cette page et « {file} ». Décompressez-le d'abord, puis choisissez « {file} »."),
    _("Le dossier a deux fichiers : cette page et « {file} ». Décompresse-le d'abord, puis choisis « {file} »."),
    variables=[Variable("file", "le nom du fichier", "contenu.bin")],
)
APART_CHANGED = add(
    "copy_lock.apart_changed", CHECKER, _("Ce fichier n'est pas celui de cette page, ou il a été modifié ou coupé.")
)
OPENED = add("copy_lock.opened", CHECKER, _("C'est ouvert."))
SAVE = add("copy_lock.save", CHECKER, _("Enregistrer {name}"), variables=[NAME])

# --- the receipt ------------------------------------------------------------------------------------------------------

add("receipt.title", RECEIPT, _("Récépissé"))
add("receipt.title_discreet", RECEIPT, _("Numéro"), note=DISCREET)
add(
    "receipt.offer",
    RECEIPT,
    _("Un numéro et la date : un agent, une unité ou un tribunal peut vérifier qu'un signalement a été déposé."),
)
add("receipt.offer_discreet", RECEIPT, _("Un numéro et la date, à montrer plus tard."), note=DISCREET)
RECEIPT_DAY = add("receipt.day", RECEIPT, _("Un signalement a été déposé le {day}."), variables=[DAY])
RECEIPT_DAY_DISCREET = add("receipt.day_discreet", RECEIPT, _("Le {day}."), variables=[DAY], note=DISCREET)
add("receipt.once", RECEIPT, _("Ce numéro n'est montré qu'ici. Notez-le, ou gardez le PDF."),
    _("Ce numéro n'est montré qu'ici. Note-le, ou garde le PDF."))  # fmt: skip
add("receipt.later", RECEIPT,
    _("Le PDF n'est pas encore fait : redemandez-le dans quelques secondes, ou notez ce numéro."),
    _("Le PDF n'est pas encore fait : redemande-le dans quelques secondes, ou note ce numéro."))  # fmt: skip
RECEIPT_WHO = add("receipt.who", RECEIPT, _("Il ne dit ni qui vous êtes, ni ce qui s'est passé."),
    _("Il ne dit ni qui tu es, ni ce qui s'est passé."))  # fmt: skip
RECEIPT_KEPT = add(
    "receipt.kept",
    RECEIPT,
    _("Il reste vérifiable {years} ans, même après la suppression de l'échange."),
    variables=[Variable("years", "combien d'années", "6")],
)
RECEIPT_HOW = add(
    "receipt.how",
    RECEIPT,
    _("Un agent ou une unité le vérifie dans son espace, le service le vérifie pour un tribunal."),
)
RECEIPT_NUMBER = add("receipt.number", RECEIPT, _("Numéro"))
RECEIPT_MANY = add("receipt.many", RECEIPT, _("Beaucoup de numéros à la fois. Réessayez demain."),
    _("Beaucoup de numéros à la fois. Réessaie demain."))  # fmt: skip
