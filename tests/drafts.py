"""Shell drafts that help, for the tests: what looks, what mends, what needs care."""

from __future__ import annotations


def lines(text: str) -> list[str]:
    """One draft a line."""
    return [line for line in text.strip().splitlines() if line]


def drafts(text: str) -> list[str]:
    """Drafts of several lines, with %% between them."""
    return [part.strip("\n") + "\n" for part in text.split("%%\n")]


def of_services(texts: dict[str, str]) -> list[tuple[str, str]]:
    """A service and a draft for it, one draft a line."""
    return [(service, line) for service, text in texts.items() for line in lines(text)]


LOOKS = lines(r"""
df -h /var/lib/mysql
df -Pi / | tail -n 1
du -sh /var/log/* 2>/dev/null | sort -rh | head -n 20
free -m; uptime
ps aux --sort=-%mem | head -15
ps -eo pid,comm,rss | grep mysqld
ss -tlnp | grep :3306
systemctl status nginx --no-pager
systemctl is-active --quiet mysql || echo down
journalctl -u mysql -n 100 --no-pager
journalctl -u nginx --since "1 hour ago" --no-pager | grep -i error | tail -n 50
tail -n 200 /var/log/mysql/error.log
grep -iE 'error|crash' /var/log/nginx/error.log | tail -20
awk '{print $1}' /var/log/nginx/access.log | sort | uniq -c | sort -rn | head
awk '$9 >= 500 {n++} END {print n}' /var/log/nginx/access.log
df -P / | awk 'NR==2 {print $5}' | tr -dc '0-9'
sed -n '1,20p' /etc/nginx/nginx.conf
cat /proc/meminfo /proc/loadavg
[ -f /run/nginx.pid ] && echo there
if [ ! -e /run/mysqld/mysqld.sock ]; then echo "no socket"; fi
curl -fsS -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/health
mysqladmin ping --connect-timeout=5
mysql -e 'SHOW FULL PROCESSLIST'
mysql -N -e "SHOW GLOBAL STATUS LIKE 'Threads_connected'"
mysql -e "SELECT id,user,host FROM information_schema.processlist WHERE time > 300"
redis-cli -p 6379 info memory
redis-cli ping
docker ps -a --format '{{.Names}} {{.Status}}'
docker logs --tail 50 web
nginx -t
sshd -t
apachectl configtest
find /var/log -name '*.log' -size +100M
find /tmp -xdev -type f -mtime +7 -printf '%s %p\n'
lsof -nP +L1
chronyc -n tracking
command -v redis-cli >/dev/null || { echo "not installed"; exit 3; }
echo "한국어와 日本語 are text"
timeout 10 df -h
nice -n 19 du -sh /var/lib/docker
for m in / /var /tmp; do df -h "$m"; done
test -S /run/mysqld/mysqld.sock
sysctl -n vm.swappiness
dmesg -T --level=err | tail -50
n=$(pgrep -c nginx); [ "$n" -gt 0 ] && echo "runs $n"
tries=0; while [ "$tries" -lt 5 ]; do sleep 1; tries=$((tries + 1)); done
sh -c 'df -h; free -m'
echo "checked at $(date +%H:%M:%S)"
""")
MENDS = of_services(
    {
        "shop": r"""
systemctl restart shopd
kill -TERM $(pidof shopd)
""",
        "apache": r"""
service apache2 restart
""",
        "chrony": r"""
chronyc -n makestep
""",
        "disk": r"""
find /tmp -type f -name 'php*' -mmin +120 -exec rm -f {} +
find /var/log/app -type f \( -name '*.gz' -o -name '*.old' \) -mtime +14 -delete
mv /var/log/app/app.log /var/log/app/app.log.1
mv /var/log/app.log "/var/log/app.log.$(date +%Y%m%d)"
gzip -f /var/log/app/app.log.1
journalctl --rotate
apt-get clean
dnf clean all
echo 3 > /proc/sys/vm/drop_caches
sync; echo 1 > /proc/sys/vm/drop_caches
docker image prune --force --filter dangling=true
cat /proc/meminfo > /tmp/rescue-meminfo.txt
touch /tmp/rescue.flag
""",
        "haproxy": r"""
kill -HUP $(pidof haproxy)
""",
        "mysql": r"""
systemctl reset-failed mysql && systemctl start mysql
systemctl restart "$RESCUE_UNIT"
/etc/init.d/mysql restart
rm -f /run/mysqld/mysqld.pid
rm -f "$RESCUE_PID_FILE"
rm -f /var/lib/mysql/mysql.sock.lock
mkdir -p /run/mysqld
mkdir -p /run/mysqld && chown mysql:mysql /run/mysqld && chmod 755 /run/mysqld
install -d -o mysql -g mysql -m 0755 /run/mysqld
prlimit --pid $(pidof mysqld) --nofile=65535:65535
mysqladmin flush-hosts
""",
        "nginx": r"""
systemctl restart nginx
nginx -t && systemctl reload nginx
nginx -s reload
kill -HUP "$(cat /run/nginx.pid)"
pid=$(cat /run/nginx.pid) && kill -USR1 "$pid"
pgrep -x nginx | xargs -r kill -HUP
[ -f /run/nginx.pid ] && ! pidof nginx >/dev/null && rm -f /run/nginx.pid
PIDFILE=/run/nginx.pid; [ -f "$PIDFILE" ] && rm -f "$PIDFILE"
rm -f /var/log/nginx/access.log.1 /var/log/nginx/*.gz
find /var/log/nginx -type f -name '*.gz' -mtime +7 -delete
find /var/cache/nginx -type f -mtime +1 -print0 | xargs -0 -r rm -f
logrotate -f /etc/logrotate.d/nginx
""",
        "php-fpm": r"""
sudo systemctl restart php8.2-fpm
""",
        "postfix": r"""
postqueue -f
""",
        "postgresql": r"""
pg_ctlcluster 15 main restart
""",
        "redis": r"""
for f in /run/redis/redis.pid /run/redis/redis.sock; do rm -f "$f"; done
sudo -n -u redis redis-cli ping
redis-cli bgsave
""",
        "rsyslog": r"""
pkill -HUP -x rsyslogd
""",
        "web": r"""
docker restart web
""",
        "worker": r"""
supervisorctl restart worker
""",
    }
)
NEEDS_CARE = of_services(
    {
        "app": r"""
appctl recover --now
/opt/app/bin/appctl restart
""",
        "disk": r"""
rm -rf /tmp/rescue-work
journalctl --vacuum-size=500M
journalctl --vacuum-time=7d
sysctl -w net.core.somaxconn=4096
""",
        "myapp": r"""
systemctl stop myapp
""",
        "mysql": r"""
mysql -e 'KILL 1234'
mysql -e 'SET GLOBAL max_connections = 500'
mysql -e 'PURGE BINARY LOGS BEFORE NOW() - INTERVAL 3 DAY'
chown -R mysql:mysql /var/lib/mysql
""",
        "nginx": r"""
kill -9 "$(cat /run/nginx.pid)"
rm -rf /var/cache/nginx/proxy
""",
        "php-fpm": r"""
pkill -9 -x php-fpm
""",
        "postgresql": r"""
psql -c 'SELECT pg_terminate_backend(1234)'
""",
        "redis": r"""
redis-cli config set maxmemory 2gb
""",
        "web": r"""
docker stop web
""",
    }
)
LONG_GOOD = list(
    zip(
        ("nginx", "php-fpm", "redis", "disk"),
        drafts(r"""
#!/bin/sh
# Starts nginx when its configuration is good.
set -eu
if ! nginx -t; then
  echo "the configuration is broken"
  exit 1
fi
rm -f /run/nginx.pid
systemctl restart nginx
tries=0
while [ "$tries" -lt 10 ]; do
  if curl -fsS -m 2 -o /dev/null http://127.0.0.1/; then echo up; exit 0; fi
  sleep 1
  tries=$((tries + 1))
done
exit 1
%%
# Removes what php left behind.
dir=/var/cache/php
say() { printf '%s\n' "$1"; }
say "before"
df -Ph "$dir"
find /var/cache/php -type f \
  -mtime +2 -delete
say "after"
case $(systemctl is-active php-fpm) in
  active) say ok ;;
  *) systemctl restart php-fpm ;;
esac
%%
#!/bin/bash
cat > /tmp/rescue-note.txt <<'EOF'
It is $HOME that `stays` as it is.
EOF
if [[ -f /run/redis/redis.pid && ! -S /run/redis/redis.sock ]]; then
  rm -f /run/redis/redis.pid
fi
trap 'rm -f /tmp/rescue-note.txt' EXIT
while read -r line; do echo "$line"; done < /etc/os-release
%%
used=$(df --output=pcent / | tail -n 1 | tr -dc '0-9')
if [ "$used" -gt 90 ]; then
  apt-get clean
elif [ $((used + 5)) -gt 90 ]; then
  echo close
fi
"""),
        strict=True,
    )
)
# The service of the event, and a draft that would be right for another one.
FOREIGN = [(line.split("% ", 1)[0], line.split("% ", 1)[1]) for line in lines(r"""
nginx% systemctl restart mysql
nginx% systemctl stop mdatp
nginx% systemctl start postgresql
nginx% systemctl kill unattended-upgrades
nginx% systemctl enable redis
nginx% systemctl reload nginx mysql
nginx% service mysql restart
nginx% service mysql stop
nginx% /etc/init.d/mysql restart
nginx% kill -HUP $(pidof mysqld)
nginx% kill $(cat /run/mysqld/mysqld.pid)
nginx% kill $(pidof nginx mysqld)
nginx% kill $(pgrep -x mysqld)
nginx% pid=$(pidof mysqld) && kill "$pid"
nginx% pgrep -x mysqld | xargs -r kill
nginx% pkill -x mysqld
nginx% pkill -u mysql -x nginx
nginx% killall mysqld
nginx% kill $(pgrep nginx)
nginx% pkill nginx
nginx% rm -f /run/auditd.pid
nginx% install -d -o nginx /var/lib/mysql
nginx% install -d -m 0755 /var/lib/nginx
nginx% rm -f /run/mysqld/mysqld.sock
nginx% find /run/mysqld -type f -name '*.pid' -delete
nginx% mv /run/mysqld/mysqld.sock /tmp/rescue.old
nginx% for RESCUE_UNIT in auditd; do systemctl stop "$RESCUE_UNIT"; done
nginx% for PATH in /tmp/rescue; do nginx -t; done
nginx% renice -n 19 -p $(pidof mysqld)
nginx% docker restart web
nginx% docker stop nginx2 db
nginx% mysql -e 'KILL 5'
nginx% redis-cli bgsave
nginx% psql -c 'SELECT pg_reload_conf()'
nginx% mysqladmin flush-hosts
nginx% supervisorctl restart worker
nginx% chown -R mysql:mysql /var/lib/mysql
nginx% chown www-data:www-data /var/lib/mysql
nginx% chmod 700 /var/lib/mysql
nginx% sudo systemctl restart mysql
nginx% sh -c 'systemctl restart mysql'
nginx% trap 'systemctl stop mysql' EXIT
nginx% find /tmp/abc -type f -name '*.x' -exec systemctl stop mysql {} +
mysql% chown -R www-data:www-data /var/lib/mysql
mysql% nginx -s reload
mysql% systemctl restart mysql-router-x
mysql% systemctl stop systemd-resolved
mysql% systemctl restart systemd-resolved
batch% systemctl restart batch-other
redis% docker restart redis-exporter
auditd% systemctl stop auditd
auditd% pkill -x auditd
amazon-cloudwatch-agent% systemctl stop amazon-cloudwatch-agent
rsyslog% pkill -9 -x rsyslogd
rsyslog% kill $(pidof rsyslogd)
salt-minion% systemctl restart salt-minion
networking% systemctl restart networking
""")]
