//! Which calls read and write files, and where in their arguments the path stands.

/// What a call does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It reads from the first path and writes to the second.
    Copy,
}

/// A call that reads or writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// What it does.
    pub(crate) access: Access,
    /// The place of the path among the arguments.
    pub(crate) position: usize,
    /// Names under which the path may be given.
    pub(crate) names: &'static [&'static str],
    /// Whether it returns a table.
    pub(crate) table: bool,
}

const PANDAS: &[&str] =
    &["filepath_or_buffer", "path_or_buf", "path", "io", "filename", "fname", "path_or_buffer", "source", "file"];
const PATHS: &[&str] =
    &["file", "fname", "filename", "path", "f", "fid", "source", "where", "fp", "filepath", "uri", "out", "outfile"];

const fn read(position: usize, table: bool) -> Option<Operation> {
    Some(Operation { access: Access::Read, position, names: PATHS, table })
}

const fn write(position: usize) -> Option<Operation> {
    Some(Operation { access: Access::Write, position, names: PATHS, table: false })
}

/// Looks a call up by its full dotted name.
pub(crate) fn function(name: &str) -> Option<Operation> {
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let root = module.split('.').next().unwrap_or("");
    match root {
        "pandas" | "dask" | "modin" | "cudf" | "geopandas" | "vaex" if last.starts_with("read_") => {
            let sql =
                last.starts_with("read_sql") || last == "read_clipboard" || last == "read_gbq" || last == "read_html";
            return (!sql).then_some(Operation { access: Access::Read, position: 0, names: PANDAS, table: true });
        }
        "pandas" if last == "ExcelFile" || last == "HDFStore" => return read(0, true),
        "pandas" if last == "ExcelWriter" => return write(0),
        "polars" if last.starts_with("read_") || last.starts_with("scan_") => {
            return (!last.starts_with("read_database")).then_some(Operation {
                access: Access::Read,
                position: 0,
                names: PANDAS,
                table: true,
            });
        }
        "duckdb" if last.starts_with("read_") || last.starts_with("from_") => return read(0, true),
        "pyarrow" => {
            return match last {
                "read_table" | "read_csv" | "read_json" | "read_feather" | "read_pandas" | "ParquetFile"
                | "dataset" | "ParquetDataset" | "open_csv" | "memory_map" | "read_schema" | "read_metadata" => {
                    read(0, true)
                }
                "write_table" | "write_feather" | "write_csv" => write(1),
                "write_dataset" => write(1),
                "ParquetWriter" => write(0),
                _ => None,
            };
        }
        _ => {}
    }
    match (root, last) {
        ("numpy", "load" | "loadtxt" | "genfromtxt" | "fromfile" | "memmap") => read(0, true),
        ("numpy", "save" | "savez" | "savez_compressed" | "savetxt") => write(0),
        ("scipy", "load_npz" | "loadmat" | "mmread") => read(0, true),
        ("scipy", "save_npz" | "savemat" | "mmwrite") => write(0),
        ("joblib" | "torch" | "dill" | "cloudpickle", "load") => read(0, false),
        ("joblib" | "torch", "dump" | "save") => write(1),
        ("skops", "load") => read(0, false),
        ("skops", "dump") => write(1),
        ("onnx", "load" | "load_model") => read(0, false),
        ("onnx", "save" | "save_model") => write(1),
        ("onnxruntime", "InferenceSession") => read(0, false),
        ("safetensors", "load_file" | "safe_open") => read(0, false),
        ("safetensors", "save_file") => write(1),
        ("lightgbm", "Booster") => {
            Some(Operation { access: Access::Read, position: 9, names: &["model_file"], table: false })
        }
        ("keras" | "tensorflow", "load_model") => read(0, false),
        ("cv2", "imread") | ("PIL", "open") | ("imageio", "imread") | ("skimage", "imread") => read(0, false),
        ("cv2", "imwrite") | ("imageio", "imwrite") | ("skimage", "imsave") => write(0),
        ("openpyxl", "load_workbook") => read(0, true),
        ("sqlite3", "connect") => read(0, false),
        ("h5py", "File") => read(0, true),
        ("librosa", "load") | ("soundfile", "read") => read(0, false),
        ("fastparquet", "ParquetFile") => read(0, true),
        ("fastparquet", "write") => write(0),
        ("shutil", "copy" | "copy2" | "copyfile" | "move" | "copytree") | ("os", "rename" | "replace") => {
            Some(Operation { access: Access::Copy, position: 0, names: &["src"], table: false })
        }
        ("mlflow", "log_artifact" | "log_artifacts") => {
            Some(Operation { access: Access::Read, position: 0, names: &["local_path", "local_dir"], table: false })
        }
        ("matplotlib" | "seaborn" | "plotly", "savefig") => write(0),
        ("plotly", "write_html" | "write_image") => write(1),
        ("sklearn", "load_svmlight_file") => read(0, true),
        ("codecs" | "io" | "gzip" | "bz2" | "lzma", "open") => read(0, false),
        _ => None,
    }
}

/// Looks a method up by its name, whatever it is called on.
pub(crate) fn method(name: &str) -> Option<Operation> {
    let names: &[&str] = PANDAS;
    let writes = matches!(
        name,
        "to_csv"
            | "to_parquet"
            | "to_excel"
            | "to_json"
            | "to_feather"
            | "to_pickle"
            | "to_hdf"
            | "to_stata"
            | "to_orc"
            | "to_file"
            | "to_xml"
            | "to_markdown"
            | "to_html"
            | "to_latex"
            | "write_csv"
            | "write_parquet"
            | "write_ipc"
            | "write_json"
            | "write_ndjson"
            | "write_excel"
            | "write_avro"
            | "write_delta"
            | "sink_csv"
            | "sink_parquet"
            | "sink_ipc"
            | "sink_ndjson"
            | "savefig"
            | "save_model"
            | "save_weights"
            | "write_html"
            | "write_image"
            | "save_pretrained"
            | "tofile"
            | "saveAsTextFile"
    );
    if writes {
        return Some(Operation {
            access: Access::Write,
            position: 0,
            names: if name == "save_model" { &["fname", "filename", "path", "filepath"] } else { names },
            table: false,
        });
    }
    // Of these the receiver decides, so only a written-out path counts.
    match name {
        "load_model" | "load_weights" => read(0, false),
        "save" => write(0),
        _ => None,
    }
}

/// Whether a method of a table or of a lazy reader, such as `spark.read.csv`, is called.
pub(crate) fn spark(receiver: &str, name: &str) -> Option<Operation> {
    let formats = ["csv", "parquet", "json", "orc", "text", "load", "table"].contains(&name);
    if formats && (receiver.ends_with(".read") || receiver.contains(".read.")) {
        return read(0, true);
    }
    if ["csv", "parquet", "json", "orc", "save"].contains(&name)
        && (receiver.ends_with(".write") || receiver.contains(".write."))
    {
        return write(0);
    }
    None
}
