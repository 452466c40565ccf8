package main

// An image from scratch has no CA certificates: these are Mozilla's, and count only where the
// system has none.
import _ "golang.org/x/crypto/x509roots/fallback"
