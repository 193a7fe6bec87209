#!/bin/sh
# Redis's check of health, in its own container. When a certificate or the accounts are newer than what the server has read,
# it reads them again first, as the account `reload`, whose password lies beside its key (deploy/authority.py).
set -eu
tls=${TLS:-/tls}
read_at=${READ_AT:-/data/certificates-read}
ask() { redis-cli ${REDIS_PORT:+-p "$REDIS_PORT"} --tls --cacert "$tls/authority.pem" --cert "$tls/certificate.pem" --key "$tls/key.pem" "$@"; }
if [ ! -e "$read_at" ] || [ -n "$(find "$tls/" -type f ! -name '.*' -newer "$read_at")" ]; then
	touch "$read_at.new"
	REDISCLI_AUTH=$(cat "$tls/reload")
	export REDISCLI_AUTH
	ask --user reload --no-auth-warning CONFIG SET tls-cert-file "$tls/certificate.pem" tls-key-file "$tls/key.pem" tls-ca-cert-file "$tls/authority.pem" | grep -q '^OK'
	ask --user reload --no-auth-warning ACL LOAD | grep -q '^OK'
	unset REDISCLI_AUTH
	mv "$read_at.new" "$read_at"
fi
# It has no account here: to be refused is to be answered.
ask ping | grep -q NOAUTH
