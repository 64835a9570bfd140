//! Variables that can change what a training run computes. A list of those that may be kept, never the whole environment: that
//! holds passwords and tokens.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Kept by their full name.
const NAMES: [&str; 34] = [
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_HOME",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "JAX_ENABLE_X64",
    "JAX_PLATFORMS",
    "KMP_AFFINITY",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MALLOC_ARENA_MAX",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NVIDIA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTORCH_CUDA_ALLOC_CONF",
    "RAYON_NUM_THREADS",
    "ROCR_VISIBLE_DEVICES",
    "TF_CPP_MIN_LOG_LEVEL",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TZ",
    "VIRTUAL_ENV",
];

/// A longer value is cut: it is no setting.
const LONGEST: usize = 4_096;

/// The variables that may matter, of those given. A value that holds an address with a password in it is left out.
pub fn relevant_variables(all: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<String, String> {
    all.filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| NAMES.contains(&name.as_str()))?;
        let value = value.into_string().ok().filter(|value| !holds_password(value))?;
        Some((name, value.chars().take(LONGEST).collect()))
    })
    .collect()
}

/// `scheme://user:password@host`.
fn holds_password(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        rest.split('/').next().and_then(|it| it.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_kept() {
        let all = [
            ("OMP_NUM_THREADS", "4"),
            ("AWS_SECRET_ACCESS_KEY", "abc"),
            ("HF_TOKEN", "hf_abc"),
            ("PYTHONPATH", "https://ada:secret@host/x"),
            ("CUDA_VISIBLE_DEVICES", "0,1"),
            ("MLFLOW_TRACKING_PASSWORD", "x"),
        ];
        let kept = relevant_variables(all.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
        let kept: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(kept, [("CUDA_VISIBLE_DEVICES", "0,1"), ("OMP_NUM_THREADS", "4")]);
    }
}
