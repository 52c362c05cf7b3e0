//! Conditional requests (RFC 9110 section 13): whether the client has it already.

use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;

/// Whether `If-None-Match` names the tag, compared weakly as section 13.1.2 says.
pub(super) fn client_has(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(',').map(str::trim));
    tags.any(|tag| tag == "*" || opaque(tag) == opaque(etag))
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_lists_weak_or_strong() {
        let has = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(IF_NONE_MATCH, line.parse().unwrap());
            }
            client_has(&headers, "W/\"7\"")
        };
        for lines in [
            &["\"7\""][..],
            &["W/\"7\""],
            &["\"6\", W/\"7\""],
            &["\"6\"", "\"7\""],
            &["*"],
        ] {
            assert!(has(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &[""],
            &["7"],
            &["\"77\""],
            &["\"7"],
            &["\"6\",\"8\""],
        ] {
            assert!(!has(lines), "{lines:?}");
        }
    }
}
