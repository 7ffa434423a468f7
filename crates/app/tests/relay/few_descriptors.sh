#!/bin/sh
# The proxy with hardly any file descriptors.
ulimit -n 40
exec "$BINARY" "$@"
