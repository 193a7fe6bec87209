"""French typography: no line begins with « : », « ; », « ? », « ! », « » », « % », « € », or ends with « « », and none
ends within an amount (« 100 000 € »).

Texts are written with ordinary spaces, in the code, the translations and the admin: what is kept, searched and compared
holds nothing that cannot be seen. The spaces are made no-break here, where a text is drawn: `pnav.pages.build.loader`
does so for the texts of templates, `Sentence` for what Pnav says, `markup` for what administrators write, and the
filter `keep_together` for any other text of ours. What a person wrote is never drawn through here.

There is one such space, U+00A0: the typeface of the State's design system has no U+202F, the narrow one.
"""

import re
from functools import lru_cache

from django.utils.functional import keep_lazy_text

NO_BREAK = "\u00a0"
# A run of blanks is tried from its first one only, and given back whole (`++`): the time grows as the text does.
_BREAKABLE = re.compile(
    r"(?<![ \t\r\n])[ \t\r\n]++(?=[:;?!»€%])|(?<=«)[ \t\r\n]++|(?<=\d)[ \t\r\n]++(?=\d{3}[ \t\r\n\u00a0]€)"
)


@keep_lazy_text
def keep_together(text: str) -> str:
    """This text, plain or HTML, with its ordinary spaces made no-break where French typography wants it.

    A lazy text stays lazy. HTML that was safe has to be marked so again.
    """
    return _drawn(str(text))


@lru_cache(maxsize=8192)  # the texts of the code and of the admin are some thousands, drawn at every visit
def _drawn(text: str) -> str:
    return _BREAKABLE.sub(NO_BREAK, text)
