"""Sentences of the pages of information that said half of a fact, that no French says, or that English readers misread.

A call to 119 does not show on the bill, but it stays in the phone's log. Parents may file a complaint for a minor. PHAROS
takes what anybody can see. 116 006 answers in the daytime (its hours are in doubt). « Block » came before any word about
keeping the messages. The English « I feel like nothing » said « I am worthless ».

Each change is made where its sentence still stands: one that somebody wrote anew is left as it is, and a translation of it
that does not say the change shows as outdated. A process of the version before shows these rows like any other.
"""

from django.db import migrations

FRENCH, TU, ENGLISH = ("fr", "body"), ("fr", "body_tu"), ("en", "body")
# Each is one change of a section: by language and part, the words before and after. Without French, a translation alone
# changes, and stays as current as it was.
SECTIONS = [
    # --- the call to 119 --------------------------------------------------------------------------------------------
    ("numeros-choisir", {
        FRENCH: (
            "L'appel ne se voit pas sur la facture.",
            "L'appel ne se voit pas sur la facture, mais il reste dans le journal du téléphone.",
        ),
        ENGLISH: (
            "The call does not show on the bill.",
            "The call does not show on the bill, but it stays in the phone's call log.",
        ),
    }),
    ("mineurs-test", {
        FRENCH: (
            "gratuit ; l'appel ne se voit pas sur la facture.",
            "gratuit ; l'appel ne se voit pas sur la facture, mais il reste dans le journal du téléphone : efface-le.",
        ),
        ENGLISH: (
            "free; the call does not show on the bill.",
            "free; the call does not show on the bill, but it stays in the phone's call log: delete it.",
        ),
    }),
    ("mineurs-qui", {
        FRENCH: (
            "gratuit, invisible sur la facture.",
            "gratuit, absent de la facture, mais pas du journal du téléphone.",
        ),
        ENGLISH: (
            "free, does not show on the bill.",
            "free, not on the bill, but in the phone's call log.",
        ),
    }),
    # --- what is forbidden, allowed or advised -----------------------------------------------------------------------
    ("loi-demarches", {
        FRENCH: (
            "La plainte, elle, est celle de la victime.",
            "La plainte est celle de la victime ; pour un mineur, ses parents peuvent aussi porter plainte.",
        ),
        ENGLISH: (
            "The complaint is the victim's.",
            "The complaint is the victim's; for a minor, the parents may file one too.",
        ),
    }),
    ("loi-images", {
        FRENCH: (
            "parlez-en ici, à PHAROS, à Point de Contact ou au [3018](tel:3018).",
            "parlez-en ici, à Point de Contact ou au [3018](tel:3018) ; à PHAROS, si tout le monde peut la voir.",
        ),
        TU: (
            "parles-en ici, à PHAROS, à Point de Contact ou au [3018](tel:3018).",
            "parles-en ici, à Point de Contact ou au [3018](tel:3018) ; à PHAROS, si tout le monde peut la voir.",
        ),
        ENGLISH: (
            "talk about it here, to PHAROS, to Point de Contact or to [3018](tel:3018).",
            "talk about it here, to Point de Contact or to [3018](tel:3018); to PHAROS, if anybody can see it.",
        ),
    }),
    ("retrait-images-intimes", {
        FRENCH: (
            "**Ne téléchargez et ne faites jamais passer une image pour la déposer.**",
            "**Ne téléchargez jamais une image pour la déposer, et ne la faites passer à personne.**",
        ),
        TU: (
            "**Ne télécharge et ne fais jamais passer une image pour la déposer.**",
            "**Ne télécharge jamais une image pour la déposer, et ne la fais passer à personne.**",
        ),
        ENGLISH: (
            "**Never download an image or have it passed to you in order to submit it.**",
            "**Never download an image in order to submit it, and never pass it on.**",
        ),
    }),
    ("retrait-refus", {
        FRENCH: ("c'est gratuit, pendant au moins 6 mois", "c'est gratuit, et possible pendant au moins 6 mois"),
        ENGLISH: ("it is free, for at least 6 months", "it is free, and possible for at least 6 months"),
    }),
    ("simple-ce-que-tu-peux-faire", {
        FRENCH: (
            "3. **Bloque** la personne :",
            "3. **Garde les messages** : ne les efface pas. Puis **bloque** la personne :",
        ),
        ENGLISH: (
            "3. **Block** the person:",
            "3. **Keep the messages**: do not delete them. Then **block** the person:",
        ),
    }),
    ("mineurs", {
        FRENCH: ("Tu peux aussi porter plainte **seul**, dans", "Tu peux aussi porter plainte, **même sans adulte**, dans"),
        ENGLISH: ("file a complaint **by yourself**, in", "file a complaint, **even without an adult**, in"),
    }),
    # --- English alone -----------------------------------------------------------------------------------------------
    ("mineurs-test", {ENGLISH: ("I feel like nothing", "I do not feel like doing anything any more")}),
    ("prise-en-charge", {
        ENGLISH: (
            "**A single care.** After your report, you can be accompanied: to **file a complaint**, to the **justice "
            "services**, to a **victim-help association** near you, to a **psychologist**, to a body that **informs you "
            "of your rights**.",
            "**Support in one place.** After your report, you can get help to **file a complaint**, and be directed to "
            "the **justice services**, a **victim-help association** near you, a **psychologist**, or a body that "
            "**informs you of your rights**.",
        ),
    }),
    ("autres-situations", {ENGLISH: ("apology of terrorism", "glorifying terrorism")}),
    ("loi-autres-situations", {ENGLISH: ("apology of terrorism", "glorifying terrorism")}),
    ("premiers-gestes", {
        ENGLISH: ("**Block** the authors' accounts.", "**Block** the accounts of the people who do it."),
    }),
    ("loi-peines", {ENGLISH: ("+++ The authors' accounts", "+++ The accounts of the people who did it")}),
    ("mineurs-couple", {ENGLISH: ("put an app to watch you", "install an app to watch you")}),
    ("bon-a-savoir", {ENGLISH: ("for the most serious facts", "for the most serious offences")}),
    ("loi-anonymat", {ENGLISH: ("for the most serious facts", "for the most serious offences")}),
]  # fmt: skip
for _slug, _words in SECTIONS:
    if _slug in {"numeros-choisir", "loi-demarches", "retrait-refus"}:  # they say the same to a minor
        _words[TU] = _words[FRENCH]
