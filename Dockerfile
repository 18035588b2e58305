# The pipeline in a container: the same lock as `make setup`, a user of its own, CPU.
#   docker build -t marquee . && docker run -v marquee:/workspace marquee run
FROM python:3.11-slim

RUN pip install --no-cache-dir uv==0.13.9 \
 && useradd --create-home --uid 1000 marquee \
 && mkdir /workspace && chown marquee /workspace

WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN uv pip sync --system --no-cache --require-hashes requirements.lock

COPY pipeline pipeline
COPY components components
COPY trainer trainer
COPY tuner tuner
COPY serving serving
COPY configs configs
RUN uv pip install --system --no-cache --no-deps --no-build-isolation --editable .

USER 1000
ENV MARQUEE_WORKSPACE=/workspace
VOLUME /workspace
ENTRYPOINT ["marquee"]
CMD ["run"]
