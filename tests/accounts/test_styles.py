"""What the pages of the account hide is not shown by the sheets of the DSFR."""

import re

from tests.test_names import ROOT

# A group of buttons that its template hides, for a script to show.
HIDDEN_GROUP = re.compile(r'<ul class="[^"]*\bfr-btns-group\b[^"]*"[^>]*\shidden>')


def test_group_of_buttons_that_needs_a_script_is_hidden_without_one():
    """The DSFR shows a group as `flex`, hidden or not: « Copier les codes » was there, and did nothing."""
    hiding = {
        path.relative_to(ROOT / "templates").parts[0]
        for path in (ROOT / "templates").rglob("*.html")
        if HIDDEN_GROUP.search(path.read_text())
    }
    assert hiding == {"mfa"}, "elsewhere another sheet has to hide them"
    assert ".pnav-account .fr-btns-group[hidden] { display: none; }" in (ROOT / "static/pnav/account.css").read_text()
