//! The `.npy` format: a header in Python's spelling, then the elements.

use super::source::{Fault, Source};

/// The longest header that is read, in bytes.
const HEADER: u64 = 1 << 20;

/// What the header of an array says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Type of the elements, such as `<f8`. For compound types all of the description.
    pub(crate) descr: String,
    /// Number of elements along each axis.
    pub(crate) shape: Vec<u64>,
    /// Whether the elements are objects, which makes the rest a pickle.
    pub(crate) has_objects: bool,
    /// Whether the elements are stored column by column.
    pub(crate) is_fortran: bool,
}

/// Reads a header, up to the first element.
pub(crate) fn header(source: &mut Source<'_>) -> Result<Header, Fault> {
    let mark: [u8; 6] = source.array("the header of an array")?;
    if &mark != b"\x93NUMPY" {
        return Err(Fault::Malformed(0, "no array".to_owned()));
    }
    let [major, _] = source.array("the header of an array")?;
    let length = match major {
        1 => u64::from(u16::from_le_bytes(source.array("the header of an array")?)),
        2 | 3 => u64::from(u32::from_le_bytes(source.array("the header of an array")?)),
        _ => return Err(Fault::Malformed(6, format!("version {major} of the array format is not known"))),
    };
    if length > HEADER {
        return Err(Fault::Limit(8, "bytes of an array's header"));
    }
    let text = source.blob(length, length, "the header of an array")?;
    let text = String::from_utf8_lossy(&text);
    parse(&text).ok_or_else(|| Fault::Malformed(10, "the header of an array cannot be read".to_owned()))
}

fn parse(text: &str) -> Option<Header> {
    let descr = text.split_once("'descr':")?.1.trim_start();
    let descr = match descr.strip_prefix('\'') {
        Some(plain) => plain.split_once('\'')?.0.to_owned(),
        None => descr.split_once("'fortran_order'")?.0.trim_end_matches([',', ' ']).to_owned(),
    };
    let shape = text.split_once("'shape':")?.1.split_once('(')?.1.split_once(')')?.0;
    // Python 2 wrote long numbers with an L.
    let sides = shape.split(',').map(|side| side.trim().trim_end_matches('L')).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let has_objects = descr.contains('O');
    let is_fortran = text.split_once("'fortran_order':")?.1.trim_start().starts_with("True");
    Some(Header { descr, shape, has_objects, is_fortran })
}

impl Header {
    /// Bytes of all elements; `None` for compound types with parts of their own, whose size is not worked out.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let size = match self.descr.strip_prefix('[') {
            // Names and types in turn: `[('left', '<i8'), ('right', '<i8')]`.
            Some(fields) if !fields.contains('[') => {
                let quoted: Vec<&str> = fields.split('\'').skip(1).step_by(2).collect();
                let is_plain = quoted.len().is_multiple_of(2) && fields.matches('(').count() * 2 == quoted.len();
                let sizes = is_plain.then(|| quoted.iter().skip(1).step_by(2).map(|code| width(code)))?;
                sizes.collect::<Option<Vec<u64>>>()?.iter().try_fold(0_u64, |sum, size| sum.checked_add(*size))?
            }
            Some(_) => return None,
            None => width(&self.descr)?,
        };
        self.shape.iter().try_fold(size, |product, side| product.checked_mul(*side))
    }
}

/// Bytes of one element of a simple type.
fn width(code: &str) -> Option<u64> {
    let code = code.trim_start_matches(['<', '>', '|', '=']);
    let kind = code.chars().next()?;
    let digits: String = code.get(kind.len_utf8()..)?.chars().take_while(char::is_ascii_digit).collect();
    let size: u64 = digits.parse().ok()?;
    if kind == 'U' { size.checked_mul(4) } else { Some(size) }
}
