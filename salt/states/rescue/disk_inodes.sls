# Makes room for files where a file system has run out of inodes: removes old small files, only where
# the pillar allows it in rescue:inodes, and only while it is needed:
#   path                 the file system to look at (/)
#   threshold_percent    full enough to act (90)
#   clean                list of {folder, name, older_than_days}: an absolute folder at least two deep,
#                        a pattern for the names of files in it, and how old they must be (7)
# Without `clean` it only tells which folders hold the most files.
{%- from "rescue/map.jinja" import inodes with context %}
{%- import_text "rescue/scripts/inodes.sh" as script %}
{%- set path = inodes.get('path', '/') %}
{%- set rules, refused = [], [] %}
{%- for rule in inodes.get('clean') or [] %}
{%- set folder, name = rule.get('folder') or '', rule.get('name') or '' %}
{%- if '..' in folder or not folder | regex_match('(/[^/\t\n]+/[^\t\n]*[^/\t\n])$') or not name | regex_match('([^/\t\n]+)$') %}
{%- do refused.append(folder ~ ' ' ~ name) %}
{%- endif %}
{%- do rules.append(folder ~ '\t' ~ name ~ '\t' ~ rule.get('older_than_days', 7) | int) %}
{%- endfor %}
{%- if refused %}

rescue_inode_rules_are_safe:
  test.fail_without_changes:
    - comment: {{ ("Nothing is removed, because rescue:inodes:clean holds rules that reach too far: " ~ refused | join(', ') ~ ". The folder must be absolute, at least two deep and without '..', and the name a pattern without '/'.") | tojson }}
{%- else %}

rescue_inodes_are_told:
  cmd.run:
    - name: >-
        timeout 120 find "$RESCUE_PATH" -xdev -printf '%h\n' | sort | uniq -c | sort -rn | head -n 10
    - env: {{ [{'RESCUE_PATH': path}] | tojson }}
{%- if rules %}

rescue_inodes_are_free:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_PATH': path}, {'RESCUE_THRESHOLD': inodes.get('threshold_percent', 90) | int | string}, {'RESCUE_RULES': rules | join('\n')}] | tojson }}
{%- else %}

rescue_inode_rules_are_named:
  test.fail_without_changes:
    - comment: "Nothing may be removed: set rescue:inodes:clean, a list of {folder, name, older_than_days}, in the pillar of this minion."
{%- endif %}
{%- endif %}
