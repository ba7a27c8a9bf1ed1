//! Which call is answered by which function.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use orgbridge_domain::Permission;
use orgbridge_domain::right::{OrgAppKeysRead, OrgAppKeysWrite, UserAppKeys};

use crate::api::Api;
use crate::error::ApiError;
use crate::exchange::{self, Meter};
use crate::openapi::{Endpoint, Outline, Prose};
use crate::routes::{
    api_keys, application_keys, audit, authorize, current_user, documents, evaluations, oauth, oauth_clients,
    org_connections, orgs, restriction_policies, roles, service_account_keys, service_accounts, users,
    validate,
};
use crate::{ApiOptions, Dialect, LimitName};

/// One call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method. `HEAD` is answered wherever `GET` is.
    pub method: Method,
    /// The path, with the names of its variable segments in braces. One slash behind it is taken, too.
    pub path: &'static str,
    /// The rate limit that a call is charged to.
    pub limit: LimitName,
    /// Whom it is open to.
    pub access: Access,
    /// The form of its errors.
    pub dialect: Dialect,
}

/// Where users decide about a client.
pub(crate) const AUTHORIZE: &str = "/oauth2/v1/authorize";

/// Where users log in before they do.
pub(crate) const LOGIN: &str = "/oauth2/v1/login";

/// Where those are sent on who log in at an issuer outside.
pub(crate) const LOGIN_ELSEWHERE: &str = "/oauth2/v1/login/elsewhere";

/// Where they come back from there.
pub(crate) const CALLBACK: &str = "/oauth2/v1/callback";

/// Where clients come by tokens.
pub(crate) const TOKEN: &str = "/oauth2/v1/token";

/// Where clients give them back.
pub(crate) const REVOKE: &str = "/oauth2/v1/revoke";

/// Where clients are registered.
pub(crate) const REGISTER: &str = "/api/v2/oauth2/register";

/// Where one question is decided.
pub(crate) const EVALUATION: &str = "/access/v1/evaluation";

/// Where many are.
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";

/// Whom a call is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody, whatever they show.
    Anyone,
    /// Whoever has a live API key.
    ApiKey,
    /// Any user with live credentials.
    Credentials,
    /// Users who hold a permission, by credentials whose scopes include it.
    Permission(Permission),
    /// Users who hold any of some permissions, likewise.
    AnyOf(&'static [Permission]),
}

