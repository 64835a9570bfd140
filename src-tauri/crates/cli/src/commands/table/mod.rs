//! Questions about tables in files, which need no project.

mod check;
mod drift;
mod label;
mod profile;
mod proxies;
mod sensitive;

use clap::Args;
use proofmark_contract::{ErrorBody, ErrorCode};
use proofmark_engine::adhoc::{self, ReadOptions};

pub use check::Check;
pub use drift::Drift;
pub use label::Label;
pub use profile::Profile;
pub use proxies::Proxies;
pub use sensitive::Sensitive;

/// How a file is laid out, where finding out goes wrong.
#[derive(Debug, Args)]
pub struct Layout {
    /// The mark between fields of a text table
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// The first line holds values, not names
    #[arg(long)]
    no_header: bool,
    /// The sheet of a workbook, or the table of a database
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The encoding of a text table: utf-8, utf-16le, utf-16be, utf-32le, utf-32be or windows-1252
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The mark before the fraction of numbers: `.` or `,`
    #[arg(long, value_name = "CHAR")]
    decimal: Option<String>,
    /// A word that stands for a missing value; may be given several times
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    null: Vec<String>,
    /// The order of day and month in dates such as 03/04: day_first or month_first
    #[arg(long, value_name = "ORDER")]
    dates: Option<String>,
}

impl Layout {
    /// The same for the reader.
    ///
    /// # Errors
    /// If an option cannot be meant.
    pub fn reading(&self) -> Result<ReadOptions, ErrorBody> {
        adhoc::read_options(&adhoc::Said {
            delimiter: self.delimiter.as_deref(),
            header: self.no_header.then_some(false),
            table: self.table.as_deref(),
            encoding: self.encoding.as_deref(),
            decimal: self.decimal.as_deref(),
            null: &self.null,
            dates: self.dates.as_deref(),
        })
        .map_err(|why| ErrorBody::new(ErrorCode::InvalidRequest, format!("The file cannot be read like that: {why}.")))
    }
}
