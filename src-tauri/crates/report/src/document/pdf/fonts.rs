//! The fonts that come with the program, the same on every machine.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

static FONTS: LazyLock<(LazyHash<FontBook>, Vec<Font>)> = LazyLock::new(|| {
    let fonts: Vec<Font> = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data))).collect();
    (LazyHash::new(FontBook::from_fonts(&fonts)), fonts)
});

pub(super) fn book() -> &'static LazyHash<FontBook> {
    &FONTS.0
}

pub(super) fn get(index: usize) -> Option<Font> {
    FONTS.1.get(index).cloned()
}

/// Whether some font has a shape for every character of a text.
pub(super) fn cover(text: &str) -> bool {
    text.chars().filter(|c| !c.is_ascii()).all(|c| {
        // Those without a shape of their own are no gap: joiners, variation selectors, marks of direction.
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}')
            || FONTS.1.iter().any(|font| font.info().coverage.contains(u32::from(c)))
    })
}
