# What a build is measured against: the two stages of the usual guide, with the least that makes
# them work with Yarn 4. Not a Dockerfile to use.
ARG BASE_IMAGE=node:24-trixie-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
RUN apt-get update \
  && apt-get install -y python3 g++ build-essential libsqlite3-dev \
  && rm -rf /var/lib/apt/lists/*
COPY . .
ENV npm_config_nodedir=/usr/local
RUN --mount=type=secret,id=ca \
  NODE_EXTRA_CA_CERTS=/run/secrets/ca node .yarn/releases/yarn-*.cjs install --immutable
RUN node .yarn/releases/yarn-*.cjs tsc
RUN node .yarn/releases/yarn-*.cjs build:backend

FROM ${BASE_IMAGE}
WORKDIR /app
RUN apt-get update \
  && apt-get install -y python3 g++ build-essential libsqlite3-dev \
  && rm -rf /var/lib/apt/lists/*
ENV npm_config_nodedir=/usr/local NODE_ENV=production
COPY --from=build /app/.yarn ./.yarn
COPY --from=build /app/.yarnrc.yml /app/backstage.json /app/yarn.lock /app/package.json \
  /app/packages/backend/dist/skeleton.tar.gz ./
RUN tar xzf skeleton.tar.gz && rm skeleton.tar.gz
RUN --mount=type=secret,id=ca \
  NODE_EXTRA_CA_CERTS=/run/secrets/ca \
  node .yarn/releases/yarn-*.cjs workspaces focus --all --production \
  && node .yarn/releases/yarn-*.cjs cache clean
COPY --from=build /app/packages/backend/dist/bundle.tar.gz /app/app-config*.yaml ./
RUN tar xzf bundle.tar.gz && rm bundle.tar.gz
CMD ["node", "packages/backend", "--config", "app-config.yaml", "--config", "app-config.production.yaml"]
