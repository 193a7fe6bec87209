"""The way in and the exchange in other engines than Chromium: Firefox ESR and WebKitGTK, as Debian packages them.

`make test-engines` installs them where root may, and otherwise says what is missing. Pipelines run it for each change
in addition to `make test`, which does not, because most developers' machines have neither engine.
"""
