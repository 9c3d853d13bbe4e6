# The pages and endpoints on port 7860, as user 1000, with code that cannot be changed from inside.
# Weights (425 MB) are fetched at the first start into the data folder: keep that on a volume.
FROM python:3.11-slim

# another package index beside the usual one, such as that of PyTorch's builds for CPUs
ARG PIP_EXTRA_INDEX_URL=""

RUN useradd --create-home --uid 1000 user && install -d -o user -g user /home/user/data
WORKDIR /app

COPY requirements.txt .
RUN sed '/^# extra: tests/,$d' requirements.txt > /tmp/needed.txt \
    && pip install --no-cache-dir -r /tmp/needed.txt \
    && rm /tmp/needed.txt
COPY app.py ./
COPY demo demo
COPY mm_support mm_support
COPY assets assets

USER user
ENV HOME=/home/user \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    MM_SUPPORT_DATA=/home/user/data \
    XDG_CACHE_HOME=/home/user/data/cache
VOLUME /home/user/data
EXPOSE 7860

# /healthz answers at once; /readyz once the models are there
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py"]
