# docker build -t salesforce-bulk-emulator .
# docker run --rm -p 127.0.0.1:8080:8080 salesforce-bulk-emulator
FROM python:3.13-slim AS build
COPY . /source
RUN pip wheel --no-cache-dir --wheel-dir /wheels /source

FROM python:3.13-slim
RUN --mount=from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels salesforce-bulk
RUN useradd --create-home emulator && install --directory --owner=emulator /data
USER emulator
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=5s --retries=30 \
    CMD ["salesforce-bulk", "emulator", "--wait", "http://127.0.0.1:8080"]
# Options behind the image's name are added: docker run … salesforce-bulk-emulator --data /data
ENTRYPOINT ["salesforce-bulk", "emulator", "--host", "0.0.0.0", "--port", "8080"]
