#!/bin/bash
# Run an image as it is run in production, on an SQLite ledger: it must become healthy and end by SIGTERM.
set -euo pipefail

target=${1:?runtime or master}
name=try-$target
hardened=(--read-only --tmpfs "/tmp:mode=1777" --cap-drop ALL --security-opt no-new-privileges --init)

case $target in
  runtime)
    # The tables are made by a master; the API is healthy without them.
    arguments=(--env "RESCUE_DATABASE__URL=sqlite:////tmp/rescue.db" --env "RESCUE_WEB__JWT_KEY=$(openssl rand -hex 32)")
    ;;
  master)
    arguments=(--env "RESCUE_DATABASE__URL=sqlite:////tmp/rescue.db" --tmpfs "/run/salt:uid=10002,gid=10002,mode=0750")
    ;;
  *)
    echo "No such image: $target" >&2
    exit 2
    ;;
esac

trap 'docker logs --tail 100 "$name"; docker rm --force "$name" >/dev/null' EXIT
docker run --detach --name "$name" "${hardened[@]}" "${arguments[@]}" "rescuebot-$target"

for _ in $(seq 60); do
  health=$(docker inspect --format '{{.State.Health.Status}}' "$name")
  [ "$health" = healthy ] && break
  [ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || break
  sleep 2
done
[ "$health" = healthy ]

docker stop -t 40 "$name" >/dev/null
[ "$(docker inspect --format '{{.State.ExitCode}}' "$name")" = 0 ]
