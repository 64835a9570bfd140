//! What a document is made from, for programs: the values themselves, not their words.

use serde::Serialize;

use super::ReportError;

#[derive(Serialize)]
struct Named<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

/// One JSON document; `schema` is what stands between `proofmark/` and the version.
pub(super) fn write<T: Serialize>(title: &str, schema: &str, body: &T) -> Result<Vec<u8>, ReportError> {
    serde_json::to_string_pretty(&Named { schema: format!("proofmark/{schema}/1"), body })
        .map(|text| (text + "\n").into_bytes())
        .map_err(|source| ReportError::Data { title: title.to_owned(), source })
}
