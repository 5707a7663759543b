# One file for every image: the gate, the game server, and the dice client.
#
#   docker build --build-arg SERVER=game_server --build-arg VERSION=v1.3 -t croupier/game_server:1.3 .
#   docker build --build-arg SERVER=gate_server --build-arg VERSION=v1.3 -t croupier/gate_server:1.3 .
#   docker build -t croupier/game_server:client --target client-final .
#
# `npm run images -- 1.3` does all of it. Node's version is the one that development and CI use:
# package.json names it, too, and a test compares them. What is copied is said in .dockerignore.

FROM node:26.10.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Half of it is types and source maps, which nothing here reads.
RUN npm ci --omit=dev --no-audit --no-fund \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# What makes the pages stays here: the images have what it has made.
FROM node:26.10.0-trixie-slim AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node clients/web/build.ts

# Both servers, the clients and the operator's command line, so that any image can answer any of them:
# `node clients/croupier.ts …`. Nothing here is writable, and nothing is run by a shell.
FROM node:26.10.0-trixie-slim AS croupier
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules node_modules
COPY . .
COPY --from=pages /app/clients/web/dist clients/web/dist
USER 10001:10001

FROM croupier AS client-final
USER 0:0
RUN ln -s clients/dice.ts dice_client && test -x dice_client
USER 10001:10001
ENTRYPOINT []
CMD ["./dice_client"]

# Node is process 1: signals reach it as they are sent. The journal's folder, and only that, is to be mounted.
# Both arguments stand before RUN, whose result depends on their values: Buildah (1.28) takes an ENV that names an argument
# out of its cache, whatever the value.
FROM croupier AS server
ARG SERVER
ARG VERSION=dev
USER 0:0
RUN case "$SERVER" in gate_server | game_server) ;; *) echo "--build-arg SERVER= must be gate_server or game_server" >&2; exit 1 ;; esac \
 && ln -s "$SERVER" server \
 && install --directory --owner 10001 --group 10001 /work
USER 10001:10001
ENV VERSION=$VERSION DATA_DIR=/work GAME_SERVERS=dice=dice:60001
LABEL org.opencontainers.image.title="croupier $SERVER" org.opencontainers.image.version=$VERSION
EXPOSE 60001-60009
ENTRYPOINT ["node", "server/main.ts"]
