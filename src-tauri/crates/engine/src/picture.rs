//! Drawings as pixels.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Pixels for each unit of the drawing: sharp on ordinary screens and in documents.
const SCALE: f32 = 2.0;

/// More pixels than this on a side are a poster, not a picture.
const LONGEST: f32 = 16_000.0;

/// Draws an SVG with the fonts of this machine.
///
/// # Errors
/// In words, if the machine has no fonts, or the drawing is too large for a picture.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    if options.fontdb.is_empty() {
        return Err("This machine has no fonts, so a picture would be without words.".to_owned());
    }
    // Where none of the named families is there, any font is better than none.
    let first = options.fontdb.faces().next().and_then(|face| face.families.first().map(|it| it.0.clone()));
    if let Some(face) = first {
        options.fontdb_mut().set_sans_serif_family(face.clone());
        options.font_family = face;
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| format!("The drawing could not be read: {error}."))?;
    let size = tree.size();
    let scale = SCALE.min(LONGEST / size.width().max(size.height()));
    if scale < 0.25 {
        return Err("The drawing is too large for a picture.".to_owned());
    }
    let (width, height) = ((size.width() * scale).ceil() as u32, (size.height() * scale).ceil() as u32);
    let mut pixels = Pixmap::new(width.max(1), height.max(1)).ok_or("There is not enough memory for the picture.")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| format!("The picture could not be written: {error}."))
}
