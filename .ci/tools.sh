#!/usr/bin/env bash
# Installs what a step needs and nothing that is there already:
#
#     bash .ci/tools.sh gcc make python node nginx cargo-deny cargo-fuzz replay dojo
#
# System packages come from apt-get (as root or through sudo), cargo's tools go to .cache/cargo-tools, the Python
# environments of the replay tools and of the agent benchmark to .cache/tools-venv and .cache/dojo-venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  echo "tools: $*" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

apt() {
  local as_root=()
  has apt-get || die "missing: $*. There is no apt-get here: install them with this system's package manager."
  if [ "$(id -u)" != 0 ]; then
    has sudo || die "missing: $*. Neither root nor sudo: ask an administrator for apt-get install $*"
    as_root=(sudo -n)
  fi
  "${as_root[@]}" apt-get update -qq || die "missing: $*. apt-get update failed"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
    die "missing: $*. apt-get install failed"
}

need_gcc() {
  has cc || apt gcc libc6-dev
}

need_make() {
  has make || apt make
}

need_python() {
  has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || apt python3 python3-venv python3-pip
}

need_node() {
  has node && has npm || apt nodejs npm
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 18 ] || die "node $major is too old for the providers' SDKs: install Node 18 or newer"
}

need_nginx() {
  has nginx || [ -x /usr/sbin/nginx ] || apt nginx-light
}

# $1 the crate, $2 its version: the same one everywhere.
cargo_tool() {
  has "$1" || [ -x ".cache/cargo-tools/bin/$1" ] ||
    cargo install --quiet --locked --root .cache/cargo-tools --version "$2" "$1"
}

# The replay tools and the SDKs that they drive, in versions that are known to go together.
need_replay() {
  local python=.cache/tools-venv/bin/python
  need_python
  if ! "$python" -c 'import aiohttp, anthropic, brotli, openai, yaml, zstandard; from google import genai' 2>/dev/null; then
    python3 -m venv .cache/tools-venv
    "$python" -m pip install --quiet -r ../shared/tools/replay/requirements.txt \
      'anthropic==2.12.*' 'google-genai==3.4.*' 'openai==3.54.*'
  fi
}

# The agent benchmark's Python environment.
need_dojo() {
  local python=.cache/dojo-venv/bin/python
  need_python
  if ! "$python" -c 'import agentdojo, anthropic, openai; from google import genai' 2>/dev/null; then
    python3 -m venv .cache/dojo-venv
    "$python" -m pip install --quiet -r ../shared/tools/dojo/requirements.txt
  fi
}

[ $# -gt 0 ] || die "name what is needed: gcc make python node nginx cargo-deny cargo-fuzz replay dojo"
for tool in "$@"; do
  case "$tool" in
    gcc | make | python | node | nginx | replay | dojo) "need_$tool" ;;
    cargo-deny) cargo_tool cargo-deny 0.20.2 ;;
    cargo-fuzz) cargo_tool cargo-fuzz 0.13.2 ;;
    *) die "nothing known of $tool" ;;
  esac
done
