//! The same over a network, to servers that keep their word and to servers that do not.

use std::io::{ErrorKind, Read as _};

use proofmark_bucket::BucketStore;
use proofmark_registry::registry::{NewRegistry, OpenOptions};
use proofmark_registry::{Registry, RegistryError, Store, Wanted, Watch};

use crate::server::{Server, Temper};
use crate::support::{Outcome, Team, assert_whole, churn};

const KEY: &str = "KEYIDENTIFIER";
const SECRET: &str = "a-secret-that-nobody-reads";

fn store(server: &Server, address: &str) -> Result<BucketStore, Box<dyn std::error::Error>> {
    store_at(&server.endpoint, address)
}

fn store_at(endpoint: &str, address: &str) -> Result<BucketStore, Box<dyn std::error::Error>> {
    let environment = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some(KEY.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        _ => None,
    };
    Ok(BucketStore::open_with(&address.parse()?, &environment)?)
}

/// A whole release over the network; answers the registry.
fn release(server: &Server, team: &Team) -> Result<Registry, Box<dyn std::error::Error>> {
    let place = || store(server, "s3://models/team/registry").map(|it| Box::new(it) as Box<dyn Store>);
    let options = || OpenOptions { trusted_owner: Some(team.owner.key_id().to_owned()), ..OpenOptions::default() };
    let registry = Registry::create_in(place()?, &NewRegistry::named("Models"), &team.owner, options())?;
    let roles = |roles: &[proofmark_domain::person::Role]| roles.iter().copied().collect();
    use proofmark_domain::person::Role::{Approver, Publisher, Submitter};
    registry.admit(&team.owner, team.ann.card(), &roles(&[Submitter, Publisher]))?;
    registry.admit(&team.owner, team.bob.card(), &roles(&[Approver]))?;
    for (note, version) in [("first", 1), ("second", 2)] {
        let candidate = team.approved(&registry, note)?;
        assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, version);
        registry.promote(&team.ann, &churn(), "production", version, "the newest")?;
    }
    Ok(Registry::open_in(place()?, options())?)
}

#[test]
fn a_release_goes_over_the_network() -> Outcome {
    let (server, team) = (Server::start(Temper::Proper)?, Team::new()?);
    let registry = release(&server, &team)?;
    assert_whole(&registry.verify(&mut Watch::silent())?, "read by another one");
    let out = team.room.path().join("out");
    let fetched = registry.fetch(&"churn@production".parse::<Wanted>()?, &out, &mut Watch::silent())?;
    assert_eq!(fetched.version, 2);
    assert_eq!(std::fs::read(out.join("model/model.pkl"))?, [7u8; 300]);
    let names = server.names();
    assert!(names.iter().all(|it| it.starts_with("team/registry/")), "nothing beside the prefix: {names:?}");
    assert!(!names.iter().any(|it| it.contains(".staging")), "nothing is left over: {names:?}");
    Ok(())
}

#[test]
fn lost_answers_lose_nothing_and_double_nothing() -> Outcome {
    let (server, team) = (Server::start(Temper::LosesAnswers)?, Team::new()?);
    let registry = release(&server, &team)?;
    assert!(server.changes() > 60, "only {} changes, of which a third was not answered", server.changes());
    assert_whole(&registry.verify(&mut Watch::silent())?, "after lost answers");
    let state = registry.state()?;
    assert_eq!(state.versions[&churn()].len(), 2);
    assert_eq!(state.candidates.len(), 2, "nothing was submitted twice");
    Ok(())
}

#[test]
fn large_files_go_in_parts_and_come_back_whole() -> Outcome {
    let server = Server::start(Temper::LosesAnswers)?;
    let store = store(&server, "s3://models")?;
    let large: Vec<u8> = (0..40_000_000u32).map(|at| (at % 249) as u8).collect();
    assert_eq!(store.stage(".staging/r/large", &mut large.as_slice())?, 40_000_000);
    store.settle(".staging/r/large", "objects/large")?;
    store.discard(".staging/r")?;
    assert_eq!(server.names(), ["objects/large"]);
    let mut back = Vec::new();
    store.open("objects/large")?.read_to_end(&mut back)?;
    assert!(back == large, "every byte");
    Ok(())
}

#[test]
fn a_store_that_ignores_conditions_is_never_written() -> Outcome {
    let (server, team) = (Server::start(Temper::IgnoresConditions)?, Team::new()?);
    let place = store(&server, "s3://models/r")?;
    let test = place.self_test()?;
    assert!(test.writable && !test.exclusive_create && !test.can_publish(), "{test:?}");
    assert!(test.notes.iter().any(|it| it.contains("If-None-Match")), "{:?}", test.notes);
    let begun =
        Registry::create_in(Box::new(place), &NewRegistry::named("Models"), &team.owner, OpenOptions::default());
    assert!(matches!(begun, Err(RegistryError::ReadOnly { .. })), "{begun:?}");
    Ok(())
}

