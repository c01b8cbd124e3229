#!/bin/bash
# Wait for the replacement of machines that began since then; fail when one failed or was taken back.
set -euo pipefail

since=${1:?UTC, as 2026-01-31T12:00:00}
shift

# One that has not begun yet has no time.
state() {
  aws autoscaling describe-instance-refreshes --auto-scaling-group-name "$1" --max-records 1 \
    --query "InstanceRefreshes[?!StartTime || StartTime>='$since'].[Status, StatusReason] | [0]" --output text
}

for group in "$@"; do
  for _ in $(seq 240); do
    said=$(state "$group")
    case $said in
      None) echo "$group: nothing to replace" && break ;;
      Successful*) echo "$group: replaced" && break ;;
      Pending* | InProgress* | Baking*) sleep "${PAUSE:-15}" ;;
      # Also when Auto Scaling takes it back: then the old machines run, and the delivery has failed.
      RollbackInProgress* | Cancelling*) sleep "${PAUSE:-15}" ;;
      *) echo "$group: $said" >&2 && exit 1 ;;
    esac
  done
  case $said in
    None | Successful*) ;;
    *) echo "$group: still $said after an hour" >&2 && exit 1 ;;
  esac
done
