# What the scripts about MySQL share: `ask` a statement, as the account of root's ~/.my.cnf or of the
# Unix socket, within 20 seconds. Whoever cannot ask does not go on.
client=$(command -v mariadb || command -v mysql) || {
  echo "neither mariadb nor mysql, the command-line client, is installed here"
  exit 3
}
export HOME="${HOME:-/root}"
ask() { timeout 20 "$client" --connect-timeout=5 --batch --skip-column-names -e "$1"; }
said=$(ask 'SELECT 1' 2>&1) || {
  echo "root of this machine cannot ask MySQL: $said"
  echo "give it an account in ~/.my.cnf, or one that the Unix socket lets in"
  exit 3
}
# One value out of what describes a replica; empty where there is none.
describe() { timeout 20 "$client" --connect-timeout=5 -e "SHOW $1 STATUS\G"; }
replica() {
  { describe REPLICA 2>/dev/null || describe SLAVE; } |
    sed 's/Master/Source/; s/Slave/Replica/' | sed -n "s/^ *$1: //p" | head -n 1
}
