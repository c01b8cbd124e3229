# default: no state is known to mend this, so only the runbooks of the database are asked.
# The event is a hint that any minion could have sent, so nothing of it is used but numbers.
{%- set hint = data.get('rescue') if data is mapping else none %}
{%- set ids = hint.get('event_ids') if hint is mapping else none %}
{%- if ids and ids is iterable and ids is not string and ids is not mapping and ids | reject('integer') | list == [] %}

rescue_event:
  runner.rescue.handle:
    - args:
      - event_ids: {{ ids | list | tojson }}
{%- endif %}
