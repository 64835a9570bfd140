//! The keys to a store, its region and its endpoint: from the environment, else from the files that other tools of such
//! stores read. They are given to the client and nowhere else.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};
use std::time::Duration;

use crate::address::Address;

/// Larger files of settings are none.
const LARGEST: u64 = 1024 * 1024;

/// What a client is made from, and the texts that no message may hold.
pub(crate) struct Settings {
    pub builder: AmazonS3Builder,
    pub secrets: Vec<String>,
}

/// The environment: a lookup, so that a test can say what stands in it.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Gathers what is needed to reach a bucket.
///
/// # Errors
/// If there are no keys, a file of settings cannot be read, or the endpoint would send what is written in the clear. The
/// text says what to do.
pub(crate) fn settings(address: &Address, environment: Environment<'_>) -> Result<Settings, String> {
    let get = |name: &str| environment(name).filter(|value| !value.is_empty());
    let profile = get("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    let home = get("HOME").or_else(|| get("USERPROFILE")).map(PathBuf::from);
    let file = |variable: &str, name: &str| {
        get(variable).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(".aws").join(name)))
    };
    let mut found = section(file("AWS_CONFIG_FILE", "config"), &profile, true)?;
    // The file of keys has the last word, as in the tools that write it.
    found.extend(section(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), &profile, false)?);

    let named = [
        (AmazonS3ConfigKey::AccessKeyId, "AWS_ACCESS_KEY_ID", "aws_access_key_id"),
        (AmazonS3ConfigKey::SecretAccessKey, "AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
        (AmazonS3ConfigKey::Token, "AWS_SESSION_TOKEN", "aws_session_token"),
    ];
    let mut builder = AmazonS3Builder::new().with_bucket_name(&address.bucket);
    let mut secrets = Vec::new();
    let from_environment = get("AWS_ACCESS_KEY_ID").is_some() || get("AWS_SECRET_ACCESS_KEY").is_some();
    let mut keys = 0;
    for (key, variable, entry) in named {
        // Keys of one place are never mixed with those of the other.
        let value = if from_environment { get(variable) } else { found.get(entry).cloned() };
        let Some(value) = value else { continue };
        keys += usize::from(!matches!(key, AmazonS3ConfigKey::Token));
        secrets.push(value.clone());
        builder = builder.with_config(key, value);
    }
    let others = [
        (AmazonS3ConfigKey::WebIdentityTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (AmazonS3ConfigKey::RoleArn, "AWS_ROLE_ARN"),
        (AmazonS3ConfigKey::RoleSessionName, "AWS_ROLE_SESSION_NAME"),
        (AmazonS3ConfigKey::ContainerCredentialsRelativeUri, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        (AmazonS3ConfigKey::ContainerCredentialsFullUri, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        (AmazonS3ConfigKey::ContainerAuthorizationTokenFile, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        (AmazonS3ConfigKey::SkipSignature, "AWS_SKIP_SIGNATURE"),
        (AmazonS3ConfigKey::VirtualHostedStyleRequest, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
    ];
    for (key, variable) in others {
        if let Some(value) = get(variable) {
            builder = builder.with_config(key, value);
        }
    }
    // With anything less than one of these, the client would ask an address of cloud machines for keys, which nobody chose.
    let set = |variable: &str| get(variable).is_some();
    let unsigned = get("AWS_SKIP_SIGNATURE").is_some_and(|it| it == "1" || it.eq_ignore_ascii_case("true"));
    let elsewhere = (set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN"))
        || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || (set("AWS_CONTAINER_CREDENTIALS_FULL_URI") && set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
        || unsigned;
    if keys < 2 && !elsewhere {
        return Err(format!(
            "there are no keys for it. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write aws_access_key_id and aws_secret_access_key under [{profile}] into ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE names another file, AWS_PROFILE another part of it)"
        ));
    }
    let region =
        ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(get).or_else(|| found.get("region").cloned());
    builder = builder.with_region(region.unwrap_or_else(|| "us-east-1".to_owned()));
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find_map(get)
        .or_else(|| found.get("endpoint_url").cloned());
    if let Some(endpoint) = endpoint {
        let open = endpoint.trim().to_ascii_lowercase().starts_with("http://");
        if open && !is_this_machine(&endpoint) && !get("AWS_ALLOW_HTTP").is_some_and(|it| it == "true" || it == "1") {
            return Err("its endpoint is http://, so models would travel where others can read them. Use https://, or set AWS_ALLOW_HTTP=true if the network is yours alone".to_owned());
        }
        builder = builder.with_endpoint(endpoint.trim().trim_end_matches('/')).with_allow_http(open);
    }
    let timeout = get("AWS_TIMEOUT").unwrap_or_else(|| "5 minutes".to_owned());
    builder = builder
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), "5 seconds")
        .with_conditional_put(S3ConditionalPut::ETagMatch);
    Ok(Settings { builder, secrets })
}

/// Tells settings that are the same from others, within this process: keys in a file change when a token ends.
pub(crate) fn stamp(address: &Address, environment: Environment<'_>) -> u64 {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    let parts = settings(address, environment).map(|it| {
        [
            AmazonS3ConfigKey::AccessKeyId,
            AmazonS3ConfigKey::SecretAccessKey,
            AmazonS3ConfigKey::Token,
            AmazonS3ConfigKey::Region,
            AmazonS3ConfigKey::Endpoint,
        ]
        .map(|key| it.builder.get_config_value(&key))
    });
    HASHER.get_or_init(RandomState::new).hash_one(parts)
}

/// How often a request that can be repeated without harm is.
pub(crate) fn patience(most: usize) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: most,
        retry_timeout: Duration::from_secs(120),
    }
}

/// Whether an endpoint is on this machine, so that nothing passes over a network.
fn is_this_machine(endpoint: &str) -> bool {
    let rest = endpoint.trim().split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The entries of a profile; none if the file is not there.
fn section(file: Option<PathBuf>, profile: &str, config: bool) -> Result<BTreeMap<String, String>, String> {
    let Some(file) = file else { return Ok(BTreeMap::new()) };
    let failed = |error: &dyn std::fmt::Display| format!("{} could not be read: {error}", file.display());
    let text = match std::fs::metadata(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed(&error)),
        Ok(metadata) if metadata.len() > LARGEST => return Err(failed(&"it is larger than 1 MiB")),
        Ok(_) => read(&file).map_err(|error| failed(&error))?,
    };
    let wanted = if config && profile != "default" { format!("profile {profile}") } else { profile.to_owned() };
    let mut entries = BTreeMap::new();
    let mut inside = false;
    for line in text.lines() {
        // An indented line belongs to the entry above, such as settings of one service.
        if line.starts_with([' ', '\t']) || line.starts_with(['#', ';']) {
            continue;
        }
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name.split_whitespace().eq(wanted.split_whitespace());
        } else if let (true, Some((key, value))) = (inside, line.split_once('='))
            && !value.trim().is_empty()
        {
            entries.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Ok(entries)
}

fn read(file: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let address = "s3://models/x".parse().unwrap();
        let known: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        settings(&address, &|name| known.get(name).cloned())
    }

    fn value(settings: &Settings, key: AmazonS3ConfigKey) -> Option<String> {
        settings.builder.get_config_value(&key)
    }

    #[test]
    fn keys_come_from_the_environment_or_from_the_files() {
        let error = with(&[("HOME", "/nonexistent")]).err().unwrap();
        assert!(error.contains("AWS_ACCESS_KEY_ID") && error.contains("~/.aws/credentials"), "{error}");

        let own = with(&[("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")]).unwrap();
        assert_eq!(value(&own, AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("id"));
        assert_eq!(own.secrets, ["id", "secret"], "no message may hold them");

        let room = std::env::temp_dir().join(format!("proofmark-aws-{}", std::process::id()));
        std::fs::create_dir_all(&room).unwrap();
        let (keys, config) = (room.join("credentials"), room.join("config"));
        std::fs::write(
            &keys,
            "# keys\n[default]\naws_access_key_id = one\naws_secret_access_key = first\n[team]\naws_access_key_id=two\naws_secret_access_key=second\n",
        )
        .unwrap();
        std::fs::write(
            &config,
            "[default]\nregion = eu-central-1\n[profile team]\nregion=eu-west-1\nendpoint_url = https://store.example\ns3 =\n  endpoint_url = https://other.example\n",
        )
        .unwrap();
        let files =
            [("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap()), ("AWS_CONFIG_FILE", config.to_str().unwrap())];
        let default = with(&files).unwrap();
        assert_eq!(value(&default, AmazonS3ConfigKey::SecretAccessKey).as_deref(), Some("first"));
        assert_eq!(value(&default, AmazonS3ConfigKey::Region).as_deref(), Some("eu-central-1"));
        let team = with(&[&files[..], &[("AWS_PROFILE", "team")]].concat()).unwrap();
        assert_eq!(value(&team, AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("two"));
        assert_eq!(value(&team, AmazonS3ConfigKey::Endpoint).as_deref(), Some("https://store.example"));
        let stamp_now = || {
            let known: BTreeMap<&str, &str> = files.into_iter().collect();
            stamp(&"s3://models/x".parse().unwrap(), &|name| known.get(name).map(|it| (*it).to_owned()))
        };
        let before = stamp_now();
        assert_eq!(stamp_now(), before);
        std::fs::write(&keys, "[default]\naws_access_key_id = three\naws_secret_access_key = third\n").unwrap();
        assert_ne!(stamp_now(), before, "the keys are others now");
        let half = with(&[&files[..], &[("AWS_ACCESS_KEY_ID", "id")]].concat());
        assert!(half.is_err(), "half of the keys of one place are not completed from the other");
        std::fs::remove_dir_all(&room).unwrap();
    }

    #[test]
    fn half_of_another_way_to_keys_is_none() {
        for half in [
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/x")][..],
            &[("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")],
            &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x")],
            &[("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/x")],
            &[("AWS_ROLE_SESSION_NAME", "x")],
            &[("AWS_SKIP_SIGNATURE", "false")],
        ] {
            let error = with(half).err();
            assert!(error.is_some_and(|it| it.contains("AWS_ACCESS_KEY_ID")), "{half:?} would ask a cloud machine");
        }
        for whole in [
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/x"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")][..],
            &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")],
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/x"),
            ],
            &[("AWS_SKIP_SIGNATURE", "true")],
        ] {
            assert!(with(whole).is_ok(), "{whole:?}");
        }
    }

    #[test]
    fn nothing_travels_in_the_clear_unless_it_stays_here() {
        let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        let at = |endpoint: &str| with(&[&keys[..], &[("AWS_ENDPOINT_URL", endpoint)]].concat());
        for here in ["http://127.0.0.1:5000", "http://localhost:9000/", "http://[::1]:5000"] {
            assert!(at(here).is_ok(), "{here}");
        }
        for away in ["http://store.example", "http://localhost.example:9000", "http://10.0.0.7"] {
            let error = at(away).err().unwrap();
            assert!(error.contains("AWS_ALLOW_HTTP"), "{error}");
        }
        let allowed = [("AWS_ENDPOINT_URL", "http://10.0.0.7"), ("AWS_ALLOW_HTTP", "true")];
        assert!(with(&[&keys[..], &allowed[..]].concat()).is_ok(), "unless a person says so");
    }
}
