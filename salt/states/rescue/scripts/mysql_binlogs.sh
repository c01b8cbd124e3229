# Purges binary logs older than RESCUE_HOURS. The server itself keeps what a connected replica still
# reads; one that is away cannot be asked, so nothing is purged while any of RESCUE_REPLICAS is away.
[ "$(ask 'SELECT @@log_bin')" = 1 ] || { echo "this server writes no binary logs"; exit 3; }
size() { ask 'SHOW BINARY LOGS' | awk '{sum += $2} END {printf "%d\n", sum}'; }
connected=$(ask "SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")
if [ "$connected" -lt "$RESCUE_REPLICAS" ]; then
  echo "$connected of $RESCUE_REPLICAS replicas are connected: nothing was purged."
  echo "Bring the others back first, or they would have to be built anew."
  exit 1
fi
before=$(size)
ask "PURGE BINARY LOGS BEFORE NOW() - INTERVAL $RESCUE_HOURS HOUR" || exit 1
after=$(size)
echo "binary logs older than $RESCUE_HOURS h are gone: $((before - after)) of $before bytes came free"
