# The API and the console as an image: gunicorn, Flask, the library, built pages. No Salt, no Node, no
# shell tools of ours, no secrets.
# docs/container.md tells how it is run; tests/integration/test_image.py runs its steps.

# To be reproducible to the last byte, give it with a digest: python:3.11-slim@sha256:…
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
