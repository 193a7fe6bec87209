"""Words by which the first shared replies are found, and a reply for a person who says nothing: there was none.

A reply that an administrator gave words to, or whose title is another one now, is left as it is.
"""

from django.db import migrations

WORDS = {
    "Se présenter": "bonjour début arrivée",
    "Vérifier la sécurité": "danger urgence police secours numéro",
    "Laisser du temps": "attendre toujours patience",
    "Prévenir que je relis": "attendre pause retour toujours",
    "Garder les preuves": "capture écran preuve",
    "Premiers gestes": "bloquer compte parent parents adulte mineur proche",
    "Parler de la plainte": "commissariat gendarmerie mineur parent droit",
    "Donner un numéro d’aide": "mineur jeune enfant parent parents téléphone association",
    "Idées suicidaires : 3114": "suicide mourir mort numéro",
    "Avant de terminer": "fin au revoir clôture",
    "Qui aide : sa sécurité": "danger parent parents mineur proche",
    "Qui aide : la plainte est la sienne": "parent parents mineur enfant",
    "Qui aide : les numéros pour la personne": "parent parents mineur enfant jeune téléphone",
    "Professionnel : qui prévenir": "école mineur enfant procureur",
}

TITLE, SUBJECT, ORDER = "Je suis toujours là", "welcome", 45
SILENCE = "silence silencieux muet absent répond plus toujours relance relancer"
VOUS = (
    "Je suis toujours là. Prenez votre temps : un seul mot suffit. Si vous ne pouvez pas écrire maintenant, vous pouvez "
    "revenir plus tard avec votre code de reprise."
)
TU = (
    "Je suis toujours là. Prends ton temps : un seul mot suffit. Si tu ne peux pas écrire maintenant, tu peux revenir plus "
    "tard avec ton code de reprise."
)
ENGLISH = (
    "I am still here. Take your time: a single word is enough. If you cannot write now, you can come back later with your "
    "return code."
)


def write(apps, schema_editor):
    """Fourteen rows at most, and one that is new."""
    replies, texts = apps.get_model("chat", "CannedReply").objects, apps.get_model("chat", "CannedReplyText").objects
    for title, words in WORDS.items():
        replies.filter(title=title, words="").update(words=words)
    if replies.filter(title=TITLE).exists():
        return
    reply = replies.create(title=TITLE, subject=SUBJECT, vous=VOUS, tu=TU, words=SILENCE, order=ORDER)
    texts.create(owner=reply, language="en", part="vous", text=ENGLISH, source_text=VOUS)


def take_back(apps, schema_editor):
    """The reply, if nobody changed it."""
    apps.get_model("chat", "CannedReply").objects.filter(title=TITLE, vous=VOUS, tu=TU).delete()


class Migration(migrations.Migration):
    dependencies = [("chat", "0060_words_of_replies")]

    operations = [migrations.RunPython(write, take_back)]
