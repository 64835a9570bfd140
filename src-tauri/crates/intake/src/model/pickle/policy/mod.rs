//! Which imports of a pickle are known to be harmless, and which are known to be able to do harm.
//!
//! The list of dangerous names covers what the published scanners picklescan 1.0.5 and modelscan 0.8.8 block, and the
//! gaps in them that were published since. The list of harmless names is what real files of the common libraries
//! import; anything on neither list is neither.

mod dangerous;
mod harmless;

use super::graph::{Global, Graph, Id};
use dangerous::{MODULES, NAMES, PARTS};
use harmless::{
    CONSTRUCTORS, ENCODINGS, EXCLUDED, NOT_VALUES, NUMPY_REFERENCES, PACKAGES, READERS, is_class_name, is_pandas_value,
    is_sparse, is_torch_dtype,
};

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
