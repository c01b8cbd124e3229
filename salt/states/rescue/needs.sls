# Starts those of the services that rescue:services:<service>:needs names which do not run: what nginx
# passes requests to, or what must live again after the kernel has ended it for want of memory.
{%- from "rescue/map.jinja" import run, services with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{%- set name = run.get('service') or '' %}
{%- set needs = (services.get(name) or {}).get('needs') or [] %}
{%- for needed in needs %}
{{ bring_up(needed, hung='leave', suffix='_' ~ loop.index) }}
{%- else %}

rescue_needs_are_named:
  test.fail_without_changes:
    - comment: {{ ("Nothing says what " ~ (name or "the service (rescue_run:service is not set)") ~ " needs: set rescue:services:" ~ (name or "<service>") ~ ":needs, a list of services, in the pillar of this minion.") | tojson }}
{%- endfor %}
