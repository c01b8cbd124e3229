# Whether RESCUE_THRESHOLD percent of the memory or more is in use, after what can be given up at once.
used=$(awk '/^MemTotal:/ {all = $2} /^MemAvailable:/ {free = $2}
  END {printf "%d", 100 - free * 100 / all}' /proc/meminfo)
echo "$used % of the memory is in use"
[ "$used" -ge "$RESCUE_THRESHOLD" ]
