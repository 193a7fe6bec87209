"""`python -m tests.manage COMMAND…`: a management command with the variables of a test run, for those that need no
server: `make manage ARGS="languages --begin eo"`.
"""

import os
import sys

from django.core.management import execute_from_command_line

from tests.support.variables import VARIABLES

if __name__ == "__main__":
    os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
    execute_from_command_line(sys.argv)
