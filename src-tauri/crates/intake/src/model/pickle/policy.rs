//! Which imports of a pickle are known to be harmless, and which are known to be able to do harm.
//!
//! The list of dangerous names covers what the published scanners picklescan 1.0.5 and modelscan 0.8.8 block, and the
//! gaps in them that were published since. The list of harmless names is what real files of the common libraries
//! import; anything on neither list is neither.

use super::graph::{Global, Graph, Id};

/// What is known about an importable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Can run code, touch files or reach the network.
    Dangerous,
    /// Calling it makes a plain value.
    Constructor,
    /// Importing it is harmless; calling it is not known to be.
    Reference,
    /// On no list.
    Unknown,
}

/// Modules of which every name is dangerous, with everything below them.
const MODULES: &[&str] = &[
    "_aix_support",
    "_asyncio",
    "_bootsubprocess",
    "_ctypes",
    "_imp",
    "_io",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_ssl",
    "_thread",
    "_winapi",
    "_xxsubinterpreters",
    "aiohttp",
    "antigravity",
    "asyncio",
    "asyncore",
    "asynchat",
    "bdb",
    "cffi",
    "cgi",
    "cgitb",
    "cmd",
    "code",
    "codeop",
    "commands",
    "compileall",
    "concurrent",
    "cProfile",
    "ctypes",
    "dbm",
    "distutils",
    "doctest",
    "dis",
    "ensurepip",
    "faulthandler",
    "fcntl",
    "fileinput",
    "ftplib",
    "gc",
    "glob",
    "http",
    "httplib",
    "httpx",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "inspect",
    "invoke",
    "IPython",
    "lib2to3",
    "linecache",
    "logging",
    "mailcap",
    "marshal",
    "mmap",
    "modulefinder",
    "multiprocessing",
    "nntplib",
    "nt",
    "ntpath",
    "os",
    "paramiko",
    "pdb",
    "pexpect",
    "pickle",
    "pip",
    "pipes",
    "pkg_resources",
    "pkgutil",
    "platform",
    "popen2",
    "poplib",
    "posix",
    "posixpath",
    "profile",
    "pty",
    "ptyprocess",
    "py_compile",
    "pydoc",
    "pyclbr",
    "requests",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "select",
    "selectors",
    "setuptools",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tarfile",
    "telnetlib",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "trace",
    "traceback",
    "tracemalloc",
    "urllib",
    "urllib2",
    "urllib3",
    "uuid",
    "venv",
    "webbrowser",
    "winreg",
    "wsgiref",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "numpy.f2py",
    "numpy.testing",
    "numpy.distutils",
    "numpy.ctypeslib",
    "numpy.lib.npyio",
    "numpy.lib._npyio_impl",
    "torch.serialization",
    "torch.hub",
    "torch.package",
    "torch.utils.cpp_extension",
    "torch._inductor",
    "torch._dynamo",
    "torch.utils.collect_env",
    "torch.utils.bottleneck",
    "torch.utils._config_module",
    "torch.distributed",
    "torch.multiprocessing",
    "torch.fx.experimental.symbolic_shapes",
    "torch.jit.unsupported_tensor_ops",
    "torch.utils.data.datapipes.utils.decoder",
    "joblib.numpy_pickle_utils",
    "joblib.externals",
    "dill.source",
    "dill.temp",
    "pandas.io",
    "pandas.eval",
    "pandas.core.computation",
    "scipy.weave",
    "nose",
    "pytest",
    "_pytest",
];

