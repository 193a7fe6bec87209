"""Applies French typography: replaces spaces by no-break spaces where no line may end.

No line may begin with « : », « ; », « ? », « ! », « » », « % » or « € », none may end with « « », and none may end
within an amount (« 100 000 € ») or before « s » for seconds (« 31 s »).

In the code, the translations and the admin, texts are written with ordinary spaces, so that what is stored, searched
and compared contains nothing that cannot be seen. The spaces are replaced here when a text is shown:
`pnav.pages.build.loader` does so for the texts of templates, `Sentence` for what Pnav says, `markup` for what
administrators write, and the filter `unbroken` for other texts of the code. It is never done to what a person wrote.

Only U+00A0 is used, because the typeface of the State's design system lacks U+202F, the narrow no-break space.
"""

import re
from functools import lru_cache

from django.utils.functional import keep_lazy_text

NO_BREAK = "\u00a0"
# A run of spaces is matched from its first one only, and as a whole (`++`), so that the time grows linearly.
_BREAKABLE = re.compile(
    r"(?<![ \t\r\n])[ \t\r\n]++(?=[:;?!»€%])|(?<=«)[ \t\r\n]++|(?<=\d)[ \t\r\n]++(?=\d{3}[ \t\r\n\u00a0]€)"
    r"|(?<=[\d}])[ \t\r\n]++(?=s(?![\w'’&=-]))"  # a script fills « {n} s »
)


@keep_lazy_text
def keep_together(text: str) -> str:
    """Return this text, plain or HTML, with no-break spaces where French typography needs them.

    A lazy text stays lazy. HTML that was marked safe has to be marked again.
    """
    return _drawn(str(text))


@lru_cache(maxsize=8192)  # there are some thousands of texts in the code and the admin, shown at every visit
def _drawn(text: str) -> str:
    return _BREAKABLE.sub(NO_BREAK, text)
