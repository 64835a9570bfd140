//! Connections to databases, and the calls that send queries through them.

use std::collections::HashMap;
use std::rc::Rc;

use super::eval::Analysis;
use super::frame::Frame;
use super::io::Access;
use super::sql_text::database;
use super::values::{HOLE, Val, keyword, path_text};

/// Stands in a query for what is not known.
pub(super) const UNKNOWN: &str = "proofmark_unknown";

/// A connection to a database.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection {
    /// Its file or address, without user and password; empty for one in memory.
    pub(super) url: Rc<str>,
    /// The call that opened it.
    call: String,
    line: u32,
    used: bool,
    /// Tables that were made in it, by name.
    pub(super) tables: HashMap<String, usize>,
}

/// What a query is run on and what it calls itself.
pub(super) struct Run<'q> {
    /// The connection, if it is known.
    pub(super) connection: Option<usize>,
    /// The call that sends the query.
    pub(super) call: &'q str,
    /// Its line.
    pub(super) line: u32,
}

impl<'a> Analysis<'a> {
    pub(super) fn sql_function(
        &mut self,
        name: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Option<Val<'a>> {
        let first = |keys: &[&str]| {
            args.first().cloned().or_else(|| keys.iter().find_map(|key| keyword(keywords, key)).cloned())
        };
        Some(match name {
            "sqlite3.connect"
            | "aiosqlite.connect"
            | "duckdb.connect"
            | "sqlalchemy.create_engine"
            | "sqlalchemy.engine.create_engine"
            | "sqlmodel.create_engine"
            | "psycopg2.connect"
            | "psycopg.connect" => {
                let url = first(&["database", "url", "dsn"]).as_ref().and_then(path_text).unwrap_or_default();
                let url = database(&url);
                let placed = if url.is_empty() || url.contains("://") { url } else { self.placed(&url) };
                self.connections.push(Connection {
                    url: placed.into(),
                    call: name.to_owned(),
                    line,
                    ..Connection::default()
                });
                Val::Connection(self.connections.len() - 1)
            }
            "sqlite_utils.Database" | "dataset.connect" => return None,
            "pandas.read_sql"
            | "pandas.read_sql_query"
            | "pandas.read_sql_table"
            | "polars.read_database"
            | "polars.read_database_uri"
            | "dask.dataframe.read_sql_table"
            | "dask.dataframe.read_sql"
            | "dask.dataframe.read_sql_query"
            | "pandas.io.sql.read_sql"
            | "connectorx.read_sql" => {
                let con = keyword(keywords, "con")
                    .or_else(|| keyword(keywords, "connection"))
                    .or_else(|| keyword(keywords, "uri"))
                    .or(args.get(1))
                    .cloned();
                let connection = match con {
                    Some(Val::Connection(at)) => Some(at),
                    Some(Val::Text(url)) => {
                        let url = database(&url);
                        let placed = if url.contains("://") { url } else { self.placed(&url) };
                        self.connections.push(Connection {
                            url: placed.into(),
                            call: name.to_owned(),
                            line,
                            ..Connection::default()
                        });
                        Some(self.connections.len() - 1)
                    }
                    _ => None,
                };
                let query = first(&["sql", "query", "table_name"]).unwrap_or_default();
                let text = match &query {
                    Val::Handle(..) | Val::Unknown => None,
                    value => path_text(value),
                };
                let plain = text.as_ref().filter(|text| !text.trim().contains(char::is_whitespace));
                let result = match (&text, plain) {
                    (_, Some(table)) => {
                        let table = table.clone();
                        let run = Run { connection, call: name, line };
                        let frame = self.database_table(&table, &run);
                        self.table(frame)
                    }
                    (Some(text), None) => self.query(&text.clone(), connection, name, line),
                    (None, _) => {
                        let run = Run { connection, call: name, line };
                        let frame = self.database_table(&HOLE.to_string(), &run);
                        self.table(frame)
                    }
                };
                match keyword(keywords, "columns") {
                    Some(columns) => {
                        let columns = columns.clone();
                        match result {
                            Val::Table(at) => self.select(at, &columns),
                            value => value,
                        }
                    }
                    None => result,
                }
            }
            "duckdb.sql"
            | "duckdb.query"
            | "duckdb.execute"
            | "duckdb.from_query"
            | "pandasql.sqldf"
            | "pyspark.session.sql"
            | "polars.sql"
            | "pandas.sql" => {
                let text = first(&["query", "sqlQuery"]).as_ref().and_then(path_text)?;
                self.query(
                    &text,
                    None,
                    name.trim_start_matches("pyspark.session.").trim_start_matches("pyspark."),
                    line,
                )
            }
            "duckdb.register" => {
                if let [Val::Text(name), Val::Table(at), ..] = args {
                    self.views.insert(name.to_lowercase(), *at);
                }
                Val::Unknown
            }
            "sqlalchemy.text" | "sqlalchemy.sql.text" => first(&["text"])?,
            "polars.SQLContext" => {
                for (name, value) in keywords {
                    if let Val::Table(at) = value {
                        self.views.insert(name.to_lowercase(), *at);
                    }
                }
                self.connections.push(Connection { call: name.to_owned(), line, used: true, ..Connection::default() });
                Val::Connection(self.connections.len() - 1)
            }
            _ => return None,
        })
    }

