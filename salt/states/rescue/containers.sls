# Starts the containers that must run, as rescue:services:docker:containers in the pillar names them, and
# only those. None is made, pulled, restarted or removed.
{%- from "rescue/map.jinja" import services with context %}
{%- import_text "rescue/scripts/containers.sh" as script %}
{%- set containers = (services.get('docker') or {}).get('containers') or [] %}
{%- if not containers %}

rescue_containers_are_named:
  test.fail_without_changes:
    - comment: "Nothing says which containers must run: set rescue:services:docker:containers, a list of names, in the pillar of this minion."
{%- else %}

rescue_containers_run:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_CONTAINERS': containers | join('\n')}] | tojson }}
{%- endif %}
