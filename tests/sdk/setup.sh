#!/bin/sh
# Installs the SDKs that crates/app/tests/sdk.rs holds against the proxy: Python's into .cache/sdk-venv, Node's into
# .cache/sdk-node. Does nothing where what is there was made from the same files by the same interpreter.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache

main() {
    mkdir -p "$cache"
    lock
    bash "$here/../../.ci/tools.sh" python node
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

main
