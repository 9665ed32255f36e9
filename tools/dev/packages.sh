# shellcheck shell=bash
# Which Debian packages each command needs, and how they are installed; sourced by common.sh.
# `command=package` asks for a command, from wherever it comes; a plain name asks for the package.
# shellcheck disable=SC2034

packages_build=(clang-19 lld-19 llvm-19 ninja-build cmake ccache libfmt-dev libyaml-cpp-dev libsimdjson-dev
  nlohmann-json3-dev libssl-dev libre2-dev libspdlog-dev libcli11-dev liburing-dev pkg-config libgtest-dev libgmock-dev libbenchmark-dev)
packages_run=(curl=curl)
packages_sanitize=(libclang-rt-19-dev)
packages_test=(node=nodejs npm=npm curl=curl openssl=openssl nginx=nginx-light haproxy=haproxy promtool=prometheus testssl=testssl.sh faketime=faketime)
packages_check=(clang-format-19 clang-tidy-19 python3=python3)
packages_bench=(python3=python3 python3-venv openssl=openssl nginx=nginx-light haproxy=haproxy strace=strace)
packages_coverage=(python3=python3)
packages_docs=(python3=python3)

# need LIST ...: installs what is missing of these lists; instant if nothing is.
need() {
  local wanted=() list
  for list in "$@"; do
    local -n names=packages_$list
    wanted+=("${names[@]}")
  done
  local missing=()
  missing_of "${wanted[@]}"
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
}

# Puts into `missing` the packages that are.
missing_of() {
  local item plain=() installed=''
  for item in "$@"; do
    if [[ $item != *=* ]]; then
      plain+=("$item")
    elif ! command -v "${item%%=*}" >/dev/null; then
      missing+=("${item#*=}")
    fi
  done
  if ! command -v dpkg-query >/dev/null; then
    [[ ${PENSTOCK_NO_INSTALL:-} == 1 ]] && return
    die "this is not Debian: install the likes of these by hand, then set PENSTOCK_NO_INSTALL=1:" "$@"
  fi
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${plain[@]}" 2>/dev/null || true)
  for item in "${plain[@]}"; do
    grep -qx "installed $item" <<<"$installed" || missing+=("$item")
  done
}

sudo=()
install_packages() {
  [[ ${PENSTOCK_NO_INSTALL:-} != 1 ]] ||
    die "these packages are missing and PENSTOCK_NO_INSTALL=1 forbids to install them: $*"
  local release
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
  if [[ " $release " != *" debian "* ]]; then
    die "only Debian 12 or newer is known here, this is '$release'. Install the likes of these by hand," \
      "then set PENSTOCK_NO_INSTALL=1: $*"
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root, and there is no sudo to install: $*"
    sudo=(sudo)
  fi
  say "Installing $*"
  # A list that does not know a package yet is older than the package.
  if ! apt-cache show "$@" >/dev/null 2>&1; then update_lists; fi
  keep_services_stopped
  apt_install "$@" || { update_lists && apt_install "$@"; } || die "apt-get could not install: $*"
  let_services_start
  forget_services "$@"
}

update_lists() {
  say "Updating the package lists"
  "${sudo[@]}" apt-get update -qq || die "apt-get update failed"
}

apt_install() {
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q -o Dpkg::Use-Pty=0 --no-install-recommends "$@" |
    { grep --line-buffered -E '^(Need to get|Setting up|E:|W:)' || true; }
}

# nginx, haproxy and prometheus are here for tests: they must not begin to serve on this machine.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
keep_services_stopped() {
  [[ ! -e $policy ]] || return 0
  policy_is_ours=1
  trap let_services_start EXIT
  printf '#!/bin/sh\n# While Penstock installs test tools; removed right after.\nexit 101\n' |
    "${sudo[@]}" tee "$policy" >/dev/null
  "${sudo[@]}" chmod +x "$policy"
}
let_services_start() {
  [[ $policy_is_ours == 1 ]] || return 0
  "${sudo[@]}" rm -f "$policy"
  policy_is_ours=
}
# Nor at the next boot. Only what was installed just now: a service that was here before stays as it was.
forget_services() {
  command -v systemctl >/dev/null || return 0
  local package
  for package in "$@"; do
    case $package in
      nginx-light) "${sudo[@]}" systemctl disable --quiet nginx || true ;;
      haproxy | prometheus) "${sudo[@]}" systemctl disable --quiet "$package" || true ;;
    esac
  done
}

# The tests need Node 18 or newer, from the distribution or elsewhere.
need_node() {
  local version
  version=$(node --version)
  version=${version#v}
  ((${version%%.*} >= 18)) || die "node $version is too old: the tests need 18 or newer"
}
