# Starts a service that does not run, and leaves alone what runs: for services whose restart would cost
# more than a look, such as databases, queues and the Docker daemon.
#   salt web-1 state.apply rescue.start pillar='{"rescue_run": {"service": "redis"}}'
{%- from "rescue/map.jinja" import run with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{{ bring_up(run.get('service'), hung='leave') }}
