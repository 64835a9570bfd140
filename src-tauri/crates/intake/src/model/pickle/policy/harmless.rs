//! Names that real files of the common libraries import, and that do nothing but make values.

/// Names whose call makes a plain value, by exact module.
pub(super) const CONSTRUCTORS: &[(&str, &[&str])] = &[
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
pub(super) const NOT_VALUES: &[&str] = &[
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
pub(super) const PACKAGES: &[&str] =
    &["sklearn", "imblearn", "category_encoders", "xgboost.sklearn", "lightgbm.sklearn"];

/// Parts of those packages that do read files or run things.
pub(super) const EXCLUDED: &[&str] = &[
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

/// Classes whose initialisers read a file when they are given a name of one. Pickles of them are made without arguments.
pub(super) const READERS: &[(&str, &[&str])] = &[
    ("xgboost.core", &["Booster", "DMatrix"]),
    ("lightgbm.basic", &["Booster", "Dataset"]),
    ("catboost.core", &["CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker", "_CatBoostBase"]),
];

/// Encodings that turn text into the bytes that Python 2 protocols cannot spell. Others are looked up as modules.
pub(super) const ENCODINGS: [&str; 6] = ["latin1", "latin-1", "utf-8", "utf8", "ascii", "iso-8859-1"];

/// Functions and types of numpy that may be named as a parameter of an estimator.
pub(super) const NUMPY_REFERENCES: &[&str] = &[
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

/// Whether a name is that of a sparse matrix of SciPy.
pub(super) fn is_sparse(name: &str) -> bool {
    ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest == "_matrix" || rest == "_array"))
}

/// Whether a name of `torch` is a type of elements or a layout of memory.
pub(super) fn is_torch_dtype(name: &str) -> bool {
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

/// Whether a name of pandas is that of a table or of something tables are made of.
pub(super) fn is_pandas_value(name: &str) -> bool {
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

/// Whether a name is spelled as classes are.
pub(super) fn is_class_name(name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    bare.starts_with(|first: char| first.is_ascii_uppercase())
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