NUMBER, HOURS = "116 006", {
    ("fr", "hours"): ("7j/7", "7j/7, en journée"),
    ("en", "hours"): ("7 days a week", "7 days a week, in the daytime"),
}  # fmt: skip


def change(owner, part, words):
    """Change one part of a row and the texts beside it. words: by language and part, before and after."""
    old = getattr(owner, part)
    if french := words.get(("fr", part)):
        before, after = french
        if before not in old or after in old:
            return
        setattr(owner, part, old.replace(before, after))
        owner.save(update_fields=[part])
    former, present = old.replace("\r\n", "\n"), getattr(owner, part).replace("\r\n", "\n")
    for row in owner.text_rows.filter(part__in=[part, f"{part}_tu"]):
        before, after = words.get((row.language, row.part), ("", ""))
        # Hours are so short that a longer text holds them, which somebody wrote anew.
        if before and (row.text == before if part == "hours" else before in row.text):
            row.text = row.text.replace(before, after)
            if french and row.source_text in (None, former):
                row.source_text = present
        elif french and row.source_text is None:
            row.source_text = former
        row.save(update_fields=["text", "source_text"])


def say(apps, schema_editor):
    """Bounded by the changes above: some queries for each."""
    for slug, words in SECTIONS:
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            change(block, "body", words)
    for number in apps.get_model("pages", "HelpNumber").objects.filter(number=NUMBER, hours=HOURS["fr", "hours"][0]):
        change(number, "hours", HOURS)


class Migration(migrations.Migration):
    dependencies = [("pages", "0021_danger_and_former_numbers")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
