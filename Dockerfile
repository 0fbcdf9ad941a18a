# faceedit on a CPU. It runs as a user without rights and needs no writable place but the outputs':
#   docker build -t faceedit .
#   docker run --rm --network none --read-only --tmpfs /tmp --user "$(id -u):$(id -g)" \
#       -v "$PWD:/photos" faceedit apply -t happy photos/
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY faceedit faceedit
COPY weights weights
RUN python -m venv /opt/faceedit \
    && /opt/faceedit/bin/pip install --no-cache-dir 'torch>=2.6,<2.14' --index-url https://download.pytorch.org/whl/cpu \
    && /opt/faceedit/bin/pip install --no-cache-dir '.[heif,watch]' opencv-python-headless \
    && /opt/faceedit/bin/pip uninstall --yes opencv-python \
    && /opt/faceedit/bin/pip install --no-cache-dir --force-reinstall --no-deps opencv-python-headless

FROM python:3.12-slim
COPY --from=build /opt/faceedit /opt/faceedit
# What is compiled at the first run, and settings, are looked for where nothing is: in /tmp.
ENV PATH=/opt/faceedit/bin:$PATH HOME=/tmp NUMBA_CACHE_DIR=/tmp/numba PYTHONDONTWRITEBYTECODE=1
RUN useradd --create-home --uid 10001 faceedit
USER faceedit
WORKDIR /photos
ENTRYPOINT ["faceedit"]
CMD ["--help"]
