# The app with the datasets that ship, for a public demo: read-only, without root, without uploads.
#
#   docker build --tag awrsr .
#   docker run --read-only --tmpfs /tmp --publish 8501:8501 awrsr
#
# With CUDA: docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 --tag awrsr .
# and docker run --gpus all ... (docs/serve.md).
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin awrsr
WORKDIR /srv/awrsr

# The requirements first: they are installed again only when they change.
COPY requirements.txt ./
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" \
    && pip install --no-cache-dir -r requirements.txt

COPY awrsr awrsr
COPY app app
COPY assets assets
COPY experiments experiments
RUN python -m compileall -q awrsr app && chmod -R a+rX,a-w .

# Nothing is written but temporary files, in /tmp. AWRSR_UPLOADS: no uploads of models.
# 1 MB is enough for an uploaded history. Sizes of all this: docs/serve.md.
ENV HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    AWRSR_UPLOADS=off \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_MAX_UPLOAD_SIZE=1 \
    STREAMLIT_SERVER_MAX_MESSAGE_SIZE=50

USER awrsr
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app/main.py"]
