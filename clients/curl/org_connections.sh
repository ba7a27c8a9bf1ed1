#!/usr/bin/env bash
# Lists, creates, updates and deletes an org connection with curl.
#
# The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops with
# a non-zero status at the first wrong thing.
set -euo pipefail

# Where ORGBRIDGE_URL is not set, the calls go to the site, as those of the documentation do.
address=${ORGBRIDGE_URL:-https://api.${DD_SITE:-datadoghq.com}}
connections="$address/api/v2/org_connections"

# More reads, of which a round makes some, than the limit of the server takes; see clients/README.md.
most_rounds=20

answer=$(mktemp)
headers=$(mktemp)
trap 'rm -f "$answer" "$headers"' EXIT

# call METHOD URL [OPTION...]: calls with the administrator's keys. Leaves the answer in $answer, its headers in
# $headers and its status in $status.
call() {
    call_as "$DD_API_KEY" "$DD_APP_KEY" "$@"
}

# call_as API_KEY APPLICATION_KEY METHOD URL [OPTION...]: the same with other keys.
call_as() {
    status=$(curl -sS --max-time 30 -o "$answer" -D "$headers" -w '%{http_code}' -X "$3" "$4" \
        -H "Accept: application/json" \
        -H "Content-Type: application/json" \
        -H "DD-API-KEY: $1" \
        -H "DD-APPLICATION-KEY: $2" \
        "${@:5}")
}

# fail STEP TEXT: ends everything.
fail() {
    echo "$1: $2" >&2
    exit 1
}

# step NAME STATUS [TEXT...]: says that a step went well, if the answer has the status and holds each text.
step() {
    [ "$status" = "$2" ] || fail "$1" "status: expected $2, got $status with $(cat "$answer")"
    local text
    for text in "${@:3}"; do
        grep -qF -- "$text" "$answer" || fail "$1" "expected $text, got $(cat "$answer")"
    done
    echo "$1: as expected"
}

# refused NAME STATUS FIRST_ERROR: the call was refused, and says why.
refused() {
    step "$1" "$2" "{\"errors\":[\"$3\""
}

# header NAME: what the answer says in that header.
header() {
    sed -n "s/^$1: //p" "$headers" | tr -d '\r'
}

creation() {
    printf '{"data":{"type":"org_connection","attributes":{"connection_types":["logs"]},"relationships":{"sink_org":{"data":{"type":"orgs","id":"%s"}}}}}' "$SINK_ORG_ID"
}

# update ID TYPES
update() {
    printf '{"data":{"type":"org_connection","id":"%s","attributes":{"connection_types":%s}}}' "$1" "$2"
}

# The answer to a list holds that many connections of all and of those that the filters let through.
counts() {
    printf '"meta":{"page":{"total_count":%s,"total_filtered_count":%s}}' "$1" "$2"
}

call GET "$address/api/v1/validate"
step "validate" 200 '{"valid":true}'

call GET "$address/api/v2/org"
step "managed orgs" 200 '"name":"Sink Org"' '"name":"Source Org"'

call GET "$address/api/v1/org"
step "orgs" 200 '"name":"Sink Org"' '"name":"Source Org"'

# The documentation shows this call with a slash at its end, too.
call GET "$connections/"
step "first list" 200 '"data":[]'

call POST "$connections" -d "$(creation)"
step "create" 200 '"connection_types":["logs"]' '"name":"Source Org"' "$SINK_ORG_ID" '"name":"Jane Doe"'
connection_id=$(sed -E 's/.*"type":"org_connection","id":"([0-9a-f-]{36})".*/\1/' "$answer")
source_org_id=$(sed -E 's/.*"source_org":\{"data":\{[^}]*"id":"([0-9a-f-]{36})".*/\1/' "$answer")
created_at=$(sed -E 's/.*("created_at":"[^"]*").*/\1/' "$answer")

# The documented call, word for word but for the address.
status=$(curl -sS --max-time 30 -o "$answer" -w '%{http_code}' -X PATCH "$address/api/v2/org_connections/${connection_id}" \
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
step "update" 200 '"connection_types":["logs","metrics"]' "$created_at" '"name":"Sink Org"'

call_as "$DD_API_KEY" "$DD_READER_APP_KEY" GET "$connections?sink_org_id=$SINK_ORG_ID&limit=10&offset=0"
step "list by sink" 200 "$connection_id" "$(counts 1 1)"

call_as "$DD_API_KEY" "$DD_READER_APP_KEY" GET "$connections?source_org_id=$SINK_ORG_ID"
step "list by source" 200 '"data":[]' "$(counts 1 0)"

call PATCH "$connections/$connection_id" -d "$(update "$connection_id" '["logs","logs"]')"
refused "400" 400 'Validation failed for input.'

call_as 00000000000000000000000000000000 "$DD_APP_KEY" GET "$connections"
refused "401" 401 'Unauthorized'

call_as "$DD_API_KEY" "$DD_READER_APP_KEY" PATCH "$connections/$connection_id" -d "$(update "$connection_id" '["logs"]')"
refused "403 without the scope" 403 'Forbidden'

call_as "$DD_SINK_API_KEY" "$DD_SINK_APP_KEY" PATCH "$connections/$connection_id" -d "$(update "$connection_id" '["logs"]')"
refused "403 from the sink" 403 'Forbidden'

absent=f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a
call PATCH "$connections/$absent" -d "$(update "$absent" '["logs"]')"
refused "404" 404 "Org connection with id:$absent not found not found"

call POST "$connections" -d "$(creation)"
refused "409" 409 "connection between orgs $source_org_id and $SINK_ORG_ID already exists"

call DELETE "$connections/$connection_id"
step "delete" 200 '{}'

call DELETE "$connections/$connection_id"
refused "delete again" 404 "org connection with id:$connection_id not found not found"

call GET "$connections"
step "last list" 200 '"data":[]'

# Reads until the limit is used up with more than a second to wait. One process makes most of the reads, since starting
# one for each may take longer than the limit needs to be reset.
for ((round = 1; ; round++)); do
    [ "$round" -le "$most_rounds" ] ||
        fail "429" "no read was refused in $most_rounds rounds; the server must have a small limit for them"
    call GET "$connections?offset=[1-25]"
    started=$(date +%s%N)
    call GET "$connections"
    [ "$status" = 429 ] || continue
    reset=$(header x-ratelimit-reset)
    [ "$reset" -le 1 ] || break
    sleep "$reset"
done
refused "429" 429 "Rate limit of $(header x-ratelimit-limit) requests in $(header x-ratelimit-period) seconds reached. Please try again later."
[ "$(header x-ratelimit-name)" = org_connections_read ] || fail "429" "limit: got $(header x-ratelimit-name)"
[ "$(header x-ratelimit-remaining)" = 0 ] || fail "429" "remaining: got $(header x-ratelimit-remaining)"

# curl's own retry waits for as long as the header Retry-After says, which Orgbridge sends beside the others.
call GET "$connections" --retry 3
waited=$((($(date +%s%N) - started) / 1000000))
# The header is rounded up to whole seconds.
shortest=$(((reset - 1) * 1000))
[ "$waited" -gt "$shortest" ] || fail "429 with retries" "waited for $waited ms, expected more than $shortest ms"
step "429 with retries" 200 '"data":[]'

echo "curl: every step went as expected"
