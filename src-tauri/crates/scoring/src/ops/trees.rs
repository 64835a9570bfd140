//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.
//!
//! Thresholds and values are compared in double precision, which holds those of single precision exactly, so that a row takes the same way
//! as in every other runtime; leaves are summed in double precision and rounded once.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::kernel::{Built, Kernel, built, input, numbers, row_count, rows, shape, tensor};
use super::scores::{Labels, Transform, largest};

#[derive(Debug, Clone, Copy)]
enum Mode {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Differs,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Branch {
        feature: usize,
        mode: Mode,
        value: f64,
        missing_goes_true: bool,
        yes: usize,
        no: usize,
    },
    /// Weights from one place up to another.
    Leaf {
        from: usize,
        to: usize,
    },
}

/// All trees of a model in one list.
#[derive(Debug)]
struct Trees {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    /// What leaves add to which output.
    weights: Vec<(usize, f64)>,
    outputs: usize,
    columns: usize,
}

impl Trees {
    fn of(attributes: Attributes<'_>, prefix: &str, outputs: usize) -> TractResult<Self> {
        attributes.refuse(&["nodes_values_as_tensor", "class_weights_as_tensor", "target_weights_as_tensor"])?;
        let trees = attributes.indices("nodes_treeids")?;
        let count = trees.len();
        ensure!(count > 0, "there is no tree");
        let of_nodes = |name: &str| -> TractResult<Vec<usize>> {
            let found = attributes.indices(name)?;
            ensure!(found.len() == count, "{name} has {} entries for {count} nodes", found.len());
            Ok(found)
        };
        let ids = of_nodes("nodes_nodeids")?;
        let features = of_nodes("nodes_featureids")?;
        let (yes, no) = (of_nodes("nodes_truenodeids")?, of_nodes("nodes_falsenodeids")?);
        let values = attributes.floats("nodes_values").unwrap_or_default();
        let modes = attributes.texts("nodes_modes")?.unwrap_or_default();
        ensure!(values.len() == count && modes.len() == count, "the nodes have values or modes for others");
        let missing = attributes.ints("nodes_missing_value_tracks_true").unwrap_or_default();
        ensure!(missing.is_empty() || missing.len() == count, "the nodes have ways of missing values for others");
        let mut places = HashMap::with_capacity(count);
        for (at, key) in trees.iter().copied().zip(ids.iter().copied()).enumerate() {
            ensure!(places.insert(key, at).is_none(), "two nodes of a tree have one number");
        }
        let (leaves, weights) = leaves(attributes, prefix, outputs)?;
        let mut nodes = Vec::with_capacity(count);
        let mut is_child = vec![false; count];
        for at in 0..count {
            let mode = match modes[at].as_str() {
                "BRANCH_LEQ" => Mode::AtMost,
                "BRANCH_LT" => Mode::Below,
                "BRANCH_GTE" => Mode::AtLeast,
                "BRANCH_GT" => Mode::Above,
                "BRANCH_EQ" => Mode::Equal,
                "BRANCH_NEQ" => Mode::Differs,
                "LEAF" => {
                    let (from, to) = leaves.get(&(trees[at], ids[at])).copied().unwrap_or((0, 0));
                    nodes.push(Node::Leaf { from, to });
                    continue;
                }
                other => bail!("a node has the mode {other}"),
            };
            let mut child = |id: usize| {
                let place =
                    places.get(&(trees[at], id)).copied().ok_or_else(|| format_err!("a node lacks its child"))?;
                is_child[place] = true;
                Ok::<usize, TractError>(place)
            };
            nodes.push(Node::Branch {
                feature: features[at],
                mode,
                value: f64::from(values[at]),
                missing_goes_true: missing.get(at).is_some_and(|it| *it != 0),
                yes: child(yes[at])?,
                no: child(no[at])?,
            });
        }
        let mut roots: Vec<usize> = (0..count).filter(|at| !is_child[*at]).collect();
        roots.sort_by_key(|at| trees[*at]);
        let all: std::collections::HashSet<usize> = trees.iter().copied().collect();
        ensure!(
            roots.len() == all.len() && roots.windows(2).all(|it| trees[it[0]] != trees[it[1]]),
            "a tree has no root, or more than one"
        );
        ensure!(is_acyclic(&nodes, &roots), "a tree leads back into itself");
        let columns = nodes.iter().filter_map(|it| match it {
            Node::Branch { feature, .. } => Some(feature + 1),
            Node::Leaf { .. } => None,
        });
        Ok(Self { columns: columns.max().unwrap_or(0), nodes, roots, weights, outputs })
    }

