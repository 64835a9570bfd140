//! Three machines, each with its own copy of the folder, and a synchroniser that delivers late, out of order, in pieces, and
//! makes conflict copies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proofmark_domain::registry::RegistryVerdict;
use proofmark_domain::release::{CandidateState, RegistryState};
use proofmark_registry::registry::OpenOptions;
use proofmark_registry::{Registry, Watch};

use crate::support::{Outcome, Team, all_files, churn, copy_tree};

/// A fixed sequence of numbers, so that what fails can be tried again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// What a synchroniser remembers of each file: the content that all machines had last.
#[derive(Default)]
struct Synchroniser {
    agreed: BTreeMap<String, Vec<u8>>,
    conflicts: usize,
}

impl Synchroniser {
    fn files(machine: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn std::error::Error>> {
        let mut found = Vec::new();
        all_files(machine, &mut found)?;
        let mut files = BTreeMap::new();
        for path in found {
            let name = path.strip_prefix(machine)?.to_string_lossy().into_owned();
            // Staging is what a synchroniser would be told to leave out; here it is only spared the noise.
            if !name.starts_with(".staging") {
                files.insert(name, fs::read(path)?);
            }
        }
        Ok(files)
    }

    fn write(machine: &Path, name: &str, content: &[u8]) -> Outcome {
        let path = machine.join(name);
        fs::create_dir_all(path.parent().ok_or("a folder")?)?;
        // A synchroniser writes beside and renames.
        let beside = path.with_extension("syncing.tmp");
        fs::write(&beside, content)?;
        fs::rename(beside, path)?;
        Ok(())
    }

    /// One round: each change is delivered with the given chance, some of them cut short for now. Returns whether anything
    /// is still under way.
    fn round(
        &mut self,
        machines: &[PathBuf],
        dice: &mut Dice,
        chance: usize,
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let mut under_way = false;
        let there: Vec<BTreeMap<String, Vec<u8>>> =
            machines.iter().map(|it| Self::files(it)).collect::<Result<_, _>>()?;
        let mut names: Vec<String> =
            there.iter().flat_map(|it| it.keys().cloned()).collect::<BTreeSet<_>>().into_iter().collect();
        for index in (1..names.len()).rev() {
            names.swap(index, dice.below(index + 1));
        }
        for name in names {
            let versions: BTreeSet<&Vec<u8>> = there.iter().filter_map(|it| it.get(&name)).collect();
            let everywhere = there.iter().all(|it| it.contains_key(&name));
            if versions.len() == 1 && everywhere {
                self.agreed.insert(name.clone(), versions.into_iter().next().cloned().unwrap_or_default());
                continue;
            }
            if dice.below(100) >= chance {
                under_way = true;
                continue;
            }
            let before = self.agreed.get(&name);
            // Cut short: a machine that has half of a file will get the rest, and does not spread the half.
            let changed: Vec<&Vec<u8>> = versions
                .iter()
                .filter(|it| Some(**it) != before)
                .filter(|it| !versions.iter().any(|other| other.len() > it.len() && other.starts_with(it)))
                .copied()
                .collect();
            let Some(winner) = changed.first().copied() else { continue };
            for (machine, files) in machines.iter().zip(&there) {
                match files.get(&name) {
                    Some(own) if own == winner => {}
                    Some(own) if changed.contains(&own) => {
                        // Changed on two machines: the loser is kept under another name.
                        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, "txt"));
                        let copy = format!(
                            "{stem}.sync-conflict-20260101-10101{}-ABCDEF{}.{ending}",
                            dice.below(10),
                            self.conflicts
                        );
                        self.conflicts += 1;
                        Self::write(machine, &copy, own)?;
                        Self::write(machine, &name, winner)?;
                    }
                    _ if dice.below(100) < 30 && winner.len() > 10 && chance < 100 => {
                        Self::write(machine, &name, winner.get(..winner.len() / 2).unwrap_or_default())?;
                    }
                    _ => Self::write(machine, &name, winner)?,
                }
            }
            under_way = true;
        }
        Ok(under_way)
    }
}

/// What a state says, without what only the place of a copy decides.
fn meaning(state: &RegistryState) -> String {
    serde_json::to_string(state).unwrap_or_default()
}

fn operations() -> usize {
    std::env::var("PROOFMARK_OPERATIONS").ok().and_then(|it| it.parse().ok()).unwrap_or(60)
}

