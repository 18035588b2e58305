# Marquee in a container, with the locks of `make setup`, as a user of its own.
#   docker build -t marquee .                   the pipeline, on CPU; also the image of Kubeflow's tasks
#   docker build -t marquee:gpu --target gpu .  with CUDA's libraries
#   docker build -t marquee:serve --target serve .  the embedded server
#   docker run -v marquee:/workspace marquee run

FROM python:3.11-slim AS base
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1

# What is only needed to install stays behind here. Bytecode is written here, once: the user below could not write it,
# and without it every container would compile TensorFlow and TFX anew, for twenty seconds.
FROM base AS build
WORKDIR /build
RUN python -m venv /venv && pip install --no-cache-dir uv==0.13.9
COPY requirements.lock ./
RUN VIRTUAL_ENV=/venv uv pip sync --no-cache --compile-bytecode --require-hashes requirements.lock

FROM base AS build-gpu
WORKDIR /build
RUN python -m venv /venv && pip install --no-cache-dir uv==0.13.9
COPY requirements-gpu.lock ./
RUN VIRTUAL_ENV=/venv uv pip sync --no-cache --compile-bytecode --require-hashes requirements-gpu.lock

# The code without its dependencies: an edit rebuilds a small layer, not a large one.
FROM base AS code
RUN useradd --create-home --uid 1000 marquee \
 && mkdir /workspace && chown 1000:1000 /workspace
WORKDIR /app
COPY pyproject.toml README.md ./
COPY marquee marquee
COPY pipeline pipeline
COPY components components
COPY trainer trainer
COPY tuner tuner
COPY serving serving
COPY configs configs
# The console command, and where `import` finds the packages: what an editable install writes.
RUN printf '#!/venv/bin/python\nfrom pipeline.cli.app import main\nmain()\n' > /usr/local/bin/marquee \
 && chmod 755 /usr/local/bin/marquee
ENV PYTHONPATH=/app MARQUEE_WORKSPACE=/workspace
VOLUME /workspace
USER 1000:1000
ENTRYPOINT ["marquee"]
CMD ["run"]

FROM code AS gpu
COPY --from=build-gpu /venv /venv
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM code AS serve
COPY --from=build /venv /venv
EXPOSE 8500 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/v1/models/recommender', timeout=3)"]
CMD ["serve", "--host", "0.0.0.0"]

# Last, so that it is what `docker build .` builds.
FROM code AS cpu
COPY --from=build /venv /venv
# Healthy is a pipeline that can start: the command line answers without TensorFlow, at once.
HEALTHCHECK --interval=60s --timeout=20s CMD ["marquee", "--help"]
