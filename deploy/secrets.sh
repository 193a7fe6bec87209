#!/bin/sh
# Draw the secrets of docker-compose.yml, once, into ./secrets: `sh deploy/secrets.sh`. One that is there is left alone.
# A folder for root alone (or whoever runs Docker); the files are mounted one by one into the containers that need them,
# whose accounts must be able to read them. Keep a copy of content_keys away from the backups: docs/operations.md.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
chmod 700 secrets

drawn() { head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }
keep() {
	if [ -s "secrets/$1" ]; then
		echo "secrets/$1 is there: left alone"
	else
		rm -f "secrets/$1"
		cat >"secrets/$1"
		chmod 444 "secrets/$1"
		echo "secrets/$1"
	fi
}

drawn 48 | keep secret_key
printf 'k1:%s' "$(drawn 32)" | keep content_keys
# Signs the register's digests (docs/adr/0056): 32 random bytes are a private key of Ed25519.
drawn 32 | keep register_digest_key
# Seals backups (docs/restore.md). A copy of it belongs where neither this machine nor the backups are.
printf 'b1:%s' "$(drawn 32)" | keep backup_keys
for name in database_backup_password keys_backup_password database_owner_password database_web_password keys_owner_password keys_web_password \
	redis_password metrics_token; do
	drawn 33 | keep "$name"
done
