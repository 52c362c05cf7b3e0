//! Schemas of the names of the protocol, for fields and path parameters that hold one.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Declares a type that stands for a pattern in the document.
macro_rules! pattern {
    ($type:ident, $pattern:expr, $example:literal, $words:literal) => {
        #[doc = $words]
        pub(crate) struct $type;

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                text($pattern, $example, $words).into()
            }
        }

        impl ToSchema for $type {}
    };
}

pattern!(
    Name,
    "^[A-Za-z0-9._-]{1,64}$",
    "alice",
    "A name of the protocol: an enterprise, a user, a group, a device"
);
pattern!(
    QualifiedName,
    "^[A-Za-z0-9._-]{1,64}@[A-Za-z0-9._-]{1,64}$",
    "alice@acme",
    "A name and its enterprise"
);
pattern!(
    ChannelName,
    "^[A-Za-z0-9._-]{1,64}(/[A-Za-z0-9._-]{1,64}){0,2}$",
    "news",
    "A notice channel; its `/` is written `%2F` in a path. At most 200 bytes, of any number of levels"
);
pattern!(
    LineOfText,
    r"^[^\u0000-\u001f\u007f-\u009f]*[!-~][^\u0000-\u001f\u007f-\u009f]*$",
    "Developers",
    "One line for people, 1 to 200 bytes of UTF-8, not blank"
);

pattern!(
    Phone,
    "^[A-Za-z0-9 +()./#*,;-]{0,31}[0-9][A-Za-z0-9 +()./#*,;-]{0,32}$",
    "+49 30 123456",
    "A telephone number as people write it, of 64 bytes at most"
);
pattern!(
    Email,
    r"^[!-~]{1,64}@[!-~]{1,189}$",
    "alice@acme.example",
    "A mail address, of 254 bytes at most"
);

fn text(pattern: &str, example: &str, words: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .examples([example])
        .description(Some(words))
        .build()
}
