#!/bin/sh
# The bundled packages were built by stages of their own; all else is for the real Yarn.
case "$PWD:$*" in
{%- for folder in bundle_folders %}
  "/app/{{ folder }}:run build"*) exit 0 ;;
{%- endfor %}
esac
exec {{ yarn }} "$@"
