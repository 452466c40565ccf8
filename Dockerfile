# The server alone, in an image from nothing: CA certificates are in the binary, and it builds without a registry.
#
#   scripts/build && docker build -t msgext .
FROM scratch
ARG TARGETARCH=amd64
COPY dist/server-${TARGETARCH} /server
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/server"]
CMD ["-addr", ":8080"]