    /// Calls with what the leaf of every tree adds.
    fn each_leaf(&self, row: &[f64], mut with: impl FnMut(&[(usize, f64)])) {
        for root in &self.roots {
            let mut at = *root;
            loop {
                match self.nodes[at] {
                    Node::Leaf { from, to } => {
                        with(&self.weights[from..to]);
                        break;
                    }
                    Node::Branch { feature, mode, value, missing_goes_true, yes, no } => {
                        let x = row[feature];
                        let is_true = match mode {
                            Mode::AtMost => x <= value,
                            Mode::Below => x < value,
                            Mode::AtLeast => x >= value,
                            Mode::Above => x > value,
                            Mode::Equal => x == value,
                            Mode::Differs => x != value,
                        } || (missing_goes_true && x.is_nan());
                        at = if is_true { yes } else { no };
                    }
                }
            }
        }
    }

    fn sums(&self, row: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.outputs];
        self.each_leaf(row, |leaf| leaf.iter().for_each(|(output, weight)| sums[*output] += weight));
        sums
    }

    fn each_row(&self, given: &Tensor, name: &str, mut with: impl FnMut(&[f64])) -> TractResult<usize> {
        let (count, columns) = rows(given, name)?;
        ensure!(columns >= self.columns, "{name} takes {} columns, and was given {columns}", self.columns);
        numbers(given)?.chunks(columns.max(1)).take(count).for_each(&mut with);
        Ok(count)
    }
}

type Leaves = (HashMap<(usize, usize), (usize, usize)>, Vec<(usize, f64)>);

/// Weights, those of one leaf beside each other, and where those of every leaf are.
fn leaves(attributes: Attributes<'_>, prefix: &str, outputs: usize) -> TractResult<Leaves> {
    let name = |it: &str| format!("{prefix}_{it}");
    let trees = attributes.indices(&name("treeids"))?;
    let nodes = attributes.indices(&name("nodeids"))?;
    let ids = attributes.indices(&name("ids"))?;
    let weights = attributes.floats(&name("weights")).unwrap_or_default();
    let count = trees.len();
    ensure!(nodes.len() == count && ids.len() == count && weights.len() == count, "the leaves are incomplete");
    ensure!(ids.iter().all(|it| *it < outputs), "a leaf adds to an output that is not there");
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|at| (trees[*at], nodes[*at]));
    let mut places = HashMap::new();
    let mut all = Vec::with_capacity(count);
    for at in order {
        let place = places.entry((trees[at], nodes[at])).or_insert((all.len(), all.len()));
        all.push((ids[at], f64::from(weights[at])));
        place.1 = all.len();
    }
    Ok((places, all))
}

fn is_acyclic(nodes: &[Node], roots: &[usize]) -> bool {
    // Every node but a root must be reached exactly once: then all ways end.
    let mut seen = vec![false; nodes.len()];
    let mut open = roots.to_vec();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            return false;
        }
        if let Node::Branch { yes, no, .. } = nodes[at] {
            open.push(yes);
            if no != yes {
                open.push(no);
            }
        }
    }
    seen.into_iter().all(|it| it)
}

/// What becomes of the scores of two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One score for each class.
    Each,
    /// A single score, the share of the second class, which stays as it is.
    Share,
    /// A single score, positive for the second class.
    Sign,
}

#[derive(Debug)]
struct Classifier {
    trees: Trees,
    labels: Labels,
    base: Vec<f64>,
    transform: Transform,
    form: Form,
}

pub(super) fn classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    attributes.refuse(&["base_values_as_tensor"])?;
    let labels = Labels::of(attributes, "classlabels_strings", "classlabels_int64s")?;
    let trees = Trees::of(attributes, "class", labels.len())?;
    let base: Vec<f64> = attributes.floats("base_values").unwrap_or_default().iter().map(|it| f64::from(*it)).collect();
    let transform = Transform::of(attributes)?;
    let form = if labels.len() == 2 {
        ensure!(
            trees.weights.iter().all(|it| it.0 == 0) && base.len() <= 1 && transform != Transform::Softmax,
            "its two classes have scores in a form for which runtimes answer differently"
        );
        let is_share = trees.weights.iter().all(|it| it.1 >= 0.0);
        // onnxruntime takes such scores for shares and leaves them as they are; the standard transforms them.
        ensure!(
            !(is_share && transform != Transform::None),
            "its two classes have weights that are shares already, and asks to transform them, which runtimes do differently"
        );
        if is_share { Form::Share } else { Form::Sign }
    } else {
        ensure!(
            base.is_empty() || base.len() == labels.len(),
            "{} base values for {} classes",
            base.len(),
            labels.len()
        );
        Form::Each
    };
    built(Classifier { trees, labels, base, transform, form })
}

