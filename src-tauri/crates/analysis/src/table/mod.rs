//! Tables in files: found out by content, read in batches, with the numbering of the file.
//!
//! [`open`] looks at the bytes, not at the name, and for text tables goes through the whole file once: delimiter, encoding,
//! header, and what every single field of a column looks like. A column is a number only if all of it is; codes such as
//! `007` stay text. What was odd on the way (ragged rows, a repeated header, a file that ends in the middle of a row) is kept in
//! [`Structure`] for the checks.

mod binary;
mod build;
mod csv;
mod decode;
mod error;
mod json;
mod kept;
mod moment;
mod options;
mod parts;
mod records;
mod rows;
mod sniff;
mod source;
mod sqlite;
mod structure;
mod value;
mod workbook;

pub(crate) use decode::{Packing, push_windows_1252, unpacked, windows_1252_byte};
pub use error::TableError;
pub(crate) use moment::{DateForm, compact_date, days_from_civil, parse_moment};
pub use options::{DecimalMark, ReadOptions, TextEncoding};
pub use source::{TableSource, names_of_text, open};
pub use structure::{ColumnText, Odd, Spelling, Structure};
pub(crate) use value::{Kind, classify, is_null_spelling, lenient_number, parse_number};
