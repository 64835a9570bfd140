//! The wire format of FlatBuffers, as far as headers need it. Every offset is checked, and none leads backwards but to the
//! table of fields.

/// A table in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: usize,
    fields_len: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()
}

impl<'b> Table<'b> {
    /// The outermost table of a buffer.
    pub(crate) fn root(bytes: &'b [u8]) -> Option<Self> {
        Self::at(bytes, u32_at(bytes, 0)?)
    }

    fn at(bytes: &'b [u8], at: usize) -> Option<Self> {
        let back = i32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        let fields = usize::try_from(i64::try_from(at).ok()?.checked_sub(i64::from(back))?).ok()?;
        let fields_len = u16_at(bytes, fields)?;
        bytes.get(fields..fields.checked_add(fields_len)?)?;
        Some(Self { bytes, at, fields, fields_len })
    }

    /// Where the value of a field stands, if the field is there.
    fn field(&self, number: usize) -> Option<usize> {
        let slot = 4 + 2 * number;
        if slot + 2 > self.fields_len {
            return None;
        }
        match u16_at(self.bytes, self.fields + slot)? {
            0 => None,
            offset => self.at.checked_add(offset),
        }
    }

    fn target(&self, number: usize) -> Option<usize> {
        let at = self.field(number)?;
        at.checked_add(u32_at(self.bytes, at)?)
    }

    /// A table inside.
    pub(crate) fn table(&self, number: usize) -> Option<Self> {
        Self::at(self.bytes, self.target(number)?)
    }

    /// A number of 32 bits.
    pub(crate) fn int(&self, number: usize) -> Option<i32> {
        let at = self.field(number)?;
        Some(i32::from_le_bytes(self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
    }

    /// A text.
    pub(crate) fn text(&self, number: usize) -> Option<&'b str> {
        text_at(self.bytes, self.target(number)?)
    }

    /// The number of elements of a vector; none for one that would leave the buffer.
    pub(crate) fn len(&self, number: usize, width: usize) -> Option<usize> {
        let at = self.target(number)?;
        let count = u32_at(self.bytes, at)?;
        let end = at.checked_add(4)?.checked_add(count.checked_mul(width)?)?;
        (end <= self.bytes.len()).then_some(count)
    }

    /// The tables of a vector.
    pub(crate) fn tables(&self, number: usize) -> Option<Vec<Self>> {
        self.targets(number)?.into_iter().map(|at| Self::at(self.bytes, at)).collect()
    }

    /// The texts of a vector.
    pub(crate) fn texts(&self, number: usize) -> Option<Vec<&'b str>> {
        self.targets(number)?.into_iter().map(|at| text_at(self.bytes, at)).collect()
    }

    fn targets(&self, number: usize) -> Option<Vec<usize>> {
        let count = self.len(number, 4)?;
        let first = self.target(number)?.checked_add(4)?;
        (0..count)
            .map(|index| {
                let at = first.checked_add(index.checked_mul(4)?)?;
                at.checked_add(u32_at(self.bytes, at)?)
            })
            .collect()
    }
}

fn text_at(bytes: &[u8], at: usize) -> Option<&str> {
    let length = u32_at(bytes, at)?;
    let start = at.checked_add(4)?;
    std::str::from_utf8(bytes.get(start..start.checked_add(length)?)?).ok()
}
