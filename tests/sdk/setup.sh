#!/bin/sh
# Installs the SDKs that crates/app/tests/sdk.rs holds against the proxy: Python's into .cache/sdk-venv, Node's into
# .cache/sdk-node. Does nothing where what is there was made from the same files by the same interpreter.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache

main() {
    mkdir -p "$cache"
    lock
    python_sdks
    node_sdks
}

# Two runs at once would install into each other's folders.
lock() {
    if command -v flock >/dev/null; then
        exec 9>"$cache/sdk.lock"
        flock -w 900 9
    fi
}

python_sdks() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv python3-pip
    venv=$cache/sdk-venv
    stamp=$(python3 --version; digest "$here/python/requirements.txt")
    if is_fresh "$venv/stamp" "$stamp"; then return; fi
    echo "installing the Python SDKs into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --requirement "$here/python/requirements.txt"
    echo "$stamp" >"$venv/stamp"
}

node_sdks() {
    { command -v node && command -v npm; } >/dev/null || install_packages nodejs npm
    folder=$cache/sdk-node
    stamp=$(node --version; digest "$here/node/package.json" "$here/node/package-lock.json")
    if is_fresh "$folder/stamp" "$stamp"; then return; fi
    echo "installing the Node SDKs into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$here/node/package.json" "$here/node/package-lock.json" "$folder"
    # None of them needs its install script.
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$stamp" >"$folder/stamp"
}

is_fresh() {
    [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

digest() {
    if command -v sha256sum >/dev/null; then cat "$@" | sha256sum; else cat "$@" | shasum -a 256; fi
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing for the SDK tests: $*. Install them and run this again." >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

main