#[test]
fn three_machines_converge() -> Outcome {
    for seed in [1u64, 2, 3] {
        let team = Team::new()?;
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let machines: Vec<PathBuf> = (0..3).map(|number| team.room.path().join(format!("machine-{number}"))).collect();
        for machine in &machines {
            copy_tree(&team.dir(), machine)?;
        }
        let open = |machine: &Path| Registry::open(machine, OpenOptions::default());
        let mut synchroniser = Synchroniser::default();
        for _ in 0..operations() {
            let machine = &machines[dice.below(3)];
            let registry = open(machine)?;
            let state = registry.state()?;
            let in_state = |wanted: CandidateState| {
                state.candidates.values().find(|it| it.state == wanted && it.manifest.is_some())
            };
            // What is refused, because something has not arrived or somebody else was faster, leaves nothing half done.
            match dice.below(5) {
                0 => {
                    let note = format!("note {}", dice.below(1_000_000));
                    let _ = registry.submit(&team.ann, &team.submission(&note), &mut Watch::silent());
                }
                1 => {
                    if let Some(it) = in_state(CandidateState::Waiting) {
                        let _ = registry.approve(&team.bob, it.id, &it.bundle, "fine");
                    }
                }
                2 => {
                    if let Some(it) = in_state(CandidateState::Approved) {
                        let _ = registry.publish(&team.ann, it.id, &mut Watch::silent());
                    }
                }
                3 => {
                    if let Some(version) = state.versions.get(&churn()).and_then(|it| it.keys().last()) {
                        let _ = registry.promote(&team.ann, &churn(), "production", *version, "newest");
                    }
                }
                _ => {
                    synchroniser.round(&machines, &mut dice, 60)?;
                }
            }
        }
        let mut rounds = 0;
        while synchroniser.round(&machines, &mut dice, 100)? {
            rounds += 1;
            assert!(rounds < 100, "seed {seed}: the synchroniser comes to rest");
        }
        // What waits goes on: the loser of a number publishes again, and views are written anew.
        for _ in 0..3 {
            let registry = open(&machines[0])?;
            mend(&team, &registry, &machines)?;
            while synchroniser.round(&machines, &mut dice, 100)? {}
        }
        let states: Vec<String> = machines
            .iter()
            .map(|it| Ok(meaning(&*open(it)?.state()?)))
            .collect::<Result<_, Box<dyn std::error::Error>>>()?;
        assert_eq!(states[0], states[1], "seed {seed}: the first and the second agree");
        assert_eq!(states[1], states[2], "seed {seed}: the second and the third agree");
        for machine in &machines {
            let report = open(machine)?.verify(&mut Watch::silent())?;
            assert_eq!(report.verdict, RegistryVerdict::Ok, "seed {seed}: {:#?}", report.problems);
            let conflicts = Synchroniser::files(machine)?.keys().filter(|it| it.contains("sync-conflict")).count();
            let shown = report.ignored.iter().filter(|it| it.contains("sync-conflict")).count();
            assert_eq!(shown, conflicts, "seed {seed}: every conflict copy is listed");
        }
    }
    Ok(())
}

/// Does what the report says: moves folders away in which two publications met, and publishes their candidates again.
fn mend(team: &Team, registry: &Registry, machines: &[PathBuf]) -> Outcome {
    let machine = &machines[0];
    let report = registry.verify(&mut Watch::silent())?;
    // What is taken away for good is taken away everywhere; this synchroniser passes on no removals.
    for empty in report.problems.iter().filter(|it| it.code == "version_overtaken") {
        for machine in machines.iter().filter(|it| it.join(&empty.path).exists()) {
            fs::remove_dir_all(machine.join(&empty.path))?;
        }
    }
    for version in report.versions.iter().filter(|it| it.verdict != RegistryVerdict::Ok) {
        let folder = machine.join(format!("models/churn/version-{}", version.version));
        if folder.exists() {
            let aside = machine.join(format!(".staging/aside-{}", version.version));
            fs::create_dir_all(machine.join(".staging"))?;
            let _ = fs::remove_dir_all(&aside);
            fs::rename(&folder, aside)?;
        }
    }
    let state = registry.state()?;
    for candidate in state.candidates.values() {
        if matches!(candidate.state, CandidateState::Approved | CandidateState::Published)
            && candidate.manifest.is_some()
        {
            registry.publish(&team.ann, candidate.id, &mut Watch::silent())?;
        }
    }
    let newest = registry.state()?.versions.get(&churn()).and_then(|it| it.keys().last().copied());
    if let Some(version) = newest {
        registry.promote(&team.ann, &churn(), "production", version, "mended")?;
    }
    Ok(())
}

/// Copies what the second has and the first lacks.
fn bring(from: &Path, to: &Path) -> Outcome {
    for (name, content) in Synchroniser::files(from)? {
        if !to.join(&name).exists() {
            Synchroniser::write(to, &name, &content)?;
        }
    }
    Ok(())
}

#[test]
fn a_number_whose_candidate_was_published_elsewhere_first_stays_empty() -> Outcome {
    let team = Team::new()?;
    let registry = team.open()?;
    let (one, two) = (team.approved(&registry, "one")?, team.approved(&registry, "two")?);
    let here = team.room.path().join("here");
    let there = team.room.path().join("there");
    copy_tree(&team.dir(), &here)?;
    copy_tree(&team.dir(), &there)?;
    let open = |machine: &Path| Registry::open(machine, OpenOptions::default());
    let silent = || Watch::silent();
    assert_eq!(open(&here)?.publish(&team.ann, one, &mut silent())?, 1);
    assert_eq!(open(&there)?.publish(&team.ann, two, &mut silent())?, 1);
    assert_eq!(open(&there)?.publish(&team.ann, one, &mut silent())?, 2);
    bring(&there, &here)?;
    let merged = open(&here)?;
    let report = merged.verify(&mut silent())?;
    let codes: Vec<&str> = report.problems.iter().map(|it| it.code.as_str()).collect();
    assert!(codes.contains(&"version_overtaken"), "its folder can be seen, so it is told: {codes:?}");
    assert_eq!(report.verdict, RegistryVerdict::Incomplete, "nobody is blamed: {:#?}", report.problems);
    let aside = team.room.path().join("aside");
    fs::rename(here.join("models/churn/version-2"), aside)?;
    assert_eq!(merged.publish(&team.ann, two, &mut silent())?, 3, "the empty number is not used again");
    assert_eq!(merged.publish(&team.ann, one, &mut silent())?, 1, "it is published already");
    let report = merged.verify(&mut silent())?;
    assert_eq!(report.verdict, RegistryVerdict::Ok, "{:#?}", report.problems);
    assert!(report.ignored.iter().any(|it| it.starts_with("claims/churn/2 ")), "{:?}", report.ignored);
    Ok(())
}
