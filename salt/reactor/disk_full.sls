# disk_full: a disk is filling up: what rescue:disk_full in the pillar allows is removed.
# The event is a hint that any minion could have sent, so nothing of it is used but numbers.
{%- set hint = data.get('rescue') if data is mapping else none %}
{%- set ids = hint.get('event_ids') if hint is mapping else none %}
{%- if ids and ids is iterable and ids is not string and ids is not mapping and ids | reject('integer') | list == [] %}

rescue_disk_full:
  runner.rescue.handle:
    - args:
      - event_ids: {{ ids | list | tojson }}
      - state:
          "*": rescue.disk_full
{%- endif %}
