#!/bin/bash
# Bring the tables to the state of the image with this digest, beside the master that runs.
# An older image does not know newer tables. Then the image that does is named as second word, and takes them back:
# what only the newer tables keep is lost.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
. /etc/rescuebot/host.env
# shellcheck source=/dev/null
. /etc/rescuebot/master.env

digest=${1:?digest of the image, sha256:…}
newer=${2:-none}

sha='^sha256:[0-9a-f]{64}$'
if ! [[ $digest =~ $sha && ($newer = none || $newer =~ $sha) ]]; then
  echo "Not a digest: $digest $newer" >&2
  exit 2
fi

# The code of an image on the ledger of this machine.
image() {
  docker pull --quiet "$REPOSITORY@$1" >/dev/null
  rescuebot-run once "$REPOSITORY@$1" python -c "$2"
}

ledger='import os, sys; from alembic.util import CommandError; from rescuebot import database, migrations, settings
ledger = database.Database(settings.load(environ=os.environ).database)
'
up=$ledger'
try:
    print(migrations.upgrade(ledger))
except CommandError as unknown:
    print(unknown, file=sys.stderr)
    sys.exit(3)
'

DOCKER_CONFIG=$(mktemp -d /run/rescuebot/docker.XXXXXX)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
aws ecr get-login-password --region "${REGION:?}" \
  | docker login --username AWS --password-stdin "${REPOSITORY%%/*}" >/dev/null

code=0
image "$digest" "$up" || code=$?
if [ "$code" -eq 3 ]; then
  if [ "$newer" = none ]; then
    echo "The tables are newer than this image. The image that knows them can take them back." >&2
    exit 3
  fi
  head=$(image "$digest" 'from rescuebot import migrations; print(migrations.head())')
  image "$newer" "$ledger
migrations.downgrade(ledger, '$head'); print('$head')"
elif [ "$code" -ne 0 ]; then
  exit "$code"
fi
