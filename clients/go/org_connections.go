// Lists, creates, updates and deletes an org connection with the official Go client.
//
// The steps, and the environment that they read, are described in clients/README.md. Says what it did, and stops with
// a non-zero status at the first wrong thing.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
	"github.com/google/uuid"
)

const (
	logs    = datadogV2.ORGCONNECTIONTYPEENUM_LOGS
	metrics = datadogV2.ORGCONNECTIONTYPEENUM_METRICS

	// More reads than the limit of the server takes; see clients/README.md.
	mostReads = 500
)

// caller is somebody with keys, and the client that they call with.
type caller struct {
	context.Context
	client *datadog.APIClient
}

func (c caller) connections() *datadogV2.OrgConnectionsApi {
	return datadogV2.NewOrgConnectionsApi(c.client)
}

// newCaller gives a client whose only difference from one of the real service is its host. Where ORGBRIDGE_URL is not
// set there is no difference at all: the client finds its site by itself. A key that is empty is taken from DD_API_KEY
// or DD_APP_KEY.
func newCaller(apiKey, applicationKey string) caller {
	ctx := datadog.NewDefaultContext(context.Background())
	if address := os.Getenv("ORGBRIDGE_URL"); address != "" {
		server, err := url.Parse(address)
		must("ORGBRIDGE_URL", err)
		ctx = context.WithValue(ctx, datadog.ContextServerIndex, 1)
		ctx = context.WithValue(ctx, datadog.ContextServerVariables,
			map[string]string{"protocol": server.Scheme, "name": server.Host})
	}
	keys := ctx.Value(datadog.ContextAPIKeys).(map[string]datadog.APIKey)
	if apiKey != "" {
		keys["apiKeyAuth"] = datadog.APIKey{Key: apiKey}
	}
	if applicationKey != "" {
		keys["appKeyAuth"] = datadog.APIKey{Key: applicationKey}
	}
	return caller{ctx, datadog.NewAPIClient(datadog.NewConfiguration())}
}

func creation(sink string, types ...datadogV2.OrgConnectionTypeEnum) datadogV2.OrgConnectionCreateRequest {
	return datadogV2.OrgConnectionCreateRequest{Data: datadogV2.OrgConnectionCreate{
		Type:       datadogV2.ORGCONNECTIONTYPE_ORG_CONNECTION,
		Attributes: datadogV2.OrgConnectionCreateAttributes{ConnectionTypes: types},
		Relationships: datadogV2.OrgConnectionCreateRelationships{
			SinkOrg: datadogV2.OrgConnectionOrgRelationship{Data: &datadogV2.OrgConnectionOrgRelationshipData{
				Type: datadogV2.ORGCONNECTIONORGRELATIONSHIPDATATYPE_ORGS.Ptr(),
				Id:   &sink,
			}},
		},
	}}
}

func update(id uuid.UUID, types ...datadogV2.OrgConnectionTypeEnum) datadogV2.OrgConnectionUpdateRequest {
	return datadogV2.OrgConnectionUpdateRequest{Data: datadogV2.OrgConnectionUpdate{
		Type:       datadogV2.ORGCONNECTIONTYPE_ORG_CONNECTION,
		Id:         id,
		Attributes: datadogV2.OrgConnectionUpdateAttributes{ConnectionTypes: types},
	}}
}

// check is one thing that a step looks at.
type check struct {
	what             string
	actual, expected any
}

// step says that a step went well, if each of its checks finds what it expects.
func step(name string, checks ...check) {
	for _, check := range checks {
		if !reflect.DeepEqual(check.actual, check.expected) {
			fail("%s: %s: expected %#v, got %#v", name, check.what, check.expected, check.actual)
		}
	}
	fmt.Printf("%s: as expected\n", name)
}

// parsed gives an answer every part of which fits the client's own models.
func parsed[T any](name string, answer T, _ *http.Response, err error) T {
	must(name, err)
	if found, part := datadog.ContainsUnparsedObject(answer); found {
		fail("%s: the client could not parse %v", name, part)
	}
	return answer
}

