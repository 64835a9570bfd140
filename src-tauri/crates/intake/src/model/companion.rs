//! Arrays that versions of joblib before 0.10 put into files beside the pickle: `model.pkl_01.npy`, or `model.pkl_01.npy.z` when they
//! compressed it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::Limits;
use super::npy;
use super::pickle::array;
use super::pickle::graph::{Blob, Graph, Id, Node};
use super::pickle::walk::{Companion, Trail, Walk};
use super::source::{Fault, Source};

/// Bytes before the compressed data: `ZF`, and the length in hexadecimal, filled with blanks.
const ZFILE_HEADER: u64 = 21;
/// Arrays up to this many bytes are kept: names and classes are small.
const KEPT: u64 = 8 << 20;

/// Reads the companions that a pickle names, and puts small arrays in their place. What cannot be read is noted.
pub(crate) fn read(
    folder: Option<&Path>,
    graph: &mut Graph,
    trail: &mut Trail,
    limits: &Limits,
    deadline: std::time::Instant,
) {
    for companion in std::mem::take(&mut trail.companions) {
        let result = match folder {
            Some(folder) => open(folder, &companion.file).and_then(|file| {
                if companion.compressed {
                    return packed(file, &companion, graph, limits, deadline);
                }
                plain(Source::file(file, limits, deadline)?, &companion, graph, trail, limits)
            }),
            None => Err(Fault::Malformed(0, "it was not looked for".to_owned())),
        };
        if let Err(fault) = result {
            let what = format!("the array in the companion file {:?}: {}", companion.file, fault.what());
            trail.findings.unverified(&what, format!("byte {}", companion.at));
        }
    }
}

/// The files that bear the names of arrays of this pickle.
pub(crate) fn beside(path: &Path) -> std::io::Result<Vec<String>> {
    let (Some(folder), Some(own)) = (path.parent(), path.file_name().and_then(|it| it.to_str())) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let Some(rest) = name.strip_prefix(own).and_then(|it| it.strip_prefix('_')) else { continue };
        let Some(number) = rest.strip_suffix(".npy.z").or_else(|| rest.strip_suffix(".npy")) else { continue };
        if !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a file of this folder and of no other.
fn open(folder: &Path, name: &str) -> Result<File, Fault> {
    let plain = {
        let mut parts = Path::new(name).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) && !name.contains(['/', '\\'])
    };
    let path = folder.join(name);
    let is_file = plain && std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err(Fault::Malformed(0, "it is not there".to_owned()));
    }
    File::open(path).map_err(|error| Fault::Io(0, error))
}

/// Where the compressed data start. On machines with long integers old versions wrote one blank more.
pub(crate) fn start_of_data(file: &mut File) -> std::io::Result<u64> {
    file.seek(SeekFrom::Start(ZFILE_HEADER))?;
    let mut next = [0];
    file.read_exact(&mut next)?;
    Ok(ZFILE_HEADER + u64::from(next[0] == b' '))
}

/// The object holds type and shape; the file holds nothing but the compressed elements.
fn packed(
    mut file: File,
    companion: &Companion,
    graph: &mut Graph,
    limits: &Limits,
    deadline: std::time::Instant,
) -> Result<(), Fault> {
    let io = |error| Fault::Io(ZFILE_HEADER, error);
    let start = start_of_data(&mut file).map_err(io)?;
    let mut file = BufReader::new(file);
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    let decoder = flate2::bufread::ZlibDecoder::new(&mut file);
    let data = Source::stream(Box::new(decoder), limits, deadline).rest(limits.blob_bytes)?;
    if !file.fill_buf().map_err(io)?.is_empty() {
        return Err(Fault::Malformed(ZFILE_HEADER, "bytes after the end of the compressed data".to_owned()));
    }
    if let Some(Node::Object(object)) = graph.get_mut(companion.wrapper) {
        object.data = Some(Blob::whole(data));
    }
    Ok(())
}

/// An array in numpy's own format.
fn plain(
    mut source: Source<'_>,
    companion: &Companion,
    graph: &mut Graph,
    trail: &mut Trail,
    limits: &Limits,
) -> Result<(), Fault> {
    let header = npy::header(&mut source)?;
    if header.has_objects {
        let value = Walk::new(&mut source, graph, trail, limits, &companion.file).run()?;
        set(graph, companion.wrapper, value);
    } else {
        let length = header
            .bytes()
            .ok_or_else(|| Fault::Malformed(0, "an array of a type whose size is not known".to_owned()))?;
        let data = source.blob(length, KEPT.min(limits.blob_bytes), "array data")?;
        if data.len() as u64 == length {
            let values = array::npy_elements(&header.descr, &data).unwrap_or_default();
            let values = values.into_iter().take(100_000).collect();
            if let Some(value) = array::nested(values, &header.shape, header.is_fortran) {
                let value = graph.add_plain(&value);
                set(graph, companion.wrapper, value);
            }
        }
    }
    if !source.at_end()? {
        return Err(Fault::Malformed(source.position(), "bytes after the end of the array".to_owned()));
    }
    Ok(())
}

fn set(graph: &mut Graph, wrapper: Id, value: Id) {
    if let Some(Node::Object(object)) = graph.get_mut(wrapper) {
        object.nested = Some(value);
    }
}