impl Classifier {
    fn answer(&self, row: &[f64]) -> (usize, Vec<f64>) {
        let mut scores = self.trees.sums(row);
        scores.iter_mut().zip(&self.base).for_each(|(score, base)| *score += base);
        let score = scores[0];
        let (place, mut scores) = match self.form {
            Form::Each => (largest(&scores), scores),
            Form::Share => (usize::from(score as f32 > 0.5), vec![1.0 - score, score]),
            Form::Sign => (usize::from(score > 0.0), vec![-score, score]),
        };
        self.transform.apply(&mut scores);
        (place, scores)
    }
}

impl Kernel for Classifier {
    fn name(&self) -> &'static str {
        "TreeEnsembleClassifier"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(self.labels.kind(), DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let count = row_count(shape(inputs, 0, self.name())?, self.name())?;
        Ok(tvec!(tvec!(count.clone()), tvec!(count, self.labels.len().to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (mut places, mut all) = (Vec::new(), Vec::new());
        let count = self.trees.each_row(input(inputs, 0, self.name())?, self.name(), |row| {
            let (place, scores) = self.answer(row);
            places.push(place);
            all.extend(scores.into_iter().map(|it| it as f32));
        })?;
        Ok(tvec!(self.labels.at(&places)?, tensor(&[count, self.labels.len()], all)?))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Least,
    Most,
}

#[derive(Debug)]
struct Regressor {
    trees: Trees,
    base: Vec<f64>,
    aggregate: Aggregate,
}

pub(super) fn regressor(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::of(node);
    attributes.refuse(&["base_values_as_tensor"])?;
    ensure!(Transform::of(attributes)? == Transform::None, "TreeEnsembleRegressor transforms what it answers");
    let targets = usize::try_from(attributes.int("n_targets").unwrap_or(1))?;
    ensure!((1..=1_000_000).contains(&targets), "TreeEnsembleRegressor has {targets} targets");
    let base: Vec<f64> = attributes.floats("base_values").unwrap_or_default().iter().map(|it| f64::from(*it)).collect();
    ensure!(base.is_empty() || base.len() == targets, "{} base values for {targets} targets", base.len());
    let aggregate = match attributes.text("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Least,
        "MAX" => Aggregate::Most,
        other => bail!("trees that are joined by {other} are not known here"),
    };
    built(Regressor { trees: Trees::of(attributes, "target", targets)?, base, aggregate })
}

impl Regressor {
    fn answer(&self, row: &[f64]) -> Vec<f64> {
        let mut answers = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => self.trees.sums(row),
            Aggregate::Least | Aggregate::Most => {
                let mut found: Vec<Option<f64>> = vec![None; self.trees.outputs];
                self.trees.each_leaf(row, |leaf| {
                    for (output, weight) in leaf {
                        let best = found[*output].unwrap_or(*weight);
                        found[*output] = Some(match self.aggregate {
                            Aggregate::Least => best.min(*weight),
                            _ => best.max(*weight),
                        });
                    }
                });
                found.into_iter().map(|it| it.unwrap_or(0.0)).collect()
            }
        };
        if self.aggregate == Aggregate::Average {
            answers.iter_mut().for_each(|it| *it /= self.trees.roots.len() as f64);
        }
        answers.iter_mut().zip(&self.base).for_each(|(answer, base)| *answer += base);
        answers
    }
}

impl Kernel for Regressor {
    fn name(&self) -> &'static str {
        "TreeEnsembleRegressor"
    }

    fn kinds(&self) -> TVec<DatumType> {
        tvec!(DatumType::F32)
    }

    fn shapes(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TVec<TDim>>> {
        let count = row_count(shape(inputs, 0, self.name())?, self.name())?;
        Ok(tvec!(tvec!(count, self.trees.outputs.to_dim())))
    }

    fn run(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let mut all = Vec::new();
        let count = self.trees.each_row(input(inputs, 0, self.name())?, self.name(), |row| {
            all.extend(self.answer(row).into_iter().map(|it| it as f32));
        })?;
        Ok(tvec!(tensor(&[count, self.trees.outputs], all)?))
    }
}
