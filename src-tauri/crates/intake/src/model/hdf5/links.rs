//! How a group names what is in it: symbol tables and compact links.

use super::super::source::Fault;
use super::bytes::{Cursor, NOWHERE};
use super::{NAME, Reader};

/// Levels of a tree of names.
const LEVELS: u8 = 16;

impl Reader<'_> {
    /// A compact link. Links to other names and other files are noted and not followed.
    pub(super) fn link(&mut self, cursor: &mut Cursor<'_>, path: &str) -> Result<Option<(String, u64)>, Fault> {
        if cursor.byte()? != 1 {
            return Err(cursor.malformed("a link of an unknown version"));
        }
        let flags = cursor.byte()?;
        let kind = if flags & 0x08 == 0 { 0 } else { cursor.byte()? };
        cursor.skip(if flags & 0x04 == 0 { 0 } else { 8 })?;
        cursor.skip(if flags & 0x10 == 0 { 0 } else { 1 })?;
        let length = cursor.number(1 << (flags & 3))?;
        let length = usize::try_from(length).map_err(|_| cursor.malformed("a name of impossible length"))?;
        if length > NAME {
            return Err(cursor.malformed("a name that is too long"));
        }
        let name = String::from_utf8_lossy(cursor.take(length)?).into_owned();
        if kind != 0 {
            self.tree.unread.push(format!("the link {path}/{name}, which leads elsewhere"));
            return Ok(None);
        }
        Ok(Some((name, cursor.address()?)))
    }

    /// The names of a symbol table with the addresses of their objects.
    pub(super) fn symbols(&mut self, tree: u64, heap: u64) -> Result<Vec<(String, u64)>, Fault> {
        let head = self.at(heap, 8 + 2 * u64::from(self.lengths) + u64::from(self.offsets))?;
        if !head.starts_with(b"HEAP") {
            return Err(Fault::Malformed(heap, "no heap of names".to_owned()));
        }
        let mut cursor = Cursor::new(&head, 8, self.offsets, self.lengths, heap);
        let size = cursor.length()?;
        cursor.length()?;
        let segment = cursor.address()?;
        let names = self.at(segment, size)?;
        let mut found = Vec::new();
        self.branch(tree, &names, LEVELS, &mut found)?;
        Ok(found)
    }

    fn branch(&mut self, address: u64, names: &[u8], levels: u8, found: &mut Vec<(String, u64)>) -> Result<(), Fault> {
        let levels = levels.checked_sub(1).ok_or(Fault::Limit(address, "levels of a tree"))?;
        let (offsets, lengths) = (u64::from(self.offsets), u64::from(self.lengths));
        let head = self.at(address, 8 + 2 * offsets)?;
        if !head.starts_with(b"TREE") || head.get(4) != Some(&0) {
            return Err(Fault::Malformed(address, "no tree of names".to_owned()));
        }
        let level = head.get(5).copied().unwrap_or_default();
        let used = Cursor::new(&head, 6, self.offsets, self.lengths, address).number(2)?;
        let body = self.at(address.saturating_add(8 + 2 * offsets), used * (offsets + lengths) + lengths)?;
        let mut cursor = Cursor::new(&body, 0, self.offsets, self.lengths, address);
        for _ in 0..used {
            cursor.length()?;
            let child = cursor.address()?;
            if level > 0 {
                self.branch(child, names, levels, found)?;
            } else {
                self.leaf(child, names, found)?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, address: u64, names: &[u8], found: &mut Vec<(String, u64)>) -> Result<(), Fault> {
        let head = self.at(address, 8)?;
        if !head.starts_with(b"SNOD") {
            return Err(Fault::Malformed(address, "no table of names".to_owned()));
        }
        let count = Cursor::new(&head, 6, self.offsets, self.lengths, address).number(2)?;
        let body = self.at(address.saturating_add(8), count * (2 * u64::from(self.offsets) + 24))?;
        let mut cursor = Cursor::new(&body, 0, self.offsets, self.lengths, address);
        for _ in 0..count {
            let name = cursor.address()?;
            let object = cursor.address()?;
            let kind = cursor.number(4)?;
            cursor.skip(20)?;
            let text = usize::try_from(name).ok().and_then(|at| names.get(at..)).unwrap_or_default();
            let end = text.iter().take(NAME).position(|byte| *byte == 0);
            let Some(end) = end else { return Err(cursor.malformed("a name that does not end")) };
            let text = String::from_utf8_lossy(&text[..end]).into_owned();
            if kind == 2 || object == NOWHERE {
                self.tree.unread.push(format!("the link {text}, which leads elsewhere"));
            } else if found.len() < self.objects {
                found.push((text, object));
            } else {
                return Err(Fault::Limit(address, "objects"));
            }
        }
        Ok(())
    }
}
