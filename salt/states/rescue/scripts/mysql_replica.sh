# Starts a replica that has stopped, unless it met an error that needs a person. No statement is ever
# skipped and nothing is reset: that would make it differ from its source in silence.
io=$(replica Replica_IO_Running) sql=$(replica Replica_SQL_Running)
[ -n "$io$sql" ] || { echo "this server is no replica"; exit 3; }
io_error=$(replica Last_IO_Errno) sql_error=$(replica Last_SQL_Errno)
echo "receives: $io (error $io_error), applies: $sql (error $sql_error)"
case $io_error in
  # Could not connect, lost the connection, or was refused for want of a slot; or it was just stopped.
  0 | 1040 | 1053 | 1158 | 1159 | 1160 | 1161 | 2002 | 2003 | 2005 | 2006 | 2013) ;;
  *) echo "needs a person: $(replica Last_IO_Error)"; exit 1 ;;
esac
case $sql_error in
  # Lock wait timeout and deadlock pass by themselves.
  0 | 1205 | 1213) ;;
  *) echo "needs a person: $(replica Last_SQL_Error)"; exit 1 ;;
esac
ask 'START REPLICA' 2>/dev/null || ask 'START SLAVE' || exit 1
tries=0
while [ "$tries" -lt 20 ]; do
  io=$(replica Replica_IO_Running) sql=$(replica Replica_SQL_Running)
  if [ "$io" = Yes ] && [ "$sql" = Yes ]; then
    echo "it replicates again, $(replica Seconds_Behind_Source) s behind"
    exit 0
  fi
  sleep 0.5
  tries=$((tries + 1))
done
echo "still receives: $io, applies: $sql. $(replica Last_IO_Error) $(replica Last_SQL_Error)"
exit 1
