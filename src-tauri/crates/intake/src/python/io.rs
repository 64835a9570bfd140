//! Which calls read and write files, and where in their arguments the path stands.

/// What a call does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It reads from the first path and writes to the second.
    Copy,
}

/// What a call gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Nothing that is followed.
    Nothing,
    /// A table.
    Table,
    /// A model.
    Model,
    /// An open file.
    Handle,
    /// A file of many tables, whose use decides whether it is read or written.
    Store,
}

/// A call that reads or writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// What it does.
    pub(super) access: Access,
    /// The place of the path among the arguments.
    pub(super) position: usize,
    /// Names under which the path may be given.
    pub(super) names: &'static [&'static str],
    /// What it gives back.
    pub(super) gives: Gives,
    /// Of a write: the place of what is written among the arguments.
    pub(super) what: usize,
    /// The ending that a path gets when it has another one.
    pub(super) suffix: Option<&'static str>,
}

const PANDAS: &[&str] = &[
    "filepath_or_buffer",
    "path_or_buf",
    "path",
    "io",
    "filename",
    "fname",
    "path_or_buffer",
    "source",
    "file",
    "urlpath",
    "excel_writer",
    "buf",
    "path_or_handle",
    "paths",
];
const PATHS: &[&str] = &[
    "file",
    "fname",
    "filename",
    "path",
    "f",
    "fid",
    "source",
    "where",
    "fp",
    "filepath",
    "uri",
    "out",
    "outfile",
    "local_path",
    "local_dir",
    "model_uri",
    "model_path",
    "directory",
    "folder",
    "root",
    "file_path",
    "output_path",
    "save_path",
    "saved_model_path",
    "pretrained_model_name_or_path",
    "save_directory",
    "dataset_path",
    "path_or_stream",
];

const NONE: Operation = Operation {
    access: Access::Read,
    position: 0,
    names: PATHS,
    gives: Gives::Nothing,
    what: usize::MAX,
    suffix: None,
};

const fn read(gives: Gives) -> Option<Operation> {
    Some(Operation { gives, ..NONE })
}

const fn write(position: usize, what: usize) -> Option<Operation> {
    Some(Operation { access: Access::Write, position, what, ..NONE })
}

/// Looks a call up by its full dotted name.
pub(super) fn function(name: &str) -> Option<Operation> {
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let root = module.split('.').next().unwrap_or("");
    tables(root, module, last)
        .or_else(|| arrays(root, module, last))
        .or_else(|| models(root, module, last))
        .or_else(|| others(root, module, last))
}

