# Gives a Redis that has used up its maxmemory some more. What the pillar of the service may say:
#   maxmemory_limit    up to how many megabytes maxmemory may be raised; without it, it is not raised
{%- from "rescue/map.jinja" import run, services with context %}
{%- import_text "rescue/scripts/redis_memory.sh" as script %}
{%- set service = services.get(run.get('service') or 'redis') or {} %}

rescue_redis_has_memory:
  cmd.run:
    - name: {{ script | tojson }}
    - env: {{ [{'RESCUE_PORT': service.get('port', 6379) | string}, {'RESCUE_LIMIT': service.get('maxmemory_limit', 0) | int | string}] | tojson }}
