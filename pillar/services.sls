# The services that Rescue Bot may look at and bring up, by name. The name is the `service_type` of an
# event, the `target_service` of a command, and the `service_type` of a runbook.
#
# Of each service a minion may be told:
#   unit       the systemd unit: it must be active, and it is what is started. Counts where systemd runs.
#   start      shell line that starts it where systemd does not run. It is put into the background.
#   stop       shell line that ends it, used when it hangs and systemd does not run.
#   process    exact name of the process (comm): one must run …
#   pid_file   … or, more exact, the pid in this file must run (and have that name, if one is given).
#   port       must accept a TCP connection on 127.0.0.1.
#   health     shell line that returns 0 when it is healthy, within 10 seconds.
#   socket     path of its Unix socket; mysql only, to remove it when it is stale.
#   logs       paths of its logs, the last lines of which are evidence.
#   config_test, settle_seconds, wait_seconds: see salt/states/rescue/start.jinja.
#
# All of unit, process, pid_file, port and health that are given must hold, else the service counts as
# down; at least one must be given. Nothing here is secret. What you run differently goes into a pillar
# of your own that stands after this one in top.sls: mappings are merged, so only name what differs.
#
#   salt web-1 rescue.status mysql      shows what is looked at and what was found
{%- set redhat = grains.get('os_family') == 'RedHat' %}

{#- Debian and Amazon Linux bring MariaDB, Ubuntu and RHEL bring MySQL. Who has chosen otherwise sets
    the grain rescue:mysql to mariadb or mysql. #}
{%- set chosen = (grains.get('rescue') or {}).get('mysql') %}
{%- set mariadb = (chosen or ('mariadb' if grains.get('os') in ('Debian', 'Amazon') else 'mysql')) == 'mariadb' %}

rescue:
  services:
    mysql:
{%- if mariadb %}
      unit: mariadb
      process: mariadbd
      start: mariadbd-safe
      # Answers without a password, also while it refuses the account: it is about being alive.
      health: mariadb-admin --connect-timeout=5 ping
{%- else %}
      unit: {{ 'mysqld' if redhat else 'mysql' }}
      process: mysqld
      start: mysqld_safe
      health: mysqladmin --connect-timeout=5 ping
{%- endif %}
      port: 3306
{%- if redhat %}
      socket: /var/lib/mysql/mysql.sock
      logs: [{{ '/var/log/mariadb/mariadb.log' if mariadb else '/var/log/mysqld.log' }}]
{%- else %}
      socket: /run/mysqld/mysqld.sock
      logs: [/var/log/mysql/error.log]
{%- endif %}
      # After a crash it first recovers, which takes as long as its redo log is.
      settle_seconds: 20
      wait_seconds: 120

    apache:
      unit: {{ 'httpd' if redhat else 'apache2' }}
      process: {{ 'httpd' if redhat else 'apache2' }}
      port: 80
      start: apachectl start
      stop: apachectl stop
      logs: [{{ '/var/log/httpd/error_log' if redhat else '/var/log/apache2/error.log' }}]

    nginx:
      unit: nginx
      process: nginx
      port: 80
      start: nginx
      stop: nginx -s stop
      logs: [/var/log/nginx/error.log]

    redis:
      unit: {{ 'redis' if redhat else 'redis-server' }}
      process: redis-server
      port: 6379
      start: redis-server /etc/redis/redis.conf --daemonize yes
      # NOAUTH is an answer too.
      health: redis-cli -t 5 ping 2>&1 | grep -Eq 'PONG|NOAUTH'
      logs: [{{ '/var/log/redis/redis.log' if redhat else '/var/log/redis/redis-server.log' }}]

    sshd:
      unit: {{ 'sshd' if redhat else 'ssh' }}
      process: sshd
      port: 22
      start: $(command -v sshd)
      config_test: sshd -t
      logs: [{{ '/var/log/secure' if redhat else '/var/log/auth.log' }}]

    chrony:
      unit: {{ 'chronyd' if redhat else 'chrony' }}
      process: chronyd
      # No port: it serves UDP, and only when it is told to.
      start: chronyd
      health: chronyc -n tracking
      logs: []
