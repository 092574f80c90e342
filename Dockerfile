# Both stages are Debian 12, so that the binary finds the glibc it was built against.
FROM docker.io/library/rust:1.95-slim-bookworm AS build
# Writes into the program what it is built of: `cargo audit bin /conclave` says years later what is wrong with it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install --locked cargo-auditable@0.7.7
WORKDIR /src
COPY . .
# The caches outlive the build and stay out of the image; hence the copy out of `target`. Cargo tells by the times of files
# whether it has compiled them: of another checkout, compiled later than these were written, it would take the program.
# So that is always compiled anew, unlike what it depends on.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    touch src/lib.rs src/main.rs \
    && cargo auditable build --release --locked --bin conclave \
    && cp target/release/conclave /conclave \
    && mkdir /data

# distroless/cc holds glibc, libgcc and certificates, and neither a shell nor a package manager.
# Not distroless/static: that takes a musl build, which is another program than the one that the
# tests run. What C there is (SQLite, mimalloc) is compiled in.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /conclave /conclave
# A new named volume takes over this owner, so that uid 65532 may write in it.
COPY --from=build --chown=65532:65532 /data /data

# Everything that is written is in /data: the database, its lock, the admin token. The rest of the
# file system may be read-only.
VOLUME /data
WORKDIR /data

# The access listener has to leave the container, so it listens on every interface *of the
# container*. Whoever runs it says by what callers are known (docs/authentication.md), or publishes it to
# the host application and to nobody else (`-p 127.0.0.1:7180:7180`) and says so
# (`-e CONCLAVE_ACCESS_UNAUTHENTICATED=true`); with neither it does not start. The admin listener stays on the container's loopback, which a host
# application in the same network namespace reaches, as in a Kubernetes pod; docs/container.md says
# how to open it otherwise.
ENV CONCLAVE_DATABASE=sqlite:///data/conclave.db \
    CONCLAVE_LISTEN=0.0.0.0:7180 \
    CONCLAVE_ADMIN_LISTEN=127.0.0.1:7181
EXPOSE 7180

# By the binary itself: there is no shell and no curl. It reads the same variables as the server.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/conclave", "health"]

STOPSIGNAL SIGTERM
USER 65532:65532
ENTRYPOINT ["/conclave"]
CMD ["serve"]
