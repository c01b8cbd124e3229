# Starts a Redis that refuses its append-only file: copies the file, cuts the copy's original back to what
# can be read (the last writes are lost), starts it. Only while no Redis runs. What the pillar of the
# service must say: `aof`, the folder (appendonlydir) or, before Redis 7, the file.
{%- from "rescue/map.jinja" import run, services with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{%- import_text "rescue/scripts/redis_aof.sh" as script %}
{%- set name = run.get('service') or 'redis' %}
{%- set service = services.get(name) or {} %}
{%- if not (service.get('aof') and service.get('process')) %}

rescue_redis_aof_is_named:
  test.fail_without_changes:
    - comment: {{ ("Nothing says where the append-only file is: set rescue:services:" ~ name ~ ":aof, and process, in the pillar of this minion.") | tojson }}
{%- else %}

rescue_redis_aof_can_be_read:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_AOF': service.aof}] | tojson }}
    - unless:
      - fun: rescue.processes
        service: {{ name | tojson }}
        namesakes: true
{{ bring_up(name, hung='leave') }}
{%- endif %}
