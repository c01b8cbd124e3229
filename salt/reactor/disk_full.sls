# disk_full: a disk is filling up: what rescue:disk_full in the pillar allows is removed.
# The event is a hint that any minion could have sent, so nothing of it is used but numbers; what
# holds anything else is handed on as no ids at all, and rescue.handle writes it into the audit.
{%- set hint = data.get('rescue') if data is mapping else none %}
{%- set ids = hint.get('event_ids') if hint is mapping else none %}
{%- set is_list = ids is iterable and ids is not string and ids is not mapping %}
{%- set sound = ids and is_list and ids | length <= 1000 and ids | reject('integer') | list == [] %}

rescue_disk_full:
  runner.rescue.handle:
    - args:
      - event_ids: {{ (ids | list if sound else none) | tojson }}
      - state:
          "*": rescue.disk_full