/// Single names that are dangerous, as `module name`.
const NAMES: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "eval",
            "exec",
            "execfile",
            "compile",
            "open",
            "file",
            "__import__",
            "getattr",
            "setattr",
            "delattr",
            "apply",
            "input",
            "raw_input",
            "breakpoint",
            "globals",
            "locals",
            "vars",
            "dir",
            "map",
            "filter",
            "reduce",
            "reload",
            "help",
            "exit",
            "quit",
            "memoryview",
            "print",
            "callable",
            "classmethod",
            "super",
            "type",
            "__build_class__",
            "__loader__",
            "__spec__",
            "__dict__",
            "iter",
            "next",
            "hasattr",
            "id",
        ],
    ),
    ("functools", &["partial", "partialmethod", "reduce", "singledispatch", "cached_property", "update_wrapper"]),
    ("_functools", &["partial", "reduce"]),
    ("operator", &["attrgetter", "itemgetter", "methodcaller", "call"]),
    ("_operator", &["attrgetter", "itemgetter", "methodcaller", "call"]),
    (
        "types",
        &["CodeType", "FunctionType", "LambdaType", "MethodType", "ModuleType", "CellType", "BuiltinFunctionType"],
    ),
    (
        "cloudpickle.cloudpickle",
        &[
            "_builtin_type",
            "_make_function",
            "_function_setstate",
            "_make_cell",
            "_make_empty_cell",
            "subimport",
            "_make_skel_func",
            "_fill_function",
            "_rebuild_func",
            "dynamic_subimport",
        ],
    ),
    ("io", &["open", "open_code", "FileIO"]),
    ("codecs", &["open", "lookup", "register"]),
    (
        "pathlib",
        &["Path.write_text", "Path.write_bytes", "Path.unlink", "Path.open", "Path.read_text", "Path.read_bytes"],
    ),
    ("itertools", &["starmap"]),
    (
        "numpy",
        &[
            "load",
            "loads",
            "save",
            "savez",
            "savetxt",
            "loadtxt",
            "genfromtxt",
            "fromfile",
            "memmap",
            "vectorize",
            "apply_along_axis",
            "apply_over_axes",
            "fromregex",
            "DataSource",
            "frompyfunc",
            "piecewise",
            "source",
            "info",
        ],
    ),
    (
        "pandas",
        &[
            "read_pickle",
            "read_csv",
            "read_table",
            "read_html",
            "read_json",
            "read_sql",
            "eval",
            "to_pickle",
            "HDFStore",
            "read_hdf",
            "read_parquet",
            "read_excel",
            "read_fwf",
            "read_feather",
            "read_xml",
        ],
    ),
    ("joblib", &["load", "dump", "Parallel", "delayed", "Memory", "parallel_backend"]),
    ("joblib.numpy_pickle", &["load", "_unpickle", "load_temporary_memmap"]),
    ("joblib.numpy_pickle_compat", &["load_compatibility", "read_zfile"]),
    ("dill", &["load", "loads", "load_session", "load_module", "dump"]),
    (
        "dill._dill",
        &["load", "loads", "load_session", "load_module", "_import_module", "_getattribute", "_create_ftype"],
    ),
    ("cloudpickle", &["load", "loads"]),
    ("torch", &["load", "compile", "save", "_load_global_deps"]),
    ("torch.jit", &["load", "script", "save"]),
    ("tensorflow.keras.models", &["load_model"]),
    ("keras.models", &["load_model"]),
    ("sklearn.datasets", &["load_files", "load_svmlight_file", "fetch_openml"]),
    ("yaml", &["load", "unsafe_load", "full_load"]),
    ("lightgbm.basic", &["_safe_call", "_load_lib"]),
];

/// Last parts of names through which a harmless module would hand out a dangerous one, such as `sklearn.utils.os`.
const PARTS: &[&str] = &[
    "os",
    "sys",
    "subprocess",
    "shutil",
    "socket",
    "importlib",
    "builtins",
    "__builtins__",
    "pickle",
    "ctypes",
    "pty",
    "runpy",
    "eval",
    "exec",
    "system",
    "popen",
    "Popen",
    "__import__",
    "__globals__",
    "__subclasses__",
    "__code__",
    "__dict__",
    "__class__",
    "__mro__",
    "__bases__",
    "__getattribute__",
    "__reduce__",
    "__reduce_ex__",
    "__init__",
    "urllib",
    "requests",
    "webbrowser",
    "code_info",
    "cProfile",
    "timeit",
    "pdb",
    "tempfile",
    "threading",
    "multiprocessing",
    "inspect",
];

