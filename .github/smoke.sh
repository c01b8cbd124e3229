#!/bin/bash
# From outside, through the load balancer: the API answers, its tables and the engines are there, the console is served.
set -euo pipefail

url=${1:?https://…}
curl=(curl --fail --silent --show-error --max-time 10)

"${curl[@]}" "$url/health" >/dev/null
# A new master needs its minute until its engines beat.
"${curl[@]}" --retry 30 --retry-delay 10 --retry-all-errors "$url/health/ready" >/dev/null
"${curl[@]}" "$url/" | grep -q '<script type="module"'
[ "$(curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$url/api/v1/events")" = 401 ]
echo "It works: $url"
