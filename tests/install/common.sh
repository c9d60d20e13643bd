# What the tests of installing share; each is sourced into a folder of its own, `$work`.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
project=$PWD
from=${FROM:-target/built}
# A test that runs again in a namespace gets a folder in that of the test outside, which removes both when the namespace
# and its mounts are gone. Nothing is ever removed across a mount.
if [ -n "${WORK:-}" ]; then
    work=$WORK
else
    work=$(mktemp -d)
    chmod 755 "$work"
    trap 'rm -rf --one-file-system "$work"' EXIT
fi

# This machine has not what the test needs.
left_out() {
    echo "not tested: $*"
    [ -z "${EXOTRACE_REQUIRE_ALL:-}" ] || exit 1
    exit 0
}

# This machine may not do what the test needs, regardless of what is installed.
not_allowed() {
    echo "not tested: $*"
    exit 0
}

fail() {
    echo "error: $*" >&2
    exit 1
}

# expect TEXT COMMAND...: the command ends well, and says this.
expect() {
    local text=$1
    shift
    local said
    said=$("$@" 2>&1) || fail "\`$*\` failed: $said"
    [[ $said == *"$text"* ]] || fail "\`$*\` did not say \`$text\`: $said"
}

# The mapping works: as many documents as records. maps COMMAND...
maps() {
    local documents
    documents=$("$@" map --mapping 1.20 --local-domain contoso.com <fixtures/records/well-formed.ndjson) || fail "\`$* map\` failed"
    [ "$(wc -l <<<"$documents")" = "$(wc -l <fixtures/records/well-formed.ndjson)" ] || fail "\`$* map\` left out records"
    [[ $documents == *'"@timestamp"'* ]] || fail "\`$* map\` wrote no documents"
}

# Makes a throwaway copy of this machine in a folder: what is written there is gone with the mount namespace.
copy_of_machine() {
    mkdir -p "$1"
    mount -t tmpfs none "$1"
    mkdir "$1"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
    mount -t proc proc "$1/root/proc"
    # Devices of its own: those of this machine must be out of reach when the folder is removed.
    mount -t tmpfs none "$1/root/dev"
    local device
    for device in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 666 "$1/root/dev/${device%:*}" c 1 "${device#*:}"
    done
    ln -s /proc/self/fd "$1/root/dev/fd"
}

# machine COMMAND...: in that copy, as root.
machine() { chroot "$root" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
owner() { machine stat -c '%U:%G %a' "$1"; }

# Runs this test again in a namespace of its own, where such a copy can be made.
in_namespace() {
    [ ! -e /etc/exotrace ] && [ ! -e /var/lib/exotrace ] || left_out "$1: this machine has exotrace already"
    mkdir "$work/try" "$work/inside"
    WORK=$work/try unshare --mount --pid --fork bash -c 'source tests/install/common.sh && copy_of_machine "$work/copy"' \
        2>/dev/null || not_allowed "$1: \`unshare\` and overlay may not make a copy of this machine"
    WORK=$work/inside unshare --mount --pid --fork --kill-child "$0" inside
}

is_static() { ! ldd "$1" >/dev/null 2>&1 || ldd "$1" | grep -q 'statically linked'; }

# Puts the libraries of a program into an otherwise empty folder: a static one has none.
lay_libraries() {
    local program=$1 root=$2 library
    is_static "$program" && return
    echo "not tested: that $program needs no library; those that it needs are put beside it (make static)"
    for library in $(ldd "$program" | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
}

# Settings that read the records of the fixtures and write documents: settings STATE RECORDS DOCUMENTS
settings() {
    printf 'state_dir = "%s"\n[[source]]\ntype = "file"\nname = "mail"\npaths = ["%s"]\nlocal_domains = ["contoso.com"]\n' "$1" "$2"
    printf '[[output]]\ntype = "file"\npath = "%s"\n' "$3"
}