/// Names whose call makes a plain value, by exact module.
const CONSTRUCTORS: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "set",
            "frozenset",
            "list",
            "dict",
            "tuple",
            "int",
            "float",
            "complex",
            "bool",
            "str",
            "bytes",
            "bytearray",
            "slice",
            "range",
            "object",
            "NotImplementedError",
            "ValueError",
            "Exception",
            "unicode",
            "long",
            "basestring",
            "xrange",
        ],
    ),
    ("copyreg", &["_reconstructor", "__newobj__", "__newobj_ex__"]),
    ("collections", &["OrderedDict", "defaultdict", "deque", "Counter", "ChainMap"]),
    ("_codecs", &["encode"]),
    ("dill._dill", &["_create_array", "_load_type"]),
    ("decimal", &["Decimal"]),
    ("fractions", &["Fraction"]),
    ("datetime", &["datetime", "date", "time", "timedelta", "timezone"]),
    ("numpy", &["dtype", "ndarray", "matrix", "recarray", "record", "generic"]),
    ("numpy.core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy._core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy.core.numeric", &["_frombuffer"]),
    ("numpy._core.numeric", &["_frombuffer"]),
    ("numpy.ma", &["_mareconstruct", "MaskedArray"]),
    ("numpy.ma.core", &["_mareconstruct", "MaskedArray"]),
    ("numpy.matrixlib.defmatrix", &["matrix"]),
    ("numpy.random", &["__RandomState_ctor", "RandomState", "Generator", "PCG64", "MT19937", "SeedSequence"]),
    ("numpy.random._pickle", &["__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"]),
    ("numpy.random._generator", &["Generator"]),
    ("numpy.random.mtrand", &["RandomState"]),
    ("numpy.random._mt19937", &["MT19937"]),
    ("numpy.random._pcg64", &["PCG64", "PCG64DXSM"]),
    ("numpy.random._philox", &["Philox"]),
    ("numpy.random._sfc64", &["SFC64"]),
    ("numpy.random.bit_generator", &["SeedSequence", "__pyx_unpickle_SeedSequence"]),
    ("joblib.numpy_pickle", &["NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper"]),
    ("joblib.numpy_pickle_compat", &["NDArrayWrapper", "ZNDArrayWrapper"]),
    ("scipy.interpolate._bsplines", &["BSpline"]),
    ("scipy.interpolate._interpolate", &["interp1d", "PPoly", "BPoly"]),
    ("scipy.interpolate.interpolate", &["interp1d", "PPoly"]),
    ("scipy.stats._distn_infrastructure", &["rv_frozen", "rv_continuous_frozen", "rv_discrete_frozen"]),
    ("xgboost.core", &["Booster", "DMatrix"]),
    ("lightgbm.basic", &["Booster", "Dataset"]),
    ("xgboost.compat", &["XGBoostLabelEncoder"]),
    ("lightgbm.compat", &["_LGBMLabelEncoder"]),
    ("catboost.core", &["CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker", "_CatBoostBase"]),
    (
        "pandas",
        &["Timestamp", "Timedelta", "DataFrame", "Series", "Index", "RangeIndex", "Categorical", "CategoricalDtype"],
    ),
    ("pandas.core.indexes.base", &["_new_Index", "Index"]),
    ("pandas.core.internals.blocks", &["new_block", "Block"]),
    ("pandas._libs.internals", &["_unpickle_block", "BlockManager"]),
    ("pandas._libs.tslibs.timestamps", &["_unpickle_timestamp", "Timestamp"]),
    ("pandas._libs.tslibs.timedeltas", &["_timedelta_unpickle"]),
    ("pandas._libs.tslibs.nattype", &["_nat_unpickle"]),
    ("pandas._libs.missing", &["NAType"]),
    (
        "torch._utils",
        &[
            "_rebuild_tensor_v2",
            "_rebuild_tensor",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
            "_rebuild_device_tensor_from_numpy",
        ],
    ),
    ("torch", &["Size", "device", "Tensor"]),
    ("torch.nn.parameter", &["Parameter", "Buffer"]),
    ("sklearn.metrics._dist_metrics", &["newObj"]),
    ("sklearn.neighbors._dist_metrics", &["newObj"]),
    ("sklearn.neighbors._kd_tree", &["newObj"]),
    ("sklearn.neighbors._ball_tree", &["newObj"]),
    ("sklearn.neighbors.kd_tree", &["newObj"]),
    ("sklearn.neighbors.ball_tree", &["newObj"]),
    ("sklearn.neighbors.dist_metrics", &["newObj"]),
];

