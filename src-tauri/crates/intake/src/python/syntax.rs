//! Python sources as trees, read with ruff's parser.
//!
//! The parser's interface is unstable, so nothing outside this module names it.

use ruff_python_ast as ast;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::old;
use super::tree::{Call, Class, Comparison, Comprehension, Expr, Function, Parameter, Stmt, Takes};

/// Deeper expressions than this are cut off.
const DEPTH: u16 = 150;
/// Longer sources are not parsed.
pub(crate) const LONGEST: usize = 2 << 20;
/// How many errors of one source are kept.
const ERRORS: usize = 20;

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
    /// What could not be parsed.
    pub(crate) errors: Vec<(u32, String)>,
}

/// Parses a source; what follows an error is read as far as it can be.
pub(crate) fn parse(text: &str) -> Parsed {
    parse_part(text.trim_start_matches('\u{feff}'), 1, Mode::Module)
}

/// Parses the cells of a notebook, in which `%magic` and `!command` lines are allowed: the first line and the text of each.
/// A cell that does not parse does not touch the others.
pub(crate) fn parse_cells<'t>(cells: impl Iterator<Item = (u32, &'t str)>) -> Parsed {
    let mut whole = Parsed::default();
    let mut length = 0;
    for (first, text) in cells {
        length += text.len();
        if length > LONGEST {
            whole.errors.push((
                first,
                format!("the code is longer than {LONGEST} bytes, so this cell and those after it were not read"),
            ));
            break;
        }
        let cell = parse_part(text, first, Mode::Ipython);
        whole.body.extend(cell.body);
        whole.errors.extend(cell.errors);
        whole.errors.truncate(ERRORS);
    }
    whole
}

fn parse_part(text: &str, first: u32, mode: Mode) -> Parsed {
    if text.len() > LONGEST {
        return Parsed {
            body: Vec::new(),
            errors: vec![(first, format!("longer than {LONGEST} bytes, so it was not read"))],
        };
    }
    let whole = parse_once(text, first, mode);
    if whole.errors.is_empty() {
        return whole;
    }
    // A notebook that was saved as a script keeps its magics.
    if mode == Mode::Module && text.lines().any(|line| line.trim_start().starts_with(['%', '!'])) {
        let cells = parse_once(text, first, Mode::Ipython);
        if cells.errors.len() < whole.errors.len() {
            return parse_part(text, first, Mode::Ipython);
        }
    }
    // Python 2, if that explains it; the error that names it stays.
    let modern = old::modern(text);
    let whole = if modern == text {
        whole
    } else {
        let mut translated = parse_once(&modern, first, mode);
        if translated.errors.len() < whole.errors.len() {
            let (line, error) = &whole.errors[0];
            translated.errors.insert(0, (*line, format!("{error} (read as Python 2)")));
            translated
        } else {
            whole
        }
    };
    if whole.errors.iter().all(|(_, error)| error.ends_with("(read as Python 2)")) {
        return whole;
    }
    // One unclosed bracket swallows all that follows: statement by statement, the rest is found again.
    let mut parts = Parsed::default();
    for (line, part) in old::statements(text) {
        let parsed = parse_once(part, first + line, mode);
        parts.body.extend(parsed.body);
        parts.errors.extend(parsed.errors);
    }
    parts.errors.truncate(ERRORS);
    if parts.body.len() > whole.body.len() { parts } else { whole }
}

fn parse_once(text: &str, first: u32, mode: Mode) -> Parsed {
    let lines = Lines::new(text, first);
    let parsed = parse_unchecked(text, ParseOptions::from(mode));
    let errors = parsed.errors().iter().take(ERRORS);
    let errors = errors.map(|error| (lines.line(error.location.start().into()), error.error.to_string())).collect();
    let body = match parsed.syntax() {
        ast::Mod::Module(module) => statements(&module.body, &lines, DEPTH),
        ast::Mod::Expression(_) => Vec::new(),
    };
    Parsed { body, errors }
}

struct Lines(Vec<usize>, u32);

impl Lines {
    fn new(text: &str, first: u32) -> Self {
        // Old Macintosh files end their lines with a carriage return alone.
        let end = if text.contains('\n') { b'\n' } else { b'\r' };
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == end).map(|(at, _)| at).collect(), first)
    }

    fn line(&self, offset: u32) -> u32 {
        self.0.partition_point(|end| *end < offset as usize) as u32 + self.1
    }
}

fn statements<'s>(body: impl IntoIterator<Item = &'s ast::Stmt>, lines: &Lines, depth: u16) -> Vec<Stmt> {
    let mut found = Vec::new();
    for stmt in body {
        statement(stmt, lines, depth, &mut found);
    }
    found
}

