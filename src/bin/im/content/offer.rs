//! The offer of an uploaded file in a hyperlink message, checked: another client or a person wrote it.

use mosquitto_enterprise_push::protocol::Content;

use super::word;
use crate::wire::offer::OfferJson;

/// The longest URL that is taken.
const MAX_URL_BYTES: usize = 4096;
/// The longest name or type that is taken.
const MAX_TEXT_BYTES: usize = 1024;

/// A file that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) url: String,
    /// As the sender says; make it safe before it touches a disk or a terminal.
    pub(crate) name: String,
    pub(crate) size: Option<u64>,
    pub(crate) content_type: String,
    /// Lower-case hex.
    pub(crate) sha256: Option<String>,
    /// Unix seconds.
    pub(crate) expires_at: Option<i64>,
    pub(crate) content: Content,
}

impl Offer {
    /// The message's Data.
    pub(crate) fn encode(&self) -> String {
        let json = OfferJson {
            url: self.url.clone(),
            name: self.name.clone(),
            size: self.size,
            content_type: self.content_type.clone(),
            sha256: self.sha256.clone(),
            expires_at: self.expires_at,
            shown_as: word(self.content).to_owned(),
        };
        serde_json::to_string(&json).expect("strings and numbers always serialise")
    }

    /// The machine that the file would come from.
    pub(crate) fn host(&self) -> String {
        let url = reqwest::Url::parse(&self.url).ok();
        url.and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// Reads a hyperlink's Data: none when it is a link that a person typed.
pub(crate) fn read_offer(data: &str) -> Option<Result<Offer, String>> {
    if !data.starts_with('{') {
        return None;
    }
    let parsed = serde_json::from_str::<OfferJson>(data);
    Some(parsed.map_err(|e| e.to_string()).and_then(checked))
}

fn checked(json: OfferJson) -> Result<Offer, String> {
    if json.url.len() > MAX_URL_BYTES || !is_http(&json.url) {
        return Err("url is not http or https".to_owned());
    }
    for (what, text) in [("name", &json.name), ("content_type", &json.content_type)] {
        if text.len() > MAX_TEXT_BYTES {
            return Err(format!("{what} is over {MAX_TEXT_BYTES} bytes"));
        }
    }
    let sha256 = json.sha256.map(|hash| hash.to_ascii_lowercase());
    if sha256.as_deref().is_some_and(|hash| !is_sha256(hash)) {
        return Err("sha256 is not 64 hexadecimal digits".to_owned());
    }
    let content = match json.shown_as.as_str() {
        "image" => Content::Image,
        "audio" => Content::Audio,
        "video" => Content::Video,
        _ => Content::File,
    };
    Ok(Offer {
        url: json.url,
        name: json.name,
        size: json.size,
        content_type: json.content_type,
        sha256,
        expires_at: json.expires_at,
        content,
    })
}

fn is_http(url: &str) -> bool {
    let url = reqwest::Url::parse(url);
    url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn report() -> Offer {
        Offer {
            url: "https://push.example.com/api/v1/files/f1?to=bob&signature=s".to_owned(),
            name: "report.pdf".to_owned(),
            size: Some(20_000_000),
            content_type: "application/pdf".to_owned(),
            sha256: Some("ab".repeat(32)),
            expires_at: Some(1_900_000_000),
            content: Content::File,
        }
    }

    #[test]
    fn offer_is_one_line_with_the_agreed_members_and_reads_back() {
        let text = report().encode();
        assert!(!text.contains('\n'));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        let mut wanted = [
            "url",
            "name",
            "size",
            "content_type",
            "sha256",
            "expires_at",
            "as",
        ];
        wanted.sort_unstable();
        let mut names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, wanted);
        assert_eq!(json["as"], "file");
        assert_eq!(read_offer(&text), Some(Ok(report())));
    }

    #[test]
    fn typed_link_is_no_offer_and_a_bad_offer_is_told() {
        assert_eq!(read_offer("https://example.com/x"), None);
        for bad in [
            "{",
            "{}",
            r#"{"url":"file:///etc/passwd"}"#,
            r#"{"url":"ftp://example.com/x"}"#,
            r#"{"url":"https://example.com","size":-1}"#,
            r#"{"url":"https://example.com","sha256":"xyz"}"#,
        ] {
            assert!(matches!(read_offer(bad), Some(Err(_))), "{bad}");
        }
        let long = format!(
            r#"{{"url":"https://example.com","name":"{}"}}"#,
            "x".repeat(2000)
        );
        assert!(matches!(read_offer(&long), Some(Err(_))));
    }

    #[test]
    fn offer_of_another_client_may_say_little() {
        let offer = read_offer(r#"{"url":"https://example.com/x"}"#)
            .unwrap()
            .unwrap();
        assert_eq!((offer.size, offer.sha256.as_deref()), (None, None));
        assert_eq!(
            (offer.content, offer.host().as_str()),
            (Content::File, "example.com")
        );
    }
}
