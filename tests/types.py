"""`python -m tests.types`: mypy, with the settings that its Django plugin reads. No server is needed."""

import os
import sys

from mypy.main import main

from tests.support.variables import VARIABLES

os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")

if __name__ == "__main__":
    main(args=sys.argv[1:], clean_exit=True)
