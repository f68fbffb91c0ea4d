//! What the official clients ask for besides stores.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::header::HOST;
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::Asked;
use super::problem::{Problem, ProblemDocument, json};

/// Where users would log in, if they could.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenIdConfiguration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

/// What the `fastly` CLI asks for before every command, whether or not it is to log in. Nobody can log in here: the token
/// is shown, and that is all.
#[utoipa::path(
    get,
    path = "/realms/fastly/.well-known/openid-configuration",
    operation_id = "openid_configuration",
    tag = "compatibility",
    security(()),
    responses((status = 200, description = "The document.", content_type = "application/json", body = OpenIdConfiguration)),
)]
pub(crate) async fn openid_configuration(request: Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let issuer = format!("http://{host}/realms/fastly");
    let endpoint = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
    let document = OpenIdConfiguration {
        authorization_endpoint: endpoint("auth"),
        token_endpoint: endpoint("token"),
        jwks_uri: endpoint("certs"),
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        issuer,
    };
    json(StatusCode::OK, &document)
}

/// A product of the platform that is enabled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnabledProduct {
    product: Product,
}

/// A product of the platform.
#[derive(Debug, Serialize, ToSchema)]
struct Product {
    id: &'static str,
    object: &'static str,
}

fn enabled() -> Response {
    let product = Product { id: "kv_store", object: "product" };
    json(StatusCode::OK, &EnabledProduct { product })
}

/// Whether there are KV stores: there are.
#[utoipa::path(
    get,
    path = "/enabled-products/v1/kv_store",
    tag = "compatibility",
    responses((status = 200, description = "There are.", content_type = "application/json", body = EnabledProduct)),
)]
pub(crate) async fn get_product(_: Asked) -> Response {
    enabled()
}

/// Asks for KV stores, which there are.
#[utoipa::path(
    put,
    path = "/enabled-products/v1/kv_store",
    tag = "compatibility",
    responses((status = 200, description = "There are.", content_type = "application/json", body = EnabledProduct)),
)]
pub(crate) async fn put_product(_: Asked) -> Response {
    enabled()
}

/// Asks for an end of KV stores, which is refused: this server has nothing else.
#[utoipa::path(
    delete,
    path = "/enabled-products/v1/kv_store",
    tag = "compatibility",
    responses((status = 409, description = "It is refused.", content_type = "application/problem+json", body = ProblemDocument)),
)]
pub(crate) async fn delete_product() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "KV stores cannot be switched off here; stop the server, or delete its stores",
    )
}
