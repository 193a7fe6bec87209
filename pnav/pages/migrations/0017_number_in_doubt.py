"""33700 is read without a link: no source says whether one calls it or writes to it. The doubt is the administrators'.

What somebody changed stays as it is: a number that is no longer shown as one that is written to, that was verified or
has a doubt of its own, and a section of the page of numbers that is no longer what 0008 wrote. A process of the version
before knows nothing of the column and goes on showing the number as one that is written to.
"""

from importlib import import_module

from django.db import migrations

NUMBER, SLUG = "33700", "numeros-choisir"
DOUBT = (
    "Usage : aucune source lue ne dit si ce numéro s'appelle ou si l'on y écrit. À vérifier ; cocher ensuite le lien."
)
LINK = "[33700](sms:33700)"


def one_line_end(text):
    return text.replace("\r\n", "\n").strip()


def take_the_link_away(apps, schema_editor):
    HelpNumber, ContentBlock = apps.get_model("pages", "HelpNumber"), apps.get_model("pages", "ContentBlock")
    first_numbers = import_module("pnav.pages.migrations.0002_first_contents")
    untouched = HelpNumber.objects.filter(
        number=NUMBER, use="text", doubt="", has_link=True, verified_on=first_numbers.CHECKED
    )
    untouched.update(has_link=False, doubt=DOUBT, verified_on=None)
    first = import_module("pnav.pages.migrations.0008_first_pages")
    french, english = next((of_fr[1], of_en[1]) for _page, slug, of_fr, of_en, *_rest in first.SECTIONS if slug == SLUG)
    for block in ContentBlock.objects.filter(slug=SLUG):
        if one_line_end(block.body) != one_line_end(french):
            continue
        before, block.body = one_line_end(block.body), block.body.replace(LINK, NUMBER)
        block.save(update_fields=["body"])
        for row in block.text_rows.filter(part="body"):
            translates_it = row.source_text in (None, before)
            if row.language == "en" and one_line_end(row.text) == one_line_end(english):
                row.text = row.text.replace(LINK, NUMBER)
                if translates_it:
                    row.source_text = one_line_end(block.body)
            elif translates_it:  # to be looked at again
                row.source_text = before
            row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("pages", "0016_links_of_numbers")]

    operations = [migrations.RunPython(take_the_link_away, migrations.RunPython.noop)]
