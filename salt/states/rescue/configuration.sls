# Tells what is wrong with a configuration: what the service's own test says, which of its files were
# changed last, which certificates cannot be read or have expired. It mends no file. Where nothing is
# wrong (any more), the service is started if it is down. What the pillar of the service may say:
#   config_test     shell line that fails while the configuration is broken
#   config          its files or folders, of which the last changes are told
#   certificates    paths of its certificates in PEM
{%- from "rescue/map.jinja" import config_tests, run, services with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{%- import_text "rescue/scripts/certificates.sh" as certificates %}
{%- set name = run.get('service') or '' %}
{%- set service = services.get(name) or {} %}
{%- if not (service.get('config_test') or config_tests.get(name)) %}

rescue_configuration_can_be_tested:
  test.fail_without_changes:
    - comment: {{ ("Nothing says how to test the configuration of " ~ (name or "the service (rescue_run:service is not set)") ~ ": set rescue:services:" ~ (name or "<service>") ~ ":config_test in the pillar of this minion.") | tojson }}
{%- else %}
{%- if service.get('certificates') %}

rescue_certificates_are_valid:
  cmd.run:
    - name: {{ certificates | tojson }}
    - env: {{ [{'RESCUE_CERTIFICATES': service.certificates | join('\n')}] | tojson }}
{%- endif %}
{{ bring_up(name, hung='leave') }}
{%- endif %}
