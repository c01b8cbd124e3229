# Brings any service up that the pillar rescue:services describes:
#   salt web-1 state.apply rescue.service pillar='{"rescue_run": {"service": "redis"}}'
{%- from "rescue/map.jinja" import run with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{{ bring_up(run.get('service')) }}
