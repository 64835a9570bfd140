//! Readers and writers of Spark tables.

use std::rc::Rc;

use super::eval::Analysis;
use super::io;
use super::values::{Val, keyword};

impl<'a> Analysis<'a> {
    /// A method of a session, such as `spark.read.csv`.
    pub(super) fn session(
        &mut self,
        way: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        match way.split('.').next().unwrap_or("") {
            "read" | "readStream" => {
                let (before, method) = way.rsplit_once('.').unwrap_or(("read", way));
                self.spark_method(None, &Rc::from(before), method, args, keywords, line)
            }
            "createDataFrame" => args.first().cloned().unwrap_or_default(),
            "table" => {
                match args.first().and_then(Val::as_text).and_then(|name| self.views.get(&name.to_lowercase()).copied())
                {
                    Some(at) => Val::Table(at),
                    None => Val::Unknown,
                }
            }
            // `builder.appName("x").getOrCreate()` and what else gives the session.
            "builder" | "getOrCreate" | "newSession" | "config" | "appName" | "master" => {
                Val::Import("pyspark.session".into())
            }
            _ => Val::Unknown,
        }
    }

    pub(super) fn spark_method(
        &mut self,
        table: Option<usize>,
        way: &Rc<str>,
        method: &str,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let path = keyword(keywords, "path").is_some() || !args.is_empty();
        match io::spark(way, method).filter(|_| path) {
            Some(operation) => {
                let name = match table {
                    Some(_) => format!("write.{method}"),
                    None => format!("spark.read.{method}"),
                };
                let what = table.map(Val::Table);
                self.operate(operation, &name, args, keywords, line, true, what.as_ref())
            }
            None => Val::Spark(table, format!("{way}.{method}").into()),
        }
    }
}