fn tables(root: &str, module: &str, last: &str) -> Option<Operation> {
    let pandas = Some(Operation { names: PANDAS, gives: Gives::Table, ..NONE });
    match root {
        "pandas" | "dask" | "modin" | "cudf" | "geopandas" | "vaex" | "fireducks" | "databricks" | "ray"
            if last.starts_with("read_") =>
        {
            let elsewhere = last.starts_with("read_sql") || matches!(last, "read_clipboard" | "read_gbq");
            if elsewhere { None } else { pandas }
        }
        "pandas" if last == "ExcelFile" => read(Gives::Table),
        "pandas" if last == "HDFStore" => read(Gives::Store),
        "pandas" if last == "ExcelWriter" => Some(Operation { gives: Gives::Handle, ..write(0, usize::MAX)? }),
        "vaex" if last == "open" => read(Gives::Table),
        "polars" if last.starts_with("read_") || last.starts_with("scan_") => {
            if last.starts_with("read_database") {
                None
            } else {
                pandas
            }
        }
        "duckdb" if last.starts_with("read_") || matches!(last, "from_parquet" | "from_csv_auto") => read(Gives::Table),
        "pyarrow" => match last {
            "read_table" | "read_csv" | "read_json" | "read_feather" | "read_pandas" | "ParquetFile" | "dataset"
            | "ParquetDataset" | "open_csv" | "memory_map" | "read_schema" | "read_metadata" | "read_orc" => {
                read(Gives::Table)
            }
            "write_table" | "write_feather" | "write_csv" | "write_dataset" => {
                Some(Operation { names: &["where", "dest", "output_file", "base_dir"], ..write(1, 0)? })
            }
            "ParquetWriter" => Some(Operation { gives: Gives::Handle, ..write(0, usize::MAX)? }),
            _ => None,
        },
        "awswrangler" if last.starts_with("read_") => read(Gives::Table),
        "awswrangler" if last.starts_with("to_") => Some(Operation { names: &["path"], ..write(1, 0)? }),
        "fastparquet" if last == "ParquetFile" => read(Gives::Table),
        "fastparquet" if last == "write" => write(0, 1),
        "openpyxl" if last == "load_workbook" => read(Gives::Table),
        "xlrd" if last == "open_workbook" => read(Gives::Table),
        "h2o" if last == "import_file" => read(Gives::Table),
        "datasets" if last == "load_from_disk" => read(Gives::Table),
        "deltalake" if last == "DeltaTable" => read(Gives::Table),
        "deltalake" if last == "write_deltalake" => write(0, 1),
        "sklearn" if last == "load_svmlight_file" => read(Gives::Table),
        "sklearn" if last == "load_files" => read(Gives::Nothing),
        "sklearn" if last == "dump_svmlight_file" => write(2, 0),
        "scipy" if module.ends_with("arff") && last == "loadarff" => read(Gives::Table),
        "pyreadstat" | "pyreadr" if last.starts_with("read_") => read(Gives::Table),
        _ => None,
    }
}

fn arrays(root: &str, module: &str, last: &str) -> Option<Operation> {
    match (root, last) {
        ("numpy", "load" | "loadtxt" | "genfromtxt" | "fromfile" | "memmap" | "recfromcsv") => read(Gives::Table),
        ("numpy", "save") => Some(Operation { suffix: Some(".npy"), ..write(0, 1)? }),
        ("numpy", "savez" | "savez_compressed") => Some(Operation { suffix: Some(".npz"), ..write(0, 1)? }),
        ("numpy", "savetxt") => write(0, 1),
        ("scipy", "load_npz" | "loadmat" | "mmread") => read(Gives::Table),
        ("scipy", "save_npz" | "savemat" | "mmwrite") => write(0, 1),
        ("scipy", "read") if module.ends_with("wavfile") => read(Gives::Nothing),
        ("scipy", "write") if module.ends_with("wavfile") => write(0, 2),
        ("scipy", "imread") => read(Gives::Nothing),
        ("h5py", "File") => read(Gives::Table),
        ("xarray", "open_dataset" | "open_dataarray" | "open_mfdataset" | "open_zarr" | "load_dataset")
        | ("zarr", "open") => read(Gives::Table),
        ("netCDF4", "Dataset") => read(Gives::Table),
        ("cv2", "imread") | ("imageio", "imread" | "get_reader") | ("skimage", "imread") => read(Gives::Nothing),
        ("matplotlib", "imread") | ("torchvision", "read_image") | ("nibabel", "load") | ("pydicom", "dcmread") => {
            read(Gives::Nothing)
        }
        ("cv2", "VideoCapture") => read(Gives::Nothing),
        ("PIL", "open") => read(Gives::Nothing),
        ("cv2", "imwrite")
        | ("imageio", "imwrite" | "imsave" | "mimsave")
        | ("skimage", "imsave")
        | ("matplotlib", "imsave") => write(0, 1),
        ("torchvision", "save_image") => write(1, 0),
        ("librosa", "load") | ("soundfile", "read") | ("torchaudio", "load") => read(Gives::Nothing),
        ("soundfile", "write") | ("torchaudio", "save") => write(0, 1),
        _ => None,
    }
}