fn statement(stmt: &ast::Stmt, lines: &Lines, depth: u16, found: &mut Vec<Stmt>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let line = lines.line(stmt.start().into());
    let ex = |e: &ast::Expr| expr(e, lines, depth);
    let block = |body: &[ast::Stmt]| statements(body, lines, depth);
    match stmt {
        ast::Stmt::Assign(s) => found.push(Stmt::Assign(s.targets.iter().map(ex).collect(), ex(&s.value))),
        ast::Stmt::AnnAssign(s) => match (&s.value, ex(&s.target)) {
            (Some(value), target) => found.push(Stmt::Assign(vec![target], ex(value))),
            (None, Expr::Name(name)) => found.push(Stmt::Declare(name)),
            _ => {}
        },
        ast::Stmt::AugAssign(s) => {
            let op = operator(s.op);
            let sum = Expr::Binary(op, Box::new(ex(&s.target)), Box::new(ex(&s.value)));
            found.push(Stmt::Assign(vec![ex(&s.target)], sum));
        }
        ast::Stmt::Expr(s) => found.push(Stmt::Expr(ex(&s.value))),
        ast::Stmt::Return(s) => found.push(Stmt::Return(s.value.as_deref().map(ex))),
        ast::Stmt::FunctionDef(s) => found.push(Stmt::Function(Function {
            name: s.name.to_string(),
            parameters: parameters(&s.parameters, lines, depth),
            decorators: s.decorator_list.iter().map(|decorator| ex(&decorator.expression)).collect(),
            body: block(&s.body),
            line,
        })),
        ast::Stmt::ClassDef(s) => found.push(Stmt::Class(Class {
            name: s.name.to_string(),
            bases: s.arguments.iter().flat_map(|arguments| arguments.args.iter().map(ex)).collect(),
            body: block(&s.body),
        })),
        ast::Stmt::Import(s) => found.push(Stmt::Import(s.names.iter().map(alias).collect(), line)),
        ast::Stmt::ImportFrom(s) => {
            let module = s.module.as_ref().map(|module| module.to_string()).unwrap_or_default();
            found.push(Stmt::From(module, s.level, s.names.iter().map(alias).collect(), line));
        }
        ast::Stmt::With(s) => {
            let items =
                s.items.iter().map(|item| (ex(&item.context_expr), item.optional_vars.as_deref().map(ex))).collect();
            found.push(Stmt::With(items, block(&s.body)));
        }
        ast::Stmt::For(s) => {
            let mut body = block(&s.body);
            body.extend(block(&s.orelse));
            found.push(Stmt::For(ex(&s.target), ex(&s.iter), body));
        }
        ast::Stmt::While(s) => {
            let mut body = block(&s.body);
            body.extend(block(&s.orelse));
            found.push(Stmt::Block(vec![ex(&s.test)], body));
        }
        ast::Stmt::If(s) => {
            let mut branches = vec![(Some(ex(&s.test)), block(&s.body))];
            for clause in &s.elif_else_clauses {
                branches.push((clause.test.as_ref().map(ex), block(&clause.body)));
            }
            found.push(Stmt::If(branches));
        }
        ast::Stmt::Try(s) => {
            let mut body = block(&s.body);
            body.extend(block(&s.orelse));
            let handlers = s.handlers.iter().map(|handler| {
                let ast::ExceptHandler::ExceptHandler(handler) = handler;
                block(&handler.body)
            });
            found.push(Stmt::Try(body, handlers.collect()));
            found.extend(block(&s.finalbody));
        }
        ast::Stmt::Match(s) => {
            found.push(Stmt::Expr(ex(&s.subject)));
            let unknown = || Some(Expr::Other(Vec::new()));
            found.push(Stmt::If(s.cases.iter().map(|case| (unknown(), block(&case.body))).collect()));
        }
        ast::Stmt::Assert(s) => found.push(Stmt::Expr(ex(&s.test))),
        ast::Stmt::Raise(s) => {
            found.extend(s.exc.as_deref().map(|e| Stmt::Expr(ex(e))));
            found.push(Stmt::Return(None));
        }
        ast::Stmt::Delete(s) => {
            // `del df["a"]` drops a column: written as the call that does the same.
            for target in &s.targets {
                if let ast::Expr::Subscript(subscript) = target {
                    let func = Expr::Attribute(Box::new(ex(&subscript.value)), "drop".to_owned());
                    let keywords =
                        vec![("columns".to_owned(), ex(&subscript.slice)), ("inplace".to_owned(), Expr::Bool(true))];
                    found.push(Stmt::Expr(Expr::Call(Box::new(Call { func, args: Vec::new(), keywords, line }))));
                }
            }
        }
        ast::Stmt::Global(s) => found.push(Stmt::Global(s.names.iter().map(ToString::to_string).collect())),
        ast::Stmt::IpyEscapeCommand(s) => {
            // What a magic times is a statement.
            let timed = ["time ", "timeit ", "prun ", "memit "].iter().find_map(|name| s.value.strip_prefix(name));
            match timed {
                Some(code) => found.extend(parse_once(code.trim(), line, Mode::Module).body),
                None => found.extend(magic(s.kind, &s.value, line).map(Stmt::Expr)),
            }
        }
        _ => {}
    }
}

