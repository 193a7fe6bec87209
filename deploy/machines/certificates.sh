#!/bin/sh
# The certificates of the connections inside, on a plain machine: made where there are none, renewed in steps (deploy/authority.py),
# and read again by who uses them. Each day by pnav-certificates.timer, as root; by hand: `sh deploy/machines/certificates.sh`.
# With `--renew`, when a key may have leaked: everything anew at once, and then every service has to be restarted.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
folder=${AUTHORITY:-/etc/pnav/authority}
state=${STATE:-/run/pnav-certificates}
owners=postgres=postgres,keys=postgres,redis=redis,owner=pnav,web=pnav,backup=pnav
export REDIS_PASSWORD_FILE="${REDIS_PASSWORD_FILE:-/etc/pnav/secrets/redis_password}"
mkdir -p "$state"
.venv/bin/python deploy/authority.py "$folder" --owners "$owners" "$@"

# PostgreSQL and Redis, where they are on this machine and run. Their scripts do nothing while nothing is newer than what was read.
failed=0
for server in postgres:5432 keys:5433; do
	if pg_isready --quiet --port "${server#*:}"; then
		TLS=$folder/${server%:*} READ_AT=$state/${server%:*} PGPORT=${server#*:} POSTGRES_USER=postgres POSTGRES_DB=postgres \
			sh deploy/postgres-health.sh || { echo "certificates: ${server%:*} did not read them again" >&2; failed=1; }
	fi
done
if redis-cli -p "${REDIS_PORT:-6379}" --tls --cacert "$folder/redis/authority.pem" --cert "$folder/redis/certificate.pem" \
	--key "$folder/redis/key.pem" ping >/dev/null 2>&1; then
	TLS=$folder/redis READ_AT=$state/redis sh deploy/redis-health.sh || { echo "certificates: redis did not read them again" >&2; failed=1; }
fi
# A proxy reads whom it trusts at its start: Caddy without an administration port is started again, HAProxy reloads.
if [ -d /run/systemd/system ] && [ -e "$state/proxy" ] && [ "$folder/proxy/authority.pem" -nt "$state/proxy" ]; then
	systemctl try-restart caddy.service
	systemctl try-reload-or-restart haproxy.service
fi
touch "$state/proxy"
exit "$failed"
