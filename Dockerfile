# Two images from one file: the API with the console (`runtime`, what is built by default: gunicorn, Flask, the
# library, built pages; no Salt, no Node) and the Salt master with the engines (`--target master`).
# No shell tools of ours in them, no secrets.
# docs/container.md tells how they are run; tests/integration/test_image.py runs their steps.

# To be reproducible to the last byte, give them with a digest: python:3.11-slim@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim
ARG NODE_IMAGE=node:24-slim


FROM ${NODE_IMAGE} AS console
WORKDIR /src/webui/app
# The lock has a hash of each package; none of them runs a script of its own when it is installed.
COPY webui/app/package.json webui/app/package-lock.json webui/app/.npmrc ./
RUN npm ci --ignore-scripts
COPY webui/app/ ./
RUN npm run build


FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src

# What changes seldom comes first, so that a change of the code does not install it again.
COPY requirements/build.txt requirements/web.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.txt \
    && python -m venv /opt/rescuebot \
    && /opt/rescuebot/bin/python -m pip install --require-hashes --only-binary :all: --no-compile \
        --requirement requirements/web.txt

COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY rescuebot/ rescuebot/
COPY salt/ salt/
COPY webui/ webui/
COPY --from=console /src/webui/app/dist/ webui/app/dist/
# Compiled here, because nothing can be written later; without pip, because nothing is installed later.
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/rescuebot/bin/python -m pip install --no-deps --no-index --no-compile \
        --find-links dist rescuebot \
    && /opt/rescuebot/bin/python -m pip uninstall --yes pip setuptools \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/rescuebot/lib


FROM ${PYTHON_IMAGE} AS master-builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src

COPY requirements/build.txt requirements/master.txt requirements/
# Salt comes as source only. What builds it is installed before, with hashes, and is used as it is: no build
# fetches anything by itself. The lock is whole but for timelib, which would need a compiler and which Salt
# takes only to understand dates in words; so nothing beyond the lock is looked for.
RUN python -m venv /opt/rescuebot \
    && /opt/rescuebot/bin/python -m pip install --require-hashes --requirement requirements/build.txt \
    && /opt/rescuebot/bin/python -m pip install --require-hashes --no-deps --only-binary :all: \
        --no-binary salt --no-build-isolation --no-compile --requirement requirements/master.txt

# The very wheel of the API: both sides of the ledger are of one version.
COPY --from=builder /src/dist/ dist/
RUN /opt/rescuebot/bin/python -m pip install --no-deps --no-index --no-compile \
        --find-links dist rescuebot \
    && /opt/rescuebot/bin/python -m pip uninstall --yes pip \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/rescuebot/lib


FROM ${PYTHON_IMAGE} AS master
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rescuebot-master" \
      org.opencontainers.image.description="A Salt master with the engines of Rescue Bot" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Its own user, other than the API's; keys and caches belong to it and lie on volumes.
RUN groupadd --system --gid 10002 salt \
    && useradd --system --uid 10002 --gid 10002 --no-create-home --home-dir /var/cache/salt \
        --shell /usr/sbin/nologin salt \
    && install --directory --owner 10002 --group 10002 --mode 0700 \
        /etc/salt/pki /var/cache/salt /run/salt \
    && mkdir -p /etc/salt/master.d /etc/rescuebot

COPY docker/master.conf /etc/salt/master
# The minion's module, which the states' folder links to.
COPY salt/_modules/ /srv/rescuebot/salt/_modules/
COPY salt/reactor/ /srv/rescuebot/salt/reactor/
COPY salt/states/ /srv/rescuebot/salt/states/
COPY pillar/ /srv/rescuebot/pillar/
COPY --from=master-builder /opt/rescuebot /opt/rescuebot

ENV PATH=/opt/rescuebot/bin:$PATH \
    HOME=/var/cache/salt \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

WORKDIR /tmp
USER 10002:10002
VOLUME ["/etc/salt/pki", "/var/cache/salt"]
EXPOSE 4505 4506
STOPSIGNAL SIGTERM
# Whether minions could reach it. Whether the engines work is told by the API's /health/ready.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import socket; [socket.create_connection(('127.0.0.1', port), 4).close() for port in (4505, 4506)]"]
ENTRYPOINT ["salt-master"]


FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rescuebot" \
      org.opencontainers.image.description="The API and the console of Rescue Bot" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# No login, no home; a fixed number, so that a cluster can insist on it.
RUN groupadd --system --gid 10001 rescue \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin rescue

COPY --from=builder /opt/rescuebot /opt/rescuebot

ENV PATH=/opt/rescuebot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1 \
    RESCUE_BIND=0.0.0.0:5000

WORKDIR /tmp
USER 10001:10001
EXPOSE 5000
STOPSIGNAL SIGTERM
# By Python, because there is no curl. It asks on the port of RESCUE_BIND whether the process answers.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "webui.healthcheck"]
ENTRYPOINT ["gunicorn", "--config", "python:webui.api.gunicorn"]
