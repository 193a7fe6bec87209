"""The first shared replies for a witness, a relative or a professional: there were none of their own.

Source of the facts (numbers, what a witness may do, duties of public agents, images): the service's reference facts.
"""

from django.db import migrations

AUDIENCE = "helper"
# title, subject, vous, tu, and the same two in English; a tu of "" does not differ.
REPLIES = [
    (
        "Qui aide : ce qui a été vu",
        "welcome",
        "Merci d’écrire pour cette personne. Vous n’avez pas à tout savoir. Qu’avez-vous vu ou entendu vous-même, et que "
        "vous a-t-on raconté ?",
        "Merci d’écrire pour cette personne. Tu n’as pas à tout savoir. Qu’as-tu vu ou entendu toi-même, et que t’a-t-on "
        "raconté ?",
        "Thank you for writing on behalf of this person. You do not have to know everything. What did you see or hear "
        "yourself, and what were you told?",
        "",
    ),
    (
        "Qui aide : sa sécurité",
        "safety",
        "Cette personne est-elle en sécurité en ce moment ? Si elle est en danger, appelez le 17 ou le 112, ou écrivez au "
        "114 par SMS si vous ne pouvez pas parler. Si elle pense à mourir, le 3114 répond jour et nuit, gratuitement, à "
        "elle et à ses proches.",
        "Cette personne est-elle en sécurité en ce moment ? Si elle est en danger, appelle le 17 ou le 112, ou écris au "
        "114 par SMS si tu ne peux pas parler. Si elle pense à mourir, le 3114 répond jour et nuit, gratuitement, à elle "
        "et à ses proches.",
        "Is this person safe at the moment? If they are in danger, call 17 or 112, or text 114 if you cannot speak. If "
        "they are thinking of dying, 3114 answers day and night, free of charge: them, and those close to them.",
        "",
    ),
    (
        "Qui aide : garder les preuves",
        "facts",
        "Vous pouvez l’aider à garder des preuves : captures d’écran, adresses, comptes, dates et heures. Ne partagez pas "
        "le contenu et ne le commentez pas, même pour défendre la personne. Si c’est une image sexuelle d’un mineur : "
        "notez l’adresse, le compte, la date. N’enregistrez pas et n’envoyez pas l’image.",
        "Tu peux l’aider à garder des preuves : captures d’écran, adresses, comptes, dates et heures. Ne partage pas le "
        "contenu et ne le commente pas, même pour défendre la personne. Si c’est une image sexuelle d’un mineur : note "
        "l’adresse, le compte, la date. N’enregistre pas et n’envoie pas l’image.",
        "You can help them to keep evidence: screenshots, addresses, accounts, dates and times. Do not share the content "
        "and do not comment on it, even to defend the person. If it is a sexual image of a minor: write down the address, "
        "the account, the date. Do not save and do not send the image.",
        "",
    ),
    (
        "Qui aide : signaler un contenu public",
        "facts",
        "Si tout le monde peut voir ce contenu, vous pouvez le signaler sur PHAROS, où mène 17cyber.gouv.fr : l’adresse, "
        "la date et l’heure. Un seul signalement suffit. PHAROS ne traite pas les messages privés : pour eux, nous en "
        "parlons ici.",
        "Si tout le monde peut voir ce contenu, tu peux le signaler sur PHAROS, où mène 17cyber.gouv.fr : l’adresse, la "
        "date et l’heure. Un seul signalement suffit. PHAROS ne traite pas les messages privés : pour eux, nous en parlons "
        "ici.",
        "If everybody can see this content, you can report it to PHAROS, where 17cyber.gouv.fr leads: the address, the "
        "date and the time. One report is enough. PHAROS does not deal with private messages: we can talk about those "
        "here.",
        "",
    ),
    (
        "Qui aide : la plainte est la sienne",
        "complaint",
        "Vous pouvez dire à la police ou à la gendarmerie ce que vous savez, et demander un retrait. La plainte revient à "
        "la personne qui subit les faits ; un mineur peut porter plainte seul, avec ses parents ou avec un adulte de son "
        "choix. Voulez-vous que nous regardions comment l’accompagner ?",
        "Tu peux dire à la police ou à la gendarmerie ce que tu sais, et demander un retrait. La plainte revient à la "
        "personne qui subit les faits ; un mineur peut porter plainte seul, avec ses parents ou avec un adulte de son "
        "choix. Veux-tu que nous regardions comment l’accompagner ?",
        "You can tell the police or the gendarmerie what you know, and ask for a removal. The complaint is for the person "
        "to whom it happens to file; a minor may file one alone, with parents, or with an adult of their choice. Would you "
        "like us to look at how to go with them?",
        "",
    ),
    (
        "Qui aide : les numéros pour la personne",
        "help",
        "Pour un enfant ou un jeune, le 3018 aide face aux violences numériques, ses parents aussi : 7 j/7, de 9 h à 23 h, "
        "gratuit. Le 119 répond jour et nuit, gratuitement, à toute personne inquiète pour un enfant. À tout âge, France "
        "Victimes répond au 116 006 : 7 j/7, gratuit.",
        "",
        "For a child or a young person, 3018 helps with digital violence, and helps parents too: 7 days a week, from 9 am "
        "to 11 pm, free of charge. 119 answers day and night, free of charge, anybody who is worried about a child. At any "
        "age, France Victimes answers on 116 006: 7 days a week, free of charge.",
        "",
    ),
    (
        "Professionnel : qui prévenir",
        "complaint",
        "Agent public, même contractuel, vous informez sans délai le procureur d’un crime ou d’un délit appris dans vos "
        "fonctions ; le cyberharcèlement est un délit. Pour un mineur en danger ou qui risque de l’être, vous pouvez "
        "prévenir la cellule du département (CRIP). Danger immédiat : 17.",
        "",
        "As a public official, even under contract, you inform the prosecutor without delay of a crime or an offence that "
        "you learn of in your functions; cyber-harassment is an offence. For a minor who is in danger or may be, you can "
        "tell the unit of the département (CRIP). Immediate danger: 17.",
        "",
    ),
]
FIRST_PLACE = 130  # after those of everybody


def write_replies(apps, schema_editor):
    """A reply whose title an administrator has used meanwhile is left to them."""
    replies, texts = apps.get_model("chat", "CannedReply").objects, apps.get_model("chat", "CannedReplyText").objects
    for place, (title, subject, vous, tu, *english) in enumerate(REPLIES):
        if replies.filter(title=title).exists():
            continue
        reply = replies.create(
            title=title, subject=subject, vous=vous, tu=tu, audience=AUDIENCE, order=FIRST_PLACE + place
        )
        for part, source, text in zip(("vous", "tu"), (vous, tu), english, strict=True):
            if text:
                texts.create(owner=reply, language="en", part=part, text=text, source_text=source)


def take_back(apps, schema_editor):
    """Those that nobody changed."""
    replies = apps.get_model("chat", "CannedReply").objects
    for title, _subject, vous, tu, *_english in REPLIES:
        replies.filter(title=title, vous=vous, tu=tu).delete()


class Migration(migrations.Migration):
    dependencies = [("chat", "0046_captures_set_aside")]

    operations = [migrations.RunPython(write_replies, take_back)]