#[test]
fn a_registry_in_a_store_that_ignores_conditions_is_read_only() -> Outcome {
    let (server, team) = (Server::start(Temper::IgnoresConditions)?, Team::published()?);
    // Somebody copied it there.
    let source = team.ground.store()?;
    let place = store(&server, "s3://models/r")?;
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        for entry in source.list(&folder)? {
            let path = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            if entry.kind == proofmark_registry::store::EntryKind::Folder {
                open.push(path);
            } else {
                place.stage(".staging/copy/x", &mut source.open(&path)?)?;
                place.settle(".staging/copy/x", &path)?;
            }
        }
    }
    let registry = Registry::open_in(Box::new(place), OpenOptions::default())?;
    let versions = registry.state()?.versions.clone();
    assert_eq!(versions[&churn()].len(), 1, "it can be read");
    let refused = registry.promote(&team.ann, &churn(), "canary", 1, "try");
    let Err(RegistryError::ReadOnly { why, .. }) = refused else { return Err(format!("{refused:?}").into()) };
    assert!(why.contains("If-None-Match"), "{why}");
    Ok(())
}

#[test]
fn refusals_and_absences_are_said_without_the_keys() -> Outcome {
    let refusing = Server::start(Temper::Refuses)?;
    let denied = store(&refusing, "s3://models")?.list("").err().ok_or("it refuses")?;
    assert_eq!(denied.kind(), ErrorKind::PermissionDenied, "{denied}");
    let denied_too = store(&refusing, "s3://models")?.read("x").err().ok_or("it refuses")?;
    assert_eq!(denied_too.kind(), ErrorKind::PermissionDenied, "{denied_too}");
    let text = denied.to_string();
    assert!(text.contains("InvalidAccessKeyId") && text.contains('…'), "{text}");
    assert!(!text.contains(KEY) && !text.contains(SECRET), "{text}");
    assert!(!store(&refusing, "s3://models")?.self_test()?.writable);

    let server = Server::start(Temper::Proper)?;
    let absent = store(&server, "s3://other-bucket")?.list("log").err().ok_or("there is no such bucket")?;
    assert!(absent.to_string().contains("NoSuchBucket") && absent.kind() != ErrorKind::NotFound, "{absent}");
    let nobody = store_at("http://127.0.0.1:9", "s3://models")?;
    let silent = nobody.read("x").err().ok_or("nobody answers")?;
    assert!(!silent.to_string().contains(SECRET) && silent.kind() != ErrorKind::NotFound, "{silent}");
    Ok(())
}

/// A place on this machine where connections are taken and nothing is ever said.
fn silent() -> Result<(std::net::TcpListener, String), Box<dyn std::error::Error>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    Ok((listener, endpoint))
}

#[test]
fn a_store_that_is_not_reached_costs_its_wait_once() -> Outcome {
    let nobody = store_at("http://127.0.0.1:9", "s3://models")?;
    let begun = std::time::Instant::now();
    let first = nobody.read("x").err().ok_or("nobody answers")?;
    assert!(begun.elapsed().as_secs() < 8, "it took {:?}", begun.elapsed());
    assert_ne!(first.kind(), ErrorKind::NotFound, "{first}");
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        let again = nobody.list("log").err().ok_or("nobody answers")?;
        assert!(again.to_string().contains("asked again in"), "{again}");
        assert_eq!(again.kind(), ErrorKind::HostUnreachable, "{again}");
    }
    assert!(nobody.create_new("x", b"x").is_err());
    assert!(begun.elapsed().as_millis() < 500, "twenty further questions took {:?}", begun.elapsed());
    Ok(())
}

#[test]
#[ignore = "it waits for as long as a silent store is given, 20 s"]
fn a_store_that_says_nothing_is_given_up() -> Outcome {
    let (_listener, endpoint) = silent()?;
    let store = store_at(&endpoint, "s3://models")?;
    let begun = std::time::Instant::now();
    let error = store.read("x").err().ok_or("nothing is said")?;
    assert!(begun.elapsed().as_secs() < 30, "it took {:?}: {error}", begun.elapsed());
    assert!(store.read("x").err().is_some_and(|it| it.to_string().contains("asked again in")));
    Ok(())
}

#[test]
fn the_pulse_of_many_models_is_two_questions() -> Outcome {
    let (server, team) = (Server::start(Temper::Proper)?, Team::new()?);
    let registry = release(&server, &team)?;
    let before = server.listings();
    registry.pulse()?;
    assert_eq!(server.listings() - before, 2, "one for the statements, one for the claims");
    Ok(())
}
