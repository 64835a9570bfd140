//! What a pickle names and calls, held against what is known to be harmless.

use super::array;
use super::graph::{Global, Id, Node, Object};
use super::policy::{self, Judgement};
use super::walk::Walk;

impl Walk<'_, '_> {
    pub(super) fn global(&mut self, module: &[u8], name: &[u8], at: u64) {
        let (module, name) = policy::modern(&String::from_utf8_lossy(module), &String::from_utf8_lossy(name));
        if self.trail.modules.len() < 10_000 {
            self.trail.modules.insert(module.clone());
        }
        let global = Global { module: module.into(), name: name.into() };
        let place = self.place(at);
        match policy::judge(&global) {
            Judgement::Dangerous => self.trail.findings.dangerous(global.path(), place),
            Judgement::Unknown => {
                self.trail
                    .findings
                    .unverified(&format!("{} is not on the list of harmless names", global.path()), place);
            }
            Judgement::Constructor | Judgement::Reference => {}
        }
        self.push(Node::Global(Box::new(global)));
        if let Some(id) = self.stack.last() {
            self.places.insert(*id, at);
        }
    }

    /// Records a call and what is known about it.
    pub(super) fn call(&mut self, callee: Id, args: Id, at: u64) {
        self.call_as(callee, args, at, true);
    }

    /// `initialises` is false for the way of making an object that passes its initialiser by.
    pub(super) fn call_as(&mut self, callee: Id, args: Id, at: u64, initialises: bool) {
        match self.graph.get(callee) {
            Node::Global(global) => {
                let global = (**global).clone();
                if let Some(class) = self.skeleton(&global, args) {
                    self.push(Node::Global(Box::new(class)));
                    return;
                }
                match policy::judge(&global) {
                    Judgement::Dangerous => {
                        let shown = format!("{}{}", global.path(), array::arguments(self.graph, args));
                        let import = self.places.get(&callee).copied().unwrap_or(at);
                        let place = self.place(import);
                        self.trail.findings.called(&global.path(), shown, place);
                    }
                    Judgement::Reference => self.unverified(&format!("calls {}", global.path()), at),
                    Judgement::Constructor if &*global.name == "_create_array" => {
                        if self.create_array(args) {
                            return;
                        }
                        self.unverified("rebuilds an array in an unknown way", at);
                    }
                    Judgement::Constructor if &*global.name == "_load_type" => return self.load_type(args, at),
                    Judgement::Constructor => {
                        self.check_rebuild(&global, args, at);
                        if initialises && !policy::may_be_called_with(self.graph, &global, args) {
                            self.unverified(
                                &format!("calls {} with arguments that make it do more", global.path()),
                                at,
                            );
                        }
                    }
                    Judgement::Unknown => {}
                }
            }
            Node::Object(_) => self.unverified("calls something that the file itself makes", at),
            _ => self.unverified("calls something that is no name", at),
        }
        let object = Object {
            callee,
            args,
            states: Vec::new(),
            items: Vec::new(),
            appended: Vec::new(),
            data: None,
            nested: None,
        };
        self.push(Node::Object(Box::new(object)));
    }

    /// `dill._dill._create_array(f, args, state, npdict)` calls `f(*args)` and sets the state: the same as numpy's own way
    /// in two steps. Only numpy's own function is taken for harmless.
    fn create_array(&mut self, args: Id) -> bool {
        let Some([callee, inner, state, _]) =
            self.graph.elements(args).and_then(|items| <[Id; 4]>::try_from(items).ok())
        else {
            return false;
        };
        let known = match self.graph.get(callee) {
            Node::Global(global) => global.path().ends_with("multiarray._reconstruct"),
            _ => false,
        };
        if !known {
            return false;
        }
        let object = Object {
            callee,
            args: inner,
            states: vec![state],
            items: Vec::new(),
            appended: Vec::new(),
            data: None,
            nested: None,
        };
        self.push(Node::Object(Box::new(object)));
        true
    }

    /// The name of a class that cloudpickle carries with it: `_make_skeleton_class(meta, name, bases, {"__module__": …}, …)`. What
    /// speaks against the file was noted when the function was imported.
    fn skeleton(&self, global: &Global, args: Id) -> Option<Global> {
        if !global.module.starts_with("cloudpickle")
            || !matches!(&*global.name, "_make_skeleton_class" | "_make_skeleton_enum")
        {
            return None;
        }
        let args = self.graph.elements(args)?;
        let name = self.graph.text(*args.get(1)?)?;
        let module =
            args.get(3).and_then(|state| self.graph.entry(*state, "__module__")).and_then(|id| self.graph.text(id));
        Some(Global { module: module.unwrap_or("__main__").into(), name: name.into() })
    }

    /// dill names built-in types by words of its own; what comes back is the type itself.
    fn load_type(&mut self, args: Id, at: u64) {
        let word = self.graph.elements(args).and_then(|items| self.graph.text(*items.first()?)).unwrap_or_default();
        match policy::dill_type(word) {
            Some(global) => self.global(global.module.as_bytes(), global.name.as_bytes(), at),
            None => {
                let what = format!("dill type {word} is not on the list of harmless names");
                self.unverified(&what, at);
                self.push(Node::None);
            }
        }
    }

    /// `copyreg` calls the classes that it is given, so they must be classes that may be called.
    fn check_rebuild(&mut self, global: &Global, args: Id, at: u64) {
        if &*global.module != "copyreg" {
            return;
        }
        let classes = if &*global.name == "_reconstructor" { 2 } else { 1 };
        let Some(elements) = self.graph.elements(args) else {
            self.unverified("rebuilds something that is no class", at);
            return;
        };
        let fine = elements.len() >= classes
            && elements.iter().take(classes).all(|id| match self.graph.get(*id) {
                Node::Global(class) => policy::judge(class) == Judgement::Constructor,
                _ => false,
            });
        if !fine {
            self.unverified("rebuilds something that is no harmless class", at);
        }
    }
}
