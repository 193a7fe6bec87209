"""The first translations of shared replies: the English of those that 0006 wrote."""

from django.db import migrations

# English of the replies that 0006 wrote, by their titles: the polite voice, and the familiar one where it differs. Only
# for those whose French is still what 0006 wrote is the translation known to say the same.
ENGLISH = {
    "Se présenter": (
        "Hello, my name is {prenom}. I am here for you, for the whole of this conversation. Take your time: what is "
        "happening?",
        "",
    ),
    "Vérifier la sécurité": (
        "First a question: are you safe where you are? In danger, call 17 or 112. If you cannot speak, text 114.",
        "",
    ),
    "Accueillir ce qui est dit": (
        "Thank you for telling me. It is not easy to say, and you were right to write.",
        "",
    ),
    "Laisser du temps": ("Take all the time you need. I am staying here and I read everything you write.", ""),
    "Prévenir que je relis": (
        "I am reading again what you wrote, to understand it well. I will answer you in a few minutes.",
        "",
    ),
    "Demander les faits": (
        "Can you tell me how long it has been going on, where it happens (social network, messaging, game…), and "
        "whether it is one person or several? Say only what you want to say.",
        "",
    ),
    "Garder les preuves": (
        "Keep evidence: screenshots, messages, audio or video, medical certificate, with the dates. Do it before you "
        "block an account or ask for a removal.",
        "Keep evidence: screenshots, messages, audio or video, with the dates. Do it before you block an account or "
        "ask for a removal.",
    ),
    "Premiers gestes": (
        "Then you can block the accounts of those who do it, lock your own accounts and limit who sees what you post. "
        "And talk about it to somebody close to you: you do not have to carry this without help.",
        "Then you can block the accounts of those who do it, lock your own accounts and limit who sees what you post. "
        "And talk about it to an adult you trust: you do not have to carry this without help.",
    ),
    "Parler de la plainte": (
        "You can file a complaint, and be accompanied to do so. You decide. Would you like us to look together at how "
        "to prepare it?",
        "You can file a complaint at a police station or a gendarmerie, even without an adult with you. You decide. "
        "Would you like us to look together at how to prepare it?",
    ),
    "Donner un numéro d’aide": (
        "France Victimes listens to and helps all victims on 116 006: 7 days a week, from 9 am to 7 pm, free of charge.",
        "3018 helps young people who face digital violence: 7 days a week, from 9 am to 11 pm. It is free, and you do "
        "not have to give your name.",
    ),
    "Idées suicidaires : 3114": (
        "What you tell me matters. 3114 answers day and night, free of charge, anybody who has thoughts of suicide. If "
        "your life is in danger now, call 15 or 17. Is anybody with you?",
        "",
    ),
    "Avant de terminer": (
        "Before we end: is there anything else that you want to tell me or ask me? If it starts again, you can come "
        "back.",
        "",
    ),
}


def write_english(apps, schema_editor):
    """At most one row for each voice of the twelve replies; a reply that was renamed or removed gets none."""
    replies, texts = apps.get_model("chat", "CannedReply").objects, apps.get_model("chat", "CannedReplyText").objects
    for reply in replies.filter(title__in=ENGLISH):
        for part, text in zip(("vous", "tu"), ENGLISH[reply.title], strict=True):
            if text:
                source = getattr(reply, part).replace("\r\n", "\n")
                texts.create(owner=reply, language="en", part=part, text=text, source_text=source)


class Migration(migrations.Migration):
    dependencies = [("chat", "0030_languages")]

    operations = [migrations.RunPython(write_english, migrations.RunPython.noop)]
