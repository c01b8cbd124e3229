# Whether each file of RESCUE_CERTIFICATES (one a line) holds a certificate that is valid now.
[ -n "$RESCUE_CERTIFICATES" ] || { echo "no certificate is named"; exit 0; }
command -v openssl >/dev/null || { echo "openssl is not installed here, so no certificate is read"; exit 3; }
printf '%s\n' "$RESCUE_CERTIFICATES" | {
  bad=0
  while IFS= read -r file; do
    if ! [ -r "$file" ]; then
      echo "$file: is not there or cannot be read"
      bad=1
    elif ! until=$(openssl x509 -noout -enddate -in "$file" 2>/dev/null); then
      echo "$file: holds no certificate in PEM"
      bad=1
    elif ! openssl x509 -noout -checkend 0 -in "$file" >/dev/null; then
      echo "$file: expired on ${until#notAfter=}"
      bad=1
    else
      echo "$file: valid until ${until#notAfter=}"
    fi
  done
  exit "$bad"
}
