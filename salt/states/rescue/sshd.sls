# Brings the SSH server up. Of what it needs to start, the folder for its unprivileged part and, where
# there is none at all, its host keys are made. A configuration that `sshd -t` refuses is told, and
# nothing is touched; sessions and the server that runs are never ended.
{%- from "rescue/map.jinja" import run with context %}
{%- from "rescue/start.jinja" import bring_up with context %}

rescue_sshd_has_its_folder:
  file.directory:
    - name: /run/sshd
    - mode: "0755"
    - onlyif: grep -qaF /run/sshd "$(command -v sshd)"

rescue_sshd_has_host_keys:
  cmd.run:
    - name: ssh-keygen -A
    - onlyif: command -v ssh-keygen
    - unless: ls /etc/ssh/ssh_host_*_key
{{ bring_up(run.get('service') or 'sshd', config_test='sshd -t', hung='leave') }}
