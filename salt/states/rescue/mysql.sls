# Brings MySQL or MariaDB up: removes what a crash left behind, starts it, waits until it answers.
# One that runs is never ended here, however it does: a recovery may take long, and sessions hold work.
#
# `socket` in the pillar is the path of the socket, to remove it when it is stale; a pid file and a
# socket are left alone unless rescue:services:<service>:process names the process.
{%- from "rescue/map.jinja" import run with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{{ bring_up(run.get('service') or 'mysql', hung='leave') }}
