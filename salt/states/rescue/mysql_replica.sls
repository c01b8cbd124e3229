# Starts a MySQL replica that has stopped, unless it has met an error that a person must look at.
{%- import_text "rescue/scripts/mysql.sh" as mysql %}
{%- import_text "rescue/scripts/mysql_replica.sh" as script %}

rescue_mysql_replicates:
  cmd.run:
    - name: {{ (mysql ~ '\n' ~ script) | tojson }}
