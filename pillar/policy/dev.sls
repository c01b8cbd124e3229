# Limits in dev: room matters more than old logs.
#
# The keys of disk_full are described in salt/states/rescue/disk_full.sls. The check of the service
# `disk` uses the same path and threshold, so that what is verified is what was to be mended.
{%- set path = '/' %}
{%- set threshold = 85 %}

rescue:
  disk_full:
    path: {{ path }}
    threshold_percent: {{ threshold }}
    package_cache: true
    journal_vacuum: 50M
    older_than_days: 2
    clean:
      - /var/log/*.gz
      - /var/log/*/*.gz
      - /var/log/*/*/*.gz
  services:
    disk:
      health: df -P {{ path }} && test "$(df -P {{ path }} | awk 'NR == 2 {sub("%", "", $5); print $5}')" -lt {{ threshold }}
