# The webhook's image: one bundled file on Node's current LTS, run by a user without rights.
FROM --platform=$BUILDPLATFORM node:26-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:26-slim
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="pod-identity-webhook" \
      org.opencontainers.image.description="AWS identities for Kubernetes pods outside EKS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /src/dist/pod-identity-webhook.mjs /src/dist/pod-identity-webhook.mjs.LEGAL.txt /app/
COPY LICENSE /app/
# Manifests made for the Go webhook name its executable.
RUN ln -s /app/pod-identity-webhook.mjs /webhook
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
USER 65532:65532
EXPOSE 8443 9999
# A small young generation, one arena for malloc, and one compiler less take 125 MB under load down to 96, at no
# throughput that could be measured (docs/performance.md). Node takes --no-maglev on its command line alone.
ENTRYPOINT ["node", "--max-semi-space-size=2", "--no-maglev", "/app/pod-identity-webhook.mjs"]
CMD ["serve"]
