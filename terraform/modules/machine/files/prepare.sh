#!/bin/bash
# Before each start of the container: secrets into memory, the image of the digest, what the kind of machine needs.
# A failure ends the start; systemd tries again, so a secret that is filled in later is taken up without a hand.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
. /etc/rescuebot/host.env
: "${NAME:?}" "${REGION:?}" "${IMAGE:?}" "${LOG_GROUP:?}" "${OPERATIONS_TOPIC:?}"

state=/run/rescuebot
failures=$state/failures

# Told once, at the fifth failure: a first start may well have to wait for a secret or an image.
# shellcheck disable=SC2317,SC2329 # called by the trap
tell() {
  count=$(($(cat "$failures" 2>/dev/null || echo 0) + 1))
  echo "$count" >"$failures"
  if [ "$count" -eq 5 ]; then
    aws sns publish --region "$REGION" --topic-arn "$OPERATIONS_TOPIC" \
      --subject "Rescue Bot does not start" \
      --message "$NAME on $(cat /var/lib/cloud/data/instance-id) has failed to start 5 times. See: journalctl --unit rescuebot" >/dev/null || true
  fi
}

# NAME=value of one secret. An optional secret that has no value yet is left out.
secret() {
  local name=$1 arn=$2 need=$3 value
  if ! value=$(aws secretsmanager get-secret-value --region "$REGION" --secret-id "$arn" \
    --query SecretString --output text 2>"$state/error"); then
    if [ "$need" = optional ] && grep -q ResourceNotFoundException "$state/error"; then
      return 0
    fi
    echo "The secret for $name cannot be read: $(tail -n 1 "$state/error")" >&2
    return 1
  fi
  if [[ -z $value || $value == *$'\n'* ]]; then
    echo "The secret for $name must be one line." >&2
    return 1
  fi
  printf '%s=%s\n' "$name" "$value"
}

mkdir -p "$state"
trap tell ERR

: >"$state/env.new"
while read -r name arn need; do
  secret "$name" "$arn" "$need" >>"$state/env.new"
done </etc/rescuebot/secrets
mv "$state/env.new" "$state/env"

# The certificates that RDS is known by; the container reads them.
if [ ! -s /etc/rescuebot/rds.pem ]; then
  curl --fail --silent --show-error --max-time 30 --output /etc/rescuebot/rds.pem.new \
    "https://truststore.pki.rds.amazonaws.com/$REGION/$REGION-bundle.pem"
  chmod 0644 /etc/rescuebot/rds.pem.new
  mv /etc/rescuebot/rds.pem.new /etc/rescuebot/rds.pem
fi

# The registry's token stays in memory, too.
export DOCKER_CONFIG=$state/docker
aws ecr get-login-password --region "$REGION" \
  | docker login --username AWS --password-stdin "${IMAGE%%/*}" >/dev/null
docker pull --quiet "$IMAGE"
rm -rf "$DOCKER_CONFIG"

docker rm --force rescuebot >/dev/null 2>&1 || true
if [ -x /usr/local/sbin/rescuebot-before ]; then
  /usr/local/sbin/rescuebot-before
fi
rm -f "$failures"
