//! All that the typesetter can see.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Dict, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Features, Library, LibraryExt, World};

use super::fonts;
use crate::document::sheet::Kind;

/// The templates; each document has one, and all share the first.
const TEMPLATES: [(&str, &str); 5] = [
    ("base.typ", include_str!("templates/base.typ")),
    ("dataset.typ", include_str!("templates/dataset.typ")),
    ("drift.typ", include_str!("templates/drift.typ")),
    ("monitor.typ", include_str!("templates/monitor.typ")),
    ("release.typ", include_str!("templates/release.typ")),
];

static SOURCES: LazyLock<Vec<(&str, Source)>> = LazyLock::new(|| {
    let source = |(name, text): &(&'static str, &str)| {
        let path = VirtualPath::new(*name).ok()?;
        Some((*name, Source::new(RootedPath::new(VirtualRoot::Project, path).intern(), (*text).to_owned())))
    };
    TEMPLATES.iter().filter_map(source).collect()
});

/// One document and what it is set with.
pub(super) struct Pages {
    library: LazyHash<Library>,
    main: FileId,
}

impl Pages {
    pub(super) fn new(kind: Kind, values: Dict) -> Self {
        let library = Library::builder()
            .with_inputs(values)
            // Headers of rows, so that a reader who listens to a table hears which row it is.
            .with_features(Features::from_iter([Feature::A11yExtras]))
            .build();
        Self { library: LazyHash::new(library), main: template(kind) }
    }
}

fn template(kind: Kind) -> FileId {
    let name = format!("{}.typ", kind.word());
    // Each kind has a template of its name, which a test holds to; the first one stands for none.
    SOURCES.iter().find(|(known, _)| *known == name).map_or_else(|| SOURCES[0].1.id(), |(_, source)| source.id())
}

impl World for Pages {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        fonts::book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        SOURCES
            .iter()
            .find(|(_, source)| source.id() == id)
            .map(|(_, source)| source.clone())
            .ok_or(FileError::AccessDenied)
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::get(index)
    }

    /// There is no clock: the moment of a document is one of its values.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
