# Makes room on a disk that is nearly full, step by step and only while it is, and tells how many
# bytes came free. It removes nothing but what the pillar rescue:disk_full allows:
#   path               the file system to look at (/)
#   threshold_percent  full enough to act, and too full afterwards to be content (90)
#   package_cache      whether downloaded packages of apt or dnf/yum may go (true)
#   journal_vacuum     what the systemd journal is cut to; empty: it is left alone (200M)
#   clean              patterns of files that may go: absolute, at least two folders deep and the
#                      first of them in full (rotated logs, *.gz under /var/log)
#   older_than_days    how old such a file must be (7)
{%- from "rescue/map.jinja" import disk_full with context %}
{%- set path = disk_full.get('path', '/') %}
{%- set threshold = disk_full.get('threshold_percent', 90) | int %}
{%- set days = disk_full.get('older_than_days', 7) | int %}
{%- set clean = disk_full.get('clean', ['/var/log/*.gz', '/var/log/*/*.gz', '/var/log/*/*/*.gz']) %}
{%- set vacuum = disk_full.get('journal_vacuum', '200M') %}
{%- set steps = [] %}
{%- if disk_full.get('package_cache', true) %}
{%- do steps.append(['apt_cache', 'apt-get', 'apt-get clean']) %}
{%- do steps.append(['dnf_cache', 'dnf', 'dnf --quiet clean packages']) %}
{%- do steps.append(['yum_cache', 'yum', 'command -v dnf >/dev/null || yum --quiet clean packages']) %}
{%- endif %}
{%- if vacuum %}
{%- do steps.append(['journal', 'journalctl', 'journalctl --quiet --vacuum-size="$RESCUE_VACUUM"']) %}
{%- endif %}
{%- set refused = [] %}
{%- for pattern in clean if '..' in pattern or not pattern | regex_match('(/[^/*?[]+/.*[^/])$') %}
{%- do refused.append(pattern) %}
{%- endfor %}
{%- set env = [{'RESCUE_PATH': path}, {'RESCUE_THRESHOLD': threshold | string}, {'RESCUE_DAYS': days | string}, {'RESCUE_VACUUM': vacuum | string}, {'RESCUE_CLEAN': clean | join('\n')}] %}
{%- set used = 'df -P "$RESCUE_PATH" | awk \'NR == 2 {sub("%", "", $5); print $5}\'' %}
{%- set free = 'df -Pk "$RESCUE_PATH" | awk \'NR == 2 {print $4}\'' %}
{%- if refused %}

rescue_disk_patterns_are_safe:
  test.fail_without_changes:
    - comment: {{ ("Nothing is removed, because rescue:disk_full:clean holds patterns that reach too far: " ~ refused | join(', ') ~ ". They must be absolute, at least two folders deep, the first of them in full, and without '..'.") | tojson }}

{%- else %}
{%- for name, program, command in steps %}

rescue_disk_{{ name }}:
  cmd.run:
    - name: |
        before=$({{ free }})
        {{ command }} || exit
        echo "freed $(( ($({{ free }}) - before) * 1024 )) bytes"
    - env: {{ env | tojson }}
    - onlyif:
      - command -v {{ program }}
      - test "$({{ used }})" -ge "$RESCUE_THRESHOLD"
{%- endfor %}

# A link could lead a pattern astray, so a file must really lie below the pattern's fixed part.
rescue_disk_old_files:
  cmd.run:
    - name: |
        before=$({{ free }})
        IFS=
        printf '%s\n' "$RESCUE_CLEAN" | while read -r pattern; do
          fixed=${pattern%%[*?[]*}
          fixed=$(readlink -e -- "${fixed%/*}") || continue
          for file in $pattern; do
            case $(readlink -e -- "$file") in
              "$fixed"/*) find "$file" -maxdepth 0 -type f -mtime "+$RESCUE_DAYS" -print -delete ;;
            esac
          done
        done
        echo "freed $(( ($({{ free }}) - before) * 1024 )) bytes"
    - env: {{ env | tojson }}
    - onlyif: test "$({{ used }})" -ge "$RESCUE_THRESHOLD"

rescue_disk_has_room:
  test.fail_without_changes:
    - comment: {{ (path ~ " is still " ~ threshold ~ " % full or more: make room by hand, or allow more in rescue:disk_full:clean.") | tojson }}
    - env: {{ env | tojson }}
    - onlyif: test "$({{ used }})" -ge "$RESCUE_THRESHOLD"
{%- endif %}
