//! The wire format of protocol buffers, as far as headers need it.

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'b> {
    /// A varint, or a fixed-width number.
    Number(u64),
    /// Bytes, text or a nested message.
    Bytes(&'b [u8]),
}

impl<'b> Field<'b> {
    /// The bytes, or nothing for a number.
    pub(crate) fn bytes(self) -> &'b [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    /// The bytes as text.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// The number as a signed one, or zero for bytes.
    pub(crate) fn int(self) -> i64 {
        match self {
            Self::Number(number) => number as i64,
            Self::Bytes(_) => 0,
        }
    }
}

/// The fields of a message in order; `None` when the bytes are no message.
pub(crate) fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        found.push(next(&mut bytes)?);
    }
    Some(found)
}

/// Does something with the fields of a message in order, without keeping them; `None` when the bytes are no message, or when `then`
/// says so.
pub(crate) fn each<'b>(mut bytes: &'b [u8], mut then: impl FnMut(u64, Field<'b>) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let (number, field) = next(&mut bytes)?;
        then(number, field)?;
    }
    Some(())
}

/// The whole fields at the beginning of a message that is cut.
pub(crate) fn beginning(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    std::iter::from_fn(|| next(&mut bytes)).collect()
}

fn next<'b>(bytes: &mut &'b [u8]) -> Option<(u64, Field<'b>)> {
    let key = varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Number(varint(bytes)?),
        1 => Field::Number(u64::from_le_bytes(split(bytes, 8)?.try_into().ok()?)),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Field::Bytes(split(bytes, length)?)
        }
        5 => Field::Number(u64::from(u32::from_le_bytes(split(bytes, 4)?.try_into().ok()?))),
        _ => return None,
    };
    (key >> 3 != 0).then_some((key >> 3, field))
}

/// The varints of a packed field.
pub(crate) fn packed(mut bytes: &[u8]) -> Vec<i64> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let Some(number) = varint(&mut bytes) else { break };
        found.push(number as i64);
    }
    found
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in 0..10 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << (7 * shift);
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn split<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}
