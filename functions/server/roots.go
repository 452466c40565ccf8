package main

// An image made from scratch has no CA certificates. These are Mozilla's. They are used only where
// the system has none.
import _ "golang.org/x/crypto/x509roots/fallback"
