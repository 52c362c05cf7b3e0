//! From the answer to an introspection to a grant, by the claims that the options name.
//!
//! A wire module. Errors name the pointer that leads to what is wrong, and never show what stands there.

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::{check_channel, check_partner, named};
use crate::config::{
    Claims, DeviceSource, ExpSource, KindSource, ListSource, Part, Pattern, Place, Pointer,
    Requirement, Source,
};
use crate::protocol::contract::{DeviceKind, Entitlements, Grant, Verdict};
use crate::protocol::{SessionName, UserName, name};

/// A string of words, and not a single one (RFC 7662, section 2.2).
const SCOPE: &str = "/scope";

/// What is known of the login that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The client id, as the client sent it.
    pub client_id: &'a str,
    /// When the question was asked, Unix seconds.
    pub now_s: u64,
}

#[derive(Deserialize)]
struct IntrospectionWire {
    active: bool,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// Why an answer gives no grant.
enum Trouble {
    /// It is not what it should be.
    Nonsense(String),
    /// It is, but this login may not be made of it.
    Unfit(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Trouble {
        Trouble::Nonsense(what)
    }
}

/// Reads the answer to an introspection.
pub fn read_introspection(
    body: &[u8],
    claims: &Claims,
    asked: &Asked<'_>,
) -> Result<Verdict, String> {
    let answer: IntrospectionWire = serde_json::from_slice(body).map_err(|e| malformed(&e))?;
    if !answer.active {
        return Ok(Verdict::Inactive);
    }
    match read_grant(&Value::Object(answer.rest), claims, asked) {
        Ok(grant) => Ok(Verdict::Active(grant)),
        Err(Trouble::Unfit(why)) => Ok(Verdict::Unfit(why)),
        Err(Trouble::Nonsense(what)) => Err(what),
    }
}

fn malformed(error: &serde_json::Error) -> String {
    match error.classify() {
        // These words of the library's show what they found.
        Category::Data => "want an object with one member `active`, a boolean".to_owned(),
        Category::Io | Category::Syntax | Category::Eof => error.to_string(),
    }
}

fn read_grant(answer: &Value, claims: &Claims, asked: &Asked<'_>) -> Result<Grant, Trouble> {
    if let Some(unmet) = claims.require.iter().find(|r| !is_met(answer, r)) {
        let Requirement { pointer, value } = unmet;
        return Err(Trouble::Unfit(format!("`{pointer}` is not `{value}`")));
    }
    let eid = source(answer, &claims.eid, Part::Eid)?;
    let uid = name_at(answer, &claims.uid, Part::Uid)?;
    let device = device(answer, &claims.device, UserName { uid, eid }, asked)?;
    Ok(Grant {
        eid: eid.to_owned(),
        uid: uid.to_owned(),
        device: device.to_owned(),
        kind: kind(answer, &claims.kind, device)?,
        exp_s: exp_s(answer, &claims.exp, asked.now_s)?,
        entitlements: Some(Entitlements {
            roles: list(answer, &claims.roles, |role| named("role", role))?,
            groups: list(answer, &claims.groups, |gid| named("group", gid))?,
            partners: list(answer, &claims.partners, check_partner)?,
            channels: list(answer, &claims.channels, check_channel)?,
        }),
    })
}

fn is_met(answer: &Value, Requirement { pointer, value }: &Requirement) -> bool {
    let is_it = |found: &Value| match found {
        Value::String(text) => text == value,
        Value::Bool(yes) => yes.to_string() == *value,
        Value::Number(number) => number.to_string() == *value,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    match find(answer, pointer) {
        Some(Value::String(words)) if pointer.as_str() == SCOPE => {
            words.split(' ').any(|word| word == value)
        }
        Some(Value::Array(all)) => all.iter().any(is_it),
        Some(one) => is_it(one),
        None => false,
    }
}

/// What a pointer leads to; `null` counts as nothing.
fn find<'a>(answer: &'a Value, pointer: &Pointer) -> Option<&'a Value> {
    let found = answer.pointer(pointer.as_str());
    found.filter(|value| !value.is_null())
}

fn missing(pointer: &Pointer) -> String {
    format!("`{pointer}` is missing")
}

fn wrong(pointer: &Pointer, found: &Value, want: &str) -> String {
    let is = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("`{pointer}` is {is}, want {want}")
}

/// The string at a place, or the part of it that the pattern shows.
fn text_at<'a>(answer: &'a Value, place: &Place, part: Part) -> Result<&'a str, String> {
    let Place { pointer, pattern } = place;
    let found = find(answer, pointer).ok_or_else(|| missing(pointer))?;
    let text = found.as_str();
    let text = text.ok_or_else(|| wrong(pointer, found, "a string"))?;
    let shown = |pattern: &Pattern| {
        let shown = pattern.find(part, text);
        shown.ok_or_else(|| format!("`{pointer}` does not look like `{pattern}`"))
    };
    pattern.as_ref().map_or(Ok(text), shown)
}

