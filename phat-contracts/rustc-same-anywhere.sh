#!/bin/sh
# A compiler wrapper for Cargo: `rustc-same-anywhere.sh RUSTC ARGUMENTS…`.
#
# For a package outside the workspace's folder (../protocol), Cargo derives `-C metadata` from its
# absolute path, and symbol order and type ids from that: a clone elsewhere would build other bytes.
# A package's name and version tell the crates of one guest apart just as well. And the repository's
# folder is called /phat in all that is compiled.
rustc=$1
shift
repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for argument do
    shift
    case $argument in
        metadata=*) argument="metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION" ;;
    esac
    set -- "$@" "$argument"
done
exec "$rustc" "--remap-path-prefix=$repository=/phat" "$@"
