# shellcheck shell=bash
# The Debian packages hutch needs, and their installation. Sourced by ./hutch.

# shellcheck disable=SC2034  # used by ./hutch
build_packages=(
    # compilers and tools
    g++ cmake ninja-build ccache pkg-config git ca-certificates curl python3
    # the manager and the guest programs
    nlohmann-json3-dev libexpected-dev libsqlite3-dev libseccomp-dev libssl-dev zlib1g-dev libarchive-dev
    libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev libgtest-dev libgmock-dev
    # the guest kernel, root file system and initramfs
    make flex bison bc xz-utils dpkg-dev libelf-dev cpio rsync e2fsprogs mmdebstrap fakeroot uidmap
    # the web UI
    nodejs npm
)
# shellcheck disable=SC2034
test_packages=(
    python3-pytest python3-requests util-linux procps strace
    clang clang-format clang-tidy libclang-rt-14-dev shellcheck
    chromium
)

# install_packages NAME…: installs those that are missing; one line that names them when it cannot.
install_packages() {
    local missing=() package
    for package in "$@"; do
        # another source of node (with its own npm) serves as well as Debian's
        case $package in nodejs | npm) ! command -v "${package/nodejs/node}" >/dev/null || continue ;; esac
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "these packages are missing, and neither root nor sudo is there to install them: ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >&2 || die "apt-get update failed; missing packages: ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        die "could not install: ${missing[*]}"
}
