#!/bin/sh
# The proxy's check of health, in its own container. Caddy reads whom it trusts at its start, and nobody can tell it to read
# that again (`admin off`): when it is newer, Caddy is ended in order and the container starts again, days before anybody
# shows a certificate of the new authority (docs/adr/0093). It takes a second, and pages come back by themselves.
set -eu
tls=${TLS:-/tls}
caddy=${CADDY:-1}
runs=$(awk '{print int($22 / 100)}' "/proc/$caddy/stat")
runs=$(($(awk '{print int($1)}' /proc/uptime) - runs))
if [ $(($(date +%s) - $(stat -c %Y "$tls/authority.pem"))) -lt "$runs" ]; then
	kill -TERM "$caddy"
	exit 1
fi
exec wget --quiet --output-document /dev/null "${PROBE:-http://127.0.0.1:2080/}"
