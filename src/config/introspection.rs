//! How a token is asked about: where, with what, and how the answer is read.

use super::check::bad;
use super::{Claims, ConfigError, Options};

/// Where our own contract has it.
const DEFAULT_PATH: &str = "/oauth2/introspect";

/// The options of the token check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// `introspection_path`: below `static_url`, with a leading `/`.
    pub path: String,
    /// `introspection_sends`
    pub sends: Sends,
    /// `claim_...` and `require_claims`
    pub claims: Claims,
}

/// What a question holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sends {
    /// `all`: beside the token a hint at its type, and who shows it, from where, to which broker.
    All,
    /// `token`: nothing else. OAuth servers take `client_id` for our own name, and refuse hints that they do not know.
    Token,
}

impl Introspection {
    pub(super) fn of(options: &Options) -> Result<Introspection, ConfigError> {
        Ok(Introspection {
            path: path(options)?,
            sends: sends(options)?,
            claims: Claims::of(options)?,
        })
    }
}

/// Taken only if it stands in a URL as it was typed, and adds nothing but a path.
fn path(options: &Options) -> Result<String, ConfigError> {
    let name = "introspection_path";
    let typed = options.get(name).unwrap_or(DEFAULT_PATH);
    let url = reqwest::Url::parse(&format!("http://host{typed}")).ok();
    let as_typed = url.is_some_and(|url| url.path() == typed && url.as_str().ends_with(typed));
    if !typed.starts_with('/') || !as_typed {
        let want = "want a path that begins with `/`, without query and fragment";
        return Err(bad(name, typed, want));
    }
    Ok(typed.to_owned())
}

fn sends(options: &Options) -> Result<Sends, ConfigError> {
    let name = "introspection_sends";
    match options.get(name) {
        None | Some("all") => Ok(Sends::All),
        Some("token") => Ok(Sends::Token),
        Some(typed) => Err(bad(name, typed, "want `all` or `token`")),
    }
}
