# Tells the processes that hold deleted files open on the file system of RESCUE_PATH, the largest first:
# bytes, pid, name. With RESCUE_PROCESS only those of that name; returns 1 below RESCUE_LEAST bytes.
disk=$(stat -c %d -- "$RESCUE_PATH") || exit 3
wanted=$(printf %.15s "$RESCUE_PROCESS")
held=$(for directory in /proc/[0-9]*; do
  name=$(cat "$directory/comm" 2>/dev/null) || continue
  [ -z "$wanted" ] || [ "$name" = "$wanted" ] || continue
  find "$directory/fd" -mindepth 1 -lname '/* (deleted)' -exec stat -L -c '%d %i %b' -- {} + 2>/dev/null |
    sort -u | awk -v disk="$disk" -v pid="${directory#/proc/}" -v name="$name" \
    '$1 == disk {sum += $3 * 512} END {if (sum) printf "%d %s %s\n", sum, pid, name}'
done | sort -rn)
[ -z "$held" ] || printf '%s\n' "$held" | head -n 20
printf '%s\n' "$held" | awk -v least="$RESCUE_LEAST" '{sum += $1} END {exit !(sum >= least + 0)}'
