# Has Redis give memory back, and raises maxmemory by a quarter up to RESCUE_LIMIT megabytes, while the
# machine has twice that quarter free.
client=$(command -v redis-cli || command -v valkey-cli) || { echo "redis-cli is not installed here"; exit 3; }
ask() { timeout 20 "$client" -p "$RESCUE_PORT" "$@" 2>&1 | tr -d '\r'; }
value() { ask info memory | sed -n "s/^$1://p"; }
case $(ask ping) in
  PONG | *MISCONF*) ;;
  *NOAUTH*) echo "it wants a password: set REDISCLI_AUTH in the environment of salt-minion"; exit 3 ;;
  *) echo "it does not answer on port $RESCUE_PORT"; exit 3 ;;
esac
report() { echo "it uses $(value used_memory) of $(value maxmemory) bytes, $(value maxmemory_policy)"; }
report
ask memory purge
most=$(value maxmemory)
[ "$most" -gt 0 ] || { echo "it has no maxmemory, so there is nothing to raise"; exit 1; }
limit=$((RESCUE_LIMIT * 1048576))
[ "$limit" -gt 0 ] || { echo "set maxmemory_limit (megabytes) in the pillar, so that it may be raised"; exit 1; }
wanted=$((most + most / 4))
if [ "$wanted" -gt "$limit" ]; then wanted=$limit; fi
[ "$wanted" -gt "$most" ] || { echo "it has all of the $limit bytes that the pillar allows"; exit 1; }
free=$(awk '/^MemAvailable:/ {print $2 * 1024}' /proc/meminfo)
if [ "$free" -lt $(((wanted - most) * 2)) ]; then
  echo "the machine has only $free bytes left: nothing was raised"
  exit 1
fi
[ "$(ask config set maxmemory "$wanted")" = OK ] || { echo "it refused"; exit 1; }
report
