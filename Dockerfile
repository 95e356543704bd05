# The examiner's page and the HTTP API in a container:
#   docker build -t viennatag . && docker run --read-only --cap-drop ALL -p 127.0.0.1:8000:8000 viennatag
# Everything that is fetched has its hash here or in requirements/; `make requirements` writes those anew.
# tests/test_container.py runs these steps without a container engine.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
COPY requirements ./requirements
RUN python -m venv /opt/viennatag
RUN /opt/viennatag/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/serve.txt
RUN python -m venv /opt/build
RUN /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/wheels .
RUN /opt/viennatag/bin/pip install --no-deps --no-index --find-links /opt/wheels viennatag

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin viennatag
COPY --from=build /opt/viennatag /opt/viennatag
ENV PATH=/opt/viennatag/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["viennatag", "serve", "--host", "0.0.0.0", "--port", "8000"]
CMD ["starter"]
