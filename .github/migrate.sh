#!/bin/bash
# Have the running master bring the tables to the state of an image, before any machine runs that image. To an older
# image only with the one that knows the tables as they are: `migrate.sh NAME DOCUMENT OLDER NEWER`.
set -euo pipefail

name=${1:?name of the deployment} document=${2:?SSM document} digest=${3:?digest of the master image} newer=${4:-none}

# shellcheck disable=SC2016 # JMESPath
master=$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$name-master" \
  --query 'AutoScalingGroups[0].Instances[?LifecycleState==`InService`].InstanceId | [0]' --output text)
if [ "$master" = None ]; then
  echo "There is no master yet; the first one makes the tables." >&2
  exit 0
fi

command=$(aws ssm send-command --document-name "$document" --instance-ids "$master" \
  --parameters "Digest=$digest,Newer=$newer" --query Command.CommandId --output text)
for _ in $(seq 100); do
  sleep "${PAUSE:-10}"
  status=$(aws ssm get-command-invocation --command-id "$command" --instance-id "$master" \
    --query Status --output text)
  case $status in
    Success) exit 0 ;;
    Pending | InProgress | Delayed) ;;
    *) break ;;
  esac
done
aws ssm get-command-invocation --command-id "$command" --instance-id "$master" \
  --query StandardErrorContent --output text >&2
echo "The migration ended as $status." >&2
exit 1