/// Classes that scikit-learn's modules re-export or wrap, and that are more than a value.
const NOT_VALUES: &[&str] = &[
    "CalledProcessError",
    "Connection",
    "Listener",
    "Path",
    "Queue",
    "Thread",
    "ThreadpoolController",
    "TimeoutExpired",
    "Parallel",
    "Memory",
    "MethodType",
    "Popen",
    "MemorizedFunc",
    "ThreadPool",
    "Pool",
    "Process",
    "FileIO",
    "TemporaryDirectory",
    "StringIO",
    "BytesIO",
    "URLError",
    "Request",
];

/// Packages of estimators whose classes are values: making one stores its arguments and does nothing else.
const PACKAGES: &[&str] = &["sklearn", "imblearn", "category_encoders", "xgboost.sklearn", "lightgbm.sklearn"];

/// Parts of those packages that do read files or run things.
const EXCLUDED: &[&str] = &[
    "datasets",
    "tests",
    "_testing",
    "conftest",
    "externals",
    "_build_utils",
    "_loky",
    "_joblib",
    "parallel",
    "_show_versions",
];

/// Functions and types of numpy that may be named as a parameter of an estimator.
const NUMPY_REFERENCES: &[&str] = &[
    "log",
    "log1p",
    "log2",
    "log10",
    "exp",
    "expm1",
    "sqrt",
    "cbrt",
    "square",
    "abs",
    "absolute",
    "sin",
    "cos",
    "tan",
    "tanh",
    "arcsinh",
    "sinh",
    "mean",
    "median",
    "sum",
    "min",
    "max",
    "std",
    "var",
    "sign",
    "negative",
    "reciprocal",
    "nan_to_num",
    "clip",
    "ravel",
    "reshape",
    "asarray",
    "array",
    "isnan",
    "isfinite",
    "nanmean",
    "nanmedian",
    "average",
    "concatenate",
    "hstack",
    "vstack",
    "stack",
    "where",
    "deg2rad",
    "rad2deg",
    "identity",
    "eye",
    "zeros",
    "ones",
    "power",
];

/// Classes whose initialisers read a file when they are given a name of one. Pickles of them are made without arguments.
const READERS: &[(&str, &[&str])] = &[
    ("xgboost.core", &["Booster", "DMatrix"]),
    ("lightgbm.basic", &["Booster", "Dataset"]),
    ("catboost.core", &["CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker", "_CatBoostBase"]),
];

/// Encodings that turn text into the bytes that Python 2 protocols cannot spell. Others are looked up as modules.
const ENCODINGS: [&str; 6] = ["latin1", "latin-1", "utf-8", "utf8", "ascii", "iso-8859-1"];

/// Whether calling a harmless constructor with these arguments stays harmless.
pub(crate) fn may_be_called_with(graph: &Graph, global: &Global, args: Id) -> bool {
    let (module, name) = (&*global.module, &*global.name);
    let args = graph.elements(args).unwrap_or_default();
    if READERS.iter().any(|(m, names)| *m == module && names.contains(&name)) {
        return args.is_empty();
    }
    if module == "_codecs" {
        return args.get(1).is_none_or(|encoding| graph.text(*encoding).is_some_and(|text| ENCODINGS.contains(&text)));
    }
    true
}

