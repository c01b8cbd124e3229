# Has a service read its configuration and certificates anew, without ending its sessions. Only when its
# configuration passes its test and its certificates (rescue:services:<service>:certificates) are valid.
# `reload` in the pillar is the shell line for it where systemd does not run.
{%- from "rescue/map.jinja" import config_tests, run, services, systemd with context %}
{%- import_text "rescue/scripts/certificates.sh" as certificates %}
{%- set name = run.get('service') or '' %}
{%- set service = services.get(name) or {} %}
{%- set unit = service.get('unit') if systemd else none %}
{%- set config_test = service.get('config_test') or config_tests.get(name) %}
{%- if not (unit or service.get('reload')) %}

rescue_service_can_be_reloaded:
  test.fail_without_changes:
    - comment: {{ ("Nothing says how to reload " ~ (name or "the service (rescue_run:service is not set)") ~ ": set rescue:services:" ~ (name or "<service>") ~ (":unit" if systemd else ":reload (a shell line; systemd does not run here)") ~ " in the pillar of this minion.") | tojson }}
{%- elif not config_test %}

rescue_configuration_can_be_tested:
  test.fail_without_changes:
    - comment: {{ ("Nothing says how to test the configuration of " ~ name ~ ", so it is not reloaded: set rescue:services:" ~ name ~ ":config_test in the pillar of this minion.") | tojson }}
{%- else %}

rescue_configuration_is_valid:
  cmd.run:
    - name: {{ config_test | tojson }}

rescue_certificates_are_valid:
  cmd.run:
    - name: {{ certificates | tojson }}
    - env: {{ [{'RESCUE_CERTIFICATES': (service.get('certificates') or []) | join('\n')}] | tojson }}

rescue_service_is_reloaded:
  cmd.run:
    - name: {{ ('systemctl reload -- "$RESCUE_UNIT"' if unit else service.reload) | tojson }}
    - env: {{ [{'RESCUE_UNIT': unit or ''}] | tojson }}
    - require:
      - rescue_configuration_is_valid
      - rescue_certificates_are_valid
{%- endif %}
