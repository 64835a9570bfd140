//! Queries: which tables and files they read and write, and which columns their results are made from.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use sqlparser::ast::{
    self, GroupByExpr, JoinConstraint, JoinOperator, OrderByKind, SelectItem, SetExpr, Statement, TableFactor,
    visit_expressions,
};
use sqlparser::dialect::{Dialect, DuckDbDialect, GenericDialect};
use sqlparser::parser::Parser;

use super::eval::Analysis;
use super::facts::FlowKind;
use super::frame::{Frame, Sources, decide, merge_rows};
use super::io::Access;
use super::names;
use super::sql::{Run, UNKNOWN};
use super::sql_text::{copy_of, is_data_file, literals, plain, short_name, statements};
use super::values::{HOLE, Val, add};

/// Longer queries are not parsed.
const LONGEST: usize = 64 << 10;
/// How deep queries inside queries are followed.
const DEPTH: usize = 12;

type Tables = Vec<(String, Frame)>;

impl<'a> Analysis<'a> {
    /// Follows a query. The result is the table that its last statement gives.
    pub(super) fn query(&mut self, text: &str, connection: Option<usize>, call: &str, line: u32) -> Val<'a> {
        if text.len() > LONGEST {
            return Val::Unknown;
        }
        let run = Run { connection, call, line };
        let text = text.replace(HOLE, UNKNOWN);
        let mut last = None;
        for part in statements(&text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            last = match copy_of(part) {
                Some((source, target)) => {
                    let frame = match source.strip_prefix('(') {
                        Some(query) => self.parsed_query(query.trim_end().trim_end_matches(')'), &run),
                        None => self.named_table(source, &run),
                    };
                    if let Some(write) =
                        self.record(Access::Write, &target.replace(UNKNOWN, &HOLE.to_string()), call, line)
                    {
                        self.wrote_frame(write, &frame);
                    }
                    None
                }
                None => Some(self.parsed_query(part, &run)),
            };
        }
        match last {
            Some(frame) => self.table(frame),
            None => Val::Unknown,
        }
    }

    fn parsed_query(&mut self, text: &str, run: &Run<'_>) -> Frame {
        // DuckDB lets a query begin with FROM.
        let from_first = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("from"));
        let text = if from_first { format!("SELECT * {text}") } else { text.to_owned() };
        let dialects: [&dyn Dialect; 2] = [&DuckDbDialect {}, &GenericDialect {}];
        let parsed = dialects.iter().find_map(|dialect| {
            Parser::new(*dialect).with_recursion_limit(40).try_with_sql(&text).ok()?.parse_statements().ok()
        });
        match parsed {
            Some(statements) => {
                let mut result = Frame::default();
                for statement in &statements {
                    result = self.sql_statement(statement, run);
                }
                result
            }
            None => {
                self.named_files(&text, run);
                Frame::default()
            }
        }
    }

    fn sql_statement(&mut self, statement: &Statement, run: &Run<'_>) -> Frame {
        match statement {
            Statement::Query(query) => self.sql_query(query, &Vec::new(), run, 0),
            Statement::CreateTable(create) => {
                let name = create.name.to_string();
                let frame = create.query.as_ref().map(|query| self.sql_query(query, &Vec::new(), run, 0));
                self.made_in_database(&name, frame.as_ref(), run);
                Frame::default()
            }
            Statement::CreateView(create) => {
                let name = short_name(&create.name.to_string());
                let frame = self.sql_query(&create.query, &Vec::new(), run, 0);
                let at = self.kept(frame);
                match run.connection {
                    Some(connection) => {
                        self.connections[connection].tables.insert(name, at);
                    }
                    None => {
                        self.views.insert(name, at);
                    }
                }
                Frame::default()
            }
            Statement::Insert(insert) => {
                let name = insert.table.to_string();
                let mut frame =
                    insert.source.as_ref().map(|query| self.sql_query(query, &Vec::new(), run, 0)).unwrap_or_default();
                // The columns that are filled, in order.
                let names: Vec<Rc<str>> = insert.columns.iter().map(|name| plain(&name.to_string()).into()).collect();
                if names.len() == frame.columns.len() && frame.is_closed() {
                    for (column, name) in frame.columns.iter_mut().zip(names) {
                        column.0 = name;
                    }
                }
                self.made_in_database(&name, Some(&frame), run);
                Frame::default()
            }
            Statement::Update(_) | Statement::Delete(_) | Statement::Drop { .. } | Statement::AlterTable { .. } => {
                let connection = run.connection.map(Val::Connection);
                self.write_database(connection.as_ref(), None, run.call, run.line);
                Frame::default()
            }
            _ => Frame::default(),
        }
    }

    fn made_in_database(&mut self, name: &str, frame: Option<&Frame>, run: &Run<'_>) {
        let short = short_name(name);
        let connection = run.connection.filter(|at| !self.connections[*at].url.is_empty()).map(Val::Connection);
        let write = self.write_database(connection.as_ref(), Some(&short), run.call, run.line);
        if let (Some(write), Some(frame)) = (write, frame) {
            self.wrote_frame(write, frame);
        }
        if let Some(frame) = frame {
            let at = self.kept(frame.clone());
            match run.connection {
                Some(connection) => self.connections[connection].tables.insert(short, at),
                None => self.views.insert(short, at),
            };
        }
    }

    fn sql_query(&mut self, query: &ast::Query, outer: &Tables, run: &Run<'_>, depth: usize) -> Frame {
        if depth > DEPTH || !self.spend() {
            return Frame::default();
        }
        let mut known = outer.clone();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let frame = self.sql_query(&cte.query, &known, run, depth + 1);
            known.push((plain(&cte.alias.name.to_string()).to_lowercase(), frame));
        }
        let mut frame = self.sql_body(&query.body, &known, run, depth);
        if let Some(OrderByKind::Expressions(items)) = query.order_by.as_ref().map(|order| &order.kind) {
            let tables = vec![(String::new(), frame.clone())];
            for item in items {
                let sources = self.sql_sources(&item.expr, &tables, run, depth);
                decide(&mut frame.rows, &sources, FlowKind::Sort);
            }
        }
        frame
    }

    fn sql_body(&mut self, body: &SetExpr, known: &Tables, run: &Run<'_>, depth: usize) -> Frame {
        match body {
            SetExpr::Select(select) => self.sql_select(select, known, run, depth),
            SetExpr::Query(query) => self.sql_query(query, known, run, depth + 1),
            SetExpr::SetOperation { left, right, .. } if depth < DEPTH => {
                let left = self.sql_body(left, known, run, depth + 1);
                let right = self.sql_body(right, known, run, depth + 1);
                left.stacked(&right)
            }
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                self.sql_statement(statement, run)
            }
            _ => Frame::default(),
        }
    }

    fn sql_select(&mut self, select: &ast::Select, known: &Tables, run: &Run<'_>, depth: usize) -> Frame {
        let mut tables: Tables = Vec::new();
        let mut decided = Frame::default();
        for from in &select.from {
            self.sql_table(&from.relation, known, run, depth, &mut tables);
            for join in &from.joins {
                self.sql_table(&join.relation, known, run, depth, &mut tables);
                if let Some(JoinConstraint::On(on)) = constraint(&join.join_operator) {
                    let sources = self.sql_sources(on, &tables, run, depth);
                    decide(&mut decided.rows, &sources, FlowKind::Join);
                }
                if let Some(JoinConstraint::Using(keys)) = constraint(&join.join_operator) {
                    for key in keys {
                        let key = plain(&key.to_string());
                        for (_, table) in &tables {
                            let sources = self.sql_column(table, &key);
                            decide(&mut decided.rows, &sources, FlowKind::Join);
                        }
                    }
                }
            }
        }
        for (_, frame) in &tables {
            merge_rows(&mut decided.rows, &frame.rows);
        }
        if let Some(test) = &select.selection {
            let sources = self.sql_sources(test, &tables, run, depth);
            decide(&mut decided.rows, &sources, FlowKind::Filter);
        }
        if let GroupByExpr::Expressions(keys, _) = &select.group_by {
            for key in keys {
                let sources = self.sql_sources(key, &tables, run, depth);
                decide(&mut decided.rows, &sources, FlowKind::GroupBy);
            }
        }
        if let Some(test) = &select.having {
            let sources = self.sql_sources(test, &tables, run, depth);
            decide(&mut decided.rows, &sources, FlowKind::Filter);
        }
        let mut result = Frame { rows: decided.rows, ..Frame::default() };
        for item in &select.projection {
            let (expr, alias) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(plain(&alias.to_string()))),
                SelectItem::Wildcard(_) => {
                    for (_, frame) in &tables {
                        let rows = std::mem::take(&mut result.rows);
                        result = result.beside(frame, &[], ("", "_1"));
                        result.rows = rows;
                    }
                    continue;
                }
                SelectItem::QualifiedWildcard(of, _) => {
                    let name = plain(of.to_string().trim_end_matches(".*")).to_lowercase();
                    if let Some((_, frame)) = tables.iter().find(|(alias, _)| *alias == name) {
                        let rows = std::mem::take(&mut result.rows);
                        result = result.beside(frame, &[], ("", "_1"));
                        result.rows = rows;
                    }
                    continue;
                }
                SelectItem::ExprWithAliases { expr, .. } => (expr, None),
            };
            let direct = match expr {
                ast::Expr::Identifier(name) => Some(plain(&name.to_string())),
                ast::Expr::CompoundIdentifier(parts) => parts.last().map(|name| plain(&name.to_string())),
                _ => None,
            };
            let mut sources = self.sql_sources(expr, &tables, run, depth);
            if direct.is_none() {
                sources =
                    sources.through(if aggregates(expr) { FlowKind::Aggregation } else { FlowKind::Transformation });
            }
            let name = alias.clone().or(direct.clone()).unwrap_or_else(|| expr.to_string().to_lowercase());
            if let Some(alias) = &alias
                && Some(alias) != direct.as_ref()
            {
                self.create(alias);
            }
            if name != UNKNOWN {
                result.set(&name.as_str().into(), Rc::new(sources));
            }
        }
        result
    }

    fn sql_table(&mut self, factor: &TableFactor, known: &Tables, run: &Run<'_>, depth: usize, tables: &mut Tables) {
        if depth > DEPTH {
            return;
        }
        let named = |alias: &Option<ast::TableAlias>, or: &str| {
            alias.as_ref().map_or_else(|| short_name(or), |alias| plain(&alias.name.to_string()).to_lowercase())
        };
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let text = name.to_string();
                let frame = match args {
                    // `read_csv('a.csv')` and the like.
                    Some(args) => {
                        let texts: Vec<String> = args.args.iter().flat_map(|arg| literals(&arg.to_string())).collect();
                        self.files(&texts, run)
                    }
                    None => match known.iter().rev().find(|(alias, _)| *alias == text.trim_matches('"').to_lowercase())
                    {
                        Some((_, frame)) => frame.clone(),
                        None => self.named_table(&text, run),
                    },
                };
                tables.push((named(alias, &text), frame));
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let frame = self.sql_query(subquery, known, run, depth + 1);
                tables.push((named(alias, ""), frame));
            }
            TableFactor::Function { name, args, alias, .. } => {
                let texts: Vec<String> = args.iter().flat_map(|arg| literals(&arg.to_string())).collect();
                let frame = self.files(&texts, run);
                tables.push((named(alias, &name.to_string()), frame));
            }
            TableFactor::TableFunction { expr, alias } => {
                let frame = self.files(&literals(&expr.to_string()), run);
                tables.push((named(alias, ""), frame));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.sql_table(&table_with_joins.relation, known, run, depth + 1, tables);
                for join in &table_with_joins.joins {
                    self.sql_table(&join.relation, known, run, depth + 1, tables);
                }
            }
            _ => {}
        }
    }

    /// A table by its name, which DuckDB also takes as that of a file.
    fn named_table(&mut self, name: &str, run: &Run<'_>) -> Frame {
        let bare = name.trim().trim_matches(['\'', '"']);
        if name.trim().starts_with('\'') || bare.contains('/') || is_data_file(bare) {
            return self.files(&[bare.to_owned()], run);
        }
        self.database_table(bare, run)
    }

    fn files(&mut self, paths: &[String], run: &Run<'_>) -> Frame {
        let mut whole: Option<Frame> = None;
        for path in paths.iter().filter(|path| path.contains('.') || path.contains('/')) {
            let path = path.replace(UNKNOWN, &HOLE.to_string());
            if let Some(read) = self.record(Access::Read, &path, run.call, run.line) {
                let known = self.context.columns(&self.facts.reads[read].pattern);
                let frame = match known {
                    Some(names) => {
                        Frame::of_columns(read, &names.iter().map(|name| name.as_str().into()).collect::<Vec<_>>())
                    }
                    None => Frame::of_read(read),
                };
                whole = Some(whole.map_or_else(|| frame.clone(), |whole| whole.stacked(&frame)));
            }
        }
        whole.unwrap_or_default()
    }

    /// Files that a query names which could not be parsed.
    fn named_files(&mut self, text: &str, run: &Run<'_>) {
        for (at, part) in text.split('\'').enumerate() {
            if at % 2 == 1 && is_data_file(part) {
                let part = part.replace(UNKNOWN, &HOLE.to_string());
                self.record(Access::Read, &part, run.call, run.line);
            }
        }
    }

    fn sql_column(&mut self, frame: &Frame, name: &str) -> Sources {
        let Some(sources) = frame.get(name) else { return Sources::default() };
        for (origin, way) in sources.iter() {
            if let super::frame::Origin::Read(read, column) = origin
                && &**column == name
            {
                add(&mut self.facts.columns_used, name);
                if let Some(read) = self.facts.reads.get_mut(*read).filter(|_| way.sure >= 0.5) {
                    add(&mut read.columns, name);
                }
            }
        }
        (*sources).clone()
    }

    /// All columns that an expression names.
    fn sql_sources(&mut self, expr: &ast::Expr, tables: &Tables, run: &Run<'_>, depth: usize) -> Sources {
        let deciding = tests_in(expr);
        let mut names: Vec<(Vec<String>, bool)> = Vec::new();
        let mut inner: Vec<ast::Query> = Vec::new();
        let _: ControlFlow<()> = visit_expressions(expr, |e| {
            match e {
                ast::Expr::Identifier(name) => {
                    names.push((vec![plain(&name.to_string())], deciding.contains(&std::ptr::from_ref(e))))
                }
                ast::Expr::CompoundIdentifier(parts) => {
                    let parts = parts.iter().map(|part| plain(&part.to_string())).collect();
                    names.push((parts, deciding.contains(&std::ptr::from_ref(e))))
                }
                ast::Expr::Subquery(query)
                | ast::Expr::InSubquery { subquery: query, .. }
                | ast::Expr::Exists { subquery: query, .. } => {
                    inner.push((**query).clone());
                }
                _ => {}
            }
            if names.len() > 2_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let mut all = Sources::default();
        for query in inner.iter().take(8) {
            let frame = self.sql_query(query, tables, run, depth + 1);
            all.add(&frame.all_sources().through(FlowKind::Transformation));
        }
        for (parts, decides) in names {
            let Some((name, of)) = parts.split_last() else { continue };
            if name == UNKNOWN {
                continue;
            }
            let mut found = Vec::new();
            match of.last() {
                Some(table) => {
                    let table = table.to_lowercase();
                    found.extend(tables.iter().filter(|(alias, _)| *alias == table).map(|(_, frame)| frame.clone()));
                }
                None => {
                    // A column that a table is known to have is that one; else any of those whose columns are not known.
                    let sure =
                        tables.iter().find(|(_, frame)| frame.columns.iter().any(|(column, _)| **column == **name));
                    match sure {
                        Some((_, frame)) => found.push(frame.clone()),
                        None => found.extend(tables.iter().map(|(_, frame)| frame.clone())),
                    }
                }
            }
            let several = found.iter().filter(|frame| frame.get(name).is_some()).count() > 1;
            for frame in &found {
                let mut sources = self.sql_column(frame, name);
                if decides {
                    sources = sources.through(FlowKind::Conditional);
                }
                all.add(&if several { sources.doubted(0.5) } else { sources });
            }
        }
        all
    }
}

/// The expressions inside the tests of every `CASE` of an expression, each by where it lies.
fn tests_in(expr: &ast::Expr) -> HashSet<*const ast::Expr> {
    let mut found = HashSet::new();
    let _: ControlFlow<()> = visit_expressions(expr, |e| {
        if let ast::Expr::Case { operand, conditions, .. } = e {
            for test in operand.iter().map(|it| &**it).chain(conditions.iter().map(|it| &it.condition)) {
                let _: ControlFlow<()> = visit_expressions(test, |inner| {
                    found.insert(std::ptr::from_ref(inner));
                    ControlFlow::Continue(())
                });
            }
        }
        ControlFlow::Continue(())
    });
    found
}

fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    use JoinOperator as J;
    match join {
        J::Join(c)
        | J::Inner(c)
        | J::Left(c)
        | J::LeftOuter(c)
        | J::Right(c)
        | J::RightOuter(c)
        | J::FullOuter(c)
        | J::CrossJoin(c)
        | J::Semi(c)
        | J::LeftSemi(c)
        | J::RightSemi(c)
        | J::Anti(c)
        | J::LeftAnti(c)
        | J::RightAnti(c)
        | J::StraightJoin(c)
        | J::AsOf { constraint: c, .. } => Some(c),
        _ => None,
    }
}

fn aggregates(expr: &ast::Expr) -> bool {
    let found = visit_expressions(expr, |e| match e {
        ast::Expr::Function(function)
            if function.over.is_none() && names::is_aggregation(&function.name.to_string().to_lowercase()) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
