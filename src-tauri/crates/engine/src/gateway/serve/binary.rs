//! Tensors as bytes behind the JSON of a message: the protocol's extension for binary data.

use proofmark_scoring::{Kind, Values};

/// Values of a kind that lie one after the other, lowest byte first. `None` if the bytes do not hold whole ones, or not of this kind.
pub(super) fn read(kind: Kind, bytes: &[u8]) -> Option<Values> {
    fn all<const N: usize, T>(bytes: &[u8], of: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
        let whole = bytes.len().is_multiple_of(N);
        whole.then(|| bytes.chunks_exact(N).filter_map(|it| it.try_into().ok()).map(of).collect())
    }
    Some(match kind {
        Kind::Bool => Values::Bool(bytes.iter().map(|it| *it != 0).collect()),
        Kind::U8 => Values::I64(bytes.iter().map(|it| i64::from(*it)).collect()),
        Kind::I8 => Values::I64(all(bytes, |it: [u8; 1]| i64::from(i8::from_le_bytes(it)))?),
        Kind::U16 => Values::I64(all(bytes, |it| i64::from(u16::from_le_bytes(it)))?),
        Kind::I16 => Values::I64(all(bytes, |it| i64::from(i16::from_le_bytes(it)))?),
        Kind::U32 => Values::I64(all(bytes, |it| i64::from(u32::from_le_bytes(it)))?),
        Kind::I32 => Values::I64(all(bytes, |it| i64::from(i32::from_le_bytes(it)))?),
        Kind::I64 => Values::I64(all(bytes, i64::from_le_bytes)?),
        Kind::U64 => Values::U64(all(bytes, u64::from_le_bytes)?),
        Kind::F32 => Values::F32(all(bytes, f32::from_le_bytes)?),
        Kind::F64 => Values::F64(all(bytes, f64::from_le_bytes)?),
        Kind::F16 => Values::F32(all(bytes, |it| half(u16::from_le_bytes(it)))?),
        Kind::Text => {
            let mut texts = Vec::new();
            let mut rest = bytes;
            while !rest.is_empty() {
                let (length, after) = rest.split_first_chunk::<4>()?;
                let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
                let (text, after) = after.split_at_checked(length)?;
                texts.push(std::str::from_utf8(text).ok()?.to_owned());
                rest = after;
            }
            Values::Text(texts)
        }
    })
}

/// A number of half precision (IEEE 754 binary16), which single precision holds exactly.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// The bytes of values, as the kind that was answered. `None` for halves, which are answered as numbers.
pub(super) fn write(kind: Kind, values: &Values) -> Option<Vec<u8>> {
    fn all<const N: usize, T: Copy>(values: &[T], of: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(|it| of(*it)).collect()
    }
    Some(match (kind, values) {
        (Kind::Bool, Values::Bool(it)) => it.iter().map(|it| u8::from(*it)).collect(),
        (Kind::U8, Values::I64(it)) => all(it, |it| (it as u8).to_le_bytes()),
        (Kind::I8, Values::I64(it)) => all(it, |it| (it as i8).to_le_bytes()),
        (Kind::U16, Values::I64(it)) => all(it, |it| (it as u16).to_le_bytes()),
        (Kind::I16, Values::I64(it)) => all(it, |it| (it as i16).to_le_bytes()),
        (Kind::U32, Values::I64(it)) => all(it, |it| (it as u32).to_le_bytes()),
        (Kind::I32, Values::I64(it)) => all(it, |it| (it as i32).to_le_bytes()),
        (Kind::I64, Values::I64(it)) => all(it, i64::to_le_bytes),
        (Kind::U64, Values::U64(it)) => all(it, u64::to_le_bytes),
        (Kind::F32, Values::F32(it)) => all(it, f32::to_le_bytes),
        (Kind::F64, Values::F64(it)) => all(it, f64::to_le_bytes),
        (Kind::Text, Values::Text(it)) => {
            let one =
                |it: &String| [&u32::try_from(it.len()).unwrap_or(u32::MAX).to_le_bytes(), it.as_bytes()].concat();
            it.iter().flat_map(one).collect()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for (kind, values) in [
            (Kind::F32, Values::F32(vec![0.5, -3.25])),
            (Kind::F64, Values::F64(vec![0.1])),
            (Kind::I8, Values::I64(vec![-128, 127])),
            (Kind::U16, Values::I64(vec![65_535])),
            (Kind::U64, Values::U64(vec![u64::MAX])),
            (Kind::Bool, Values::Bool(vec![true, false])),
            (Kind::Text, Values::Text(vec!["ä".to_owned(), String::new()])),
        ] {
            assert_eq!(read(kind, &write(kind, &values).unwrap()).unwrap(), values);
        }
        assert_eq!(
            read(Kind::F16, &[0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00]).unwrap(),
            Values::F32(vec![1.0, -2.0, 2f32.powi(-24)])
        );
        assert!(read(Kind::F32, &[1, 2, 3]).is_none() && read(Kind::Text, &[9, 0, 0, 0, b'a']).is_none());
    }
}
