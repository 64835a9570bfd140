//! Object headers: the messages that describe a group or a data set.

use super::super::source::Fault;
use super::bytes::{Cursor, NOWHERE};
use super::value::{Shape, Type, attribute};
use super::{Item, Reader};

/// Messages of one object.
const MESSAGES: usize = 20_000;
/// Blocks of one header.
const BLOCKS: usize = 4_096;

mod message {
    pub(super) const DATASPACE: u64 = 0x01;
    pub(super) const LINK_INFO: u64 = 0x02;
    pub(super) const DATATYPE: u64 = 0x03;
    pub(super) const LINK: u64 = 0x06;
    pub(super) const EXTERNAL: u64 = 0x07;
    pub(super) const ATTRIBUTE: u64 = 0x0c;
    pub(super) const CONTINUATION: u64 = 0x10;
    pub(super) const SYMBOLS: u64 = 0x11;
    pub(super) const ATTRIBUTE_INFO: u64 = 0x15;
}

/// A message, as it stands in its header.
struct Message {
    kind: u64,
    shared: bool,
    bytes: Vec<u8>,
    origin: u64,
}

impl Reader<'_> {
    /// Reads an object and everything below it.
    pub(super) fn object(&mut self, address: u64, path: String, above: &mut Vec<u64>, depth: u32) -> Result<(), Fault> {
        let Some(depth) = depth.checked_sub(1) else { return Err(Fault::Limit(address, "groups inside each other")) };
        if above.contains(&address) {
            return Err(Fault::Malformed(address, "a group that contains itself".to_owned()));
        }
        self.objects = self.objects.checked_sub(1).ok_or(Fault::Limit(address, "objects"))?;
        let messages = self.messages(address)?;
        let mut item = Item { path: path.clone(), ..Item::default() };
        let (mut kind, mut shape) = (None, None);
        let mut children = Vec::new();
        for message in &messages {
            let at = |reader: &Self| Cursor::new(&message.bytes, 0, reader.offsets, reader.lengths, message.origin);
            match message.kind {
                _ if message.shared => self.tree.unread.push(format!("a shared message of {path}")),
                message::DATASPACE => shape = Some(Shape::read(&mut at(self))?),
                message::DATATYPE => kind = Some(Type::read(&mut at(self), 8)?),
                message::EXTERNAL => self.tree.unread.push(format!("data of {path} that lie in another file")),
                message::ATTRIBUTE => {
                    if let Some((name, value)) = attribute(self, &message.bytes, message.origin)? {
                        item.attributes.insert(name, value);
                    }
                }
                message::ATTRIBUTE_INFO => {
                    let mut cursor = at(self);
                    cursor.skip(1)?;
                    let flags = cursor.byte()?;
                    cursor.skip(if flags & 1 == 0 { 0 } else { 2 })?;
                    if cursor.address()? != NOWHERE {
                        self.tree.unread.push(format!("attributes of {path} that are kept in a heap"));
                    }
                }
                message::LINK => children.extend(self.link(&mut at(self), &path)?),
                message::LINK_INFO => {
                    let mut cursor = at(self);
                    cursor.skip(1)?;
                    let flags = cursor.byte()?;
                    cursor.skip(if flags & 1 == 0 { 0 } else { 8 })?;
                    if cursor.address()? != NOWHERE {
                        self.tree.unread.push(format!("links of {path} that are kept in a heap"));
                    }
                }
                message::SYMBOLS => {
                    let mut cursor = at(self);
                    let (tree, heap) = (cursor.address()?, cursor.address()?);
                    children.extend(self.symbols(tree, heap)?);
                }
                _ => {}
            }
        }
        if let (Some(kind), Some(shape)) = (kind, shape) {
            item.data = Some((kind.name(), shape.sides));
        }
        self.tree.items.push(item);
        above.push(address);
        for (name, child) in children {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            self.object(child, path, above, depth)?;
        }
        above.pop();
        Ok(())
    }

    fn messages(&mut self, address: u64) -> Result<Vec<Message>, Fault> {
        let start = self.at(address, 16.min(self.length.saturating_sub(self.base.saturating_add(address))))?;
        let mut found = Vec::new();
        let mut blocks = Vec::new();
        let is_second = start.starts_with(b"OHDR");
        let mut ordered = false;
        if is_second {
            let flags = *start.get(5).ok_or(Fault::Truncated(self.length, "an object"))?;
            ordered = flags & 0x04 != 0;
            let before = 6 + if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 };
            let width = 1_usize << (flags & 3);
            let head = self.at(address, (before + width) as u64)?;
            let size = Cursor::new(&head, before, self.offsets, self.lengths, address).number(width)?;
            blocks.push((address.saturating_add((before + width) as u64), size));
        } else {
            if start.first() != Some(&1) {
                return Err(Fault::Malformed(address, "no object".to_owned()));
            }
            let mut cursor = Cursor::new(&start, 8, self.offsets, self.lengths, address);
            blocks.push((address.saturating_add(16), cursor.number(4)?));
        }
        let mut done = 0;
        while let Some((at, size)) = blocks.get(done).copied() {
            done += 1;
            if done > BLOCKS {
                return Err(Fault::Limit(at, "blocks of an object"));
            }
            let bytes = self.at(at, size)?;
            let mut cursor = Cursor::new(&bytes, 0, self.offsets, self.lengths, at);
            let head = match (is_second, ordered) {
                (true, true) => 6,
                (true, false) => 4,
                _ => 8,
            };
            // A second kind of header may end with a gap that is too short for a message.
            while cursor.left() >= head {
                let kind = cursor.number(if is_second { 1 } else { 2 })?;
                let length = cursor.number(2)? as usize;
                let flags = cursor.byte()?;
                cursor.skip(head - if is_second { 4 } else { 5 })?;
                let origin = at.saturating_add(cursor.position() as u64);
                let body = cursor.take(length)?;
                if kind == message::CONTINUATION {
                    let mut inner = Cursor::new(body, 0, self.offsets, self.lengths, origin);
                    let (next, length) = (inner.address()?, inner.length()?);
                    blocks.push(if is_second {
                        // The mark before and the checksum behind are no messages.
                        (next.saturating_add(4), length.saturating_sub(8))
                    } else {
                        (next, length)
                    });
                } else {
                    found.push(Message { kind, shared: flags & 2 != 0, bytes: body.to_vec(), origin });
                }
                if found.len() > MESSAGES {
                    return Err(Fault::Limit(at, "messages of an object"));
                }
            }
        }
        Ok(found)
    }
}