/// A call, what is said of it, and how it gets into a router.
pub(crate) struct Route {
    pub(crate) info: RouteInfo,
    pub(crate) prose: &'static Prose,
    pub(crate) outline: fn(&mut Outline<'_>),
    mount: fn(Router, &Api, &'static RouteInfo) -> Router,
}

macro_rules! route {
    ($method:ident $path:expr => $handler:path, $prose:path, $limit:ident) => {
        route!($method $path => $handler, $prose, $limit, Api)
    };
    ($method:ident $path:expr => $handler:path, $prose:path, $limit:ident, $dialect:ident) => {
        Route {
            info: RouteInfo {
                method: Method::$method,
                path: $path,
                limit: LimitName::$limit,
                access: access_of(&$handler),
                dialect: Dialect::$dialect,
            },
            prose: &$prose,
            outline: outline_of(&$handler),
            mount: |router, api, info| mount(router, api, info, MethodFilter::$method, $handler),
        }
    };
}

#[rustfmt::skip]
pub(crate) static ROUTES: [Route; 71] = [
    route!(GET    "/api/v2/org_connections"                 => org_connections::list,   org_connections::LIST,   OrgConnectionsRead),
    route!(POST   "/api/v2/org_connections"                 => org_connections::create, org_connections::CREATE, OrgConnectionsWrite),
    route!(GET    "/api/v2/org_connections/{connection_id}" => org_connections::read,   org_connections::READ,   OrgConnectionsRead),
    route!(PATCH  "/api/v2/org_connections/{connection_id}" => org_connections::update, org_connections::UPDATE, OrgConnectionsWrite),
    route!(DELETE "/api/v2/org_connections/{connection_id}" => org_connections::delete, org_connections::DELETE, OrgConnectionsWrite),
    route!(GET    "/api/v2/restriction_policy/{resource_id}" => restriction_policies::read,   restriction_policies::READ,   RestrictionPoliciesRead),
    route!(POST   "/api/v2/restriction_policy/{resource_id}" => restriction_policies::update, restriction_policies::UPDATE, RestrictionPoliciesWrite),
    route!(DELETE "/api/v2/restriction_policy/{resource_id}" => restriction_policies::delete, restriction_policies::DELETE, RestrictionPoliciesWrite),
    route!(GET    "/api/v1/validate"                        => validate::api_key,       validate::API_KEY,       Validate),
    route!(GET    "/api/v2/validate_keys"                   => validate::both_keys,     validate::BOTH_KEYS,     Validate),
    route!(GET    "/api/v2/current_user"                    => current_user::read,      current_user::READ,      CurrentUser),
    route!(GET    "/api/v1/org"                             => orgs::list_v1,           orgs::LIST_V1,           OrgsRead),
    route!(POST   "/api/v1/org"                             => orgs::create,            orgs::CREATE,            OrgsWrite),
    route!(GET    "/api/v2/org"                             => orgs::list_v2,           orgs::LIST_V2,           OrgsRead),
    route!(GET    "/api/v1/org/{public_id}"                 => orgs::read,              orgs::READ,              OrgsRead),
    route!(PUT    "/api/v1/org/{public_id}"                 => orgs::rename,            orgs::RENAME,            OrgsWrite),
    route!(GET    "/api/v2/api_keys"                        => api_keys::list,          api_keys::LIST,          KeysRead),
    route!(POST   "/api/v2/api_keys"                        => api_keys::create,        api_keys::CREATE,        KeysWrite),
    route!(GET    "/api/v2/api_keys/{api_key_id}"           => api_keys::read,          api_keys::READ,          KeysRead),
    route!(PATCH  "/api/v2/api_keys/{api_key_id}"           => api_keys::rename,        api_keys::RENAME,        KeysWrite),
    route!(DELETE "/api/v2/api_keys/{api_key_id}"           => api_keys::delete,        api_keys::DELETE,        KeysWrite),
    route!(GET    "/api/v2/application_keys"                => application_keys::list::<OrgAppKeysRead>,    application_keys::LIST,   KeysRead),
    route!(GET    "/api/v2/application_keys/{app_key_id}"   => application_keys::read::<OrgAppKeysRead>,    application_keys::READ,   KeysRead),
    route!(PATCH  "/api/v2/application_keys/{app_key_id}"   => application_keys::edit::<OrgAppKeysWrite>,   application_keys::EDIT,   KeysWrite),
    route!(DELETE "/api/v2/application_keys/{app_key_id}"   => application_keys::delete::<OrgAppKeysWrite>, application_keys::DELETE, KeysWrite),
    route!(GET    "/api/v2/current_user/application_keys"              => application_keys::list::<UserAppKeys>,   application_keys::LIST_OWN,   KeysRead),
    route!(POST   "/api/v2/current_user/application_keys"              => application_keys::create_own,            application_keys::CREATE_OWN, KeysWrite),
    route!(GET    "/api/v2/current_user/application_keys/{app_key_id}" => application_keys::read::<UserAppKeys>,   application_keys::READ_OWN,   KeysRead),
    route!(PATCH  "/api/v2/current_user/application_keys/{app_key_id}" => application_keys::edit::<UserAppKeys>,   application_keys::EDIT_OWN,   KeysWrite),
    route!(DELETE "/api/v2/current_user/application_keys/{app_key_id}" => application_keys::delete::<UserAppKeys>, application_keys::DELETE_OWN, KeysWrite),
    route!(GET    "/api/v2/openapi.json"                    => documents::description,  documents::DESCRIPTION,  Documents),
    route!(GET    "/docs"                                   => documents::page,         documents::PAGE,         Documents),
    route!(GET    "/api/v2/permissions"                     => roles::permissions,      roles::PERMISSIONS,      UsersRead),
    route!(GET    "/api/v2/roles"                           => roles::list,             roles::LIST,             UsersRead),
    route!(POST   "/api/v2/roles"                           => roles::create,           roles::CREATE,           UsersWrite),
    route!(GET    "/api/v2/roles/{role_id}"                 => roles::read,             roles::READ,             UsersRead),
    route!(PATCH  "/api/v2/roles/{role_id}"                 => roles::update,           roles::UPDATE,           UsersWrite),
    route!(DELETE "/api/v2/roles/{role_id}"                 => roles::delete,           roles::DELETE,           UsersWrite),
    route!(GET    "/api/v2/roles/{role_id}/permissions"     => roles::list_permissions, roles::LIST_PERMISSIONS, UsersRead),
    route!(POST   "/api/v2/roles/{role_id}/permissions"     => roles::add_permission,   roles::ADD_PERMISSION,   UsersWrite),
    route!(DELETE "/api/v2/roles/{role_id}/permissions"     => roles::remove_permission, roles::REMOVE_PERMISSION, UsersWrite),
    route!(GET    "/api/v2/roles/{role_id}/users"           => roles::list_users,       roles::LIST_USERS,       UsersRead),
    route!(POST   "/api/v2/roles/{role_id}/users"           => roles::add_user,         roles::ADD_USER,         UsersWrite),
    route!(DELETE "/api/v2/roles/{role_id}/users"           => roles::remove_user,      roles::REMOVE_USER,      UsersWrite),
    route!(GET    "/api/v2/users"                           => users::list,             users::LIST,             UsersRead),
    route!(POST   "/api/v2/users"                           => users::create,           users::CREATE,           UsersWrite),
    route!(GET    "/api/v2/users/{user_id}"                 => users::read,             users::READ,             UsersRead),
    route!(PATCH  "/api/v2/users/{user_id}"                 => users::update,           users::UPDATE,           UsersWrite),
    route!(DELETE "/api/v2/users/{user_id}"                 => users::disable,          users::DISABLE,          UsersWrite),
    route!(GET    "/api/v2/users/{user_id}/permissions"     => users::permissions,      users::PERMISSIONS,      UsersRead),
    route!(GET    "/api/v2/users/{user_id}/orgs"            => users::orgs,             users::ORGS,             UsersRead),
    route!(GET    "/api/v2/audit/events"                    => audit::list,             audit::LIST,             AuditRead),
    route!(POST   "/api/v2/audit/events/search"             => audit::search,           audit::SEARCH,           AuditRead),
    route!(POST   "/api/v2/service_accounts"                => service_accounts::create, service_accounts::CREATE, UsersWrite),
    route!(GET    "/api/v2/service_accounts/{service_account_id}/application_keys"              => service_account_keys::list,   service_account_keys::LIST,   KeysRead),
    route!(POST   "/api/v2/service_accounts/{service_account_id}/application_keys"              => service_account_keys::create, service_account_keys::CREATE, KeysWrite),
    route!(GET    "/api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}" => service_account_keys::read,   service_account_keys::READ,   KeysRead),
    route!(PATCH  "/api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}" => service_account_keys::edit,   service_account_keys::EDIT,   KeysWrite),
    route!(DELETE "/api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}" => service_account_keys::delete, service_account_keys::DELETE, KeysWrite),
    route!(POST   REGISTER                                  => oauth_clients::register, oauth_clients::REGISTER, OauthClientsWrite, Registration),
    route!(GET    AUTHORIZE                                 => authorize::page,         authorize::PAGE,         OauthAuthorize, Page),
    route!(POST   AUTHORIZE                                 => authorize::decide,       authorize::DECIDE,       OauthAuthorize, Page),
    route!(POST   LOGIN                                     => authorize::log_in,       authorize::LOG_IN,       OauthAuthorize, Page),
    route!(POST   LOGIN_ELSEWHERE                           => authorize::log_in_elsewhere, authorize::LOG_IN_ELSEWHERE, OauthAuthorize, Page),
    route!(GET    CALLBACK                                  => authorize::come_back,    authorize::COME_BACK,    OauthAuthorize, Page),
    route!(POST   TOKEN                                     => oauth::create_token,     oauth::TOKEN,            OauthToken, Oauth),
    route!(POST   REVOKE                                    => oauth::revoke_token,     oauth::REVOKE,           OauthToken, Oauth),
    route!(GET    "/.well-known/oauth-authorization-server" => oauth::metadata,         oauth::METADATA,         Documents, Oauth),
    route!(POST   EVALUATION                                => evaluations::one,        evaluations::ONE,        Evaluations),
    route!(POST   EVALUATIONS                               => evaluations::many,       evaluations::MANY,       Evaluations),
    route!(GET    "/.well-known/authzen-configuration"      => evaluations::metadata,   evaluations::METADATA,   Documents),
];

/// Every call of the API. The router and the description are made from the same table, so there is no other.
pub fn routes() -> impl ExactSizeIterator<Item = &'static RouteInfo> {
    ROUTES.iter().map(|route| &route.info)
}

/// The API as a router without state of its own.
///
/// Whoever serves it may put a [`ClientAddress`](crate::ClientAddress) into each request.
pub fn router(options: ApiOptions) -> Router {
    of(&Api::from(options))
}

/// The router that calls `api`.
pub(crate) fn of(api: &Api) -> Router {
    let turn_away = |error: fn(&Request) -> ApiError| {
        let (api, meter) = (api.clone(), Meter::new(api, "none"));
        async move |request: Request| {
            let error = error(&request);
            let answer = exchange::turn_away(&api, meter, &request, error);
            drop(request);
            answer.await
        }
    };
    ROUTES
        .iter()
        .fold(Router::new(), |router, route| (route.mount)(router, api, &route.info))
        .fallback(turn_away(|_| ApiError::NoSuchPath))
        .method_not_allowed_fallback(turn_away(|request| {
            if is_nowhere(request) {
                ApiError::NoSuchPath
            } else {
                ApiError::NoSuchMethod(methods_of(request))
            }
        }))
}

/// Whether a path has an empty part. The router takes one for a parameter; nothing has an empty id.
pub(crate) fn is_nowhere(request: &Request) -> bool {
    request.uri().path().contains("//")
}

/// The methods that the path of a request takes, to be read in a sentence.
fn methods_of(request: &Request) -> String {
    let path = request.extensions().get().map_or("", MatchedPath::as_str);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut methods = Vec::new();
    for route in routes().filter(|route| route.path == path) {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push(Method::HEAD.as_str());
        }
    }
    methods.join(", ")
}

/// Whom a handler admits, as its first argument says.
const fn access_of<H, T>(_: &H) -> Access
where
    H: Handler<T, Api> + Endpoint<T>,
{
    H::ACCESS
}

/// What a handler's arguments and answer say of it.
const fn outline_of<H, T>(_: &H) -> fn(&mut Outline<'_>)
where
    H: Handler<T, Api> + Endpoint<T>,
{
    H::outline
}

fn mount<H, T>(
    router: Router,
    api: &Api,
    route: &'static RouteInfo,
    method: MethodFilter,
    handler: H,
) -> Router
where
    H: Handler<T, Api> + Endpoint<T>,
    T: 'static,
{
    let (api, meter) = (api.clone(), Meter::new(api, route.path));
    let endpoint = on(method, move |request: Request| exchange::answer(api, route, meter, request, handler));
    router.route(route.path, endpoint.clone()).route(&format!("{}/", route.path), endpoint)
}