fn models(root: &str, module: &str, last: &str) -> Option<Operation> {
    match (root, last) {
        ("joblib" | "torch" | "dill" | "cloudpickle" | "sklearn" | "pandas", "load") if root != "pandas" => {
            read(Gives::Model)
        }
        ("sklearn", "dump") if module.ends_with("joblib") => write(1, 0),
        ("joblib", "dump") | ("torch", "save") => write(1, 0),
        ("torch", "export") if module == "torch.onnx" => Some(Operation { names: &["f"], ..write(2, 0)? }),
        ("skops", "load") => read(Gives::Model),
        ("skops", "dump") => write(1, 0),
        ("onnx", "load" | "load_model") => read(Gives::Model),
        ("onnx", "save" | "save_model") => write(1, 0),
        ("onnxruntime", "InferenceSession") => read(Gives::Model),
        ("safetensors", "load_file" | "safe_open" | "load_model") => read(Gives::Model),
        ("safetensors", "save_file" | "save_model") => write(1, 0),
        ("lightgbm", "Booster") => Some(Operation { position: 9, names: &["model_file"], gives: Gives::Model, ..NONE }),
        ("keras" | "tensorflow", "load_model" | "load") if last == "load_model" || module.ends_with("saved_model") => {
            read(Gives::Model)
        }
        ("tensorflow", "save") if module.ends_with("saved_model") => write(1, 0),
        ("keras" | "tensorflow", "save_model") => write(1, 0),
        ("keras" | "tensorflow", "ModelCheckpoint" | "CSVLogger") => {
            Some(Operation { names: &["filepath", "filename"], ..write(0, usize::MAX)? })
        }
        (
            "keras" | "tensorflow",
            "image_dataset_from_directory" | "text_dataset_from_directory" | "load_img" | "get_file",
        ) => {
            if last == "get_file" {
                None
            } else {
                read(Gives::Nothing)
            }
        }
        (
            "tensorflow",
            "read_file" | "TFRecordDataset" | "make_csv_dataset" | "CsvDataset" | "list_files" | "TextLineDataset",
        ) => Some(Operation { names: &["file_pattern", "filenames", "filename"], gives: Gives::Table, ..NONE }),
        ("tensorflow", "write_file" | "TFRecordWriter") => write(0, 1),
        ("gensim", "load" | "load_word2vec_format")
        | ("fasttext", "load_model")
        | ("spacy", "load")
        | ("stable_baselines3", "load") => read(Gives::Model),
        ("fasttext", "train_supervised" | "train_unsupervised") => {
            Some(Operation { names: &["input"], gives: Gives::Model, ..NONE })
        }
        ("catboost" | "xgboost" | "lightgbm", "load_model") => read(Gives::Model),
        ("transformers" | "diffusers" | "sentence_transformers" | "peft", "from_pretrained") => read(Gives::Model),
        ("sentence_transformers", "SentenceTransformer") => read(Gives::Model),
        ("torchvision", "ImageFolder") => read(Gives::Nothing),
        ("statsmodels", "load" | "load_pickle") => read(Gives::Model),
        ("autogluon", "load") => read(Gives::Model),
        ("pycaret", "load_model") => read(Gives::Model),
        ("pycaret", "save_model") => write(1, 0),
        ("mlflow", "log_artifact" | "log_artifacts") => Some(Operation { names: &["local_path", "local_dir"], ..NONE }),
        ("mlflow", "load_model" | "load_text" | "load_dict" | "download_artifacts") => {
            Some(Operation { names: &["model_uri", "artifact_uri"], gives: Gives::Model, ..NONE })
        }
        ("mlflow", "save_model") => write(1, 0),
        ("bentoml" | "wandb", _) => None,
        _ => None,
    }
}

