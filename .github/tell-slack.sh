#!/bin/bash
# One line to Slack by an incoming webhook; without one, a warning in the run.
set -euo pipefail

name=${1:?} result=${2:?} revision=${3:?} run=${4:?}
if [ -z "${SLACK_WEBHOOK:-}" ]; then
  echo "::warning::No Slack notice: the environment has no secret SLACK_WEBHOOK."
  exit 0
fi
case $result in
  success) words="$name now runs ${revision:0:12}." ;;
  skipped | cancelled) words="$name stays as it was: the delivery of ${revision:0:12} was not approved or not finished." ;;
  *) words="$name: the delivery of ${revision:0:12} failed. What ran before runs on, or is being put back." ;;
esac
jq --null-input --arg text "$words $run" '{text: $text}' \
  | curl --fail --silent --show-error --max-time 10 --retry 3 --header 'Content-Type: application/json' \
    --data @- "$SLACK_WEBHOOK" >/dev/null
