# Redis for the test cluster, which pulls no image: Debian's, on the base the other images have.
# It runs the manifests' command as it is; only the name of the image is replaced, through kustomize `images:`.
FROM node:26.10.0-trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /data
USER 999:999
ENTRYPOINT []
CMD ["redis-server"]
