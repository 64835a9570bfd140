//! Statements that arrive in any order, a few at a time: a fold that goes on must say what one that begins anew says.

use super::*;
use crate::release::Fold;

/// What arrives at a reader.
#[derive(Clone)]
enum Arrival {
    Statement(Arc<Placed>),
    Claim(u64, Digest),
}

/// A fixed sequence of numbers, so that what fails can be tried again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }
}

fn some_candidate(number: usize) -> CandidateId {
    CandidateId::from_uuid(Uuid::from_u128(1000 + number as u128))
}

/// Something that somebody says, which need not be allowed.
fn saying(dice: &mut Dice, candidates: usize, versions: u64, at: usize) -> (u128, StatementBody) {
    let (candidate, bundle, reason) = (some_candidate(dice.below(candidates)), bundle(), "x".to_owned());
    let (model, version) = (model(), 1 + dice.below(versions as usize + 1) as u64);
    let alias = "production".to_owned();
    match dice.below(40) {
        0..=8 => (BOB, StatementBody::Approved { candidate, bundle, reason }),
        9..=11 => (BOB, StatementBody::Asked { candidate, bundle, text: reason }),
        12 => (BOB, StatementBody::Rejected { candidate, bundle, reason }),
        13 => (ANN, StatementBody::Approved { candidate, bundle, reason }),
        14..=25 => {
            let version = versions + 1;
            (ANN, StatementBody::Published { candidate, bundle, model, version, proof: vec![] })
        }
        26 => (ANN, StatementBody::Promoted { model, alias, version, reason, from: None }),
        27 => (ANN, StatementBody::Withdrawn { model, version, replacement: None, reason }),
        28 => (OLGA, StatementBody::FreezeSet { frozen: dice.below(4) == 0, reason }),
        29 => {
            let from = (dice.below(4) == 0).then(|| Timestamp::from_ms(at as i64 + 5));
            (ANN, StatementBody::Promoted { model, alias, version, reason, from })
        }
        30 => (BOB, StatementBody::Waived { candidate, bundle, gate: "auc".to_owned(), reason, expires: Some(NOW) }),
        _ => {
            let candidate = some_candidate(candidates);
            (ANN, StatementBody::Submitted { candidate, bundle, model, note: String::new() })
        }
    }
}

fn everything(dice: &mut Dice, count: usize) -> (Book, Vec<Arrival>) {
    let mut book = Book::new(Policy::default(), manifest());
    let mut arrivals: Vec<Arrival> = Vec::new();
    let (mut candidates, mut versions) = (0, 0);
    for at in 0..count {
        let (who, body) = saying(dice, candidates, versions, at);
        candidates += usize::from(matches!(body, StatementBody::Submitted { .. }));
        let publishes = matches!(body, StatementBody::Published { .. });
        let digest = book.say(who, who, body);
        arrivals.push(Arrival::Statement(Arc::new(book.statements.last().unwrap().clone())));
        // Some never get their number, and then the next one tries for the same.
        if publishes && dice.below(3) > 0 {
            versions += 1;
            book.claims.versions.insert((model(), versions), digest);
            arrivals.push(Arrival::Claim(versions, digest));
        }
    }
    (book, arrivals)
}

fn sorted(refused: &[Refused]) -> Vec<Refused> {
    let mut refused = refused.to_vec();
    refused.sort_by_key(|it| it.statement);
    refused
}

#[test]
fn whatever_the_order_of_arrival_a_fold_that_goes_on_says_the_same() {
    let id = RegistryId::from_uuid(Uuid::nil());
    let (mut went_on, mut late, mut anew) = (0, 0, 0);
    for seed in 1..=20u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (book, mut arrivals) = everything(&mut dice, 120);
        let begun = book.statements.len() - arrivals.iter().filter(|it| matches!(it, Arrival::Statement(_))).count();
        let mut there: Vec<Arc<Placed>> = book.statements.iter().take(begun).cloned().map(Arc::new).collect();
        let mut claims = Claims { trust: book.claims.trust.clone(), ..Claims::default() };
        let now = NOW;
        let mut fold = Fold::of(id, there.clone(), &book.manifests, &claims);
        fold.settle(now);
        while !arrivals.is_empty() {
            let (mut arrived, mut claimed) = (Vec::new(), Vec::new());
            for _ in 0..=dice.below(3) {
                // Most come in their order; some are overtaken.
                let place = if dice.below(3) == 0 { dice.below(arrivals.len().min(4)) } else { 0 };
                if place >= arrivals.len() {
                    break;
                }
                match arrivals.remove(place) {
                    Arrival::Statement(it) => arrived.push(it),
                    Arrival::Claim(number, digest) => {
                        claims.versions.insert((model(), number), digest);
                        claimed.push((model(), number));
                    }
                }
            }
            let newest = there.iter().map(|it| it.statement.id).max();
            let is_late = !claimed.is_empty() || arrived.iter().any(|it| Some(it.statement.id) < newest);
            there.extend(arrived.iter().cloned());
            let mut whole = Fold::of(id, there.clone(), &book.manifests, &claims);
            whole.settle(now);
            if fold.go_on(&arrived, &book.manifests, &claims, &claimed, now) {
                assert_eq!(fold.state, whole.state, "seed {seed}, after {} statements", there.len());
                assert_eq!(sorted(&fold.refused), sorted(&whole.refused), "seed {seed}, after {}", there.len());
                went_on += 1;
                late += usize::from(is_late);
            } else {
                fold = whole;
                anew += 1;
            }
        }
    }
    assert!(went_on > anew && late > 50 && anew > 50, "both ways were tried: {went_on} ({late} late), {anew}");
}
