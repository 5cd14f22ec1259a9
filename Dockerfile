# Node runs the TypeScript by stripping its types, so there is nothing to compile: the first stage only fetches packages.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# Beyond loopback the shipped configuration asks for client keys; make the first one by `keys create --name <name>`.
ENV ASSAY_AUTH_MODE=keys
WORKDIR /app
# A new named volume takes over this owner, so the kill switches can be written without root.
RUN mkdir .assay && chown node:node .assay
COPY --from=packages /app/node_modules ./node_modules
COPY package.json assay.yaml ./
COPY prompts ./prompts
COPY schemas ./schemas
COPY src ./src
USER node
EXPOSE 8484 8485
VOLUME /app/.assay
# The image has no curl; the admin listener answers /healthz without a token.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8485/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/main.ts"]
# Beyond loopback the admin listener demands a token: the container stops at once when ASSAY_ADMIN_TOKEN is missing.
CMD ["serve", "--config", "/app/assay.yaml", "--host", "0.0.0.0", "--admin-host", "0.0.0.0"]
