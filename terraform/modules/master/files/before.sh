#!/bin/bash
# Before the master starts: its keys and caches from EFS, then its name shows to this machine.
set -euo pipefail

# shellcheck source=/dev/null
. /etc/rescuebot/host.env
# shellcheck source=/dev/null
. /etc/rescuebot/master.env

home=/var/lib/rescuebot
mkdir -p "$home"
if ! mountpoint --quiet "$home"; then
  # Over TLS and as the role; without the mount there is no start, for a master without its keys is a stranger.
  mount -t efs -o "noresvport,tls,iam,accesspoint=$ACCESS_POINT" "$FILE_SYSTEM:/" "$home"
fi
mkdir -p "$home/pki" "$home/cache"

metadata=http://169.254.169.254/latest
token=$(curl --fail --silent --max-time 5 --request PUT \
  --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "$metadata/api/token")
address=$(curl --fail --silent --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/local-ipv4")

change='{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"%s","Type":"A","TTL":30,"ResourceRecords":[{"Value":"%s"}]}}]}'
# shellcheck disable=SC2059 # the format is ours
aws route53 change-resource-record-sets --hosted-zone-id "$ZONE" \
  --change-batch "$(printf "$change" "$HOSTNAME" "$address")" >/dev/null
