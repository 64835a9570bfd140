//! What tells a document of ours from any other file, so that only the former is ever replaced.

/// What stands in an HTML document of ours before anything that comes from data.
pub(super) const HTML: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"Proofmark\">\n";

/// The name of the program, as a PDF of ours holds it in its information dictionary, outside of every compressed part.
const PDF: &[u8] = b"/Creator(Proofmark ";

/// What a JSON document that is written to a file begins with.
const JSON: [&str; 4] = ["dataset-report", "drift", "monitor", "retraining"];

/// Whether a file was written by this crate, by its first and its last bytes: at least 256 of the former and 2 MiB of the latter, or the
/// whole file; what a PDF says about itself stands before its table of objects. An empty file holds nothing that could be lost.
pub fn is_own(head: &[u8], tail: &[u8]) -> bool {
    if head.starts_with(b"%PDF-") {
        return tail.windows(PDF.len()).any(|part| part == PDF);
    }
    let is_json = |schema: &str| head.starts_with(format!("{{\n  \"schema\": \"proofmark/{schema}/").as_bytes());
    head.is_empty()
        || head.starts_with(HTML.as_bytes())
        || head.starts_with(crate::interop::PROMETHEUS_HEAD.as_bytes())
        || JSON.iter().any(|schema| is_json(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> bool {
        is_own(text.as_bytes(), text.as_bytes())
    }

    #[test]
    fn a_file_that_only_speaks_of_us_is_not_ours() {
        assert!(!whole("<!DOCTYPE html>\n<title>How we use Proofmark</title>"));
        assert!(!whole("# Proofmark\nOur notes."));
        assert!(!whole("{\n  \"schema\": \"proofmark/lineage/1\"\n}"), "it was printed, and put there by a person");
        assert!(!whole("{\"note\": \"\\\"schema\\\": \\\"proofmark/\"}"));
        assert!(!whole("%PDF-1.7\nProofmark, the minutes of a meeting\n%%EOF\n"));
        assert!(whole("%PDF-1.7\n1 0 obj << /Creator(Proofmark 0.1.0) >>\n%%EOF\n"));
        assert!(whole("{\n  \"schema\": \"proofmark/monitor/1\",\n}") && whole(""));
    }
}