/// Judges an importable name.
pub(crate) fn judge(global: &Global) -> Judgement {
    let (module, name) = (&*global.module, &*global.name);
    if is_dangerous(module, name) {
        return Judgement::Dangerous;
    }
    if CONSTRUCTORS.iter().any(|(m, names)| *m == module && names.contains(&name)) {
        return Judgement::Constructor;
    }
    // A dotted name walks through attributes, and could end anywhere.
    if name.contains('.') || name.is_empty() {
        return Judgement::Unknown;
    }
    if module == "numpy" || module == "numpy._core._multiarray_umath" || module == "numpy.core._multiarray_umath" {
        return numpy_name(name);
    }
    // Some versions of numpy name the class of a data type, such as `numpy.dtypes.Float64DType`.
    if module == "numpy.dtypes" && name.ends_with("DType") {
        return Judgement::Constructor;
    }
    if module.starts_with("scipy.sparse") && is_sparse(name) {
        return Judgement::Constructor;
    }
    if under(module, "torch") && name.ends_with("Storage") && (module == "torch" || module == "torch.storage") {
        return Judgement::Constructor;
    }
    if module == "torch" && is_torch_dtype(name) {
        return Judgement::Reference;
    }
    // Classes of TorchScript are code in the same archive, which is never called safe; outside of one nothing can import them.
    if under(module, "__torch__") {
        return Judgement::Constructor;
    }
    if module.starts_with("torch.nn.modules.") && is_class_name(name) {
        return Judgement::Constructor;
    }
    if ["numpy", "scipy", "pandas._libs", "sklearn"].iter().any(|package| under(module, package))
        && name.starts_with("__pyx_unpickle_")
    {
        return Judgement::Constructor;
    }
    if under(module, "pandas.core") || under(module, "pandas._libs") {
        return if is_pandas_value(name) { Judgement::Constructor } else { Judgement::Unknown };
    }
    if PACKAGES.iter().any(|package| under(module, package)) && !module.split('.').any(|part| EXCLUDED.contains(&part))
    {
        if is_class_name(name) {
            return if NOT_VALUES.contains(&name) { Judgement::Unknown } else { Judgement::Constructor };
        }
        return Judgement::Reference;
    }
    match (module, name) {
        ("scipy._lib.array_api_compat.numpy._aliases", "asarray") | ("scipy.special._ufuncs", _) => {
            Judgement::Reference
        }
        _ => Judgement::Unknown,
    }
}

fn is_dangerous(module: &str, name: &str) -> bool {
    if MODULES.iter().any(|listed| under(module, listed)) {
        return true;
    }
    let first = name.split('.').next().unwrap_or(name);
    if NAMES.iter().any(|(m, names)| *m == module && (names.contains(&name) || names.contains(&first))) {
        return true;
    }
    // `numpy` hands out its submodules as attributes, and so does everything else.
    let whole = format!("{module}.{name}");
    if MODULES.iter().any(|listed| listed.contains('.') && under(&whole, listed)) {
        return true;
    }
    module.split('.').skip(1).chain(name.split('.')).any(|part| PARTS.contains(&part))
}

/// Whether a module is the package or lies below it.
fn under(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn numpy_name(name: &str) -> Judgement {
    let scalar = matches!(
        name,
        "float16"
            | "float32"
            | "float64"
            | "float128"
            | "longdouble"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "bool"
            | "bool_"
            | "str_"
            | "bytes_"
            | "object_"
            | "datetime64"
            | "timedelta64"
            | "complex64"
            | "complex128"
            | "intp"
            | "uintp"
            | "unicode_"
            | "string_"
            | "float_"
            | "int_"
            | "void"
            | "longlong"
            | "intc"
    );
    if scalar {
        Judgement::Constructor
    } else if NUMPY_REFERENCES.contains(&name) {
        Judgement::Reference
    } else {
        Judgement::Unknown
    }
}

fn is_sparse(name: &str) -> bool {
    ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest == "_matrix" || rest == "_array"))
}

fn is_torch_dtype(name: &str) -> bool {
    matches!(
        name,
        "float16"
            | "float32"
            | "float64"
            | "bfloat16"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint8"
            | "bool"
            | "complex64"
            | "complex128"
            | "half"
            | "float"
            | "double"
            | "long"
            | "int"
            | "short"
            | "strided"
            | "contiguous_format"
            | "preserve_format"
            | "channels_last"
    )
}

