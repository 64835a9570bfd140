//! The few shapes of Python that the analysis needs, read with ruff's parser.
//!
//! The parser's interface is unstable, so nothing outside this module names it.

use ruff_python_ast as ast;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

/// Deeper expressions than this are cut off.
const DEPTH: u16 = 150;
/// Longer sources are not parsed.
pub(crate) const LONGEST: usize = 1 << 20;

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    /// Text.
    Str(String),
    /// An f-string: literal parts and expressions.
    Joined(Vec<Expr>),
    /// An integer or another number.
    Number(String),
    /// A name.
    Name(String),
    /// `value.name`.
    Attribute(Box<Expr>, String),
    /// A call, with the line on which it starts.
    Call(Box<Call>),
    /// `value[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `left op right`, for `+`, `/` and `%`.
    Binary(char, Box<Expr>, Box<Expr>),
    /// A list, tuple or set.
    List(Vec<Expr>),
    /// A dictionary.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// One of several values: `a if c else b`, `a or b`.
    Either(Vec<Expr>),
    /// A comprehension: element, and the targets with what they range over.
    Comprehension(Box<Expr>, Vec<(Expr, Expr)>),
    /// Anything else, with the expressions inside.
    Other(Vec<Expr>),
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What is called.
    pub(crate) func: Expr,
    /// The arguments without a name.
    pub(crate) args: Vec<Expr>,
    /// The arguments with a name.
    pub(crate) keywords: Vec<(String, Expr)>,
    /// The line, from 1.
    pub(crate) line: u32,
}

/// A parameter with its default.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: String,
    /// Its default.
    pub(crate) default: Option<Expr>,
}

/// A function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Its parameters in order.
    pub(crate) parameters: Vec<Parameter>,
    /// The calls among its decorators.
    pub(crate) decorators: Vec<Expr>,
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
}

/// A statement.
#[derive(Debug, Clone)]
pub(crate) enum Stmt {
    /// An assignment to one or more targets.
    Assign(Vec<Expr>, Expr),
    /// An expression on its own.
    Expr(Expr),
    /// `return`.
    Return(Option<Expr>),
    /// `def`.
    Function(Function),
    /// `class`: name and statements.
    Class(String, Vec<Stmt>),
    /// `import a.b as c`.
    Import(Vec<(String, Option<String>)>),
    /// `from a import b as c`, with the number of leading dots.
    From(String, u32, Vec<(String, Option<String>)>),
    /// `with`: expressions and targets, and statements.
    With(Vec<(Expr, Option<Expr>)>, Vec<Stmt>),
    /// `for`: target, what it ranges over, and statements.
    For(Expr, Expr, Vec<Stmt>),
    /// Conditions and alternatives, all of which may run.
    Block(Vec<Expr>, Vec<Stmt>),
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
    /// What could not be parsed.
    pub(crate) errors: Vec<(u32, String)>,
}

/// Parses a source; what follows an error is read as far as it can be. `notebook` allows `%magic` and `!command` lines.
pub(crate) fn parse(text: &str, notebook: bool) -> Parsed {
    if text.len() > LONGEST {
        return Parsed {
            body: Vec::new(),
            errors: vec![(1, format!("longer than {LONGEST} bytes, so it was not read"))],
        };
    }
    let lines = Lines::new(text);
    let mode = if notebook { Mode::Ipython } else { Mode::Module };
    let parsed = parse_unchecked(text, ParseOptions::from(mode));
    let errors = parsed
        .errors()
        .iter()
        .take(20)
        .map(|error| (lines.line(error.location.start().into()), error.error.to_string()));
    let errors = errors.collect();
    let body = match parsed.syntax() {
        ast::Mod::Module(module) => statements(&module.body, &lines, DEPTH),
        ast::Mod::Expression(_) => Vec::new(),
    };
    Parsed { body, errors }
}

struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    fn line(&self, offset: u32) -> u32 {
        self.0.partition_point(|end| *end < offset as usize) as u32 + 1
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
    match stmt {
        ast::Stmt::Assign(s) => found.push(Stmt::Assign(s.targets.iter().map(ex).collect(), ex(&s.value))),
        ast::Stmt::AnnAssign(s) => {
            if let Some(value) = &s.value {
                found.push(Stmt::Assign(vec![ex(&s.target)], ex(value)));
            }
        }
        ast::Stmt::AugAssign(s) => {
            let op = operator(s.op);
            let sum = Expr::Binary(op, Box::new(ex(&s.target)), Box::new(ex(&s.value)));
            found.push(Stmt::Assign(vec![ex(&s.target)], sum));
        }
        ast::Stmt::Expr(s) => found.push(Stmt::Expr(ex(&s.value))),
        ast::Stmt::Return(s) => found.push(Stmt::Return(s.value.as_deref().map(ex))),
        ast::Stmt::FunctionDef(s) => {
            let p = &s.parameters;
            let parameters = p.posonlyargs.iter().chain(&p.args).chain(&p.kwonlyargs);
            let parameters = parameters.map(|parameter| Parameter {
                name: parameter.parameter.name.to_string(),
                default: parameter.default.as_deref().map(ex),
            });
            found.push(Stmt::Function(Function {
                name: s.name.to_string(),
                parameters: parameters.collect(),
                decorators: s.decorator_list.iter().map(|decorator| ex(&decorator.expression)).collect(),
                body: statements(&s.body, lines, depth),
            }));
        }
        ast::Stmt::ClassDef(s) => found.push(Stmt::Class(s.name.to_string(), statements(&s.body, lines, depth))),
        ast::Stmt::Import(s) => {
            found.push(Stmt::Import(s.names.iter().map(alias).collect()));
        }
        ast::Stmt::ImportFrom(s) => {
            let module = s.module.as_ref().map(|module| module.to_string()).unwrap_or_default();
            found.push(Stmt::From(module, s.level, s.names.iter().map(alias).collect()));
        }
        ast::Stmt::With(s) => {
            let items =
                s.items.iter().map(|item| (ex(&item.context_expr), item.optional_vars.as_deref().map(ex))).collect();
            found.push(Stmt::With(items, statements(&s.body, lines, depth)));
        }
        ast::Stmt::For(s) => {
            let mut body = statements(&s.body, lines, depth);
            body.extend(statements(&s.orelse, lines, depth));
            found.push(Stmt::For(ex(&s.target), ex(&s.iter), body));
        }
        ast::Stmt::While(s) => {
            let mut body = statements(&s.body, lines, depth);
            body.extend(statements(&s.orelse, lines, depth));
            found.push(Stmt::Block(vec![ex(&s.test)], body));
        }
        ast::Stmt::If(s) => {
            let mut tests = vec![ex(&s.test)];
            let mut body = statements(&s.body, lines, depth);
            for clause in &s.elif_else_clauses {
                tests.extend(clause.test.as_ref().map(ex));
                body.extend(statements(&clause.body, lines, depth));
            }
            found.push(Stmt::Block(tests, body));
        }
        ast::Stmt::Try(s) => {
            let mut body = statements(&s.body, lines, depth);
            for handler in &s.handlers {
                let ast::ExceptHandler::ExceptHandler(handler) = handler;
                body.extend(statements(&handler.body, lines, depth));
            }
            body.extend(statements(&s.orelse, lines, depth));
            body.extend(statements(&s.finalbody, lines, depth));
            found.push(Stmt::Block(Vec::new(), body));
        }
        ast::Stmt::Match(s) => {
            let body = s.cases.iter().flat_map(|case| statements(&case.body, lines, depth)).collect();
            found.push(Stmt::Block(vec![ex(&s.subject)], body));
        }
        ast::Stmt::Assert(s) => found.push(Stmt::Expr(ex(&s.test))),
        ast::Stmt::Delete(s) => {
            // `del df["a"]` drops a column: written as the call that does the same.
            for target in &s.targets {
                if let ast::Expr::Subscript(subscript) = target {
                    let func = Expr::Attribute(Box::new(ex(&subscript.value)), "drop".to_owned());
                    let keywords = vec![("columns".to_owned(), ex(&subscript.slice))];
                    found.push(Stmt::Expr(Expr::Call(Box::new(Call { func, args: Vec::new(), keywords, line }))));
                }
            }
        }
        _ => {}
    }
}

fn alias(alias: &ast::Alias) -> (String, Option<String>) {
    (alias.name.to_string(), alias.asname.as_ref().map(|name| name.to_string()))
}

