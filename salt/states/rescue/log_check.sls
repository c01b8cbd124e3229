# Gathers evidence and changes nothing: the journal of the unit, and the last lines of the logs that
# the pillar names in rescue:services:<service>:logs. `lines` is an argument of the run (100).
{%- from "rescue/map.jinja" import run, services, systemd with context %}
{%- set name = run.get('service') or '' %}
{%- set service = services.get(name) or {} %}
{%- set lines = (run.get('arguments') or {}).get('lines', 100) | int %}
{%- set unit = service.get('unit') if systemd else none %}
{%- set logs = service.get('logs') or [] %}
{%- if not (unit or logs) %}

rescue_evidence_can_be_found:
  test.fail_without_changes:
    - comment: {{ ("Nothing says where the logs of " ~ (name or "the service (rescue_run:service is not set)") ~ " are: set rescue:services:" ~ (name or "<service>") ~ ":logs (a list of paths) in the pillar of this minion.") | tojson }}
{%- endif %}
{%- if unit %}

rescue_journal:
  cmd.run:
    - name: journalctl --no-pager --lines={{ lines }} --unit="$RESCUE_UNIT"
    - env: {{ [{'RESCUE_UNIT': unit}] | tojson }}
    - onlyif: command -v journalctl
{%- endif %}
{%- for log in logs %}

rescue_log_{{ loop.index }}:
  cmd.run:
    - name: echo "$RESCUE_LOG"; tail -n {{ lines }} -- "$RESCUE_LOG"
    - env: {{ [{'RESCUE_LOG': log}] | tojson }}
{%- endfor %}
