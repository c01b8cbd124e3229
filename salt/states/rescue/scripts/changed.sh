# Which files of a configuration (RESCUE_CONFIG: files or folders, one a line) were changed last.
printf '%s\n' "$RESCUE_CONFIG" | while IFS= read -r path; do
  find "$path" -type f -printf '%TY-%Tm-%Td %TH:%TM  %u  %p\n' 2>/dev/null
done | sort -r | head -n 10
