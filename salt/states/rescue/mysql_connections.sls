# Makes room for sessions in a MySQL that refuses new ones: tells who holds them, and ends those that
# have slept long. What rescue:services:<service> may say in the pillar:
#   idle_seconds    how long a session must have slept (300)
#   keep_users      users whose sessions are never ended
{%- from "rescue/map.jinja" import run, services with context %}
{%- import_text "rescue/scripts/mysql.sh" as mysql %}
{%- import_text "rescue/scripts/mysql_connections.sh" as script %}
{%- set service = services.get(run.get('service') or 'mysql') or {} %}
{%- set keep = ['root', 'system user', 'event_scheduler', 'mysql.session'] + (service.get('keep_users') or []) %}

rescue_mysql_has_free_connections:
  cmd.run:
    - name: {{ (mysql ~ '\n' ~ script) | tojson }}
    - env: {{ [{'RESCUE_IDLE': service.get('idle_seconds', 300) | int | string}, {'RESCUE_KEEP': keep | join('\n')}] | tojson }}
