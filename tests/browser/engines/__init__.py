"""The journey in other engines than Chromium: Firefox ESR and WebKitGTK, as Debian packages them.

`make test-engines` runs it and says what is missing. `make test` does not: most machines have neither.
"""
