# Brings MySQL or MariaDB up: removes what a crash left behind, starts it, waits until it answers.
#
# A pid file and a socket are stale only while no process of that name runs, so they are left alone
# unless rescue:services:<service>:process names it. `socket` in the pillar is the path of the socket.
{%- from "rescue/map.jinja" import run, services with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{%- set name = run.get('service') or 'mysql' %}
{%- set service = services.get(name) or {} %}
{%- set left_behind = [service.get('pid_file'), service.get('socket')] | select | list %}
{%- set first = [] %}
{%- if left_behind and service.get('process') %}

rescue_mysql_left_nothing_behind:
  file.absent:
    - names: {{ left_behind | tojson }}
    - unless:
      - fun: rescue.processes
        service: {{ name | tojson }}
        namesakes: true
{%- do first.append('rescue_mysql_left_nothing_behind') %}
{%- endif %}
{{ bring_up(name, first=first) }}
