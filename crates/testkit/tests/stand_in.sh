#!/bin/sh
# Stands in for the binary in tests/proxy.rs. A file of the source tree, because one written by the test might still
# be open for writing in a child of another thread when it is to be run (ETXTBSY).
exec 3<>"$PIPE"
eval "$SCRIPT"
