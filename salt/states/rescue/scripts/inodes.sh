# Removes old files by the thousand, as RESCUE_RULES says: folder, tab, pattern of the name, tab, days;
# one a line. Nothing outside of the folder, of another file system or behind a link is touched.
used() { df -Pi "$RESCUE_PATH" | awk 'NR == 2 {sub("%", "", $5); print $5 + 0}'; }
tab=$(printf '\t')
printf '%s\n' "$RESCUE_RULES" | while IFS=$tab read -r folder pattern days; do
  if [ "$(used)" -lt "$RESCUE_THRESHOLD" ]; then break; fi
  if [ "$(readlink -e -- "$folder")" != "$folder" ]; then
    echo "$folder: is not there, or a link leads to it; left alone"
    continue
  fi
  count=$(timeout 300 find "$folder" -xdev -type f -name "$pattern" -mtime "+$days" -print -delete | wc -l)
  echo "$folder: removed $count files"
done
echo "$(used) % of the inodes of $RESCUE_PATH are used"
[ "$(used)" -lt "$RESCUE_THRESHOLD" ]