// refused checks that a call was refused with a status, and that the client can read why.
func refused(name string, status int, firstError string, response *http.Response, err error) {
	step(name,
		check{"status", statusOf(response), status},
		check{"first error", firstErrorOf(name, err), firstError})
}

func statusOf(response *http.Response) int {
	if response == nil {
		return 0
	}
	return response.StatusCode
}

func firstErrorOf(name string, err error) string {
	var refusal datadog.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		fail("%s: expected a refusal, got %v", name, err)
	}
	model, isRead := refusal.Model().(datadogV2.APIErrorResponse)
	if !isRead || len(model.Errors) == 0 {
		fail("%s: expected a list of errors, got %s", name, refusal.Body())
	}
	return model.Errors[0]
}

// exhausted reads until the limit is used up with more than a second to wait. It gives the moment before the refused
// read, the refusal, and the seconds to wait.
func exhausted(c caller) (time.Time, *http.Response, error, int) {
	for range mostReads {
		started := time.Now()
		_, response, err := c.connections().ListOrgConnections(c)
		if err == nil {
			continue
		}
		reset, notANumber := strconv.Atoi(response.Header.Get("x-ratelimit-reset"))
		must("429: x-ratelimit-reset", notANumber)
		if reset > 1 {
			return started, response, err, reset
		}
		time.Sleep(time.Duration(reset) * time.Second)
	}
	fail("429: none of %d reads was refused; the server must have a small limit for them", mostReads)
	panic("unreachable")
}

