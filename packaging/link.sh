#!/bin/sh
# Put a link to this clone's command on the way of the shell, or take it away; nothing that is not that link is touched.
set -eu

action=$1 program=$2 link=$3
directory=$(dirname "$link")

is_ours() { [ -L "$link" ] && [ "$(readlink "$link")" = "$program" ]; }
is_there() { [ -e "$link" ] || [ -L "$link" ]; }

add() {
  if is_ours; then
    :
  elif is_there; then
    echo "$link is not this clone's and stays as it is: type $program, or remove it and say make install again"
    return
  elif mkdir -p "$directory" 2>/dev/null && ln -s "$program" "$link" 2>/dev/null; then
    echo "linked $link to $program (undone by: make uninstall)"
  else
    echo "$link cannot be made: type $program"
    return
  fi
  first=$(command -v passenger || true)
  case $first in
    "$link" | "$program") echo "type: passenger" ;;
    "") echo "not on your PATH yet: export PATH=\"$directory:\$PATH\" (to keep it: into your shell's start file)" ;;
    *) echo "first on your PATH is another one: $first" ;;
  esac
}

remove() {
  if is_ours; then
    rm "$link"
    echo "removed $link"
  elif is_there; then
    echo "$link is not this clone's and stays as it is"
  fi
}

"$action"
