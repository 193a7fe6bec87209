#!/usr/bin/env python
"""This is Django's command line."""

import os
import sys
from importlib.util import find_spec

from django.core.management import execute_from_command_line

from common.offload.process import forbid_dumps

if __name__ == "__main__":
    forbid_dumps(for_measuring=bool(os.environ.get("DEMO")))
    if find_spec("pnav.demo"):  # the image is built without it
        from pnav.demo import environment

        environment.join()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
    execute_from_command_line(sys.argv)
