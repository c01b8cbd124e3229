# Starts those of the systemd units in RESCUE_UNITS (one a line) that have failed.
[ -d /run/systemd/system ] || { echo "systemd does not run here"; exit 3; }
printf '%s\n' "$RESCUE_UNITS" | {
  bad=0
  while IFS= read -r unit; do
    systemctl is-failed --quiet -- "$unit" || { echo "$unit: has not failed"; continue; }
    echo "$unit: has failed; it said last:"
    journalctl --no-pager --lines=20 --unit="$unit" 2>/dev/null
    systemctl reset-failed -- "$unit"
    if timeout 90 systemctl start -- "$unit"; then echo "$unit: started"; else bad=1; fi
  done
  exit "$bad"
}
