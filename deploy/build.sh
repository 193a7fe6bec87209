#!/bin/sh
# What the image holds ready: translations, stylesheet, static files with hashed names. Needs no server and no secret:
# the settings refuse an empty environment, so they get one that is thrown away.
set -eu

export SECRET_KEY=thrown-away-after-the-build-and-used-for-nothing
export CONTENT_KEYS=build:$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')
export SEAL_PUBLIC_KEY=$(python -c 'from reports.seal.sealing import PrivateKey; print(PrivateKey.generate().public_key.text)')
export ALLOWED_HOSTS=build.invalid
export DATABASE_URL=postgres://build.invalid/build
export REDIS_URL=redis://build.invalid

python manage.py build_messages
python manage.py build_styles
python manage.py collectstatic --noinput --verbosity 0
