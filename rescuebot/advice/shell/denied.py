"""Commands that no draft may ever run, with the reason: they are known, and known to be too much.

Invariant: the list of what is allowed is what protects; this one gives the reasons, and keeps what
everybody knows to be dangerous from being approved as merely unknown.
"""

from __future__ import annotations

_REASONS: dict[str, str] = {
    "it destroys what cannot be brought back": """
        badblocks blkdiscard btrfs cfdisk cryptsetup dd debugfs dmsetup drop_caches dropdb
        dropuser e2fsck fdisk fsck gdisk halt hdparm init initdb kexec losetup lvcreate
        lvreduce lvremove lvresize mariadb-install-db mdadm mke2fs mkfs mkfs.btrfs mkfs.ext3
        mkfs.ext4 mkfs.vfat mkfs.xfs mkswap mysql_install_db mysqldrop nvme parted partprobe
        pg_dropcluster pg_resetwal poweroff pvremove reboot rename resetwal resize2fs
        rtcwake sdparm sfdisk sgdisk shred shutdown srm swapoff systemd-run telinit truncate
        tune2fs umount unlink vgreduce vgremove wipefs xfs_repair zfs zpool
        """,
    "it reaches beyond this server": """
        ansible ansible-playbook aria2c arp arping aws axel az azcopy borg chef-client
        cloudflared conntrack curlftpfs cvs dig drill duplicity elinks fetch finger ftp
        gcloud git gsutil helm hg host http httpie ipsec iptables-save kubectl lftp links
        lwp-download lwp-request lynx mail mailx mariadb-dump masscan mongodump mosh mount
        mount.nfs mtr mutt mysqldump ncat netcat nft ngrok nmap nsenter nslookup openvpn
        pg_dump pg_dumpall ping ping6 puppet rclone rcp redis-benchmark restic rlogin
        rpcclient rsh rsync s3cmd salt salt-call salt-cp salt-key salt-run salt-ssh scp
        sendmail sftp smbclient socat ssh sshfs svn swaks tc tcpdump telnet terraform tftp
        traceroute tshark w3m wg wget whois xh
        """,
    "it would run a program of its own that is not judged": """
        7z aa-exec ansible-console ar ash at-spi bc bpftrace bundle busctl busybox byobu
        capsh cargo cc cgexec check_by_ssh chroot chrt clang cmake composer cpan cpio crictl
        csh csi csplit ctr dbus-send dc dialog dmsetup docker-compose dotnet dpkg-deb
        easy_install ed elvish emacs entr ex expect facter find-exec fish flock g++ gawk gcc
        gdb gdbus gem genie ghc ghci gimp gnuplot go guile info ipython irb java javac jjs
        joe jrunscript jshell julia ksh ld ld-linux-x86-64.so.2 ld-linux.so.2 ld.so less
        lldb logsave ltrace lua luajit lxc lxc-attach lxd m4 machinectl make man mawk mcedit
        mesg mksh mongo mongosh mono more most multitime nano nawk ninja nmtui node nodejs
        npm npx nvim octave openvt original-awk parallel pax perf perl php pico pip pip3
        posh pry pwsh python python2 python3 qdbus r rake rar rbash rlwrap rpm2cpio rpmbuild
        rscript ruby run-parts runc rustc rvim sbcl scala schedtool screen script scrot
        setpriv sg slsh split sqlite3 ssed stap star start-stop-daemon strace systemd-nspawn
        tar taskset tasksh tcc tclsh tclsh8.6 tcsh time-admin tmux toybox units unrar
        unshare unzip vagrant valgrind vi view vim vim.basic vim.tiny vimdiff wall watch
        whiptail wish write xdg-open xonsh yarn yash yelp zip zsh
        """,
    "it would stay or come back after the draft": """
        alternatives anacron at atq batch bg chkconfig cron crontab daemon daemonize depmod
        disown dkms dracut efibootmgr grub-install grub2-mkconfig incron inotifywait insmod
        insserv kmod ldconfig link ln loginctl mkfifo mkinitramfs mknod modprobe nohup patch
        rmmod setsid symlink systemd-creds systemd-sysusers systemd-tmpfiles
        update-alternatives update-grub update-initramfs update-rc.d vigr vipw visudo
        """,
    "it changes who may do what": """
        addgroup adduser alter authconfig authselect chage chattr chcon chfn chpasswd chsh
        createuser delgroup deluser doas gpasswd gpg gpg2 groupadd groupdel groupmod
        htpasswd kadmin kadmin.local kinit ldapadd ldapmodify login lsattr
        mysql_secure_installation newgrp newusers openssl-req pam-auth-update passwd pkexec
        runuser semanage setcap setfacl ssh-add ssh-agent ssh-copy-id ssh-keygen su sulogin
        useradd userdel usermod
        """,
    "it weakens what watches and guards the server": """
        aa-complain aa-disable aa-teardown amazon-cloudwatch-agent-ctl apparmor_parser
        auditctl ausearch dmesg-clear fail2ban-client faillock faketime fc firewall-cmd
        history hwclock ip6tables ip6tables-restore ipset iptables iptables-restore journald
        last lastb nftables ntpdate pam_tally2 restorecon rsyslogd setenforce setsebool snap
        timedatectl-set ufw unhistory utmpdump
        """,
    "it hides what is run": """
        . alias ascii2uni base32 base64 basenc bind builtin caller compgen complete coproc
        dash-c declare dirs enable env-s eval exec-c fg getopts gunzip-c hexdump iconv jobs
        let local-n logout mapfile od openssl-enc popd printenv pushd readarray rev select
        shopt source strings suspend times typeset unalias uudecode uuencode xclip xxd
        """,
    "it ends what is not named, or what another program watches": """
        daemontools fkill initctl killall5 killproc launchctl monit pm2 runit runsv s6-rc s6-svc
        sentinelctl skill snice status-all svc sv upstart xkill
        """,
    "packages are installed by the state pkg.installed": """
        add-apt-repository apk apt-key apt-mark aptitude brew debconf-set-selections dpkg
        flatpak needrestart pacman rpm rpm-ostree zypper
        """,
}
DENIED: dict[str, str] = {
    name: reason for reason, names in _REASONS.items() for name in names.split()
}
