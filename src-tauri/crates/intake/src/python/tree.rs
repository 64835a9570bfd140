//! The few shapes of Python that the analysis follows.

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    /// Text.
    Str(String),
    /// An f-string: literal parts and values.
    Joined(Vec<Expr>),
    /// A value in an f-string with its format, such as `03d`.
    Formatted(Box<Expr>, String),
    /// An integer or another number.
    Number(String),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    Nothing,
    /// A name.
    Name(String),
    /// `value.name`.
    Attribute(Box<Expr>, String),
    /// A call, with the line on which it starts.
    Call(Box<Call>),
    /// `value[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `a:b:c` in an index.
    Slice(Vec<Option<Expr>>),
    /// `left op right`; operators other than `+ - / %` are `?`.
    Binary(char, Box<Expr>, Box<Expr>),
    /// `not x`, `~x`, `-x`.
    Unary(char, Box<Expr>),
    /// Comparisons in a row.
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    /// `a or b` (true) and `a and b` (false).
    Logic(bool, Vec<Expr>),
    /// `a if test else b`: test, then, otherwise.
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A list, tuple or set.
    List(Vec<Expr>),
    /// A dictionary; an entry without a key is `**other`.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// A comprehension.
    Comprehension(Box<Comprehension>),
    /// `lambda`.
    Lambda(Box<Function>),
    /// `*value` in a call or list.
    Starred(Box<Expr>),
    /// `yield value`.
    Yield(Option<Box<Expr>>),
    /// `name := value`.
    Named(Box<Expr>, Box<Expr>),
    /// A line for the notebook: `%magic` or `!command`, without its first sign, with its line.
    Magic(char, String, u32),
    /// Anything else, with the expressions inside.
    Other(Vec<Expr>),
}

/// How two values are compared, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `==`, `is`.
    Equal,
    /// `!=`, `is not`.
    Unequal,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
    /// `<` (true) and `<=` (false).
    Less(bool),
    /// `>` (true) and `>=` (false).
    Greater(bool),
}

/// A comprehension.
#[derive(Debug, Clone)]
pub(crate) struct Comprehension {
    /// The key, in a dictionary.
    pub(crate) key: Option<Expr>,
    /// The element or value.
    pub(crate) element: Expr,
    /// Target, what it ranges over, conditions.
    pub(crate) ranges: Vec<(Expr, Expr, Vec<Expr>)>,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What is called.
    pub(crate) func: Expr,
    /// The arguments without a name.
    pub(crate) args: Vec<Expr>,
    /// The arguments with a name; `**values` has an empty one.
    pub(crate) keywords: Vec<(String, Expr)>,
    /// The line, from 1.
    pub(crate) line: u32,
}

/// How a parameter takes its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// One, by place or name.
    One,
    /// One, by name only.
    Named,
    /// `*args`.
    Rest,
    /// `**kwargs`.
    NamedRest,
}

/// A parameter with its default.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: String,
    /// Its default; of `Annotated[Path, typer.Option("x")] = d` it is `d`.
    pub(crate) default: Option<Expr>,
    /// How it takes arguments.
    pub(crate) takes: Takes,
}

/// A function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name; empty for a lambda.
    pub(crate) name: String,
    /// Its parameters in order.
    pub(crate) parameters: Vec<Parameter>,
    /// Its decorators.
    pub(crate) decorators: Vec<Expr>,
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
    /// Its line.
    pub(crate) line: u32,
}

/// A class.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    /// Its name.
    pub(crate) name: String,
    /// Its bases.
    pub(crate) bases: Vec<Expr>,
    /// Its statements.
    pub(crate) body: Vec<Stmt>,
}

/// A statement.
#[derive(Debug, Clone)]
pub(crate) enum Stmt {
    /// An assignment to one or more targets.
    Assign(Vec<Expr>, Expr),
    /// A field that is declared without a value.
    Declare(String),
    /// An expression on its own.
    Expr(Expr),
    /// `return`.
    Return(Option<Expr>),
    /// `def`.
    Function(Function),
    /// `class`.
    Class(Class),
    /// `import a.b as c`, with its line.
    Import(Vec<(String, Option<String>)>, u32),
    /// `from a import b as c`, with the number of leading dots and its line.
    From(String, u32, Vec<(String, Option<String>)>, u32),
    /// `with`: expressions and targets, and statements.
    With(Vec<(Expr, Option<Expr>)>, Vec<Stmt>),
    /// `for`: target, what it ranges over, and statements.
    For(Expr, Expr, Vec<Stmt>),
    /// Alternatives, one of which runs: `if`, `elif`, `else`, the cases of `match`. A test of `None` is `else`.
    If(Vec<(Option<Expr>, Vec<Stmt>)>),
    /// `try`: what is tried, and what runs instead.
    Try(Vec<Stmt>, Vec<Vec<Stmt>>),
    /// Statements that may run, with the expressions that decide it.
    Block(Vec<Expr>, Vec<Stmt>),
    /// `global`.
    Global(Vec<String>),
}
