# Lists, creates, updates and deletes an org connection with the official Ruby client.
#
# The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops with
# a non-zero status at the first wrong thing.

require "json"
require "securerandom"
require "uri"

require "datadog_api_client"

$stdout.sync = true

V2 = DatadogAPIClient::V2
LOGS = V2::OrgConnectionTypeEnum::LOGS
METRICS = V2::OrgConnectionTypeEnum::METRICS

# More reads than the limit of the server takes; see clients/README.md.
MOST_READS = 500

# A client whose only difference from one of the real service is its host. Where ORGBRIDGE_URL is not set there is no
# difference at all: the client finds its site by itself. A key that is nil is taken from DD_API_KEY or DD_APP_KEY.
def client(api_key: nil, application_key: nil, enable_retry: false)
  configuration = DatadogAPIClient::Configuration.new
  unless ENV["ORGBRIDGE_URL"].to_s.empty?
    server = URI(ENV["ORGBRIDGE_URL"])
    configuration.server_index = 1
    configuration.server_variables[:protocol] = server.scheme
    configuration.server_variables[:name] = "#{server.host}:#{server.port}"
  end
  configuration.api_key["apiKeyAuth"] = api_key if api_key
  configuration.api_key["appKeyAuth"] = application_key if application_key
  configuration.enable_retry = enable_retry
  DatadogAPIClient::APIClient.new(configuration)
end

def connections(**caller)
  V2::OrgConnectionsAPI.new(client(**caller))
end

def creation(sink, types)
  V2::OrgConnectionCreateRequest.new({
    data: V2::OrgConnectionCreate.new({
      type: V2::OrgConnectionType::ORG_CONNECTION,
      attributes: V2::OrgConnectionCreateAttributes.new({ connection_types: types }),
      relationships: V2::OrgConnectionCreateRelationships.new({
        sink_org: V2::OrgConnectionOrgRelationship.new({
          data: V2::OrgConnectionOrgRelationshipData.new({
            type: V2::OrgConnectionOrgRelationshipDataType::ORGS, id: sink
          })
        })
      })
    })
  })
end

def update(id, types)
  V2::OrgConnectionUpdateRequest.new({
    data: V2::OrgConnectionUpdate.new({
      type: V2::OrgConnectionType::ORG_CONNECTION,
      id: id,
      attributes: V2::OrgConnectionUpdateAttributes.new({ connection_types: types })
    })
  })
end

# Says that a step went well, if each of its checks, which are [what, actual, expected], finds what it expects.
def step(name, *checks)
  checks.each do |what, actual, expected|
    abort "#{name}: #{what}: expected #{expected.inspect}, got #{actual.inspect}" unless actual == expected
  end
  puts "#{name}: as expected"
end

# Every part of an answer must fit the client's own models.
def parsed(name, answer)
  abort "#{name}: the client could not parse a part of #{answer.inspect}" if unparsed?(answer)
  answer
end

# Whether the client kept some part as it came. Its models mark such parts, at whatever depth.
def unparsed?(part)
  case part
  when DatadogAPIClient::UnparsedObject then true
  when Array then part.any? { |one| unparsed?(one) }
  when Hash then part.values.any? { |one| unparsed?(one) }
  else
    part.instance_variable_get(:@_unparsed) == true ||
      part.class.name.start_with?("DatadogAPIClient::") &&
        part.instance_variables.any? { |name| unparsed?(part.instance_variable_get(name)) }
  end
end

# The call in the block must be refused with a status, and the client must be able to read why.
def refused(name, status, first_error)
  answer = yield
rescue DatadogAPIClient::APIError => refusal
  step(name, ["status", refusal.code, status], ["first error", first_error_of(refusal), first_error])
else
  abort "#{name}: expected #{status}, got #{answer.inspect}"
end

# The client gives the body of a refusal as text.
def first_error_of(refusal)
  JSON.parse(refusal.response_body)["errors"].first
end

# What a refusal says about a limit in one of its headers.
def limit(refusal, name)
  refusal.response_headers["x-ratelimit-#{name}"].to_s
end

# A clock that nobody sets.
def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

# Reads until the limit is used up with more than a second to wait. Gives the moment before the refused read, the
# refusal, and the seconds to wait.
def exhausted(api)
  MOST_READS.times do
    started = now
    begin
      api.list_org_connections
    rescue DatadogAPIClient::APIError => refusal
      reset = Integer(limit(refusal, "reset"))
      return started, refusal, reset if reset > 1

      sleep(reset)
    end
  end
  abort "429: none of #{MOST_READS} reads was refused; the server must have a small limit for them"
