# Two stages: wheels are fetched by hash and built in the first; the second has no build tools and
# no development packages, for it installs the hub's own wheel from what the first one verified.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN pip wheel --quiet --no-cache-dir --require-hashes --no-deps --requirement requirements.lock \
    --wheel-dir /wheels
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY schemas schemas
COPY connectors connectors
COPY routing routing
COPY hub hub
RUN pip install --quiet --no-cache-dir --no-index --find-links /wheels hatchling \
    && pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir /wheels .

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --quiet --no-cache-dir --no-index --find-links /wheels 'qovsaq[otel]' \
    && useradd --system --uid 10001 --no-create-home qovsaq
USER qovsaq
WORKDIR /tmp
ENTRYPOINT ["qovsaq"]
CMD ["--help"]
