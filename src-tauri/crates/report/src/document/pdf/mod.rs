//! The same documents on pages: tagged PDF, set by typst as a library.
//!
//! The typesetter sees a world of its own: the templates of this folder, the fonts that come with it, and the values of one
//! document. It reads no file, no clock, no system font and fetches no package, so the same values give the same bytes. What
//! files hold reaches it as values, never as source: a column called `#read("/etc/passwd")` is a text.

mod fonts;
mod limits;
mod values;
mod world;

use proofmark_domain::Timestamp;
use typst::comemo;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::ReportError;
use super::sheet::Sheet;
use world::Pages;

pub(super) fn write(mut sheet: Sheet) -> Result<Vec<u8>, ReportError> {
    let title = sheet.title.clone();
    let failed = |why: String| ReportError::Typesetting { title: title.clone(), why };
    limits::apply(sheet.kind, &mut sheet.values);
    let pages = Pages::new(sheet.kind, values::of(&sheet));
    let set = typst::compile(&pages);
    // What was worked out for one document helps no other, and would stay in memory.
    comemo::evict(0);
    let document = set.output.map_err(|errors| failed(sentence(&errors)))?;
    let options = |standards: PdfStandards| PdfOptions {
        ident: Smart::Custom(format!("{} {} {}", sheet.kind.word(), sheet.title, sheet.at)),
        creator: Smart::Custom(Some(format!("Proofmark {}", env!("CARGO_PKG_VERSION")))),
        timestamp: moment(sheet.at).map(typst_pdf::Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    let accessible = PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|error| failed(error.message().to_string()))?;
    // A text that no font of ours can show breaks the standard, not the document: it is still tagged, but claims no more.
    typst_pdf::pdf(&document, &options(accessible))
        .or_else(|_| typst_pdf::pdf(&document, &options(PdfStandards::default())))
        .map_err(|errors| failed(sentence(&errors)))
}

fn sentence(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; ")
}

/// The moment to the second, or nothing beyond the calendar that PDF knows.
fn moment(at: Timestamp) -> Option<Datetime> {
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u8>().ok();
    Datetime::from_ymd_hms(
        text.get(..4)?.parse().ok()?,
        part(5, 7)?,
        part(8, 10)?,
        part(11, 13)?,
        part(14, 16)?,
        part(17, 19)?,
    )
}
