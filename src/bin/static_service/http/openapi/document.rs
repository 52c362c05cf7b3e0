//! Completes the generated document by the rules that hold for every handler.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, License, OpenApi};

use super::names::{ChannelName, Name, QualifiedName};
use crate::http::problem::Document;

/// Where problem documents are described.
const PROBLEM: &str = "#/components/schemas/Problem";
const SESSION: &str = "The session token of a login";
const BROKER: &str =
    "A credential of `admin broker add`; with `--tls-client-ca` a client certificate, too";

/// Adds what the annotations leave out.
pub(super) fn complete(mut generated: OpenApi) -> Value {
    generated.info = info();
    let components = generated.components.get_or_insert_default();
    components.add_security_scheme("session", scheme(HttpAuthScheme::Bearer, SESSION));
    components.add_security_scheme("broker", scheme(HttpAuthScheme::Basic, BROKER));
    let problem = Document::schema();
    components.schemas.insert("Problem".to_owned(), problem);
    let mut document = serde_json::to_value(generated).expect("a document always serialises");
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            complete_path(path, item);
        }
    }
    document
}

fn info() -> Info {
    let licence = License::builder()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"));
    Info::builder()
        .title("mosquitto-enterprise-push: the reference static service")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Accounts, login tokens, administration, and what brokers ask. Errors are problem documents (RFC 9457).",
        ))
        .license(Some(licence.build()))
        .build()
}

fn scheme(scheme: HttpAuthScheme, words: &str) -> SecurityScheme {
    let http = HttpBuilder::new().scheme(scheme).description(Some(words));
    SecurityScheme::Http(http.build())
}

fn complete_path(path: &str, item: &mut Map<String, Value>) {
    let named: Vec<_> = names_in(path).map(path_parameter).collect();
    for (method, operation) in item.iter_mut() {
        let Some(operation) = operation.as_object_mut() else {
            continue;
        };
        operation.insert("operationId".into(), operation_id(method, path).into());
        operation.insert("tags".into(), json!([tag(path)]));
        add_problems(operation, !named.is_empty());
    }
    if !named.is_empty() {
        item.insert("parameters".into(), named.into());
    }
}

/// The names within braces of a path.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    let segments = path.split('/');
    segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "channel" => ChannelName::schema(),
        "partner" => QualifiedName::schema(),
        _ => Name::schema(),
    };
    let example = match name {
        "eid" => "acme",
        "uid" => "alice",
        "gid" => "dev",
        "did" => "lab",
        "role" => "admin",
        "channel" => "news",
        "partner" => "carol@beta",
        _ => "phone",
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example })
}

/// Such as `put_admin_enterprises_eid_groups_gid`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !matches!(*word, "" | "api" | "v1"));
    words.fold(method.to_owned(), |id, word| id + "_" + word)
}

fn tag(path: &str) -> &'static str {
    let begins = |prefix: &str| path.starts_with(prefix);
    match () {
        () if begins("/api/v1/admin/") => "administrators",
        () if begins("/api/") => "clients",
        () if begins("/oauth2/") || begins("/control/") => "brokers",
        () => "operation",
    }
}

/// The refusals that follow from what an operation takes, and the shape of all refusals.
fn add_problems(operation: &mut Map<String, Value>, named: bool) {
    let has = |part: &str| operation.contains_key(part);
    let (secured, asks) = (has("security"), named || has("parameters"));
    let (body, query) = (has("requestBody"), asks);
    let mut refusals = Vec::new();
    if body || query {
        refusals.push(("400", "malformed body, name or query"));
    }
    if secured {
        refusals.push(("401", "no or wrong credentials"));
        refusals.push(("403", "not allowed, or a client certificate is missing"));
        refusals.push(("503", "storage is not available"));
    }
    if body || secured {
        refusals.push(("413", "the body is too large"));
    }
    if body {
        refusals.push(("415", "the content type is not what is wanted"));
    }
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (status, words) in refusals {
        let refusal = || json!({ "description": words });
        responses.entry(status).or_insert_with(refusal);
    }
    for (status, response) in responses {
        let refusal = response
            .as_object_mut()
            .filter(|_| status.as_str() >= "400");
        if let Some(refusal) = refusal {
            let content = json!({ "application/problem+json": { "schema": { "$ref": PROBLEM } } });
            refusal.insert("content".into(), content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_after_method_and_path() {
        let id = operation_id("put", "/api/v1/admin/enterprises/{eid}/groups/{gid}");
        assert_eq!(id, "put_admin_enterprises_eid_groups_gid");
        assert_eq!(operation_id("get", "/openapi.json"), "get_openapi_json");
    }
}