fn others(root: &str, module: &str, last: &str) -> Option<Operation> {
    match (root, last) {
        ("shutil", "copy" | "copy2" | "copyfile" | "move" | "copytree")
        | ("os", "rename" | "replace" | "link" | "symlink") => {
            Some(Operation { access: Access::Copy, names: &["src"], ..NONE })
        }
        ("shutil", "unpack_archive") => Some(Operation { access: Access::Copy, names: &["filename"], ..NONE }),
        ("matplotlib" | "seaborn" | "plotly", "savefig") => write(0, usize::MAX),
        ("plotly", "write_html" | "write_image" | "plot") if last != "plot" || module.ends_with("offline") => {
            write(1, usize::MAX)
        }
        ("graphviz", "render") => write(0, usize::MAX),
        ("rasterio" | "fiona", "open") => read(Gives::Handle),
        ("codecs" | "io" | "gzip" | "bz2" | "lzma" | "fsspec" | "smart_open", "open") => read(Gives::Handle),
        ("zipfile", "ZipFile") | ("tarfile", "open" | "TarFile") => read(Gives::Handle),
        ("gzip", "GzipFile") | ("bz2", "BZ2File") | ("lzma", "LZMAFile") => read(Gives::Handle),
        ("requests" | "httpx", "get") | ("urllib", "urlopen") => {
            Some(Operation { names: &["url"], gives: Gives::Handle, ..NONE })
        }
        ("urllib" | "wget", "urlretrieve" | "download") => {
            Some(Operation { access: Access::Copy, names: &["url"], ..NONE })
        }
        ("gdown", "download") => Some(Operation { access: Access::Copy, names: &["url"], ..NONE }),
        ("configparser", "read") | ("dotenv", "dotenv_values") => read(Gives::Nothing),
        ("wandb", "restore") => read(Gives::Nothing),
        _ => None,
    }
}

/// Looks a method up by its name, whatever it is called on. The flag: whether it is certain that it does something with a file,
/// so that any text is a path.
pub(super) fn method(name: &str) -> Option<(Operation, bool)> {
    let writes = name.starts_with("to_")
        && matches!(
            &name[3..],
            "csv"
                | "parquet"
                | "excel"
                | "json"
                | "feather"
                | "pickle"
                | "hdf"
                | "stata"
                | "orc"
                | "file"
                | "xml"
                | "markdown"
                | "html"
                | "latex"
                | "netcdf"
                | "zarr"
                | "disk"
                | "delta"
        );
    let sinks = name.starts_with("write_") || name.starts_with("sink_");
    let formats = ["csv", "parquet", "ipc", "json", "ndjson", "excel", "avro", "delta", "html", "image", "ipc_stream"];
    let sinks = sinks && name.split_once('_').is_some_and(|(_, format)| formats.contains(&format));
    if writes || sinks {
        return Some((Operation { names: PANDAS, ..write(0, usize::MAX)? }, true));
    }
    Some(match name {
        "savefig" | "save_pretrained" | "save_to_disk" | "tofile" | "saveAsTextFile" | "dump_model" | "saveAsTable" => {
            (write(0, usize::MAX)?, true)
        }
        "save_model" | "save_weights" => {
            (Operation { names: &["fname", "filename", "path", "filepath"], ..write(0, usize::MAX)? }, true)
        }
        "extractall" => (write(0, usize::MAX)?, true),
        // Of these the receiver decides, so only a text that looks like a path counts.
        "load_model" | "load_weights" | "load_state_dict_from_file" => (read(Gives::Model)?, false),
        "save" | "export" | "savemodel" => (write(0, usize::MAX)?, false),
        "read_file" => (read(Gives::Table)?, false),
        _ => return None,
    })
}

/// Whether the reader or writer of a Spark table reads or writes with this method.
pub(super) fn spark(way: &str, name: &str) -> Option<Operation> {
    let reads = way.contains("read");
    if reads && ["csv", "parquet", "json", "orc", "text", "load", "table", "jdbc"].contains(&name) {
        return read(Gives::Table);
    }
    if !reads && ["csv", "parquet", "json", "orc", "save", "saveAsTable", "text", "insertInto"].contains(&name) {
        return write(0, usize::MAX);
    }
    None
}
