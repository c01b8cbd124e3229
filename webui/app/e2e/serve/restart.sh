cd /tmp/w/ui; [ -f serve.pid ] && kill -INT $(cat serve.pid) 2>/dev/null; for n in $(seq 80); do kill -0 $(cat serve.pid) 2>/dev/null || break; sleep 0.5; done; rm -rf tmp*
PYTHONPATH=/tmp/w/ui:/work/main nohup /work/main/.venv/bin/python -m gunicorn -b 127.0.0.1:5077 -k gthread --threads 48 --no-control-socket serve:application > serve.log 2>&1 & echo $! > serve.pid
for n in $(seq 60); do curl -sf 127.0.0.1:5077/health >/dev/null && break; sleep 0.5; done
