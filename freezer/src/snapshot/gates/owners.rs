//! Which module an object belongs to.
//!
//! Comes in: addresses of objects and blocks. Goes out: the nearest module from which each can be reached, and by
//! which names; or else the variable or the library that leads to it. It reads words as pointers wherever they look
//! like ones, so an answer is a hint, for people and for deciding which module to leave out; nothing is let through
//! because of it.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;

use super::memory::{Kind, Space};
use super::names::Names;
use super::python::{Object, Python};

/// A module, and how an object is reached from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The module's full name.
    pub module: String,
    /// The names from the module's to the object's, as far as there are any.
    pub path: String,
}

/// Where the way to an object begins that no module leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// In a variable of the stub.
    Variable(String),
    /// In the data of this shared library of the payload.
    Library(String),
}

/// What leads to an object.
#[derive(Debug, Default)]
pub(super) struct Ways {
    pub(super) owner: Option<Owner>,
    pub(super) root: Option<Root>,
    /// Where in each holder on the way from the module the next is found: two objects of one name differ in it.
    pub(super) offsets: Vec<u64>,
}

/// Every word of a process that may be a pointer to an object, by the object.
pub(super) struct Owners<'s> {
    python: &'s Python<'s>,
    space: &'s Space<'s>,
    names: &'s Names<'s>,
    /// Where each points to, and where it stands; sorted.
    pointers: Vec<(u64, u64)>,
    /// By the path of its library.
    modules: RefCell<HashMap<String, Option<Owner>>>,
}

/// Farther away there are modules, but they say nothing.
const MAX_VISITED: usize = 4096;

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Variable(name) | Self::Library(name)) = self;
        formatter.write_str(name)
    }
}

impl<'s> Owners<'s> {
    pub(super) fn new(python: &'s Python<'s>, space: &'s Space<'s>, names: &'s Names<'s>) -> Self {
        let is_allocated = |kind| matches!(kind, Kind::Objects | Kind::Raw);
        let targets: Vec<_> = space.memory.ranges().filter(|range| is_allocated(range.kind)).collect();
        let mut pointers = Vec::new();
        for (position, range) in space.memory.ranges().enumerate() {
            for (index, bytes) in space.memory.words(position).iter().enumerate() {
                let value = u64::from_le_bytes(*bytes);
                if value.is_multiple_of(16) && targets.iter().any(|range| range.contains(value)) {
                    pointers.push((value, range.address + 8 * index as u64));
                }
            }
        }
        pointers.sort_unstable();
        Self { python, space, names, pointers, modules: RefCell::default() }
    }

    /// The nearest module above the object or block that an address is in, and where else the way to it may begin.
    pub(super) fn ways(&self, address: u64) -> Ways {
        // That a variable leads to itself goes without saying.
        let mut root = self.root(address).filter(|root| matches!(root, Root::Library(_)));
        let found = self.node(address).and_then(|node| self.search(node, &mut root));
        let (owner, offsets) = found.unzip();
        let owner = owner.or_else(|| self.module_of(root.as_ref()?));
        Ways { owner, root, offsets: offsets.unwrap_or_default() }
    }

    fn search(&self, start: u64, root: &mut Option<Root>) -> Option<(Owner, Vec<u64>)> {
        // For each node, what it holds, and in which word.
        let mut seen: HashMap<u64, (u64, u64)> = HashMap::from([(start, (0, 0))]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            if let Some(module) = self.python.object_at(node).and_then(|object| self.python.module_name(&object)) {
                return Some(self.describe(module, node, &seen));
            }
            for holder in self.holders(node) {
                let Some(above) = self.node(holder) else {
                    self.note(holder, root);
                    continue;
                };
                if seen.len() < MAX_VISITED && !seen.contains_key(&above) {
                    seen.insert(above, (node, holder));
                    queue.push_back(above);
                }
            }
        }
        None
    }

    /// Takes down where a way begins. A library says more than a variable, in which the interpreter has everything.
    fn note(&self, holder: u64, root: &mut Option<Root>) {
        let found = self.root(holder);
        let is_first = root.is_none() && found.is_some();
        if is_first || matches!((&root, &found), (Some(Root::Variable(_)), Some(Root::Library(_)))) {
            *root = found;
        }
    }

    /// What a word outside the regions belongs to.
    fn root(&self, address: u64) -> Option<Root> {
        let range = self.space.memory.range(address)?;
        match range.kind {
            Kind::Library => Some(Root::Library(range.name.clone())),
            Kind::Data => {
                let holder = self.names.holder(address);
                Some(Root::Variable(format!("{}+{:#x}", holder.what, holder.offset)))
            }
            Kind::Objects | Kind::Raw | Kind::ThreadLocal => None,
        }
    }

    /// The module that a library is: the one that has its path as `__file__`.
    fn module_of(&self, root: &Root) -> Option<Owner> {
        let Root::Library(path) = root else { return None };
        let mut modules = self.modules.borrow_mut();
        modules.entry(path.clone()).or_insert_with(|| self.module_at(path)).clone()
    }

    fn module_at(&self, path: &str) -> Option<Owner> {
        let text = |address| self.python.object_at(address).and_then(|text| self.python.text(&text));
        let mut targets: Vec<_> = self.pointers.iter().map(|(target, _)| *target).collect();
        targets.dedup();
        let paths = targets.into_iter().filter(|address| text(*address).as_deref() == Some(path));
        let mut owners = paths.filter_map(|address| self.search(address, &mut None)).map(|(owner, _)| owner);
        let owner = owners.find(|owner| owner.path == format!("{}.__file__", owner.module))?;
        Some(Owner { path: owner.module.clone(), module: owner.module })
    }

    /// The words that point to a node.
    fn holders(&self, node: u64) -> impl Iterator<Item = u64> {
        let first = self.pointers.partition_point(|(target, _)| *target < node);
        self.pointers[first..].iter().take_while(move |(target, _)| *target == node).map(|(_, holder)| *holder)
    }

    /// What others point to when they mean the object or block around an address.
    fn node(&self, address: u64) -> Option<u64> {
        let block = self.python.blocks.block(address)?;
        Some(self.python.object_in(block).map_or(block.address, |object| object.address))
    }

    fn describe(&self, module: String, node: u64, seen: &HashMap<u64, (u64, u64)>) -> (Owner, Vec<u64>) {
        let mut path = module.clone();
        let mut offsets = Vec::new();
        let mut node = node;
        while let Some((below, word)) = seen.get(&node).filter(|(below, _)| *below != 0) {
            let object = self.python.object_at(node);
            let attribute = object.and_then(|object| self.python.attribute(&object, *word));
            if let Some(name) = attribute.or_else(|| self.key_before(*word, *below)) {
                path = format!("{path}.{name}");
            }
            offsets.push(word.wrapping_sub(node));
            node = *below;
        }
        (Owner { module, path }, offsets)
    }

    /// In a dictionary's entries a value follows its key.
    fn key_before(&self, word: u64, value: u64) -> Option<String> {
        let key: Object = self.python.object_at(self.space.word(word.checked_sub(8)?)?)?;
        // Where the value is an attribute of a class, the word before may be anything.
        self.python.text(&key).filter(|name| key.address != value && !name.is_empty() && name.len() < 80)
    }
}
