#!/usr/bin/env bash
# Lists, creates, updates and deletes an org connection with curl.
#
# Reads ORGBRIDGE_URL, DD_API_KEY, DD_APP_KEY, DD_READER_APP_KEY (a key with the scope org_connections_read
# alone) and SINK_ORG_ID. Says what it did, and stops with a non-zero status at the first wrong thing.
set -euo pipefail

connections="$ORGBRIDGE_URL/api/v2/org_connections"
body=$(mktemp)
trap 'rm -f "$body"' EXIT

# call METHOD URL APPLICATION_KEY [BODY]: leaves the answer in $body and its status in $status.
call() {
    local data=()
    [ $# -lt 4 ] || data=(-d "$4")
    status=$(curl -sS --max-time 10 -o "$body" -w '%{http_code}' -X "$1" "$2" \
        -H "Accept: application/json" \
        -H "Content-Type: application/json" \
        -H "DD-API-KEY: ${DD_API_KEY}" \
        -H "DD-APPLICATION-KEY: $3" \
        "${data[@]}")
}

# expect WHAT STATUS TEXT: the answer has the status and holds the text.
expect() {
    if [ "$status" != "$2" ] || ! grep -qF -- "$3" "$body"; then
        echo "$1: expected $2 with $3, got $status with $(cat "$body")" >&2
        exit 1
    fi
    echo "$1: as expected"
}

create() {
    printf '{"data":{"type":"org_connection","attributes":{"connection_types":["logs"]},"relationships":{"sink_org":{"data":{"type":"orgs","id":"%s"}}}}}' "$SINK_ORG_ID"
}

call GET "$connections/" "$DD_APP_KEY"
expect "list, with a trailing slash" 200 '"data":[]'

call POST "$connections" "$DD_APP_KEY" "$(create)"
expect "create" 200 '"connection_types":["logs"]'
connection_id=$(sed -E 's/.*"type":"org_connection","id":"([0-9a-f-]{36})".*/\1/' "$body")

call POST "$connections" "$DD_APP_KEY" "$(create)"
expect "create again" 409 'already exists'

# The seed's call, word for word but for the host.
status=$(curl -sS -o "$body" -w '%{http_code}' -X PATCH "$ORGBRIDGE_URL/api/v2/org_connections/${connection_id}" \
-H "Accept: application/json" \
-H "Content-Type: application/json" \
-H "DD-API-KEY: ${DD_API_KEY}" \
-H "DD-APPLICATION-KEY: ${DD_APP_KEY}" \
-d @- << EOF
{
  "data": {
    "attributes": {
      "connection_types": [
        "logs",
        "metrics"
      ]
    },
    "id": "${connection_id}",
    "type": "org_connection"
  }
}
EOF
)
expect "update" 200 '"connection_types":["logs","metrics"]'

call GET "$connections?sink_org_id=$SINK_ORG_ID&limit=5" "$DD_READER_APP_KEY"
expect "list with a filter" 200 '"total_filtered_count":1'

call GET "$connections/$connection_id" "$DD_READER_APP_KEY"
expect "read" 200 "$connection_id"

call DELETE "$connections/$connection_id" "$DD_READER_APP_KEY"
expect "delete without the scope" 403 'Failed permission authorization checks'

call DELETE "$connections/$connection_id" "$DD_APP_KEY"
expect "delete" 200 '{}'

call DELETE "$connections/$connection_id" "$DD_APP_KEY"
expect "delete again" 404 "org connection with id:$connection_id not found not found"

echo "curl: every call was answered as expected"
