#!/bin/sh
# Makes a clone ready for `npm test` and `npm run demo`: packages of Debian, packages of npm, the build.
# Says nothing and changes nothing where all is there already.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# --- Node ---------------------------------------------------------------------
NEEDED_NODE=20.19
NODE_SOURCES="apt-get install nodejs npm (Debian 13 or later; Debian 12's package is Node 18), or NodeSource's package nodejs, or the tarball of https://nodejs.org"
command -v node >/dev/null 2>&1 || fail "Node $NEEDED_NODE or later is needed: $NODE_SOURCES"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node $(node --version) is too old, $NEEDED_NODE or later is needed: $NODE_SOURCES"
command -v npm >/dev/null 2>&1 || fail "npm is needed: it comes with Node, except with Debian's (apt-get install npm)"

# --- Debian's packages --------------------------------------------------------
missing=''
command -v tor >/dev/null 2>&1 || missing="$missing tor"
# Debian's own Python: another one that comes first in PATH has other modules.
/usr/bin/python3 -c 'import stem' >/dev/null 2>&1 || missing="$missing python3-stem"
/usr/bin/python3 -c 'import cryptography' >/dev/null 2>&1 || missing="$missing python3-cryptography"
# The shipped units under a real systemd, in namespaces of its own.
[ -x /lib/systemd/systemd ] && command -v systemd-notify >/dev/null 2>&1 || missing="$missing systemd"
command -v pgrep >/dev/null 2>&1 || missing="$missing procps"
# Tunnels between nodes in network namespaces. A user's PATH may leave sbin out.
for package in ip:iproute2 wg:wireguard-tools wireguard-go:wireguard-go nft:nftables; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${package%%:*}" >/dev/null 2>&1 || missing="$missing ${package#*:}"
done

# Debian starts a service that it installs, and that tor would go out to the public network: what runs here stays on
# loopback. policy-rc.d is Debian's own way to say so; one that is there already is left alone.
install_packages() {
  # shellcheck disable=SC2016 # expanded by the inner shell, which may be root's
  script='
    policy=/usr/sbin/policy-rc.d
    made=""
    cleanup() { if [ -n "$made" ]; then rm -f "$policy"; fi; }
    trap cleanup EXIT
    trap "exit 1" HUP INT TERM
    if [ ! -e "$policy" ]; then
      made=1
      printf "#!/bin/sh\nexit 101\n" >"$policy"
      chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" >/dev/null
  '
  if [ "$(id -u)" -eq 0 ]; then
    sh -c "$script" sh "$@"
  else
    sudo sh -c "$script" sh "$@"
  fi
}

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    say "please install:$missing (this is no Debian); what needs them is skipped"
  elif [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    say "please install as root:$missing (there is no sudo); what needs them is skipped"
  else
    say "installing$missing"
    # shellcheck disable=SC2086 # a list of words
    install_packages $missing || say "could not install$missing; what needs them is skipped"
  fi
fi

# --- npm's packages -----------------------------------------------------------
# What npm noted of its last installation must hold every package of the lock file in its version. Dates say nothing: a
# checkout changes them. Packages for other systems are marked optional and may be missing.
npm_packages_are_there() {
  node -e '
    const { readFileSync } = require("node:fs");
    const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const installed = packages("node_modules/.package-lock.json");
    const missing = Object.entries(packages("package-lock.json")).filter(([path, { version, optional, link }]) =>
      path.includes("node_modules/") && !optional && !link && installed[path]?.version !== version);
    process.exit(missing.length === 0 ? 0 : 1);
  ' 2>/dev/null
}

if ! npm_packages_are_there; then
  say 'installing the npm packages of package-lock.json'
  npm ci --no-audit --no-fund --loglevel=error
fi

# --- the build ----------------------------------------------------------------
npm run --silent build
