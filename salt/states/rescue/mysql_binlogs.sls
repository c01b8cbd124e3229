# Makes room where binary logs fill the disk. What rescue:services:mysql must say in the pillar:
#   binlog_keep_hours    what is older may go; without it nothing is purged
#   replicas             how many replicas must be connected before anything is purged (0)
{%- from "rescue/map.jinja" import services with context %}
{%- import_text "rescue/scripts/mysql.sh" as mysql %}
{%- import_text "rescue/scripts/mysql_binlogs.sh" as script %}
{%- set service = services.get('mysql') or {} %}
{%- set hours = service.get('binlog_keep_hours', 0) | int %}
{%- if hours < 1 %}

rescue_mysql_binlogs_may_go:
  test.fail_without_changes:
    - comment: "Nothing says which binary logs may go: set rescue:services:mysql:binlog_keep_hours, and replicas, in the pillar of this minion."
{%- else %}

rescue_mysql_binlogs_are_purged:
  cmd.run:
    - name: {{ (mysql ~ '\n' ~ script) | tojson }}
    - env: {{ [{'RESCUE_HOURS': hours | string}, {'RESCUE_REPLICAS': service.get('replicas', 0) | int | string}] | tojson }}
{%- endif %}
