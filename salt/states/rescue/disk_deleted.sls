# Room that deleted files still take, because a process holds them open, comes free when that process
# ends. Tells who holds them, and restarts those services that rescue:disk_full:restart in the pillar
# names, and of those only the ones that hold a lot. What else the pillar may say in rescue:disk_full:
#   path                  the file system to look at (/)
#   deleted_megabytes     how much is a lot (100)
{%- from "rescue/map.jinja" import disk_full with context %}
{%- from "rescue/start.jinja" import bring_up, end with context %}
{%- import_text "rescue/scripts/deleted.sh" as script %}
{%- set least = disk_full.get('deleted_megabytes', 100) | int * 1048576 %}
{%- set env = [{'RESCUE_PATH': disk_full.get('path', '/')}, {'RESCUE_LEAST': least | string}] %}

rescue_deleted_files_are_told:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_PATH': disk_full.get('path', '/')}, {'RESCUE_LEAST': '0'}, {'RESCUE_PROCESS': ''}] | tojson }}
{%- for name in disk_full.get('restart') or [] %}
{{ end(name, 'rescue_holder_is_ended_' ~ loop.index, script, env) }}
{{ bring_up(name, hung='leave', suffix='_' ~ loop.index) }}
{%- else %}

rescue_holders_are_named:
  test.fail_without_changes:
    - comment: "No service may be restarted for it: set rescue:disk_full:restart, a list of services, in the pillar of this minion, or end the process told above by hand."
{%- endfor %}
