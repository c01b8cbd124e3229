# Brings Apache up, unless its configuration is broken: then it says what is wrong with it.
{%- from "rescue/map.jinja" import config_tests, run with context %}
{%- from "rescue/start.jinja" import bring_up with context %}
{{ bring_up(run.get('service') or 'apache', config_test=config_tests.apache) }}
