#!/bin/sh
# The certificates of the connections inside, on a plain machine: made where there are none, renewed in steps (deploy/authority.py),
# and read again by who uses them. Each day by pnav-certificates.timer, as root; by hand: `sh deploy/machines/certificates.sh`.
# With `--renew`, when a key may have leaked: everything anew at once, and then every service has to be restarted.
# With `--copied`, on a machine that gets a copy of the folder: nothing is made, and what is new is read again.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
folder=${AUTHORITY:-/etc/pnav/authority}
state=${STATE:-/var/lib/pnav-certificates}
owners=postgres=postgres,keys=postgres,redis=redis,owner=pnav,web=pnav,backup=pnav
export REDIS_PASSWORD_FILE="${REDIS_PASSWORD_FILE:-/etc/pnav/secrets/redis_password}"
# Under which further names the servers are found, one FOLDER=NAME a line: `postgres=db1`, where two machines have one each.
# A folder that is not in the list, or a machine without one, keeps the names that its certificate has.
hosts=$(cat "${HOSTS:-/etc/pnav/hosts}" 2>/dev/null | tr -s '[:space:]' ,)
mkdir -p "$state"
[ "${1:-}" = --copied ] || .venv/bin/python deploy/authority.py "$folder" --owners "$owners" --hosts "$hosts" "$@"

# PostgreSQL and Redis, where they are on this machine and run. Their scripts do nothing while nothing is newer than what was read.
failed=0
for server in postgres:5432 keys:5433; do
	if pg_isready --quiet --port "${server#*:}"; then
		TLS=$folder/${server%:*} READ_AT=$state/${server%:*} PGPORT=${server#*:} POSTGRES_USER=postgres POSTGRES_DB=postgres \
			sh deploy/postgres-health.sh || { echo "certificates: ${server%:*} did not read them again" >&2; failed=1; }
	fi
done
# One that does not speak TLS (a Redis as Debian's package starts it) never answers a handshake; redis-cli would wait for ever.
if timeout 5 redis-cli -p "${REDIS_PORT:-6379}" --tls --cacert "$folder/redis/authority.pem" --cert "$folder/redis/certificate.pem" \
	--key "$folder/redis/key.pem" ping >/dev/null 2>&1; then
	TLS=$folder/redis READ_AT=$state/redis sh deploy/redis-health.sh || { echo "certificates: redis did not read them again" >&2; failed=1; }
fi
# A proxy reads whom it trusts at its start: Caddy without an administration port is started again, HAProxy reloads. One that does
# not run here is left alone. What each one has read is known by the time of the file; what failed is tried again the next day.
for unit in caddy haproxy; do
	if [ -e "$state/$unit" ] && ! [ "$folder/proxy/authority.pem" -nt "$state/$unit" ]; then continue; fi
	systemctl is-active --quiet "$unit.service" 2>/dev/null || continue
	again=try-reload-or-restart
	[ "$unit" != caddy ] || again=try-restart
	touch -r "$folder/proxy/authority.pem" "$state/$unit.new"
	if systemctl "$again" "$unit.service"; then
		mv "$state/$unit.new" "$state/$unit"
	else
		echo "certificates: $unit did not read them again" >&2
		failed=1
	fi
done
exit "$failed"