fn is_pandas_value(name: &str) -> bool {
    matches!(
        name,
        "DataFrame"
            | "Series"
            | "Index"
            | "RangeIndex"
            | "MultiIndex"
            | "CategoricalIndex"
            | "DatetimeIndex"
            | "TimedeltaIndex"
            | "Int64Index"
            | "Float64Index"
            | "UInt64Index"
            | "IntervalIndex"
            | "PeriodIndex"
            | "Categorical"
            | "CategoricalDtype"
            | "DatetimeTZDtype"
            | "PeriodDtype"
            | "IntervalDtype"
            | "StringDtype"
            | "StringArray"
            | "ObjectStringArray"
            | "NumpyExtensionArray"
            | "PandasArray"
            | "IntegerArray"
            | "FloatingArray"
            | "BooleanArray"
            | "Int64Dtype"
            | "Int32Dtype"
            | "Int16Dtype"
            | "Int8Dtype"
            | "UInt64Dtype"
            | "UInt32Dtype"
            | "UInt16Dtype"
            | "UInt8Dtype"
            | "Float64Dtype"
            | "Float32Dtype"
            | "BooleanDtype"
            | "DatetimeArray"
            | "TimedeltaArray"
            | "PeriodArray"
            | "IntervalArray"
            | "BlockManager"
            | "SingleBlockManager"
            | "BlockPlacement"
            | "FrozenList"
    )
}

fn is_class_name(name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    bare.starts_with(|first: char| first.is_ascii_uppercase())
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The class that dill means by one of its own names for types, for those that are plain values.
pub(crate) fn dill_type(name: &str) -> Option<Global> {
    let (module, name) = match name {
        "NumpyArrayType" => ("numpy", "ndarray"),
        "NumpyDType" => ("numpy", "dtype"),
        "CodeType" | "FunctionType" | "LambdaType" | "MethodType" | "ModuleType" | "CellType" => ("types", name),
        "PartialType" => ("functools", "partial"),
        "ItemGetterType" => ("operator", "itemgetter"),
        "AttrGetterType" => ("operator", "attrgetter"),
        "FileType" => ("_io", "FileIO"),
        "map" | "filter" | "type" | "super" | "memoryview" | "classmethod" => ("builtins", name),
        "ListType" | "list" => ("builtins", "list"),
        "DictType" | "dict" => ("builtins", "dict"),
        "TupleType" | "tuple" => ("builtins", "tuple"),
        "SetType" | "set" => ("builtins", "set"),
        "FrozenSetType" | "frozenset" => ("builtins", "frozenset"),
        "BytesType" | "bytes" => ("builtins", "bytes"),
        "BytearrayType" | "bytearray" | "ByteArrayType" => ("builtins", "bytearray"),
        "StringType" | "UnicodeType" | "StrType" | "str" => ("builtins", "str"),
        "IntType" | "LongType" | "int" => ("builtins", "int"),
        "FloatType" | "float" => ("builtins", "float"),
        "BooleanType" | "BoolType" | "bool" => ("builtins", "bool"),
        "ComplexType" | "complex" => ("builtins", "complex"),
        "ObjectType" | "object" => ("builtins", "object"),
        "SliceType" | "slice" => ("builtins", "slice"),
        "RangeType" | "range" => ("builtins", "range"),
        _ => return None,
    };
    Some(Global { module: module.into(), name: name.into() })
}

/// The Python 3 spelling of a module and name that a Python 2 pickle uses.
pub(crate) fn modern(module: &str, name: &str) -> (String, String) {
    // Until version 0.23 scikit-learn carried joblib with it.
    if let Some(rest) = module.strip_prefix("sklearn.externals.joblib") {
        return (format!("joblib{rest}"), name.to_owned());
    }
    let renamed = match module {
        "__builtin__" => "builtins",
        "copy_reg" => "copyreg",
        "cPickle" => "pickle",
        "Queue" => "queue",
        "SocketServer" => "socketserver",
        "ConfigParser" => "configparser",
        "StringIO" | "cStringIO" => "io",
        "UserDict" | "UserList" | "UserString" => "collections",
        "__main__" => "__main__",
        other => other,
    };
    (renamed.to_owned(), name.to_owned())
}
