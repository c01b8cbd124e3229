# Starts failed systemd units: those that rescue:services:systemd:units in the pillar names, and only those.
{%- from "rescue/map.jinja" import services with context %}
{%- import_text "rescue/scripts/units.sh" as script %}
{%- set units = (services.get('systemd') or {}).get('units') or [] %}
{%- if not units %}

rescue_units_are_named:
  test.fail_without_changes:
    - comment: "Nothing says which units may be started: set rescue:services:systemd:units, a list, in the pillar of this minion."
{%- else %}

rescue_units_have_not_failed:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_UNITS': units | join('\n')}] | tojson }}
{%- endif %}
