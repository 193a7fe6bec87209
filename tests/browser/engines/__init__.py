"""The journey in other engines than Chromium: Firefox ESR and WebKitGTK, as Debian packages them.

`make test-engines` installs them where root may, else says what is missing. Pipelines run it for each change, beside
`make test`, which does not: most machines of developers have neither engine.
"""
