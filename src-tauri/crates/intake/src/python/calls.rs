//! Calls: what is called, with what, and what is known of the result.

use super::columns;
use super::eval::{Analysis, CALLS, Names, Val};
use super::io;
use super::syntax::{Call, Expr, Function};
use super::values::{destination, dotted, text_method};

impl<'a> Analysis<'a> {
    pub(super) fn call(&mut self, call: &'a Call) -> Val<'a> {
        let (base, method) = match &call.func {
            Expr::Attribute(base, method) => (Some(&**base), method.as_str()),
            Expr::Name(name) => (None, name.as_str()),
            _ => (None, ""),
        };
        let receiver = match base {
            Some(base) => match dotted(base)
                .and_then(|whole| self.scopes.iter().rev().find_map(|scope| scope.get(&whole)).cloned())
            {
                Some(module @ Val::Module(_)) => module,
                _ => self.eval_table(base),
            },
            None => Val::Unknown,
        };
        let args: Vec<Val<'a>> = call.args.iter().map(|arg| self.eval_table(arg)).collect();
        let keywords: Vec<(String, Val<'a>)> =
            call.keywords.iter().map(|(name, value)| (name.clone(), self.eval_table(value))).collect();
        if base.is_none() {
            return match self.lookup(method) {
                Val::Function(function, file, object) => {
                    self.follow(function, &file, object, &args, &keywords, call.line)
                }
                Val::Object(class, true) => self.instantiate(class, &args, &keywords, call.line),
                Val::Import(name) => self.external(&name, &args, &keywords, call.line),
                _ => self.builtin(method, &args, &keywords, call.line),
            };
        }
        match &receiver {
            Val::Import(module) => {
                let name = format!("{module}.{method}");
                if let Some(operation) = io::spark(module, method) {
                    return self.operate(operation, &name, &args, &keywords, call.line, true);
                }
                self.external(&name, &args, &keywords, call.line)
            }
            Val::Module(path) => {
                let path = path.clone();
                match self.member(&path, method) {
                    Val::Function(function, file, object) => {
                        self.follow(function, &file, object, &args, &keywords, call.line)
                    }
                    Val::Object(class, true) => self.instantiate(class, &args, &keywords, call.line),
                    _ => Val::Unknown,
                }
            }
            Val::Object(object, is_class) => {
                let found = self.objects.get(*object).and_then(|names| names.get(method)).cloned();
                match found {
                    Some(Val::Function(function, file, None)) => {
                        let bound = (!is_class).then_some(*object);
                        self.follow(function, &file, bound, &args, &keywords, call.line)
                    }
                    _ => self.method(base, method, &receiver, &args, &keywords, call.line),
                }
            }
            Val::Text(text) => text_method(text, method, &args, &keywords),
            Val::Path(path) => {
                let path = path.clone();
                self.path_method(&path, method, &args, &keywords, call.line)
            }
            _ => self.method(base, method, &receiver, &args, &keywords, call.line),
        }
    }

    pub(super) fn follow(
        &mut self,
        function: &'a Function,
        file: &str,
        object: Option<usize>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        let outer = self.line;
        if file != self.file && self.line.is_none() {
            self.line = Some(line);
        }
        let result = self.call_function(function, file, object, args, keywords);
        self.line = outer;
        result
    }

    pub(super) fn instantiate(
        &mut self,
        class: usize,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
        line: u32,
    ) -> Val<'a> {
        if self.objects.len() > 10_000 {
            return Val::Unknown;
        }
        let names = self.objects.get(class).cloned().unwrap_or_default();
        let init = names.get("__init__").cloned();
        self.objects.push(names);
        let object = self.objects.len() - 1;
        match init {
            Some(Val::Function(function, file, _)) => {
                self.follow(function, &file, Some(object), args, keywords, line);
            }
            _ => {
                if let Some(names) = self.objects.get_mut(object) {
                    names.extend(keywords.iter().cloned());
                }
            }
        }
        Val::Object(object, false)
    }

    pub(super) fn call_function(
        &mut self,
        function: &'a Function,
        file: &str,
        object: Option<usize>,
        args: &[Val<'a>],
        keywords: &[(String, Val<'a>)],
    ) -> Val<'a> {
        self.called.insert(std::ptr::from_ref(function));
        if self.calls >= CALLS || !self.spend() {
            return Val::Unknown;
        }
        self.calls += 1;
        let elsewhere = file != self.file;
        let mut outer = None;
        if elsewhere {
            self.load(file);
            let names = self.modules.get(file).cloned().unwrap_or_default();
            outer = Some((
                std::mem::replace(&mut self.scopes, vec![names]),
                std::mem::replace(&mut self.file, file.to_owned()),
            ));
        }
        let mut bound = Names::new();
        let mut positional = args.iter();
        for (at, parameter) in function.parameters.iter().enumerate() {
            let named = keywords.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.clone());
            let value = if at == 0 && parameter.name == "self" {
                object.map_or(Val::Unknown, |object| Val::Object(object, false))
            } else if let Some(value) = named {
                value
            } else if let Some(value) = positional.next() {
                value.clone()
            } else if let Some(value) = self.option(function, &parameter.name) {
                value
            } else {
                parameter.default.as_ref().map_or(Val::Unknown, |default| self.eval(default))
            };
            bound.insert(parameter.name.clone(), value);
        }
        if let Some(Val::Text(text)) =
            bound.iter().find(|(name, _)| columns::is_target_setting(name)).map(|(_, value)| value)
            && self.silent == 0
        {
            self.setting.get_or_insert_with(|| text.clone());
        }
        self.scopes.push(bound);
        let result = self.block(&function.body);
        self.scopes.pop();
        if let Some((scopes, file)) = outer {
            self.scopes = scopes;
            self.file = file;
        }
        self.calls -= 1;
        result
    }

    /// The default that a click decorator gives to a parameter.
    pub(super) fn option(&mut self, function: &'a Function, name: &str) -> Option<Val<'a>> {
        for decorator in &function.decorators {
            let Expr::Call(call) = decorator else { continue };
            let Expr::Attribute(_, kind) = &call.func else { continue };
            if !matches!(kind.as_str(), "option" | "argument") {
                continue;
            }
            let fits = call.args.iter().any(|arg| matches!(arg, Expr::Str(text) if destination(text) == name));
            if fits {
                let default = call.keywords.iter().find(|(key, _)| key == "default")?;
                return Some(self.eval(&default.1));
            }
        }
        None
    }
}