fn magic(kind: ast::IpyEscapeKind, value: &str, line: u32) -> Option<Expr> {
    use ast::IpyEscapeKind::{Magic, Magic2, ShCap, Shell};
    match kind {
        Shell | ShCap => Some(Expr::Magic('!', value.to_owned(), line)),
        Magic | Magic2 => Some(Expr::Magic('%', value.to_owned(), line)),
        _ => None,
    }
}

fn alias(alias: &ast::Alias) -> (String, Option<String>) {
    (alias.name.to_string(), alias.asname.as_ref().map(|name| name.to_string()))
}

fn parameters(p: &ast::Parameters, lines: &Lines, depth: u16) -> Vec<Parameter> {
    let one = |takes: Takes| {
        move |parameter: &ast::ParameterWithDefault| Parameter {
            name: parameter.parameter.name.to_string(),
            default: parameter.default.as_deref().map(|e| expr(e, lines, depth)),
            takes,
        }
    };
    let rest = |parameter: &ast::Parameter, takes| Parameter { name: parameter.name.to_string(), default: None, takes };
    let mut found: Vec<Parameter> = p.posonlyargs.iter().chain(&p.args).map(one(Takes::One)).collect();
    found.extend(p.vararg.as_deref().map(|it| rest(it, Takes::Rest)));
    found.extend(p.kwonlyargs.iter().map(one(Takes::Named)));
    found.extend(p.kwarg.as_deref().map(|it| rest(it, Takes::NamedRest)));
    found
}

fn operator(op: ast::Operator) -> char {
    match op {
        ast::Operator::Add => '+',
        ast::Operator::Sub => '-',
        ast::Operator::Div => '/',
        ast::Operator::Mod => '%',
        _ => '?',
    }
}

fn comparison(op: ast::CmpOp) -> Comparison {
    match op {
        ast::CmpOp::Eq | ast::CmpOp::Is => Comparison::Equal,
        ast::CmpOp::NotEq | ast::CmpOp::IsNot => Comparison::Unequal,
        ast::CmpOp::In => Comparison::In,
        ast::CmpOp::NotIn => Comparison::NotIn,
        ast::CmpOp::Lt => Comparison::Less(true),
        ast::CmpOp::LtE => Comparison::Less(false),
        ast::CmpOp::Gt => Comparison::Greater(true),
        ast::CmpOp::GtE => Comparison::Greater(false),
    }
}

