"""`python -m tests.manage COMMAND…` runs a management command that needs no server, with the variables of a test run:
`make manage ARGS="languages --begin eo"`.
"""

import os
import sys

from django.core.management import execute_from_command_line

from tests.support.variables import VARIABLES

if __name__ == "__main__":
    os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
    execute_from_command_line(sys.argv)
