//! Where in which bucket a registry lies.

use std::fmt;
use std::str::FromStr;

/// What an address begins with.
const SCHEME: &str = "s3://";

/// A bucket, and the names in it that begin with a prefix: `s3://bucket/some/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub(crate) bucket: String,
    /// Without a slash at either end; may be empty.
    pub(crate) prefix: String,
}

/// Why a text is no address of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAddress(String);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadAddress {}

impl Address {
    /// Whether a text is meant as the address of a bucket, and not as a path.
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{SCHEME}{}{slash}{}", self.bucket, self.prefix)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        // The text is not repeated: somebody may have written their keys into it.
        let bad = |why: &str| BadAddress(format!("this is no address of a bucket, such as s3://bucket/prefix: {why}"));
        let text = text.trim();
        if !Self::is_meant(text) {
            return Err(bad("it does not begin with s3://"));
        }
        let rest = text.get(SCHEME.len()..).unwrap_or_default();
        if rest.contains(['@', '?', '#']) {
            return Err(bad(
                "it holds @, ? or #. Keys, region and endpoint do not belong into it; they are taken from the AWS_… variables or from ~/.aws",
            ));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = bucket.as_bytes();
        if !(3..=63).contains(&bytes.len()) || !bytes.iter().all(|it| plain(*it)) {
            return Err(bad("a bucket's name is 3 to 63 lower-case letters, digits, dots and hyphens"));
        }
        if !ends(bytes.first()) || !ends(bytes.last()) || bucket.contains("..") {
            return Err(bad("a bucket's name begins and ends with a letter or digit"));
        }
        let prefix = prefix.trim_end_matches('/');
        let part = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && !part.contains('\\')
                && !part.chars().any(char::is_control)
        };
        if !prefix.is_empty() && !prefix.split('/').all(part) {
            return Err(bad("the parts of a prefix are not empty, `.` or `..`, and hold no backslash"));
        }
        if prefix.len() > 256 {
            return Err(bad(
                "the prefix is longer than 256 bytes, which leaves too little for the names in a registry",
            ));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        for (text, bucket, prefix, shown) in [
            ("s3://models", "models", "", "s3://models"),
            ("s3://models/", "models", "", "s3://models"),
            (" S3://team.models/a/b/ ", "team.models", "a/b", "s3://team.models/a/b"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.bucket.as_str(), address.prefix.as_str()), (bucket, prefix), "{text}");
            assert_eq!(address.to_string(), shown, "one way of writing it");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        for text in [
            "/shared/models",
            "s3://",
            "s3://ab",
            "s3://Models",
            "s3://-models",
            "s3://models/a//b",
            "s3://models/../x",
            "s3://AKIAKEY:secretsecret@models/x",
            "s3://models/x?endpoint=http://elsewhere",
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(!error.contains("secretsecret"), "{error}");
        }
        assert!(Address::is_meant("s3://x") && !Address::is_meant("/tmp/s3:") && !Address::is_meant("s3"));
    }
}
