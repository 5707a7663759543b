#!/bin/sh
# The command line from anywhere, by this checkout's own Node; also as `croupier` of a folder that depends on it.
here=$(dirname "$(readlink -f "$0")")
node=$here/../node_modules/.bin/node
[ -x "$node" ] || node=node # in an image there is one Node
exec "$node" "$here/croupier.ts" "$@"
