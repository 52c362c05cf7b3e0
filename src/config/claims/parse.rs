//! From the options as typed to [`Claims`]; the forms stand in the table of the module above.

use std::time::Duration;

use super::{
    Claims, DeviceSource, Devices, ExpSource, KindSource, ListSource, Part, Pattern, Place,
    Pointer, Requirement, Source,
};
use crate::config::check::bad;
use crate::config::{ConfigError, Options};
use crate::protocol::contract::DeviceKind;
use crate::protocol::name;

const AS_CLAIMED: &str = "as-claimed";
const BY_DEVICE: &str = "by-device";
/// Longest life of a token whose end the answer does not name, in seconds.
const LONGEST_LIFE_S: u64 = 86_400;

impl Claims {
    /// The options, or those of the contract where none is given.
    pub fn of(options: &Options) -> Result<Claims, ConfigError> {
        let claims = Claims {
            eid: read(options, "claim_eid", "/eid", |t| source(t, Part::Eid))?,
            uid: read(options, "claim_uid", "/uid", uid)?,
            device: read(options, "claim_device", "/device", device)?,
            kind: read(options, "claim_kind", "/kind", kind)?,
            exp: read(options, "claim_exp", "/exp", exp)?,
            roles: read(options, "claim_roles", "/roles", |t| list(t, "{role}"))?,
            groups: read(options, "claim_groups", "/groups", |t| list(t, "{gid}"))?,
            partners: read(options, "claim_partners", "/partners", |t| {
                list(t, "{partner}")
            })?,
            channels: read(options, "claim_channels", "/channels", |t| {
                list(t, "{channel}")
            })?,
            require: match options.get("require_claims") {
                None => Vec::new(),
                Some(typed) => read(options, "require_claims", typed, requirements)?,
            },
        };
        claims.check_holes(options)?;
        Ok(claims)
    }

    /// What stands in a string beside the option's own part must be taken up, too, by the part's own option.
    fn check_holes(&self, options: &Options) -> Result<(), ConfigError> {
        let places = self.places();
        let dropped = places.iter().find_map(|(part, place)| {
            let mut holes = place.pattern.iter().flat_map(Pattern::holes);
            let hole = holes.find(|hole| !places.contains(&(*hole, *place)))?;
            Some((part.option(), hole))
        });
        let Some((option, hole)) = dropped else {
            return Ok(());
        };
        let typed = options.get(option).unwrap_or_default();
        let want = format!(
            "{{{}}} is dropped: give plugin_opt_{} the same value, or write what always stands there",
            hole.word(),
            hole.option()
        );
        Err(bad(option, typed, want))
    }

    /// The parts that come from strings in the answer.
    fn places(&self) -> Vec<(Part, &Place)> {
        let mut places = vec![(Part::Uid, &self.uid)];
        if let Source::Answer(place) = &self.eid {
            places.push((Part::Eid, place));
        }
        if let DeviceSource::Told(Source::Answer(place)) = &self.device {
            places.push((Part::Device, place));
        }
        if let KindSource::Answer(place) = &self.kind {
            places.push((Part::Kind, place));
        }
        places
    }
}

fn read<T>(
    options: &Options,
    name: &'static str,
    default: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, ConfigError> {
    let typed = options.get(name).unwrap_or(default);
    parse(typed).map_err(|want| bad(name, typed, want))
}

/// The words after a keyword, if the value begins with it.
fn words_after<'a>(typed: &'a str, keyword: &str) -> Option<impl Iterator<Item = &'a str>> {
    let mut words = typed.split_whitespace();
    (words.next() == Some(keyword)).then_some(words)
}

fn place(typed: &str, part: Part) -> Result<Place, String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let (pointer, pattern) = match *words.as_slice() {
        [pointer] => (pointer, None),
        [pointer, pattern] => (pointer, Some(Pattern::parse(pattern)?)),
        _ => return Err("want a JSON pointer, or one and a pattern without blanks".to_owned()),
    };
    let pointer = Pointer::parse(pointer)?;
    let lacks = |pattern: &Pattern| pattern.holes().all(|hole| hole != part);
    if pattern.as_ref().is_some_and(lacks) {
        return Err(format!("want {{{}}} in the pattern", part.word()));
    }
    Ok(Place { pointer, pattern })
}

