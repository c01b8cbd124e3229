#!/bin/bash
# Run the image: `rescuebot-run` as the service does, or `rescuebot-run once IMAGE WORDS…` for one command beside it.
set -euo pipefail

# shellcheck source=/dev/null
. /etc/rescuebot/host.env
: "${NAME:?}" "${REGION:?}" "${IMAGE:?}" "${LOG_GROUP:?}" "${OPERATIONS_TOPIC:?}"
mapfile -t arguments </etc/rescuebot/arguments

safe=(
  --rm --read-only --tmpfs "/tmp:mode=1777" --cap-drop ALL --security-opt no-new-privileges
  --env-file /run/rescuebot/env --env RESCUE_FILE=/etc/rescuebot/rescue.yaml
  --volume /etc/rescuebot/rescue.yaml:/etc/rescuebot/rescue.yaml:ro
  --volume /etc/rescuebot/rds.pem:/etc/rescuebot/rds.pem:ro
)
# Process 1 that cares for orphans, where this Docker has one.
if command -v docker-init >/dev/null || [ -x /usr/libexec/docker/docker-init ]; then
  safe+=(--init)
fi

if [ "${1:-}" = once ]; then
  image=$2
  shift 2
  exec docker run "${safe[@]}" --network host --tmpfs "/run/salt:mode=1777" --entrypoint "$1" "$image" "${@:2}"
fi

# non-blocking: when CloudWatch is slow, lines are lost rather than a rescue.
exec docker run "${safe[@]}" --name rescuebot "${arguments[@]}" \
  --log-driver awslogs --log-opt "awslogs-region=$REGION" --log-opt "awslogs-group=$LOG_GROUP" \
  --log-opt "awslogs-stream=$(cat /var/lib/cloud/data/instance-id)" --log-opt mode=non-blocking --log-opt max-buffer-size=8m "$IMAGE"