fn operator(op: ast::Operator) -> char {
    match op {
        ast::Operator::Add => '+',
        ast::Operator::Div => '/',
        ast::Operator::Mod => '%',
        _ => '?',
    }
}

fn expr(e: &ast::Expr, lines: &Lines, depth: u16) -> Expr {
    let Some(depth) = depth.checked_sub(1) else { return Expr::Other(Vec::new()) };
    let ex = |e: &ast::Expr| expr(e, lines, depth);
    let boxed = |e: &ast::Expr| Box::new(expr(e, lines, depth));
    match e {
        ast::Expr::StringLiteral(s) => Expr::Str(s.value.to_str().to_owned()),
        ast::Expr::FString(s) => {
            let mut parts = Vec::new();
            for part in &s.value {
                match part {
                    ast::FStringPart::Literal(literal) => parts.push(Expr::Str(literal.value.to_string())),
                    ast::FStringPart::FString(inner) => {
                        for element in &inner.elements {
                            parts.push(match element {
                                ast::InterpolatedStringElement::Literal(literal) => {
                                    Expr::Str(literal.value.to_string())
                                }
                                // A format changes what is printed, so only the plain value is followed.
                                ast::InterpolatedStringElement::Interpolation(hole) if hole.format_spec.is_some() => {
                                    Expr::Other(vec![ex(&hole.expression)])
                                }
                                ast::InterpolatedStringElement::Interpolation(hole) => ex(&hole.expression),
                            });
                        }
                    }
                }
            }
            Expr::Joined(parts)
        }
        ast::Expr::NumberLiteral(n) => Expr::Number(match &n.value {
            ast::Number::Int(int) => int.to_string(),
            ast::Number::Float(float) => float.to_string(),
            ast::Number::Complex { .. } => String::new(),
        }),
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
                line: lines.line(e.start().into()),
            }))
        }
        ast::Expr::Subscript(s) => Expr::Index(boxed(&s.value), boxed(&s.slice)),
        ast::Expr::BinOp(b) => Expr::Binary(operator(b.op), boxed(&b.left), boxed(&b.right)),
        ast::Expr::BoolOp(b) => Expr::Either(b.values.iter().map(ex).collect()),
        ast::Expr::If(i) => {
            let test = ex(&i.test);
            Expr::Either(vec![ex(&i.body), ex(&i.orelse), Expr::Other(vec![test])])
        }
        ast::Expr::List(l) => Expr::List(l.elts.iter().map(ex).collect()),
        ast::Expr::Tuple(t) => Expr::List(t.elts.iter().map(ex).collect()),
        ast::Expr::Set(s) => Expr::List(s.elts.iter().map(ex).collect()),
        ast::Expr::Dict(d) => {
            Expr::Dict(d.items.iter().map(|item| (item.key.as_ref().map(ex), ex(&item.value))).collect())
        }
        ast::Expr::ListComp(c) => comprehension(ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::SetComp(c) => comprehension(ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::Generator(c) => comprehension(ex(&c.elt), &c.generators, lines, depth),
        ast::Expr::DictComp(c) => comprehension(ex(&c.value), &c.generators, lines, depth),
        ast::Expr::Starred(s) => ex(&s.value),
        ast::Expr::Await(a) => ex(&a.value),
        ast::Expr::Named(n) => ex(&n.value),
        ast::Expr::UnaryOp(u) => Expr::Other(vec![ex(&u.operand)]),
        ast::Expr::Compare(c) => {
            Expr::Other(std::iter::once(ex(&c.left)).chain(c.comparators.iter().map(ex)).collect())
        }
        ast::Expr::Lambda(l) => Expr::Other(vec![ex(&l.body)]),
        ast::Expr::Yield(y) => Expr::Other(y.value.as_deref().map(ex).into_iter().collect()),
        _ => Expr::Other(Vec::new()),
    }
}

fn comprehension(element: Expr, generators: &[ast::Comprehension], lines: &Lines, depth: u16) -> Expr {
    let ranges = generators.iter().map(|g| (expr(&g.target, lines, depth), expr(&g.iter, lines, depth))).collect();
    Expr::Comprehension(Box::new(element), ranges)
}
