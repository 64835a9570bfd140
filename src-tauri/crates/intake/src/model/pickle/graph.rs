//! What a pickle would build, as a graph of plain values. Nothing in it can run.

/// The place of a node in its graph.
pub(crate) type Id = u32;

/// Bytes or text, of which only the beginning may have been kept.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    /// The bytes that were kept.
    pub(crate) head: Box<[u8]>,
    /// The length that the file gives, in bytes.
    pub(crate) length: u64,
}

impl Blob {
    /// Keeps all of it.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self { length: bytes.len() as u64, head: bytes.into_boxed_slice() }
    }

    /// The bytes, if all of them were kept.
    pub(crate) fn all(&self) -> Option<&[u8]> {
        (self.head.len() as u64 == self.length).then_some(&self.head)
    }
}

/// A name that loading would import.
#[derive(Debug, Clone)]
pub(crate) struct Global {
    /// The module, in its Python 3 spelling.
    pub(crate) module: Box<str>,
    /// The name in the module.
    pub(crate) name: Box<str>,
}

impl Global {
    /// `module.name`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// What loading would make by calling something.
#[derive(Debug)]
pub(crate) struct Object {
    /// What is called.
    pub(crate) callee: Id,
    /// With which arguments: a tuple.
    pub(crate) args: Id,
    /// The states that were set on it, in order.
    pub(crate) states: Vec<Id>,
    /// The items that were set on it.
    pub(crate) items: Vec<(Id, Id)>,
    /// The elements that were appended to it.
    pub(crate) appended: Vec<Id>,
    /// The array data that follow the object in a joblib file.
    pub(crate) data: Option<Blob>,
    /// The array that a nested pickle holds in a joblib file.
    pub(crate) nested: Option<Id>,
}

/// One value.
#[derive(Debug)]
pub(crate) enum Node {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer beyond 64 bits, in hexadecimal.
    Big(Box<str>),
    /// A number.
    Float(f64),
    /// Text.
    Str(Blob),
    /// Bytes.
    Bytes(Blob),
    /// A tuple.
    Tuple(Box<[Id]>),
    /// A list.
    List(Vec<Id>),
    /// A dictionary, in the order of insertion.
    Dict(Vec<(Id, Id)>),
    /// A set or a frozen set.
    Set(Vec<Id>),
    /// An importable name.
    Global(Box<Global>),
    /// The result of a call.
    Object(Box<Object>),
    /// A reference to something that is stored elsewhere.
    Persistent(Id),
}

/// All values of a file.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// Adds a value.
    pub(crate) fn add(&mut self, node: Node) -> Id {
        let id = self.nodes.len() as Id;
        self.nodes.push(node);
        id
    }

    /// Adds a value of a JSON document.
    pub(crate) fn add_plain(&mut self, value: &serde_json::Value) -> Id {
        use serde_json::Value;
        let node = match value {
            Value::Null => Node::None,
            Value::Bool(value) => Node::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Node::Int(whole),
                None => Node::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Node::Str(Blob::whole(text.as_bytes().to_vec())),
            Value::Array(items) => {
                let ids = items.iter().map(|item| self.add_plain(item)).collect();
                Node::List(ids)
            }
            Value::Object(entries) => {
                let mut pairs = Vec::new();
                for (key, value) in entries {
                    let key = self.add(Node::Str(Blob::whole(key.as_bytes().to_vec())));
                    pairs.push((key, self.add_plain(value)));
                }
                Node::Dict(pairs)
            }
        };
        self.add(node)
    }

    /// The number of values.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The places of all values, in the order in which the file makes them.
    pub(crate) fn ids(&self) -> std::ops::Range<Id> {
        0..self.nodes.len() as Id
    }

    /// A value. An unknown place reads as `None`.
    pub(crate) fn get(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    /// A value, to be changed.
    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    /// The text of a value that is text and was kept whole.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Str(blob) => std::str::from_utf8(blob.all()?).ok(),
            _ => None,
        }
    }

    /// The integer of a value that is one.
    pub(crate) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(value) => Some(*value),
            Node::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The elements of a tuple or list, or of an object that behaves as a list.
    pub(crate) fn elements(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Node::Tuple(items) => Some(items),
            Node::List(items) | Node::Set(items) => Some(items),
            Node::Object(object) if !object.appended.is_empty() => Some(&object.appended),
            _ => None,
        }
    }

    /// The entries of a dictionary, or of an object that behaves as one.
    pub(crate) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Node::Dict(items) => Some(items),
            Node::Object(object) if !object.items.is_empty() => Some(&object.items),
            _ => None,
        }
    }

    /// The value under a text key of a dictionary.
    pub(crate) fn entry(&self, id: Id, key: &str) -> Option<Id> {
        self.entries(id)?.iter().rev().find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| *value)
    }

    /// The class of an object, if it was made by calling a class or by one of the ways in which pickle rebuilds
    /// instances.
    pub(crate) fn class(&self, id: Id) -> Option<&Global> {
        let Node::Object(object) = self.get(id) else { return None };
        let Node::Global(callee) = self.get(object.callee) else { return None };
        match (&*callee.module, &*callee.name) {
            ("copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__") => {
                match self.elements(object.args)?.first().map(|first| self.get(*first)) {
                    Some(Node::Global(class)) => Some(class),
                    _ => None,
                }
            }
            _ => Some(callee),
        }
    }

    /// An attribute that was set by the state of an object.
    pub(crate) fn attribute(&self, id: Id, name: &str) -> Option<Id> {
        let Node::Object(object) = self.get(id) else { return None };
        object.states.iter().rev().find_map(|state| self.in_state(*state, name))
    }

    fn in_state(&self, state: Id, name: &str) -> Option<Id> {
        match self.get(state) {
            Node::Tuple(parts) => parts.iter().find_map(|part| self.entry(*part, name)),
            _ => self.entry(state, name),
        }
    }

    /// The names of the attributes that a state sets.
    pub(crate) fn state_names(&self, state: Id) -> impl Iterator<Item = &str> {
        let parts: &[Id] = match self.get(state) {
            Node::Tuple(parts) => parts,
            _ => &[],
        };
        let own = self.entries(state).unwrap_or_default();
        // A state of two parts is the attributes and the slots; longer ones belong to the class and mean what it likes.
        let parts = if parts.len() == 2 { parts } else { &[] };
        let of_parts = parts.iter().flat_map(|part| self.entries(*part).unwrap_or_default());
        own.iter().chain(of_parts).filter_map(|(key, _)| self.text(*key))
    }

    /// All attributes that the last dictionary-like state of an object sets.
    pub(crate) fn attributes(&self, id: Id) -> &[(Id, Id)] {
        let Node::Object(object) = self.get(id) else { return &[] };
        for state in object.states.iter().rev() {
            let found = match self.get(*state) {
                Node::Tuple(parts) => parts.iter().find_map(|part| self.entries(*part)),
                _ => self.entries(*state),
            };
            if let Some(found) = found {
                return found;
            }
        }
        &[]
    }
}
