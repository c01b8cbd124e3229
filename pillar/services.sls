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
#   socket     path of its Unix socket, to remove it when no process runs.
#   logs       paths of its logs, the last lines of which are evidence.
#   config_test, settle_seconds, wait_seconds: see salt/states/rescue/start.jinja.
#   reload     shell line that has it read its configuration anew, where systemd does not run.
#   config, certificates: see configuration.sls there.
#   needs      services that are started for it when they do not run, such as those behind nginx.
# What a runbook may change beyond starting something is given free here and nowhere else, and is not
# given unless you do: docs/starter.md has every key, the end of this file has examples.
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
      reload: apachectl graceful
      config: [{{ '/etc/httpd' if redhat else '/etc/apache2' }}]
      logs: [{{ '/var/log/httpd/error_log' if redhat else '/var/log/apache2/error.log' }}]

    nginx:
      unit: nginx
      process: nginx
      port: 80
      start: nginx
      stop: nginx -s stop
      reload: nginx -s reload
      config: [/etc/nginx]
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
      config: [/etc/ssh]
      logs: [{{ '/var/log/secure' if redhat else '/var/log/auth.log' }}]

    chrony:
      unit: {{ 'chronyd' if redhat else 'chrony' }}
      process: chronyd
      # No port: it serves UDP, and only when it is told to.
      start: chronyd
      health: chronyc -n tracking
      logs: []

    docker:
      unit: docker
      process: dockerd
      start: dockerd
      health: docker info >/dev/null
      wait_seconds: 60
      logs: []

    haproxy:
      unit: haproxy
      process: haproxy
      start: haproxy -D -f /etc/haproxy/haproxy.cfg
      config: [/etc/haproxy]
      logs: [/var/log/haproxy.log]

{#- Debian names PHP-FPM after its version: the grain rescue:php says which. #}
{%- set php = (grains.get('rescue') or {}).get('php') or '8.2' %}
    php-fpm:
      unit: {{ 'php-fpm' if redhat else 'php' ~ php ~ '-fpm' }}
      process: {{ 'php-fpm' if redhat else 'php-fpm' ~ php }}
      start: {{ 'php-fpm' if redhat else 'php-fpm' ~ php }} --daemonize
      config_test: {{ 'php-fpm' if redhat else 'php-fpm' ~ php }} -t
      logs: [{{ '/var/log/php-fpm/error.log' if redhat else '/var/log/php' ~ php ~ '-fpm.log' }}]

    postgresql:
      unit: postgresql
      process: postgres
      port: 5432
      start: {{ 'su postgres -c "pg_ctl start -D /var/lib/pgsql/data"' if redhat else 'service postgresql start' }}
      # Also "the database system is starting up" is an answer, but not yet the right one.
      health: pg_isready --quiet --timeout=5
      wait_seconds: 120
      logs: []

    memcached:
      unit: memcached
      process: memcached
      port: 11211
      start: memcached -d -u {{ 'memcached' if redhat else 'memcache' }} -l 127.0.0.1
      logs: []

    rabbitmq:
      unit: rabbitmq-server
      port: 5672
      start: rabbitmq-server -detached
      health: rabbitmq-diagnostics --quiet --timeout 9 check_running
      wait_seconds: 120
      logs: []

    cron:
      unit: {{ 'crond' if redhat else 'cron' }}
      process: {{ 'crond' if redhat else 'cron' }}
      start: {{ 'crond' if redhat else 'cron' }}
      logs: [{{ '/var/log/cron' if redhat else '/var/log/syslog' }}]

    rsyslog:
      unit: rsyslog
      process: rsyslogd
      start: rsyslogd
      logs: []

    amazon-cloudwatch-agent:
      unit: amazon-cloudwatch-agent
      process: amazon-cloudwatch-agent
      start: /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a start
      logs: [/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log]

    amazon-ssm-agent:
      unit: amazon-ssm-agent
      process: amazon-ssm-agent
      start: amazon-ssm-agent
      logs: [/var/log/amazon/ssm/amazon-ssm-agent.log]

{#- What runbooks may do beyond starting a service; copy what you want to allow into your own pillar.

rescue:
  services:
    mysql:
      idle_seconds: 600               # sessions that sleep longer may be ended when none is left,
      keep_users: [backup]            # but never those of these users
      binlog_keep_hours: 72           # older binary logs may go,
      replicas: 1                     # while so many replicas are connected
    nginx:
      needs: [php-fpm]                # is started when it does not run and requests fail
      health: curl -fsS -o /dev/null --max-time 5 http://127.0.0.1/health
      certificates: [/etc/nginx/tls/site.pem]
    tls:                              # the certificate that is served, as a service of its own
      unit: nginx
      reload: nginx -s reload
      config_test: nginx -t
      certificates: [/etc/nginx/tls/site.pem]
      health: openssl s_client -connect 127.0.0.1:443 </dev/null 2>/dev/null | openssl x509 -noout -checkend 0
    redis:
      maxmemory_limit: 4096           # megabytes
      aof: /var/lib/redis/appendonlydir
    docker:
      containers: [web, worker]       # must run
      health: test "$(docker container inspect --format '{% raw %}{{.State.Running}}{% endraw %}' web worker | grep -c true)" = 2
    systemd:
      units: [myapp.service]          # may be started after a failure
      health: "! systemctl is-failed --quiet myapp.service"
    memory:
      needs: [mysql]                  # is started again after it was ended for want of memory
  memory:
    restart: [php-fpm]                # may be restarted while the memory is too full
    threshold_percent: 90
  inodes:
    path: /
    threshold_percent: 90
    clean:
      - {folder: /var/lib/php/sessions, name: "sess_*", older_than_days: 2}
  disk_full:
    restart: [rsyslog]                # may be restarted when it holds deleted files open
    deleted_megabytes: 100
#}
