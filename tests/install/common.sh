# What the tests of installing share; each is sourced into a folder of its own, `$work`.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
project=$PWD
from=${FROM:-target/built}
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# This machine has not what the test needs.
left_out() {
    echo "not tested: $*"
    [ -z "${EXOTRACE_REQUIRE_ALL:-}" ] || exit 1
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
    documents=$("$@" map --log-level warn --local-domain contoso.com <fixtures/records/well-formed.ndjson) || fail "\`$* map\` failed"
    [ "$(wc -l <<<"$documents")" = "$(wc -l <fixtures/records/well-formed.ndjson)" ] || fail "\`$* map\` left out records"
    [[ $documents == *'"@timestamp"'* ]] || fail "\`$* map\` wrote no documents"
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
