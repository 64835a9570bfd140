//! Imports: of files of the project, which are followed, and of libraries, which are known by name.

use std::rc::Rc;

use super::eval::{Analysis, Names};
use super::values::Val;

impl<'a> Analysis<'a> {
    pub(super) fn import(&mut self, names: &'a [(String, Option<String>)], line: u32) {
        for (name, alias) in names {
            let first = name.split('.').next().unwrap_or(name);
            match (self.find(name, 0), alias) {
                (Some(path), alias) => {
                    self.load(&path, line);
                    self.set(alias.as_ref().unwrap_or(name), Val::Module(path.into()));
                }
                (None, Some(alias)) => self.set(alias, Val::Import(name.as_str().into())),
                (None, None) => self.set(first, Val::Import(first.into())),
            }
        }
    }

    fn find(&mut self, module: &str, level: u32) -> Option<String> {
        let path = self.context.find(&self.file, module, level)?.to_owned();
        if path == *self.file {
            return None;
        }
        if self.file == self.path && !self.facts.imports.contains(&path) {
            self.facts.imports.push(path.clone());
        }
        Some(path)
    }

    pub(super) fn import_from(&mut self, module: &str, level: u32, names: &'a [(String, Option<String>)], line: u32) {
        // `from package import module` and `from . import module` name files; everything else names what is in one.
        let file = self.context.find(&self.file, module, level).filter(|path| **path != *self.file).map(str::to_owned);
        for (name, alias) in names {
            let bound = alias.as_ref().unwrap_or(name);
            let inner = if module.is_empty() { name.clone() } else { format!("{module}.{name}") };
            if (file.is_some() || level > 0 || self.context.find(&self.file, &inner, 0).is_some())
                && let Some(path) = self.find(&inner, level)
            {
                self.load(&path, line);
                self.set(bound, Val::Module(path.into()));
                continue;
            }
            let Some(path) = self.find(module, level) else {
                self.set(bound, Val::Import(inner.into()));
                continue;
            };
            self.load(&path, line);
            let Some(space) = self.modules.get(&path).copied() else { continue };
            if name == "*" {
                let mut all: Vec<(String, Val<'a>)> = self.spaces[space].names.clone().into_iter().collect();
                all.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (name, value) in all.into_iter().filter(|(name, _)| !name.starts_with('_')) {
                    self.set(&name, value);
                }
                continue;
            }
            let value = self.spaces[space].names.get(name).cloned().unwrap_or_default();
            self.set(bound, value);
        }
    }

    /// A name of another file of the project.
    pub(super) fn member(&mut self, path: &str, name: &str) -> Val<'a> {
        self.load(path, 1);
        let space = self.modules.get(path).copied();
        space.and_then(|space| self.spaces[space].names.get(name)).cloned().unwrap_or_default()
    }

    /// Follows another file as importing it would. In a circle of imports the names are seen as far as they were set.
    pub(super) fn load(&mut self, path: &str, line: u32) {
        if self.modules.contains_key(path) || self.modules.len() > 400 || !self.spend() {
            return;
        }
        let context = self.context;
        let Some(parsed) = context.module(path) else { return };
        let space = self.new_space(Names::new());
        self.modules.insert(path.to_owned(), space);
        let scopes = std::mem::replace(&mut self.scopes, Rc::new(vec![space]));
        let file = std::mem::replace(&mut self.file, path.into());
        let class = self.class.take();
        let journal = self.journal.take();
        let outer = self.line;
        self.line = outer.or(Some(line));
        self.block(&parsed.body);
        self.line = outer;
        self.journal = journal;
        self.class = class;
        self.file = file;
        self.scopes = scopes;
    }
}
