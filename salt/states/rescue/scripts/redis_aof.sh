# Cuts a broken append-only file back to what can be read, after it was copied beside itself.
tool=$(command -v redis-check-aof || command -v valkey-check-aof) || {
  echo "redis-check-aof is not installed here"
  exit 3
}
# A manifest names the files that count; older servers have a single file.
file=
for found in "$RESCUE_AOF"/*.manifest "$RESCUE_AOF"; do
  if [ -f "$found" ]; then file=$found; break; fi
done
[ -n "$file" ] || { echo "$RESCUE_AOF is neither an append-only file nor a folder of them"; exit 3; }
if said=$(timeout 120 "$tool" "$file" 2>&1); then
  echo "$file: nothing is wrong with it"
  exit 0
fi
printf '%s\n' "$said" | tail -n 5
copy="$RESCUE_AOF.before-rescue-$(date -u +%Y%m%dT%H%M%SZ)"
cp -a -- "$RESCUE_AOF" "$copy" || { echo "there is no room for a copy: nothing was changed"; exit 1; }
echo "copied to $copy"
echo y | timeout 300 "$tool" --fix "$file" 2>&1 | tail -n 3
timeout 120 "$tool" "$file" >/dev/null 2>&1 || { echo "it could not be mended"; exit 1; }
echo "$file: cut back to what can be read"