    pub(super) fn connection_method(
        &mut self,
        at: usize,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match method {
            "execute" | "sql" | "query" | "executemany" | "executescript" | "exec_driver_sql" => {
                match args.first().or_else(|| keyword(keywords, "query")).and_then(path_text) {
                    Some(text) => self.query(&text, Some(at), method, line),
                    None => Val::Unknown,
                }
            }
            "register" | "create_view" => {
                if let [Val::Text(name), Val::Table(table), ..] = args {
                    self.connections[at].tables.insert(name.to_lowercase(), *table);
                }
                Val::Connection(at)
            }
            "table" | "view" => {
                let name = args.first().and_then(path_text).unwrap_or_default();
                let frame = self.database_table(&name, &Run { connection: Some(at), call: method, line });
                self.table(frame)
            }
            "read_csv" | "read_parquet" | "read_json" | "from_parquet" | "from_csv_auto" => {
                self.external(&format!("duckdb.{method}"), args, keywords, line)
            }
            "cursor" | "connect" | "begin" | "raw_connection" | "connection" | "__enter__" => Val::Connection(at),
            // The result of the last query is not told from others.
            "fetchall" | "fetchone" | "df" | "fetchdf" => Val::Unknown,
            _ => Val::Unknown,
        }
    }

    /// Notes a write to a database. Returns its place.
    pub(super) fn write_database(
        &mut self,
        connection: Option<&Val<'a>>,
        table: Option<&str>,
        call: &str,
        line: u32,
    ) -> Option<usize> {
        let url = match connection {
            Some(Val::Connection(at)) => {
                self.connections[*at].used = true;
                self.connections[*at].url.to_string()
            }
            Some(Val::Text(url)) => database(url),
            _ => return None,
        };
        let placed =
            if url.contains("://") || url.starts_with('/') { url } else { format!("{}/{url}", super::eval::ROOT) };
        self.record_part(Access::Write, &placed, call, table.filter(|name| !name.contains(HOLE)), line)
    }

    /// Connections on which nothing was seen: opening them reads what is there.
    pub(super) fn unused_connections(&mut self) {
        for connection in std::mem::take(&mut self.connections) {
            if !connection.used && !connection.url.is_empty() {
                let path = if connection.url.contains("://") {
                    connection.url.to_string()
                } else {
                    format!("{}/{}", super::eval::ROOT, connection.url)
                };
                self.record(Access::Read, &path, &connection.call, connection.line);
            }
        }
    }

    /// A table of a database, of files or of the names of the source.
    pub(super) fn database_table(&mut self, name: &str, run: &Run<'_>) -> Frame {
        let known = name.trim_matches(['"', '`', '[', ']']).to_lowercase();
        let short = known.rsplit('.').next().unwrap_or("").to_owned();
        let made = run
            .connection
            .and_then(|at| self.connections[at].tables.get(&short).copied())
            .or_else(|| self.views.get(&short).copied());
        if let Some(at) = made {
            if let Some(at) = run.connection {
                self.connections[at].used = true;
            }
            return self.tables[at].clone();
        }
        if let Val::Table(at) = self.lookup(name) {
            return self.tables[at].clone();
        }
        match run.connection.map(|at| self.connections[at].url.clone()) {
            Some(url) if !url.is_empty() => {
                if let Some(at) = run.connection {
                    self.connections[at].used = true;
                }
                let path = if url.contains("://") { url.to_string() } else { format!("{}/{url}", super::eval::ROOT) };
                let part = (!known.contains(HOLE) && known != UNKNOWN).then_some(known.as_str());
                self.record_part(Access::Read, &path, run.call, part, run.line)
                    .map_or_else(Frame::default, Frame::of_read)
            }
            _ => Frame::default(),
        }
    }
}
