# The server in an image without a base image. The CA certificates are in the binary. No registry is
# needed to build it.
#
#   scripts/build && docker build -t msgext .
FROM scratch
ARG TARGETARCH=amd64
COPY dist/server-${TARGETARCH} /server
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/server"]
CMD ["-addr", ":8080"]
