# Restarts services that grow, one after the other, while the memory is too full: those that
# rescue:memory:restart in the pillar names, in that order, and only those.
#   threshold_percent    full enough to act (90)
{%- from "rescue/map.jinja" import memory with context %}
{%- from "rescue/start.jinja" import bring_up, end with context %}
{%- import_text "rescue/scripts/memory.sh" as script %}
{%- set env = [{'RESCUE_THRESHOLD': memory.get('threshold_percent', 90) | int | string}] %}

rescue_memory_is_told:
  cmd.run:
    - name: grep -E '^(MemTotal|MemAvailable|SwapTotal|SwapFree):' /proc/meminfo; ps -eo rss,pid,user,comm --sort=-rss | head -n 11
{%- for name in memory.get('restart') or [] %}
{{ end(name, 'rescue_grown_service_is_ended_' ~ loop.index, script, env) }}
{{ bring_up(name, hung='leave', suffix='_' ~ loop.index) }}
{%- else %}

rescue_grown_services_are_named:
  test.fail_without_changes:
    - comment: "No service may be restarted for it: set rescue:memory:restart, a list of services, in the pillar of this minion."
{%- endfor %}