fn source(typed: &str, part: Part) -> Result<Source, String> {
    let Some(fixed) = typed.strip_prefix('=') else {
        return place(typed, part).map(Source::Answer);
    };
    name::check(part.word(), fixed).map_err(|error| error.to_string())?;
    Ok(Source::Fixed(fixed.to_owned()))
}

fn uid(typed: &str) -> Result<Place, String> {
    if typed.starts_with('=') || typed.starts_with(AS_CLAIMED) {
        return Err("the user must come from the answer: want a JSON pointer".to_owned());
    }
    place(typed, Part::Uid)
}

fn device(typed: &str) -> Result<DeviceSource, String> {
    let Some(words) = words_after(typed, AS_CLAIMED) else {
        return source(typed, Part::Device).map(DeviceSource::Told);
    };
    let devices: Vec<Devices> = words.map(Devices::parse).collect::<Result<_, _>>()?;
    if devices.is_empty() {
        return Err("want the devices that there may be, such as `pc phone*`, or `*`".to_owned());
    }
    Ok(DeviceSource::Claimed(devices))
}

fn kind(typed: &str) -> Result<KindSource, String> {
    if let Some(words) = words_after(typed, BY_DEVICE) {
        let kinds: Vec<_> = words.map(kind_of_device).collect::<Result<_, _>>()?;
        if kinds.is_empty() {
            return Err("want kinds by device, such as `pc=pc *=phone`".to_owned());
        }
        return Ok(KindSource::ByDevice(kinds));
    }
    match typed.strip_prefix('=') {
        Some(fixed) => device_kind(fixed).map(KindSource::Fixed),
        None => place(typed, Part::Kind).map(KindSource::Answer),
    }
}

fn kind_of_device(word: &str) -> Result<(Devices, DeviceKind), String> {
    let (devices, kind) = word.split_once('=').ok_or("want `device=kind`")?;
    Ok((Devices::parse(devices)?, device_kind(kind)?))
}

fn device_kind(word: &str) -> Result<DeviceKind, String> {
    DeviceKind::parse(word).ok_or_else(|| "the kind is none of pc, phone, service".to_owned())
}

fn exp(typed: &str) -> Result<ExpSource, String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let (pointer, otherwise) = match *words.as_slice() {
        [pointer] => (pointer, None),
        [pointer, "or", seconds] => (pointer, Some(life(seconds)?)),
        _ => return Err("want a JSON pointer, or one with `or` and seconds".to_owned()),
    };
    let pointer = Pointer::parse(pointer)?;
    Ok(ExpSource { pointer, otherwise })
}

fn life(seconds: &str) -> Result<Duration, String> {
    let seconds = seconds.parse().ok();
    let fits = seconds.filter(|seconds| (1..=LONGEST_LIFE_S).contains(seconds));
    fits.map(Duration::from_secs)
        .ok_or_else(|| format!("want 1 to {LONGEST_LIFE_S} seconds"))
}

fn list(typed: &str, hole: &str) -> Result<ListSource, String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let (pointer, pattern) = match *words.as_slice() {
        ["none"] => return Ok(ListSource::None),
        [pointer] => (pointer, hole),
        [pointer, pattern] => (pointer, pattern),
        _ => return Err("want a JSON pointer, or one and a pattern without blanks".to_owned()),
    };
    let pointer = Pointer::parse(pointer)?;
    let prefix = pattern.strip_suffix(hole);
    let prefix = prefix.filter(|prefix| !prefix.contains(['{', '}']));
    let prefix = prefix.ok_or_else(|| {
        format!("want a pattern of what the elements begin with and {hole}, in this order")
    })?;
    let prefix = prefix.to_owned();
    Ok(ListSource::Answer { pointer, prefix })
}

fn requirements(typed: &str) -> Result<Vec<Requirement>, String> {
    let all = typed.split_whitespace().map(requirement);
    let all: Vec<_> = all.collect::<Result<_, _>>()?;
    match all.is_empty() {
        true => Err(WANT_REQUIREMENTS.to_owned()),
        false => Ok(all),
    }
}

const WANT_REQUIREMENTS: &str = "want one or more of `/pointer=value`";

fn requirement(word: &str) -> Result<Requirement, String> {
    let (pointer, value) = word.split_once('=').ok_or(WANT_REQUIREMENTS)?;
    if value.is_empty() {
        return Err(WANT_REQUIREMENTS.to_owned());
    }
    Ok(Requirement {
        pointer: Pointer::parse(pointer)?,
        value: value.to_owned(),
    })
}
