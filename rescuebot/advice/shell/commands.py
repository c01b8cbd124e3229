"""The commands that a draft may use, each in the forms in which it is known to be harmless enough.

Invariant: this list is the whole of what may run unasked of a person; whatever is not in it is at
least of high risk, and a command that is in it has no other form than these.
"""

from __future__ import annotations

from rescuebot.advice.shell import forms

# risk command [flags] -o=KIND --option --option=KIND : operands, with ? at most one, * any number,
# + at least one; needs=… is a kind or an option that has to be there. KINDs are those of kinds.py;
# what is written small stands for itself.
_TABLE = r"""
# the shell's own
low    echo raw : ANY*
low    printf raw : FORMATTED ANY*
low    true|false|: raw : ANY*
low    pwd|break|continue|exit|return|shift|wait : NUM?
low    test raw : TESTED*
low    sleep : SECONDS
low    cd : SEE
low    read [r] -t=SECONDS : VARIABLE+
low    command raw : -v|-V WORD
low    type|which : WORD+
low    umask : MODE
low    ulimit [nSH] : NUM?
low    set raw : -e|-u|-x|+e|+x|-eu|-ex|-ux|-eux
low    set raw : -o|-eo|-uo|-euo|-exo|-euxo pipefail|nounset|errexit
low    set raw : -- ANY*
low    hash [r]
# to look
low    df [hHiPTklma] -t=WORD --total --output --output=WORD -x=WORD : SEE*
low    du [shkmxacb] -d=NUM --max-depth=NUM --apparent-size : SEE*
low    ls [1laAhStrdiRnFZ] --full-time --time-style=WORD : SEE*
low    stat [Lft] -c=FORMAT --format=FORMAT : SEE+
low    file [bL] : SEE+
low    readlink [fen] : SEE
low    realpath [em] : SEE
low    basename : TEXT TEXT?
low    dirname : TEXT
low    free [bkmghtw]
low    uptime [ps]
low    uname [asrmnpvio]
low    hostname [fsIi]
low    hostnamectl : status?
low    whoami
low    id [unGgr] : NAME?
low    getent : passwd|group|hosts|services NAME
low    date [uI] -Is --iso-8601=WORD : FORMAT?
low    nproc --all
low    lscpu
low    lsblk [afp] -o=WORD
low    findmnt [nDal] -o=WORD : SEE?
low    mountpoint [q] : SEE
low    vmstat [nwatsS] : NUM? NUM?
low    iostat [xkmdczyt] : NUM? NUM?
low    mpstat : NUM? NUM?
low    sar [urqbdnBSW] : NUM? NUM?
low    dmesg [THxek] --level=WORD -l=WORD --no-pager
low    ps [eAfFlwaxuCTLyh] -eo=WORD -o=WORD -C=PROCESSNAME -p=PID -u=NAME --no-headers \
      --sort=SORTKEY : aux|auxww|auxf|axo|ax? WORD?
low    ps -p=PID -o=WORD --no-headers
low    pgrep [flaxcnorv] -u=NAME -x=PROCESSNAME -P=PID : PROCESSNAME?
low    pidof [sx] : PROCESSNAME+
low    pstree [pa] : PID?
low    top [bcH] -n=NUM -p=PID -o=WORD
low    lsof [nP] : +L1
low    lsof [nPltw] -p=PID -i=LSOFNET -u=NAME : SEE*
low    fuser [v] -v : SEE+
low    ss [tulnpaesmiox46H] : WORD*
low    netstat [tulnpaesirc]
low    ip [46so] -br : addr|a|route|r|link|neigh show?
low    wc [lcwmL] : READ*
low    head [q#] -# -n=NUM -c=NUM : READ*
low    tail [q#] -# -n=NUM -c=NUM : READ*
low    cat [nA] : READ*
low    zcat : READ+
low    sort [nrukhVs] -k=WORD -t=SET : READ*
low    uniq [cdui]
low    cut [s] -d=SET -f=RANGE -c=RANGE : READ*
low    tr [dscC] : SET SET?
low    nl
low    tac : READ*
low    column [t]
low    paste [s] -d=SET : -
low    grep|egrep|fgrep|zgrep [EFivcnoqswxHhlaP] -m=NUM -A=NUM -B=NUM -C=NUM -e=PATTERN \
      --color=never : PATTERN READ*
low    grep|egrep|fgrep [EFivcnoqswxHhlaP] -m=NUM -A=NUM -B=NUM -C=NUM -e=PATTERN : READ*
low    grep [EFivcnoqswxHhlarR] -m=NUM -A=NUM -B=NUM -C=NUM --include=WORD : PATTERN READLOG+
low    awk -F=SET -v=AWKVALUE : AWK READ*
low    sed [nEr] -e=SED : READ*
low    sed [nEr] : SED READ*
low    seq : NUM NUM? NUM?
low    sha256sum|md5sum|cksum : READ+
low    journalctl [brkeqxa] -u=UNITSEE -n=NUM --no-pager --since=TIME --until=TIME -S=TIME \
      -p=WORD -o=WORD --unit=UNITSEE --lines=NUM --disk-usage --priority=WORD -t=WORD \
      --no-hostname --output=WORD
low    journalctl -u=UNITSEE --since=TIME -g=PATTERN -n=NUM --no-pager
low    systemctl [lq] --no-pager --full --quiet --failed --value -n=NUM -p=WORD \
      --property=WORD --type=WORD --state=WORD --lines=NUM --no-legend --plain --all : \
      status|is-active|is-failed|is-enabled|show|list-units|list-timers|list-dependencies \
      UNITSEE*
low    systemctl --failed --no-pager --no-legend
low    systemctl --no-pager -n=NUM : is-system-running
low    sysctl [nea] : SYSCTL*
low    swapon --show -s
low    tty
low    logger [is] -t=WORD -p=WORD : TEXT+
low    sync
low    chronyc [n] : tracking|sources|sourcestats|activity|ntpdata
low    timedatectl : status|show|timesync-status
low    openssl : version
# services
medium systemctl [q] --no-block --no-pager : start UNITSTART+
medium systemctl [q] --no-block --no-pager --quiet : \
      restart|start|reload|try-restart|reload-or-restart|try-reload-or-restart|reset-failed \
      UNIT+
high   systemctl [q] --no-block : stop UNITSTOP+
medium systemctl : daemon-reload
medium systemctl : enable UNIT+
medium systemctl --signal=SIGNAL -s=SIGNAL : kill UNITSTOP+
medium service : UNIT restart|start|reload|try-restart|force-reload|condrestart
low    service : UNITSEE status
high   service : UNITSTOP stop
medium rc-service : UNIT restart|start|reload
medium supervisorctl : restart|start CONTAINER+
low    supervisorctl : status NAME*
medium pg_ctlcluster : NUM NAME start|restart|reload
low    nginx raw : -t|-T|-tq -q?
medium nginx -s=reload|reopen
low    apachectl|apache2ctl|httpd raw : -t|-S|configtest
medium apachectl|apache2ctl -k=graceful|start|restart : graceful|start|restart?
low    haproxy raw : -c -f SEE
low    sshd raw : -t
low    named-checkconf [z]
low    php-fpm raw : -t
low    postfix : check|status
medium postfix : flush|reload|start
low    postqueue [p]
medium postqueue [f]
low    mailq
low    varnishadm : ping|status
low    rabbitmqctl [q] : status|list_queues|cluster_status|list_connections|node_health_check
# processes
medium kill -HUP -USR1 -USR2 -TERM -QUIT -INT -WINCH -CONT -SIGHUP -SIGTERM -1 -2 -3 -15 -0 \
      -s=SIGNAL : PID+
high   kill -9 -KILL -SIGKILL -s=KILLSIGNAL : PID+
medium pkill needs=-x [xo] -HUP -USR1 -USR2 -TERM -1 -15 -u=USER : PROCESS
medium pkill needs=-x [x] -HUP -USR1 -USR2 -1 : TOLD
high   pkill needs=-x -9 -KILL [x] -u=USER : PROCESS
medium killall [qew] -HUP -USR1 -USR2 -TERM -1 -15 : PROCESS
high   killall -9 -KILL [qew] : PROCESS
medium prlimit --pid=PID -p=PID --nofile=LIMITS --nproc=LIMITS
medium renice -n=NUM -p=PID : NUM?
medium ionice -c=NUM -n=NUM -p=PID
# files
medium rm [fv] : REMOVE+
high   rm [rRfv] : TREE+
medium rmdir : TREE+
medium mkdir [pv] -m=MODE : FOLDER+
medium touch : WRITE+
medium chown [h] : OWNER OWNED+
high   chown [Rh] : OWNER OWNED+
medium chgrp : USER OWNED+
medium chmod : MODE OWNEDOPENLY+
high   chmod : MODESHUT OWNED+
high   chmod [R] : MODE OWNEDBELOW+
medium install [dv] -o=USER -g=USER -m=MODE : FOLDEROPENLY+
medium install needs=MODESHUT [dv] -o=USER -g=USER -m=MODESHUT : FOLDER+
medium gzip|xz|bzip2|zstd [fq9] : ROTATED+
medium tee [a] : WRITE+
medium logrotate [fv] --force : LOGROTATE
low    logrotate [d] : LOGROTATE
medium fallocate -l=SMALLSIZE : WRITE
# journals, packages' caches, kernel
medium journalctl --rotate --flush --sync
high   journalctl --vacuum-time=KEEPTIME --vacuum-size=KEEPSIZE --rotate
medium apt-get|apt [yq] : clean|autoclean
medium yum|dnf [yq] : clean all|packages|metadata|expire-cache
high   sysctl [q] -w=SYSCTLSET : SYSCTLSET*
medium chronyc [na] : makestep|online|burst|waitsync RATE* NUM*
# what answers on this server
low    curl [fsSIvgk4] -sS -fsS -m=SECONDS --max-time=SECONDS --connect-timeout=SECONDS \
      -o=/dev/null -w=HTTPFORMAT --write-out=HTTPFORMAT --head --fail --silent : URL
low    nc raw : -z|-zv|-vz|-zn|-nz|-zvn|-vzn LOCAL NUM
low    nc raw : -z|-zv|-vz|-zn|-nz|-zvn|-vzn -w NUM LOCAL NUM
low    getcap : SEE
low    mysqladmin [s] -h=LOCAL --connect-timeout=NUM : \
      ping|status|extended-status|variables|processlist+
medium mysqladmin -h=LOCAL : \
      flush-hosts|flush-logs|flush-status|flush-tables|start-slave|start-replica
high   mysqladmin -h=LOCAL : kill NUM
low    mysql|mariadb needs=SQLLOOK [NBst] -h=LOCAL --connect-timeout=NUM \
      -e=SQLLOOK --execute=SQLLOOK --skip-column-names --batch
high   mysql|mariadb needs=SQLCHANGE [NBst] -h=LOCAL --connect-timeout=NUM \
      -e=SQLCHANGE --execute=SQLCHANGE
high   psql needs=PSQL [AtXqn] -h=LOCAL -U=NAME -d=NAME -c=PSQL
low    pg_isready [q] -h=LOCAL -p=NUM -t=NUM
low    redis-cli|valkey-cli -h=LOCAL -p=NUM : ping|info|dbsize|lastsave|role|time WORD?
low    redis-cli|valkey-cli -h=LOCAL -p=NUM : config get SETTINGSEE
low    redis-cli|valkey-cli -h=LOCAL -p=NUM : slowlog|client|memory|latency \
      get|list|doctor|stats|latest NUM?
medium redis-cli|valkey-cli -h=LOCAL -p=NUM : bgsave|bgrewriteaof
medium redis-cli|valkey-cli -h=LOCAL -p=NUM : memory purge
high   redis-cli|valkey-cli -h=LOCAL -p=NUM : config set maxmemory MAXMEMORY
high   redis-cli|valkey-cli -h=LOCAL -p=NUM : config set maxclients MAXCLIENTS
high   redis-cli|valkey-cli -h=LOCAL -p=NUM : config set timeout IDLETIMEOUT
low    docker|podman [aq] --format=DOCKERFORMAT --no-trunc -n=NUM --filter=WORD -f=WORD : \
      ps|images
low    docker|podman --tail=NUM -n=NUM --since=TIME -t : logs NAME
low    docker|podman --no-stream : stats NAME*
low    docker|podman : version|info|port|top NAME?
low    docker|podman [v] : system df
medium docker|podman -t=NUM --time=NUM : restart|start|unpause CONTAINER+
high   docker|podman -t=NUM --time=NUM : stop CONTAINER+
medium docker|podman -f --force --filter=WORD : image|builder prune
"""

ALLOWED = forms.read(_TABLE)
"""The forms of every command that is known."""
