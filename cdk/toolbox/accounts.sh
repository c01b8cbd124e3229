#!/bin/sh
# Make the app's user, if it is not there: it may read and write rows, and nothing else.
#
# Twice is as good as once. A password that was rotated since stays as it is: the rotation owns it.
# The environment holds DATABASE_HOST, DATABASE_NAME, OWNER_USER, OWNER_PASSWORD, APP_USER and APP_PASSWORD.
set -eu

: "${RDS_CA:=/usr/share/rescuebot/rds.pem}"
: "${DATABASE_PORT:=3306}"

# They come from a secret that holds no other characters; anything else would be part of the statement.
for word in "$DATABASE_NAME" "$APP_USER" "$APP_PASSWORD"; do
    case $word in
    '' | *[!A-Za-z0-9_.,=^-]*)
        echo "A name or password holds a character that is not expected, so nothing was done." >&2
        exit 1
        ;;
    esac
done

# By the environment: what is on the command line can be seen by others.
MYSQL_PWD=$OWNER_PASSWORD
export MYSQL_PWD

mariadb --host="$DATABASE_HOST" --port="$DATABASE_PORT" --user="$OWNER_USER" \
    --ssl-ca="$RDS_CA" --ssl-verify-server-cert --connect-timeout=20 <<SQL
CREATE USER IF NOT EXISTS '$APP_USER'@'%' IDENTIFIED BY '$APP_PASSWORD' REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE ON \`$DATABASE_NAME\`.* TO '$APP_USER'@'%';
SQL

echo "User $APP_USER may read and write rows of $DATABASE_NAME."