fn name_at<'a>(answer: &'a Value, place: &Place, part: Part) -> Result<&'a str, String> {
    let text = text_at(answer, place, part)?;
    let checked = name::check(part.word(), text);
    checked.map_err(|error| format!("`{}`: {error}", place.pointer))?;
    Ok(text)
}

fn source<'a>(answer: &'a Value, source: &'a Source, part: Part) -> Result<&'a str, String> {
    match source {
        Source::Fixed(name) => Ok(name),
        Source::Answer(place) => name_at(answer, place, part),
    }
}

/// The client is believed about the device of its own user alone.
fn device<'a>(
    answer: &'a Value,
    device: &'a DeviceSource,
    user: UserName<'_>,
    asked: &Asked<'a>,
) -> Result<&'a str, Trouble> {
    let devices = match device {
        DeviceSource::Told(told) => return Ok(source(answer, told, Part::Device)?),
        DeviceSource::Claimed(devices) => devices,
    };
    let unfit = |why: &str| Trouble::Unfit(why.to_owned());
    let claimed = SessionName::parse(asked.client_id);
    let claimed = claimed.map_err(|_| unfit("the client id is malformed"))?;
    if claimed.user != user {
        return Err(unfit("the client id is another user's"));
    }
    if !devices.iter().any(|known| known.include(claimed.device)) {
        return Err(unfit("the device is none of those in claim_device"));
    }
    Ok(claimed.device)
}

fn kind(answer: &Value, kind: &KindSource, device: &str) -> Result<DeviceKind, Trouble> {
    match kind {
        KindSource::Fixed(kind) => Ok(*kind),
        KindSource::Answer(place) => {
            let found = DeviceKind::parse(text_at(answer, place, Part::Kind)?);
            let wrong = || format!("`{}` is none of pc, phone, service", place.pointer);
            Ok(found.ok_or_else(wrong)?)
        }
        KindSource::ByDevice(kinds) => {
            let known = kinds.iter().find(|(devices, _)| devices.include(device));
            let why = "the device is none of those in claim_kind";
            let (_, kind) = known.ok_or_else(|| Trouble::Unfit(why.to_owned()))?;
            Ok(*kind)
        }
    }
}

fn exp_s(answer: &Value, exp: &ExpSource, now_s: u64) -> Result<u64, String> {
    let ExpSource { pointer, otherwise } = exp;
    let Some(found) = find(answer, pointer) else {
        let life = otherwise.ok_or_else(|| missing(pointer))?;
        return Ok(now_s.saturating_add(life.as_secs()));
    };
    let exp_s = found.as_u64();
    exp_s.ok_or_else(|| wrong(pointer, found, "whole seconds since 1970"))
}

/// The elements that begin with the prefix, without it.
fn list(
    answer: &Value,
    list: &ListSource,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let ListSource::Answer { pointer, prefix } = list else {
        return Ok(Vec::new());
    };
    let Some(found) = find(answer, pointer) else {
        return Ok(Vec::new());
    };
    let want = "an array of strings";
    let elements = found
        .as_array()
        .ok_or_else(|| wrong(pointer, found, want))?;
    let mut kept = Vec::new();
    for element in elements {
        let text = element.as_str();
        let text = text.ok_or_else(|| format!("`{pointer}` holds something else, want {want}"))?;
        if let Some(text) = text.strip_prefix(prefix.as_str()) {
            check(text).map_err(|why| format!("`{pointer}`: {why}"))?;
            kept.push(text.to_owned());
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
