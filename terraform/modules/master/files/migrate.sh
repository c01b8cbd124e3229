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

# Migrations by an image, on the ledger of this machine; see rescuebot/migrations/__main__.py.
migrations() {
  docker pull --quiet "$REPOSITORY@$1" >/dev/null \
    && rescuebot-run once "$REPOSITORY@$1" python -m rescuebot.migrations "${@:2}"
}

DOCKER_CONFIG=$(mktemp -d /run/rescuebot/docker.XXXXXX)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
aws ecr get-login-password --region "${REGION:?}" \
  | docker login --username AWS --password-stdin "${REPOSITORY%%/*}" >/dev/null

code=0
migrations "$digest" || code=$?
if [ "$code" -eq 3 ]; then
  if [ "$newer" = none ]; then
    echo "The tables are newer than this image. The image that knows them can take them back." >&2
    exit 3
  fi
  head=$(migrations "$digest" --head)
  migrations "$newer" --back-to "$head"
elif [ "$code" -ne 0 ]; then
  exit "$code"
fi
