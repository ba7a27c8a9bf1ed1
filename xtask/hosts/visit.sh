#!/usr/bin/env bash
# Asks the site DD_SITE for what every site is asked for, and the site OTHER_SITE with the same keys, which are
# unknown there. Reads DD_API_KEY, DD_APP_KEY, SOURCE_ORG_ID and SINK_ORG_ID as well.
set -euo pipefail

# Makes a call of a site and checks its status. Leaves the body in the file `answer`.
call() {
  local expected=$1 site=$2 path=$3
  shift 3
  local status
  # The keys come by a file: command lines show in lists of processes.
  status=$(curl --silent --show-error --max-time 20 --output answer --write-out '%{http_code}' \
    --config <(printf 'header = "DD-API-KEY: %s"\nheader = "DD-APPLICATION-KEY: %s"\n' "$DD_API_KEY" "$DD_APP_KEY") \
    --header 'Content-Type: application/json' "$@" "https://api.${site}${path}")
  if [ "$status" != "$expected" ]; then
    echo "$site $path: expected $expected, got $status: $(cat answer)" >&2
    exit 1
  fi
  echo "$site $path: $status, as expected"
}

holds() {
  if ! grep --quiet --fixed-strings "$1" answer; then
    echo "expected $1 in $(cat answer)" >&2
    exit 1
  fi
}

cd "$(mktemp --directory)"
trap 'rm -r "$PWD"' EXIT

call 200 "$DD_SITE" /api/v1/validate
call 200 "$DD_SITE" /api/v2/current_user
holds "$SOURCE_ORG_ID"
call 200 "$DD_SITE" /api/v2/org_connections --data '
  {"data": {"type": "org_connection", "attributes": {"connection_types": ["logs"]},
   "relationships": {"sink_org": {"data": {"type": "orgs", "id": "'"$SINK_ORG_ID"'"}}}}}'
holds "$SINK_ORG_ID"
connection=$(sed -E 's/.*"type":"org_connection","id":"([^"]+)".*/\1/' answer)
call 200 "$DD_SITE" "/api/v2/org_connections/$connection" --http1.1
call 401 "$OTHER_SITE" "/api/v2/org_connections/$connection"
call 200 "$DD_SITE" "/api/v2/org_connections/$connection" --request DELETE
call 403 "$OTHER_SITE" /api/v1/validate
call 401 "$OTHER_SITE" /api/v2/current_user
# A site that nobody set up, asked of the same server.
call 421 "$DD_SITE" /api/v2/current_user --header 'Host: api.us3.datadoghq.com' --http1.1