func must(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

func main() {
	sink := os.Getenv("SINK_ORG_ID")
	admin := newCaller("", "")
	reader := newCaller("", os.Getenv("DD_READER_APP_KEY"))
	sinkAdmin := newCaller(os.Getenv("DD_SINK_API_KEY"), os.Getenv("DD_SINK_APP_KEY"))
	stranger := newCaller(strings.Repeat("0", 32), "")
	patient := newCaller("", "")
	patient.client.Cfg.RetryConfiguration.EnableRetry = true

	validation, response, err := datadogV1.NewAuthenticationApi(admin.client).Validate(admin)
	validation = parsed("validate", validation, response, err)
	step("validate", check{"valid", validation.GetValid(), true})

	managed, response, err := datadogV2.NewOrganizationsApi(admin.client).ListOrgs(admin)
	managed = parsed("managed orgs", managed, response, err)
	names := []string{}
	for _, org := range managed.Included {
		names = append(names, org.Attributes.Name)
	}
	sort.Strings(names)
	step("managed orgs", check{"names", names, []string{"Sink Org", "Source Org"}})

	orgs, response, err := datadogV1.NewOrganizationsApi(admin.client).ListOrgs(admin)
	orgs = parsed("orgs", orgs, response, err)
	names = []string{}
	for _, org := range orgs.Orgs {
		names = append(names, org.GetName())
	}
	sort.Strings(names)
	step("orgs", check{"names", names, []string{"Sink Org", "Source Org"}})

	list, response, err := admin.connections().ListOrgConnections(admin)
	list = parsed("first list", list, response, err)
	step("first list", check{"connections", len(list.Data), 0})

	answer, response, err := admin.connections().CreateOrgConnections(admin, creation(sink, logs))
	created := parsed("create", answer, response, err).Data
	source := created.Relationships.SourceOrg.Data
	step("create",
		check{"types", created.Attributes.ConnectionTypes, []datadogV2.OrgConnectionTypeEnum{logs}},
		check{"source", source.GetName(), "Source Org"},
		check{"sink", created.Relationships.SinkOrg.Data.GetId(), sink},
		check{"creator", created.Relationships.CreatedBy.Data.GetName(), "Jane Doe"})

	answer, response, err = admin.connections().UpdateOrgConnections(admin, created.Id, update(created.Id, logs, metrics))
	updated := parsed("update", answer, response, err).Data
	step("update",
		check{"types", updated.Attributes.ConnectionTypes, []datadogV2.OrgConnectionTypeEnum{logs, metrics}},
		check{"creation", updated.Attributes.CreatedAt, created.Attributes.CreatedAt},
		check{"sink", updated.Relationships.SinkOrg.Data.GetName(), "Sink Org"})

	bySink := datadogV2.NewListOrgConnectionsOptionalParameters().WithSinkOrgId(sink).WithLimit(10).WithOffset(0)
	list, response, err = reader.connections().ListOrgConnections(reader, *bySink)
	list = parsed("list by sink", list, response, err)
	ids := []uuid.UUID{}
	for _, connection := range list.Data {
		ids = append(ids, connection.Id)
	}
	step("list by sink",
		check{"ids", ids, []uuid.UUID{created.Id}},
		check{"total", list.Meta.Page.GetTotalCount(), int64(1)},
		check{"filtered", list.Meta.Page.GetTotalFilteredCount(), int64(1)})

	bySource := datadogV2.NewListOrgConnectionsOptionalParameters().WithSourceOrgId(sink)
	list, response, err = reader.connections().ListOrgConnections(reader, *bySource)
	list = parsed("list by source", list, response, err)
	step("list by source",
		check{"connections", len(list.Data), 0},
		check{"total", list.Meta.Page.GetTotalCount(), int64(1)},
		check{"filtered", list.Meta.Page.GetTotalFilteredCount(), int64(0)})

	_, response, err = admin.connections().UpdateOrgConnections(admin, created.Id, update(created.Id, logs, logs))
	refused("400", 400, "Validation failed for input.", response, err)

	_, response, err = stranger.connections().ListOrgConnections(stranger)
	refused("401", 401, "Unauthorized", response, err)

	_, response, err = reader.connections().UpdateOrgConnections(reader, created.Id, update(created.Id, logs))
	refused("403 without the scope", 403, "Forbidden", response, err)

	_, response, err = sinkAdmin.connections().UpdateOrgConnections(sinkAdmin, created.Id, update(created.Id, logs))
	refused("403 from the sink", 403, "Forbidden", response, err)

	absent := uuid.New()
	_, response, err = admin.connections().UpdateOrgConnections(admin, absent, update(absent, logs))
	refused("404", 404, fmt.Sprintf("Org connection with id:%s not found not found", absent), response, err)

	_, response, err = admin.connections().CreateOrgConnections(admin, creation(sink, logs))
	refused("409", 409,
		fmt.Sprintf("connection between orgs %s and %s already exists", source.GetId(), sink), response, err)

	_, err = admin.connections().DeleteOrgConnections(admin, created.Id)
	must("delete", err)
	step("delete")

	response, err = admin.connections().DeleteOrgConnections(admin, created.Id)
	refused("delete again", 404, fmt.Sprintf("org connection with id:%s not found not found", created.Id), response, err)

	list, response, err = admin.connections().ListOrgConnections(admin)
	list = parsed("last list", list, response, err)
	step("last list", check{"connections", len(list.Data), 0})

	started, response, err, reset := exhausted(admin)
	limit := func(name string) string { return response.Header.Get("x-ratelimit-" + name) }
	step("429",
		check{"status", response.StatusCode, 429},
		check{"limit", limit("name"), "org_connections_read"},
		check{"remaining", limit("remaining"), "0"},
		check{"first error", firstErrorOf("429", err), fmt.Sprintf(
			"Rate limit of %s requests in %s seconds reached. Please try again later.", limit("limit"), limit("period"))})

	list, response, err = patient.connections().ListOrgConnections(patient)
	waited := time.Since(started)
	list = parsed("429 with retries", list, response, err)
	// The header is rounded up to whole seconds.
	shortest := time.Duration(reset-1) * time.Second
	step("429 with retries",
		check{"connections", len(list.Data), 0},
		check{fmt.Sprintf("waited for %s, more than %s", waited, shortest), waited > shortest, true})
	fmt.Println("go: every step went as expected")
}
