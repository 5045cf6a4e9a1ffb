# The webhook's image: its bundle on Node's current LTS, run by a user without rights.
FROM --platform=$BUILDPLATFORM node:26-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json LICENSE ./
COPY scripts scripts
COPY src src
ARG SOURCE_DATE_EPOCH
RUN npm run build
# All that the image adds to its base. The stage below runs nothing, so another platform's image takes no emulator.
RUN node scripts/image-files.ts /image

FROM node:26-slim
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pod-identity-webhook" \
      org.opencontainers.image.description="AWS identities for Kubernetes pods outside EKS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /image/ /
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
USER 65532:65532
EXPOSE 8443 9999
# A small young generation, one arena for malloc, and one compiler less take 125 MB under load down to 96, at no
# throughput that could be measured (docs/performance.md). Node takes --no-maglev on its command line alone.
ENTRYPOINT ["node", "--max-semi-space-size=2", "--no-maglev", "/app/pod-identity-webhook.mjs"]
CMD ["serve"]
