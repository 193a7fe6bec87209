"""The README names every account of the demonstration, and no other one."""

import re

from pnav.demo.cast import CAST
from tests.docs.names import ROOT

TABLE = (ROOT / "README.md").read_text().partition("| compte | pour |")[2].partition("\n\n")[0]


def test_readme_names_the_accounts_of_the_demonstration():
    named = [name for row in TABLE.splitlines() for name in re.findall(r"`([a-z]+\d?)`", row.split(" | ")[0])]
    assert sorted(named) == sorted(part.username for part in CAST)