end

sink = ENV.fetch("SINK_ORG_ID")
admin = client
api = connections
reader = connections(application_key: ENV.fetch("DD_READER_APP_KEY"))
sink_admin = connections(api_key: ENV.fetch("DD_SINK_API_KEY"), application_key: ENV.fetch("DD_SINK_APP_KEY"))
stranger = connections(api_key: "0" * 32)
patient = connections(enable_retry: true)

answer = parsed("validate", DatadogAPIClient::V1::AuthenticationAPI.new(admin).validate)
step("validate", ["valid", answer.valid, true])
answer = parsed("managed orgs", V2::OrganizationsAPI.new(admin).list_orgs)
step("managed orgs", ["names", answer.included.map { |org| org.attributes.name }.sort, ["Sink Org", "Source Org"]])
answer = parsed("orgs", DatadogAPIClient::V1::OrganizationsAPI.new(admin).list_orgs)
step("orgs", ["names", answer.orgs.map(&:name).sort, ["Sink Org", "Source Org"]])

answer = parsed("first list", api.list_org_connections)
step("first list", ["connections", answer.data.length, 0])

created = parsed("create", api.create_org_connections(creation(sink, [LOGS]))).data
source = created.relationships.source_org.data
step(
  "create",
  ["types", created.attributes.connection_types, [LOGS]],
  ["source", source.name, "Source Org"],
  ["sink", created.relationships.sink_org.data.id, sink],
  ["creator", created.relationships.created_by.data.name, "Jane Doe"]
)

updated = parsed("update", api.update_org_connections(created.id, update(created.id, [LOGS, METRICS]))).data
step(
  "update",
  ["types", updated.attributes.connection_types, [LOGS, METRICS]],
  ["creation", updated.attributes.created_at, created.attributes.created_at],
  ["sink", updated.relationships.sink_org.data.name, "Sink Org"]
)

answer = parsed("list by sink", reader.list_org_connections({ sink_org_id: sink, limit: 10, offset: 0 }))
step(
  "list by sink",
  ["ids", answer.data.map(&:id), [created.id]],
  ["total", answer.meta.page.total_count, 1],
  ["filtered", answer.meta.page.total_filtered_count, 1]
)
answer = parsed("list by source", reader.list_org_connections({ source_org_id: sink }))
step(
  "list by source",
  ["connections", answer.data.length, 0],
  ["total", answer.meta.page.total_count, 1],
  ["filtered", answer.meta.page.total_filtered_count, 0]
)

refused("400", 400, "Validation failed for input.") do
  api.update_org_connections(created.id, update(created.id, [LOGS, LOGS]))
end
refused("401", 401, "Unauthorized") { stranger.list_org_connections }
refused("403 without the scope", 403, "Forbidden") do
  reader.update_org_connections(created.id, update(created.id, [LOGS]))
end
refused("403 from the sink", 403, "Forbidden") do
  sink_admin.update_org_connections(created.id, update(created.id, [LOGS]))
end
absent = SecureRandom.uuid
refused("404", 404, "Org connection with id:#{absent} not found not found") do
  api.update_org_connections(absent, update(absent, [LOGS]))
end
refused("409", 409, "connection between orgs #{source.id} and #{sink} already exists") do
  api.create_org_connections(creation(sink, [LOGS]))
end

api.delete_org_connections(created.id)
step("delete")
refused("delete again", 404, "org connection with id:#{created.id} not found not found") do
  api.delete_org_connections(created.id)
end
answer = parsed("last list", api.list_org_connections)
step("last list", ["connections", answer.data.length, 0])

started, refusal, reset = exhausted(api)
step(
  "429",
  ["status", refusal.code, 429],
  ["limit", limit(refusal, "name"), "org_connections_read"],
  ["remaining", limit(refusal, "remaining"), "0"],
  [
    "first error",
    first_error_of(refusal),
    "Rate limit of #{limit(refusal, "limit")} requests in #{limit(refusal, "period")} seconds reached. " \
    "Please try again later."
  ]
)
answer = parsed("429 with retries", patient.list_org_connections)
waited = now - started
# The header is rounded up to whole seconds.
shortest = reset - 1
step(
  "429 with retries",
  ["connections", answer.data.length, 0],
  ["waited for #{waited} s, more than #{shortest} s", waited > shortest, true]
)
puts "ruby: every step went as expected"