fn expr(e: &ast::Expr, lines: &Lines, depth: u16) -> Expr {
    let Some(depth) = depth.checked_sub(1) else { return Expr::Other(Vec::new()) };
    let ex = |e: &ast::Expr| expr(e, lines, depth);
    let boxed = |e: &ast::Expr| Box::new(expr(e, lines, depth));
    match e {
        ast::Expr::StringLiteral(s) => Expr::Str(s.value.to_str().to_owned()),
        ast::Expr::FString(s) => Expr::Joined(joined(s, lines, depth)),
        ast::Expr::NumberLiteral(n) => Expr::Number(match &n.value {
            ast::Number::Int(int) => int.to_string(),
            ast::Number::Float(float) => float.to_string(),
            ast::Number::Complex { .. } => String::new(),
        }),
        ast::Expr::BooleanLiteral(b) => Expr::Bool(b.value),
        ast::Expr::NoneLiteral(_) => Expr::Nothing,
        ast::Expr::Name(n) => Expr::Name(n.id.to_string()),
        ast::Expr::Attribute(a) => Expr::Attribute(boxed(&a.value), a.attr.to_string()),
        ast::Expr::Call(c) => {
            let keywords = c.arguments.keywords.iter();
            let keywords =
                keywords.map(|k| (k.arg.as_ref().map(|arg| arg.to_string()).unwrap_or_default(), ex(&k.value)));
            Expr::Call(Box::new(Call {
                func: ex(&c.func),
                args: c.arguments.args.iter().map(ex).collect(),
                keywords: keywords.collect(),
                line: lines.line(call_start(c)),
            }))
        }
        ast::Expr::Subscript(s) => Expr::Index(boxed(&s.value), boxed(&s.slice)),
        ast::Expr::Slice(s) => {
            Expr::Slice([&s.lower, &s.upper, &s.step].into_iter().map(|part| part.as_deref().map(ex)).collect())
        }
        ast::Expr::BinOp(b) => Expr::Binary(operator(b.op), boxed(&b.left), boxed(&b.right)),
        ast::Expr::UnaryOp(u) => {
            let sign = match u.op {
                ast::UnaryOp::Not => '!',
                ast::UnaryOp::USub => '-',
                _ => '~',
            };
            Expr::Unary(sign, boxed(&u.operand))
        }
        ast::Expr::BoolOp(b) => Expr::Logic(b.op == ast::BoolOp::Or, b.values.iter().map(ex).collect()),
        ast::Expr::Compare(c) => {
            let others = c.ops.iter().zip(&c.comparators).map(|(op, e)| (comparison(*op), ex(e)));
            Expr::Compare(boxed(&c.left), others.collect())
        }
        ast::Expr::If(i) => Expr::Choice(boxed(&i.test), boxed(&i.body), boxed(&i.orelse)),
        ast::Expr::List(l) => Expr::List(l.elts.iter().map(ex).collect()),
        ast::Expr::Tuple(t) => Expr::List(t.elts.iter().map(ex).collect()),
        ast::Expr::Set(s) => Expr::List(s.elts.iter().map(ex).collect()),
        ast::Expr::Dict(d) => {
            Expr::Dict(d.items.iter().map(|item| (item.key.as_ref().map(ex), ex(&item.value))).collect())
        }
        ast::Expr::ListComp(c) => comprehension(None, ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::SetComp(c) => comprehension(None, ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::Generator(c) => comprehension(None, ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::DictComp(c) => comprehension(c.key.as_deref().map(ex), ex(&c.value), &c.generators, lines, depth),
        ast::Expr::Starred(s) => Expr::Starred(boxed(&s.value)),
        ast::Expr::Await(a) => ex(&a.value),
        ast::Expr::Named(n) => Expr::Named(boxed(&n.target), boxed(&n.value)),
        ast::Expr::Lambda(l) => Expr::Lambda(Box::new(Function {
            name: String::new(),
            parameters: l.parameters.as_deref().map(|p| parameters(p, lines, depth)).unwrap_or_default(),
            decorators: Vec::new(),
            body: vec![Stmt::Return(Some(ex(&l.body)))],
            line: lines.line(e.start().into()),
        })),
        ast::Expr::Yield(y) => Expr::Yield(y.value.as_deref().map(boxed)),
        ast::Expr::YieldFrom(y) => Expr::Yield(Some(Box::new(Expr::Starred(boxed(&y.value))))),
        ast::Expr::IpyEscapeCommand(c) => {
            magic(c.kind, &c.value, lines.line(e.start().into())).unwrap_or(Expr::Other(Vec::new()))
        }
        _ => Expr::Other(Vec::new()),
    }
}

/// Where a call stands: in a chain over several lines, the line of its own name.
fn call_start(call: &ast::ExprCall) -> u32 {
    match &*call.func {
        ast::Expr::Attribute(attribute) => attribute.attr.start().into(),
        other => other.start().into(),
    }
}

fn joined(s: &ast::ExprFString, lines: &Lines, depth: u16) -> Vec<Expr> {
    let mut parts = Vec::new();
    for part in &s.value {
        match part {
            ast::FStringPart::Literal(literal) => parts.push(Expr::Str(literal.value.to_string())),
            ast::FStringPart::FString(inner) => {
                for element in &inner.elements {
                    parts.push(match element {
                        ast::InterpolatedStringElement::Literal(literal) => Expr::Str(literal.value.to_string()),
                        ast::InterpolatedStringElement::Interpolation(hole) => {
                            let value = expr(&hole.expression, lines, depth);
                            match &hole.format_spec {
                                Some(spec) => Expr::Formatted(Box::new(value), plain(spec)),
                                None => value,
                            }
                        }
                    });
                }
            }
        }
    }
    parts
}

fn plain(spec: &ast::InterpolatedStringFormatSpec) -> String {
    let parts = spec.elements.iter().map(|element| match element {
        ast::InterpolatedStringElement::Literal(literal) => literal.value.to_string(),
        ast::InterpolatedStringElement::Interpolation(_) => "*".to_owned(),
    });
    parts.collect()
}

fn comprehension(
    key: Option<Expr>,
    element: Expr,
    generators: &[ast::Comprehension],
    lines: &Lines,
    depth: u16,
) -> Expr {
    let ex = |e: &ast::Expr| expr(e, lines, depth);
    let ranges = generators.iter().map(|g| (ex(&g.target), ex(&g.iter), g.ifs.iter().map(ex).collect()));
    Expr::Comprehension(Box::new(Comprehension { key, element, ranges: ranges.collect() }))
}
