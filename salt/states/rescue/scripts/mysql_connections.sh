# Ends sessions that have slept for RESCUE_IDLE seconds, the longest sleepers first, 500 at most.
# Never one of a user in RESCUE_KEEP (one a line), of replication, or with a transaction open.
echo "user, what it does, sessions, longest seconds:"
ask 'SELECT user, command, COUNT(*), MAX(time) FROM information_schema.processlist
     GROUP BY user, command ORDER BY 3 DESC LIMIT 20'
sleepers=$(ask "SELECT id, user FROM information_schema.processlist
  WHERE command = 'Sleep' AND time >= $RESCUE_IDLE AND id <> CONNECTION_ID()
    AND id NOT IN (SELECT trx_mysql_thread_id FROM information_schema.innodb_trx)
  ORDER BY time DESC LIMIT 500") || exit 1
tab=$(printf '\t')
kills=$(printf '%s\n' "$sleepers" | while IFS=$tab read -r id user; do
  [ -n "$id" ] || continue
  printf '%s\n' "$RESCUE_KEEP" | grep -qxF -e "$user" || echo "KILL $id;"
done)
if [ -z "$kills" ]; then
  echo "no session has slept for $RESCUE_IDLE s without a transaction: nothing was ended."
  echo "Who holds the sessions is told above; max_connections may be too small for them."
  exit 1
fi
# One that has ended by itself meanwhile is no reason to stop.
printf '%s\n' "$kills" | timeout 20 "$client" --connect-timeout=5 --force 2>&1 | head -n 5
echo "ended $(printf '%s\n' "$kills" | wc -l) sessions that had slept for $RESCUE_IDLE s or longer"
