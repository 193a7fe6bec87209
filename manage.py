#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

from pnav.demo import environment

if __name__ == "__main__":
    environment.join()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
    execute_from_command_line(sys.argv)
