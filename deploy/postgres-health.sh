#!/bin/sh
# PostgreSQL's check of health, in its own container. When a certificate is newer than what the server has read, the server
# reads them again first: new connections meet the new one, those that are open go on (docs/adr/0093).
set -eu
tls=${TLS:-/tls}
read_at=${READ_AT:-/tmp/certificates-read}
if [ ! -e "$read_at" ] || [ -n "$(find "$tls/" -name '*.pem' -newer "$read_at")" ]; then
	touch "$read_at.new"
	# What does not fit together is refused by the server, which goes on with what it had; it is newer at the next check.
	psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-psqlrc --quiet --tuples-only --command 'SELECT pg_reload_conf()' >/dev/null
	mv "$read_at.new" "$read_at"
fi
exec pg_isready --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"
